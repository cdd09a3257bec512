"""What stands in Redis for an entry: a field of the gateway's hash, and fields of the maps for Rspamd's `multimap`.

The gateway's side of this is `deploy/gateways/rspamd/`.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

import idna

from services.blocklist.rules.forms import TENANT, host_part
from shared.events.vocabulary import BlockAction, BlockKind
from shared.mail.domains import ascii_host

#: Name of a hash behind the stream prefix, and of a field in it.
Place: TypeAlias = tuple[str, str]

GATEWAY = "gateway"

#: The stream in which enforcers note what entries stopped.
HITS = "gateway.hits"

#: The stream in which enforcers note what passed.
SEEN = "gateway.seen"

#: Every hash that the block list owns.
HASHES = (GATEWAY, *(f"map:{name}" for name in ("from", "domain", "urlhost", "urlsha256", "sha256", "ip", "pair")))

#: What a field of a map says: a symbol and its weight, as `multimap` reads them, and behind a blank the entry's id, which it hands on.
SYMBOL = "LONGSTOP_REJECT:1"

_JSON = json.JSONEncoder(separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Standing:
    """An active entry as the gateway needs it."""

    block_id: str
    scope: str
    kind: BlockKind
    value: str
    action: BlockAction
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Mark:
    """What a field of the gateway's hash says."""

    block_id: str
    action: BlockAction


def read_mark(content: bytes, *, at: float) -> Mark | None:
    """The mark in force at `at`, in seconds since 1970; None when it is over, or no mark of ours."""
    try:
        said = json.loads(content)
        block_id, action, ends = str(said["id"])[:64], said["action"], float(said["exp"])
    except (ValueError, TypeError, KeyError):
        return None
    if action not in ("block", "allow") or 0 < ends <= at:
        return None
    return Mark(block_id, action)


def places(*, entry: Standing) -> dict[Place, str]:
    """Every field of an entry with its content: `id`, `action` and `exp`, in seconds since 1970 (0: never ends).

    The maps have a field for blocks only, and of recipients' own ones only for senders.
    """
    ends = int(entry.expires_at.timestamp()) if entry.expires_at else 0
    mark = _JSON.encode({"id": entry.block_id, "action": entry.action, "exp": ends})
    found: dict[Place, str] = {(GATEWAY, f"{entry.scope}|{entry.kind}|{entry.value}"): mark}
    if entry.action == "block":
        said = f"{SYMBOL} {entry.block_id}"
        found.update((place, said) for place in _in_maps(entry.scope, entry.kind, entry.value))
    return found


def value_of(*, name: str, field: str) -> str:
    """The value of the entry that a field of a hash would be of."""
    if name == GATEWAY:
        return field.split("|", 2)[-1]
    value = field.rpartition("|")[0] if name == "map:pair" else field
    if value.isascii():
        return value
    user, at, host = value.rpartition("@")
    return f"{user}{at}{ascii_host(host)}"


def _in_maps(scope: str, kind: BlockKind, value: str) -> Iterator[Place]:
    if kind == "spoof":
        return  # multimap joins no client with a sender
    if scope != TENANT:
        if kind == "address" and "@" in scope:
            for sender in _written(value):
                yield "map:pair", f"{sender}|{scope}"
    elif kind == "url" and value.endswith("/*"):
        return  # multimap compares whole URLs only
    elif kind == "url" and "/" in value:
        for text in _as_rspamd_reads(value):
            yield "map:urlsha256", hashlib.sha256(text.encode()).hexdigest()
    else:
        name = {"address": "from", "domain": "domain", "url": "urlhost", "file": "sha256", "ip": "ip"}[kind]
        for text in _written(value):
            yield f"map:{name}", text


def _written(value: str) -> tuple[str, ...]:
    """A value, and with its host's name in UTF-8: Rspamd 3.4 looks for it as the mail has it."""
    user, at, host = value.rpartition("@")
    written = _in_unicode(host) if "xn--" in host else host
    return (value, f"{user}{at}{written}") if written != host and ascii_host(written) == host else (value,)


def _as_rspamd_reads(url: str) -> Iterator[str]:
    """The texts that Rspamd 3.4 hashes for a URL: with a scheme, the host's name in UTF-8, a lone slash kept or not."""
    host = host_part(url)
    path = url[len(host) :]
    for scheme in ("http", "https"):
        for name in (host, _in_unicode(host)) if "xn--" in host else (host,):
            yield f"{scheme}://{name}{path}"
            if path == "/":
                yield f"{scheme}://{name}"


def _in_unicode(host: str) -> str:
    try:
        return idna.decode(host)
    except (idna.IDNAError, UnicodeError):
        return host
