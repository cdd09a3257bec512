"""What stands in Redis for an entry."""

import hashlib
import json
from datetime import UTC, datetime

import pytest

from services.blocklist.rules.fields import HASHES, SYMBOL, Standing, places, value_of
from services.blocklist.rules.forms import TENANT
from shared.events.vocabulary import BlockAction, BlockKind

ENDS = datetime(2027, 1, 31, tzinfo=UTC)
ANA = "ana@example.org"


def stands(
    kind: BlockKind, value: str, *, scope: str = TENANT, action: BlockAction = "block", ends: datetime | None = ENDS
) -> dict[tuple[str, str], str]:
    return places(entry=Standing("b-1", scope, kind, value, action, ends))


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_the_hash_says_id_action_and_end_in_seconds() -> None:
    found = stands("address", "fee@parcel.example")
    mark = json.loads(found["gateway", "tenant|address|fee@parcel.example"])
    assert mark == {"id": "b-1", "action": "block", "exp": int(ENDS.timestamp())}


def test_an_entry_that_never_ends_has_the_end_zero() -> None:
    found = stands("ip", "203.0.113.0/24", ends=None)
    assert json.loads(found["gateway", "tenant|ip|203.0.113.0/24"])["exp"] == 0


@pytest.mark.parametrize(
    ("kind", "value", "place"),
    [
        ("address", "fee@parcel.example", ("map:from", "fee@parcel.example")),
        ("domain", "parcel.example", ("map:domain", "parcel.example")),
        ("url", "parcel.example", ("map:urlhost", "parcel.example")),
        ("file", "0f" * 32, ("map:sha256", "0f" * 32)),
        ("ip", "203.0.113.0/24", ("map:ip", "203.0.113.0/24")),
    ],
)
def test_everybodys_block_is_in_the_map_of_its_kind(kind: BlockKind, value: str, place: tuple[str, str]) -> None:
    found = stands(kind, value)
    assert found[place] == f"{SYMBOL} b-1"
    assert len(found) == 2


def test_a_page_is_in_the_map_of_digests_as_rspamd_writes_it() -> None:
    found = stands("url", "xn--bcher-kva.example/pay?a=1")
    texts = [
        "http://xn--bcher-kva.example/pay?a=1",
        "https://xn--bcher-kva.example/pay?a=1",
        "http://bücher.example/pay?a=1",
        "https://bücher.example/pay?a=1",
    ]
    assert {field for name, field in found if name == "map:urlsha256"} == set(map(digest, texts))


def test_a_front_page_is_in_the_map_with_and_without_its_slash() -> None:
    found = stands("url", "parcel.example/")
    texts = [f"{scheme}://parcel.example{slash}" for scheme in ("http", "https") for slash in ("", "/")]
    assert {field for name, field in found if name == "map:urlsha256"} == set(map(digest, texts))


@pytest.mark.parametrize(
    ("kind", "value", "name", "written"),
    [
        ("url", "xn--bcher-kva.example", "map:urlhost", "bücher.example"),
        ("domain", "xn--bcher-kva.example", "map:domain", "bücher.example"),
        ("address", "bo@xn--bcher-kva.example", "map:from", "bo@bücher.example"),
    ],
)
def test_a_name_in_other_letters_is_in_its_map_as_mails_have_it_and_both_belong_to_the_entry(
    kind: BlockKind, value: str, name: str, written: str
) -> None:
    fields = {field for its, field in stands(kind, value) if its == name}
    assert fields == {value, written}
    assert {value_of(name=name, field=field) for field in fields} == {value}
    own = {field for its, field in stands(kind, value, scope=ANA) if its == "map:pair"}
    assert own == ({f"{value}|{ANA}", f"{written}|{ANA}"} if kind == "address" else set())
    assert {value_of(name="map:pair", field=field) for field in own} <= {value}


def test_a_name_that_would_not_lead_back_to_its_entry_is_in_its_map_once() -> None:
    assert {field for name, field in stands("domain", "xn--a_b.example") if name == "map:domain"} == {"xn--a_b.example"}


def test_a_host_that_idna_cannot_read_is_taken_as_it_is() -> None:
    found = stands("url", "xn--a_b.example/pay")
    assert {field for name, field in found if name == "map:urlsha256"} == {
        digest("http://xn--a_b.example/pay"),
        digest("https://xn--a_b.example/pay"),
    }


def test_a_recipients_block_of_a_sender_is_a_pair_and_works_for_nobody_else() -> None:
    found = stands("address", "fee@parcel.example", scope=ANA)
    assert set(found) == {
        ("gateway", f"{ANA}|address|fee@parcel.example"),
        ("map:pair", f"fee@parcel.example|{ANA}"),
    }


@pytest.mark.parametrize("kind", ["domain", "url", "file", "ip"])
def test_a_recipients_other_blocks_are_in_no_map(kind: BlockKind) -> None:
    assert {name for name, _ in stands(kind, "x", scope=ANA)} == {"gateway"}


def test_an_allow_is_in_no_map() -> None:
    assert {name for name, _ in stands("address", "fee@parcel.example", action="allow")} == {"gateway"}


def test_every_place_is_in_a_hash_that_is_ours() -> None:
    values: list[tuple[BlockKind, str]] = [("address", "a@b.example"), ("url", "b.example"), ("url", "b.example/x")]
    for kind, value in values:
        assert {name for name, _ in stands(kind, value)} <= set(HASHES)
