"""The match grammar: every row of the table in docs/blocks.md, and lookups against a slow matcher that is obviously right."""

import ipaddress
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.blocklist.rules.forms import KINDS, canonical, canonical_scope, kind_of, scopes_of
from services.blocklist.rules.precedence import Client, lookups
from shared.errors import Reject
from shared.events.vocabulary import BlockKind

TABLE = Path(__file__).parents[3] / "docs" / "blocks.md"


def slow(kind: BlockKind, value: str, thing: str) -> bool:
    """Whether a canonical entry names a canonical thing, by the words of the table."""
    if kind == "ip":
        return ipaddress.ip_address(thing) in ipaddress.ip_network(value)
    if kind in ("file", "spoof"):
        return value == thing if kind == "file" else slow_pair(*value.split(","), *thing.split(","))
    if kind == "address":
        local, domain = value.rsplit("@", 1)
        its_local, its_domain = thing.rsplit("@", 1)
        return domain == its_domain and local in (its_local, its_local.split("+")[0] or its_local)
    if kind == "domain":
        domain = thing.rsplit("@", 1)[1]
        return domain == value or domain.endswith(f".{value}")
    host = thing.split("/", maxsplit=1)[0]
    if value.endswith("/*"):
        return thing.split("?", maxsplit=1)[0].startswith(value[:-1])
    return value == thing or ("/" not in value and (host == value or host.endswith(f".{value}")))


def slow_pair(user: str, infrastructure: str, sender: str, client: str) -> bool:
    sends = user == "*" or slow("address" if "@" in user else "domain", user, sender)
    if ":" in infrastructure or infrastructure.replace(".", "").replace("/", "").isdigit():
        is_ip = ":" in client or client.replace(".", "").isdigit()
        return sends and is_ip and slow("ip", infrastructure, client)
    return sends and (client == infrastructure or client.endswith(f".{infrastructure}"))


def brought_by(text: str) -> dict[str, Client]:
    """A client as a mail has it: by address, or by name."""
    return {"client": Client(ip=text) if ":" in text or text.replace(".", "").isdigit() else Client(name=text)}


def fast(kind: BlockKind, value: str, **mail: Any) -> bool:
    return (kind, value) in {(one.kind, one.value) for one in lookups(**mail)}


label = st.sampled_from(["a", "b", "mail", "x1"])
host = st.lists(label, min_size=1, max_size=4).map(lambda labels: ".".join([*labels, "example"]))
segment = st.sampled_from(["a", "b", "pay", "a%20b", "*", "c+d"])
path = st.lists(segment, max_size=5).map(lambda parts: "/" + "/".join(parts))
url = st.tuples(host, path | st.just(""), st.sampled_from(["", "?q=/a/b", "?", "#x"])).map("".join)
address = st.tuples(st.sampled_from(["ana", "ana+x", "ana+x+y", "b.c"]), host).map("@".join)
four = st.integers(0, 3).map(lambda last: f"198.51.100.{last}")
six = st.integers(0, 3).map(lambda last: f"2001:db8::{last}:1")
network = st.tuples(four, st.integers(24, 32)).map(lambda one: f"{one[0]}/{one[1]}") | st.tuples(
    six, st.integers(48, 128)
).map(lambda one: f"{one[0]}/{one[1]}")


@given(url | url.map(lambda one: one.split("?")[0].rstrip("/") + "/*") | host, url)
def test_urls_match_as_the_slow_matcher_says(entry: str, link: str) -> None:
    value, thing = canonical(kind="url", value=f"http://{entry}"), canonical(kind="url", value=f"http://{link}")
    assert fast("url", value, urls=(f"http://{link}",)) == slow("url", value, thing)


@given(address | host, address)
def test_senders_match_as_the_slow_matcher_says(entry: str, sender: str) -> None:
    kind = kind_of(entry)
    value = canonical(kind=kind, value=entry)
    assert fast(kind, value, senders=(sender,)) == slow(kind, value, canonical(kind="address", value=sender))


@given(four | six | network, four | six)
def test_clients_match_as_the_slow_matcher_says(entry: str, client: str) -> None:
    value = canonical(kind="ip", value=entry)
    assume(":" in value or ":" not in client)
    assert fast("ip", value, client=Client(client)) == slow("ip", value, canonical(kind="ip", value=client))


pair_network = four.map(lambda one: f"{one}/24") | six.map(lambda one: f"{one}/64")


@given(address | host | st.just("*"), four | six | host | pair_network, address, four | six | host)
def test_pairs_match_as_the_slow_matcher_says(user: str, infrastructure: str, sender: str, sends: str) -> None:
    value = canonical(kind="spoof", value=f"{user}, {infrastructure}")
    wanted = slow("spoof", value, f"{sender},{canonical(kind='ip', value=sends) if ':' in sends else sends}")
    assert fast("spoof", value, senders=(sender,), **brought_by(sends)) == wanted


def rows(*, of_recipients: bool = False) -> list[tuple[str, str, str]]:
    """(entry, thing, matches or not) of the table of entries, or of that of whose they are."""
    found = []
    for line in TABLE.read_text().split("**Whose entry it is**")[of_recipients].splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 3 and cells[0].startswith("`") and cells[1].startswith("`"):
            entry = cells[0].strip("`")
            found += [(entry, thing, "matches") for thing in re.findall(r"`([^`]+)`", cells[1])]
            found += [(entry, thing, "does not") for thing in re.findall(r"`([^`]+)`", cells[2])]
    return found


def test_the_table_has_rows() -> None:
    assert len(rows()) > 20
    assert len(rows(of_recipients=True)) > 8


@pytest.mark.parametrize(("entry", "thing", "how"), rows())
def test_the_table_tells_the_truth(entry: str, thing: str, how: str) -> None:
    kind = kind_of(entry)
    if kind == "domain" and "@" not in thing:
        kind = "url"
    value = canonical(kind=kind, value=entry)
    mails: list[dict[str, Any]] = [
        {"senders": (thing,)},
        {"urls": (thing,)},
        {"files": (thing,)},
        {"client": Client(thing)},
    ]
    if kind == "spoof":
        sender, _, sends = thing.partition(", ")
        mails = [{"senders": (sender,), **brought_by(sends)}]
    assert any(fast(kind, value, **mail) for mail in mails) == (how == "matches")


@pytest.mark.parametrize(("scope", "recipient", "how"), rows(of_recipients=True))
def test_the_table_of_recipients_tells_the_truth(scope: str, recipient: str, how: str) -> None:
    assert (canonical_scope(scope) in scopes_of(recipient)) == (how == "matches")


def test_what_is_no_value_is_refused_in_words() -> None:
    for kind in KINDS:
        with pytest.raises(Reject, match=r"\w"):
            canonical(kind=kind, value="\0")
