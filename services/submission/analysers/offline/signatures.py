"""DKIM signatures verified by Longstop itself (RFC 6376), with keys that lie here: no verdict asks the network."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

import dkim

#: Bytes of a mail whose signatures are verified, and how many of them: each reads the whole body.
RAW_MAX_BYTES, SIGNATURES_MAX = 10 * 1024 * 1024, 4

#: What the library raises on bytes that nobody foresaw.
_FAILURES = (dkim.DKIMException, ValueError, LookupError, TypeError, AttributeError, ArithmeticError)

_SILENT = logging.getLogger("dkim")
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False  # it tells what it read of a mail


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature whose key is known: its domain (`d=`), and whether it fits the mail."""

    domain: str
    fits: bool


def verified(raw: bytes, keys: Mapping[str, str]) -> tuple[Signature, ...]:
    """The signatures whose keys are among `keys`, in the order of the header. Blocking; some milliseconds a mail."""
    if not keys or len(raw) > RAW_MAX_BYTES or b"dkim-signature" not in raw[:100_000].lower():
        return ()
    found = (_verified(raw, number, keys) for number in range(SIGNATURES_MAX))
    return tuple(one for one in found if one)


def _verified(raw: bytes, number: int, keys: Mapping[str, str]) -> Signature | None:
    asked: list[str] = []

    def record(name: bytes, timeout: float = 0) -> bytes | None:  # noqa: ARG001 - as the library calls it
        asked.append(name.decode("ascii", "replace").lower().rstrip("."))
        return keys[asked[-1]].encode() if asked[-1] in keys else None

    try:
        fits = dkim.DKIM(raw, logger=_SILENT).verify(number, dnsfunc=record)
    except _FAILURES:
        fits = False
    if not asked or asked[-1] not in keys:
        return None
    return Signature(asked[-1].partition("._domainkey.")[2], fits)
