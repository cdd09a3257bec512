"""Reading the book: lists, the candidates for one mail, and the maps."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import starmap
from typing import Any, cast

from sqlalchemy import bindparam, func, or_, tuple_
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from services.blocklist.entries import origin_of
from services.blocklist.rules.fields import Standing, places
from services.blocklist.rules.forms import KINDS, TENANT, canonical
from services.blocklist.rules.precedence import Candidate, Lookup
from services.blocklist.rules.zones import ZONES, Named
from services.blocklist.tables import Entry, active
from shared.errors import Reject
from shared.events import rfc3339
from shared.events.vocabulary import BlockAction, BlockKind
from shared.work import chunks

#: The maps by name: the kind of their entries, and for hosts only URLs without a path.
MAPS: dict[str, BlockKind] = {
    "from": "address",
    "domain": "domain",
    "urlhost": "url",
    "urlsha256": "url",
    "sha256": "file",
    "ip": "ip",
    "pair": "address",
}

#: The maps whose lines are the fields that the gateway's hash of that name has.
FIELDS = frozenset({"urlsha256", "pair"})

#: Entries of one page.
PAGE = 2_000

#: What the gateway needs of an entry, as `Standing` has it. Rows, not objects: a comparison reads every entry.
COLUMNS: tuple[Any, ...] = (Entry.block_id, Entry.scope, Entry.kind, Entry.value, Entry.action, Entry.expires_at)

#: What `candidates` asks, made once: SQLAlchemy takes longer to put it together than SQLite to answer it.
_WORKING = select_columns(*COLUMNS).where(
    active(),
    col(Entry.scope).in_(bindparam("scopes", expanding=True)),
    col(Entry.value).in_(bindparam("values", expanding=True)),
    or_(col(Entry.expires_at).is_(None), col(Entry.expires_at) > bindparam("at")),
)


def view(entry: Entry) -> dict[str, Any]:
    """An entry as the API shows it."""
    return {
        **entry.model_dump(include={"block_id", "kind", "value", "action", "scope", "status", "note"}),
        "created_at": rfc3339(entry.created_at),
        "expires_at": rfc3339(entry.expires_at) if entry.expires_at else None,
        "idle_days": entry.idle_days,
        "hit_count": entry.hit_count,
        "last_hit_at": rfc3339(entry.last_hit_at) if entry.last_hit_at else None,
        "origin": origin_of(entry).model_dump(),
    }


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries are listed: of a kind, with a text in the value, that end before a moment, that stopped nothing since one.

    `after`: only those that stand in the list after this one, by id.
    """

    kind: BlockKind | None = None
    text: str = ""
    ends_before: datetime | None = None
    unused_since: datetime | None = None
    after: str = ""


def listed(session: Session, wanted: Wanted, *, limit: int) -> Sequence[Entry]:
    """Active entries, the newest first."""
    query = select(Entry).where(active())
    if wanted.kind:
        query = query.where(Entry.kind == wanted.kind)
    if wanted.text:
        query = query.where(col(Entry.value).contains(wanted.text.lower(), autoescape=True))
    if wanted.ends_before:
        query = query.where(col(Entry.expires_at) <= wanted.ends_before)
    if since := wanted.unused_since:
        unused = or_(col(Entry.last_hit_at).is_(None), col(Entry.last_hit_at) < since)
        query = query.where(col(Entry.created_at) < since, unused)
    place = (col(Entry.created_at), col(Entry.block_id))
    if wanted.after:
        last = session.get(Entry, wanted.after)
        if last is None:
            return []
        query = query.where(tuple_(*place) < (last.created_at, last.block_id))
    return session.exec(query.order_by(*(column.desc() for column in place)).limit(limit)).all()


def named(session: Session, value: str) -> Sequence[Entry]:
    """Active entries of a value, whatever its kind and scope."""
    forms = forms_of(value)
    if not forms:
        return []
    either = or_(*((col(Entry.kind) == kind) & (col(Entry.value) == form) for kind, form in forms))
    return session.exec(select(Entry).where(active(), either)).all()


def forms_of(value: str) -> list[tuple[BlockKind, str]]:
    """Everything that a value may be an entry of, each in its one form."""
    return [form for kind in KINDS if (form := _form(kind, value))]


def candidates(
    session: Session, lookups: Sequence[Lookup], *, scopes: Collection[str], at: datetime
) -> list[Candidate]:
    """The entries that lookups find in these scopes at this moment."""
    found: dict[tuple[str, str], list[Standing]] = {}
    for some in chunks(sorted({lookup.value for lookup in lookups})):
        asked = {"scopes": list(scopes), "values": some, "at": at}
        for entry in starmap(Standing, session.connection().execute(_WORKING, asked)):
            found.setdefault((entry.kind, entry.value), []).append(entry)
    return [
        Candidate(lookup, entry.block_id, entry.action, entry.scope)
        for lookup in lookups
        for entry in found.get((lookup.kind, lookup.value), ())
    ]


def page(session: Session, after: str, count: int = PAGE) -> list[Standing]:
    """The entries that work now and whose ids come after one, in the order of ids; fewer than a page are the last."""
    query = select_columns(*COLUMNS).where(active(), col(Entry.block_id) > after).order_by(col(Entry.block_id))
    return [Standing(*values) for values in session.execute(query.limit(count))]


def book_changed_at(session: Session) -> datetime | None:
    """When any entry last changed; None before the first."""
    newest = (session.exec(select(func.max(Entry.changed_at)).where(Entry.kind == kind)).one() for kind in KINDS)
    return max(filter(None, newest), default=None)


def map_changed_at(session: Session, name: str) -> datetime | None:
    """When a map last changed; None before its first entry."""
    kind = MAPS.get(name) or ZONES[name]
    return session.exec(select(func.max(Entry.changed_at)).where(Entry.kind == kind)).one()


def map_lines(session: Session, name: str) -> list[str]:
    """The values of a map: what is blocked for everybody, and in `pair` what recipients block for themselves."""
    if name in FIELDS:
        rows = session.execute(
            select_columns(*COLUMNS).where(active(), col(Entry.action) == "block", col(Entry.kind) == MAPS[name])
        )
        fields = (place for values in rows for place in places(entry=Standing(*values)))
        return sorted(field for hashed, field in fields if hashed == f"map:{name}")
    query = select(Entry.value).where(
        active(), Entry.action == "block", Entry.scope == TENANT, Entry.kind == MAPS[name]
    )
    if name == "urlhost":
        query = query.where(~col(Entry.value).contains("/"))
    return sorted(session.exec(query))


def zone_entries(session: Session, name: str) -> list[Named]:
    """What a zone is made of: the entries of its kind for everybody."""
    query = select(Entry.block_id, Entry.value, Entry.action).where(
        active(), Entry.scope == TENANT, Entry.kind == ZONES[name]
    )
    return [
        Named(block_id, value, cast("BlockAction", action))
        for block_id, value, action in session.exec(query.order_by(col(Entry.value)))
    ]


def _form(kind: BlockKind, value: str) -> tuple[BlockKind, str] | None:
    try:
        return kind, canonical(kind=kind, value=value)
    except Reject:
        return None
