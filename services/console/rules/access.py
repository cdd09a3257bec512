"""Who may do what: roles, what a token is good for, and the chain of the audit. Pure."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

Role = Literal["viewer", "analyst", "admin"]

#: The least first; each may do what those before it may.
ROLES: tuple[Role, ...] = get_args(Role)

#: What a token may be limited to: looking only, or areas of the API (the first word of a path).
Kind = Literal[
    "read", "reports", "cases", "verdicts", "blocks", "quarantine", "mails", "dead", "live", "stats", "audit", "tokens",
    "operators", "sessions", "webhooks", "held", "failures", "notifications", "purges",
]  # fmt: skip
KINDS: tuple[Kind, ...] = get_args(Kind)

#: The previous hash of the first entry.
NO_ENTRY = "0" * 64


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks. `name` is what events and the audit call them; `csrf` belongs into forms.

    `via` says how they proved it: bootstrap (the token of the data dir), token, password, oidc or proxy. `once` names the
    request when it has an idempotency key.
    """

    name: str
    role: str
    via: str = "token"
    kinds: tuple[str, ...] = ()
    address: str = ""
    session: str = ""
    csrf: str = ""
    once: str = ""


def actor(person: Person, by: str) -> str:
    """Who acts: the person; but who holds the token of the data dir may say on whose behalf (the command line does)."""
    return by if by and person.via == "bootstrap" else person.name


def may(role: str, needed: str) -> bool:
    """Whether a role is enough. A role that does not exist is enough for nothing."""
    return role in ROLES and needed in ROLES and ROLES.index(role) >= ROLES.index(needed)


def is_within(kinds: Sequence[str], *, method: str, path: str) -> bool:
    """Whether one of a token's kinds covers a request; without kinds everything is covered."""
    if not kinds:
        return True
    area = path.removeprefix("/v1").strip("/").partition("/")[0]
    return area in ("me", "sign-out") or area in kinds or ("read" in kinds and method in ("GET", "HEAD"))


def covers(kinds: Sequence[str], more: Sequence[str]) -> bool:
    """Whether who is limited to `kinds` may make a token for `more`: nobody gives what they do not have."""
    return not kinds or (bool(more) and set(more) <= set(kinds))


def role_of(groups: Sequence[str], by_role: Mapping[Role, Sequence[str]], default: Role | None) -> Role | None:
    """The highest role that any of somebody's groups gives; else the default; None lets nobody in."""
    given = [role for role in ROLES if set(groups) & set(by_role.get(role, ()))]
    return given[-1] if given else default


def chained(previous: str, entry: Mapping[str, Any]) -> str:
    """The hash of an audit entry: SHA-256 over the hash before it and the entry in canonical JSON."""
    text = json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(f"{previous}\n{text}".encode()).hexdigest()


def fingerprint(secret: str) -> str:
    """How secrets of 256 random bits are stored; a slow hash is for what people can remember."""
    return hashlib.sha256(secret.encode()).hexdigest()


def csrf_of(secret: str) -> str:
    """What a form of this session carries; a page that cannot read the cookie cannot make it."""
    return hashlib.sha256(f"form\n{secret}".encode()).hexdigest()[:32]


def delay_s(wrong: int, *, free: int, longest_s: float) -> float:
    """How long one has to wait after so many wrong attempts in a row: nothing for the first, then 1, 2, 4, ... seconds."""
    return 0.0 if wrong < free else min(float(2 ** min(wrong - free, 30)), longest_s)
