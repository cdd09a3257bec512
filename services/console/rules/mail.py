"""What the facts of a mail say to pages: what it is found by, who got it, and what an entry would have to do with it. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from shared.mail import host_of, registrable

#: Hosts of links that a mail is found by, and people who are told as its recipients.
HOSTS_MAX, PEOPLE_MAX = 40, 50

Facts = Mapping[str, Any]


def hosts_of(message: Facts) -> list[str]:
    """The hosts of its links."""
    return list(dict.fromkeys(filter(None, map(host_of, message.get("urls", ())[: HOSTS_MAX * 2]))))[:HOSTS_MAX]


def texts_of(message: Facts, envelope: Facts | None) -> Iterator[str]:
    """The texts that it is found by."""
    for name in ("subject", "from_address", "from_name", "reply_to", "message_id", "sha256", "outside_ip"):
        yield str(message.get(name, ""))
    around = envelope or {}
    yield str(around.get("mail_from", ""))
    yield str(around.get("client_ip", ""))
    yield from recipients_of(envelope)
    for file in message.get("attachments", ())[:20]:
        yield from (str(file.get("name", "")), str(file.get("sha256", "")))
    yield from hosts_of(message)


def recipients_of(envelope: Facts | None) -> list[str]:
    """Who got it."""
    return list(dict.fromkeys((envelope or {}).get("rcpt_to", ())))[:PEOPLE_MAX]


def is_hit(*, kind: str, value: str, message: Facts, envelope: Facts | None) -> bool:
    """Whether an entry of this kind and value would have met the mail. The block list's own grammar has the last word."""
    wanted, around = value.strip().lower(), envelope or {}
    senders = [str(one).lower() for one in (message.get("from_address"), around.get("mail_from")) if one]
    files = [file.get("sha256") for file in message.get("attachments", ())]
    return {
        "address": wanted in senders,
        "domain": any(_within(sender.rpartition("@")[2], wanted) for sender in senders),
        "url": kind == "url" and _links_to(wanted, message),
        "file": wanted in files,
        "ip": wanted in (message.get("outside_ip"), around.get("client_ip")),
    }.get(kind, False)


def _links_to(wanted: str, message: Facts) -> bool:
    bare = wanted.partition("://")[2] or wanted
    host, slash, _ = bare.partition("/")
    if not slash:
        return any(_within(one, host) for one in hosts_of(message))
    return any(str(url).lower().partition("://")[2].startswith(bare) for url in message.get("urls", ()))


def _within(host: str, wanted: str) -> bool:
    return host == wanted or host.endswith(f".{wanted}")


def entries_for(message: Facts) -> list[tuple[str, str]]:
    """Entries (kind, value) that would stop mails like this, the narrowest first."""
    made = [("address", str(message.get("from_address", "")).lower())]
    made += [("domain", registrable(str(message.get("from_domain", ""))))]
    made += [("url", host) for host in hosts_of(message)[:10]]
    made += [("file", str(file.get("sha256", ""))) for file in message.get("attachments", ())[:10]]
    return list(dict.fromkeys((kind, value) for kind, value in made if value))
