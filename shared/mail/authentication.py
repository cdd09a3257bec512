"""What the receiving gateway recorded of SPF, DKIM and DMARC (RFC 8601; RFC 7208, section 9.1)."""

import re
from collections.abc import Iterable, Iterator
from typing import get_args

from shared.events.message import Authentication
from shared.events.vocabulary import AuthResult
from shared.mail.fields import Field

_RESULTS: dict[str, AuthResult] = {word: word for word in get_args(AuthResult)}
_RESULTS["hardfail"] = "fail"  # RFC 5451, before SPF's own word was taken
# Quoted strings and comments are one token each, so that nothing inside them reads as a result.
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[();]|[^"();]++', re.DOTALL)
_RESULT = re.compile(r"\s*+(spf|dkim|dmarc|arc)(?:\s*+/\s*+[0-9]{1,3})?+\s*+=\s*+([a-z]{2,20})\b", re.IGNORECASE)
_FIRST_WORD = re.compile(r"\s*+([a-z]{2,20})\b", re.IGNORECASE)
_RECEIVER = re.compile(r"\breceiver=\s*+\"?([a-z0-9._-]{1,253})", re.IGNORECASE)


def read_authentication(fields: Iterable[Field], own_ids: frozenset[str]) -> Authentication:
    """The results of the header fields that can be believed.

    Args:
        fields: all fields of the mail, the topmost first.
        own_ids: authserv-ids of the own gateways. With them, only their fields count. Without them the topmost field
            counts, even one without an authserv-id as Outlook.com writes it: a field further down may be the sender's.
    """
    own = frozenset(name.lower().rstrip(".") for name in own_ids if name)
    results: dict[str, AuthResult] | None = None
    spf = ""
    for field in fields:
        if field.name == "authentication-results" and (own or results is None):
            authserv_id, found = _read(field.value)
            if not own or authserv_id in own:
                results = found | (results or {})
        elif field.name == "received-spf" and not spf and (not own or _receiver(field.value) in own):
            spf = field.value
    known = _from_received(spf) | (results or {})
    return Authentication(spf=known.get("spf"), dkim=known.get("dkim"), dmarc=known.get("dmarc"), arc=known.get("arc"))


def _from_received(value: str) -> dict[str, AuthResult]:
    word = _FIRST_WORD.match(value)
    result = _RESULTS.get(word[1].lower()) if word else None
    return {"spf": result} if result else {}


def _read(value: str) -> tuple[str, dict[str, AuthResult]]:
    """The authserv-id, empty when the first statement is a result already, and the results."""
    statements = list(_statements(value))
    first = statements[0].split() if statements else []
    authserv_id = first[0].lower().rstrip(".") if first and "=" not in first[0] else ""
    found: dict[str, AuthResult] = {}
    for statement in statements:
        match = _RESULT.match(statement)
        result = _RESULTS.get(match[2].lower()) if match else None
        # One valid signature is enough (RFC 6376, section 4.2); else the first result of a method counts.
        if match and result and (match[1].lower() not in found or (match[1].lower() == "dkim" and result == "pass")):
            found[match[1].lower()] = result
    return authserv_id, found


def _statements(value: str) -> Iterator[str]:
    depth, parts = 0, [""]
    for match in _TOKEN.finditer(value):
        token = match[0]
        if token == "(":
            depth += 1
        elif token == ")":
            depth = max(0, depth - 1)
        elif depth:
            continue
        elif token == ";":
            yield "".join(parts)
            parts = []
        else:
            parts.append(token.strip('"'))
    yield "".join(parts)


def _receiver(value: str) -> str:
    found = _RECEIVER.search(value)
    return found[1].lower().rstrip(".") if found else ""
