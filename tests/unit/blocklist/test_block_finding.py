"""Reading the book on a real database: what a mail finds, what lists and maps show, and that no lookup scans the book."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import Session

from services.blocklist.entries import Book, Wish, end, withdraw
from services.blocklist.finding import Wanted, candidates, listed, map_changed_at, map_lines, named, view
from services.blocklist.jobs import KeepGateway
from services.blocklist.rules.forms import TENANT
from services.blocklist.rules.precedence import lookups
from services.blocklist.settings import BlocklistSettings
from services.blocklist.tables import METADATA, Entry
from shared.blobs import open_blobs
from shared.bus import connect
from shared.errors import Defer
from shared.events import BlockOrigin
from shared.run import Room
from shared.work import Work, now
from tests.databases import quick
from tests.services import free_port

FEE = "fee@parcel-fee.example"
ANA = "ana@example.org"


class Shelf:
    """A book with a database of its own; remembers the statements that were sent."""

    def __init__(self, folder: Path) -> None:
        self.settings = BlocklistSettings(data_dir=folder, redis_url=f"redis://127.0.0.1:{free_port()}/0")
        self.database = quick(folder, "blocklist", METADATA)
        self.statements: dict[str, Any] = {}
        for engine in (self.database.reader, self.database.writer):
            event.listen(engine, "before_cursor_execute", self._remember)

    def _remember(self, _c: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        self.statements.setdefault(statement, values)

    def add(self, value: str, kind: Any = "address", **more: Any) -> Entry:
        wish = Wish(
            kind=kind,
            value=value,
            cause=f"{value}{more}",
            origin=BlockOrigin(by="olga"),
            expires_at=more.pop("expires_at", now() + timedelta(days=1)),
            **more,
        )
        entry: Entry = self.database.do(lambda work: Book(self.settings).add(wish, work))
        return entry

    def read(self, query: Any) -> Any:
        return self.database.see(query)

    def found(self, *, scopes: set[str], at: datetime, **mail: Any) -> set[str]:
        keys = lookups(**mail)
        return {one.block_id for one in self.read(lambda s: candidates(s, keys, scopes=scopes, at=at))}


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    made = Shelf(tmp_path)
    yield made
    made.database.leave()


def test_a_mail_finds_the_entries_of_everybody_and_of_its_recipient(shelf: Shelf) -> None:
    everybodys, own = shelf.add(FEE), shelf.add(FEE, scope=ANA, action="allow")
    shelf.add(FEE, scope="bob@example.org")
    at = now()
    assert shelf.found(scopes={TENANT, ANA}, at=at, senders=(FEE,)) == {everybodys.block_id, own.block_id}
    assert shelf.found(scopes={TENANT}, at=at, senders=(FEE,)) == {everybodys.block_id}


def test_a_value_of_another_kind_is_not_found(shelf: Shelf) -> None:
    domain = shelf.add("parcel-fee.example", "domain")
    host = shelf.add("parcel-fee.example", "url")
    assert shelf.found(scopes={TENANT}, at=now(), senders=(FEE,)) == {domain.block_id}
    assert shelf.found(scopes={TENANT}, at=now(), urls=("http://parcel-fee.example/x",)) == {host.block_id}


def test_an_entry_that_is_over_is_not_found_even_before_it_is_swept(shelf: Shelf) -> None:
    entry = shelf.add(FEE, expires_at=now() + timedelta(hours=1))
    forever = shelf.add("parcel-fee.example", "domain", expires_at=None)
    assert shelf.found(scopes={TENANT}, at=now(), senders=(FEE,)) == {entry.block_id, forever.block_id}
    assert shelf.found(scopes={TENANT}, at=now() + timedelta(hours=2), senders=(FEE,)) == {forever.block_id}


def test_many_urls_are_looked_up(shelf: Shelf) -> None:
    page = shelf.add("http://h700.parcel-fee.example/p/700", "url")
    urls = tuple(f"http://h{number}.parcel-fee.example/p/{number}" for number in range(1_000))
    assert shelf.found(scopes={TENANT}, at=now(), urls=urls) == {page.block_id}


def test_a_value_names_its_entries_of_every_kind_and_scope(shelf: Shelf) -> None:
    wanted = {
        shelf.add("parcel-fee.example", "domain").block_id,
        shelf.add("parcel-fee.example", "url").block_id,
        shelf.add("parcel-fee.example", "domain", scope=ANA).block_id,
    }
    shelf.add("www.parcel-fee.example", "url")
    assert {entry.block_id for entry in shelf.read(lambda s: named(s, "Parcel-Fee.example"))} == wanted
    assert list(shelf.read(lambda s: named(s, "\x00"))) == []


def test_a_list_is_filtered_and_limited(shelf: Shelf) -> None:
    for number in range(5):
        shelf.add(f"fee{number}@parcel-fee.example")
    shelf.add("parcel-fee.example", "url")

    def values(kind: Any, text: str, limit: int) -> list[str]:
        return [entry.value for entry in shelf.read(lambda s: listed(s, Wanted(kind, text), limit=limit))]

    assert len(values(None, "", 10)) == 6
    assert len(values("address", "", 3)) == 3
    assert values(None, "FEE3@", 10) == ["fee3@parcel-fee.example"]
    assert values(None, "%", 10) == []


def test_a_view_says_when_an_entry_ends(shelf: Shelf) -> None:
    assert view(shelf.add("b@parcel-fee.example", expires_at=None))["expires_at"] is None
    assert view(shelf.add(FEE))["expires_at"].endswith("Z")


def test_a_map_holds_blocks_for_everybody_and_knows_when_it_changed(shelf: Shelf) -> None:
    assert shelf.read(lambda s: map_changed_at(s, "urlhost")) is None
    host = shelf.add("parcel-fee.example", "url")
    shelf.add("http://parcel-fee.example/x", "url")
    shelf.add("friend.example", "url", action="allow")
    shelf.add("own.parcel-fee.example", "url", scope=ANA)
    assert shelf.read(lambda s: map_lines(s, "urlhost")) == ["parcel-fee.example"]
    before = shelf.read(lambda s: map_changed_at(s, "urlhost"))
    shelf.database.do(lambda work: end(work.session.get_one(Entry, host.block_id), work, by="olga"))
    assert shelf.read(lambda s: map_lines(s, "urlhost")) == []
    assert shelf.read(lambda s: map_changed_at(s, "urlhost")) > before


def test_no_lookup_scans_the_book(shelf: Shelf) -> None:
    """SQLite has no statistics of a fresh file, so each query must leave it no wrong index to take."""
    for number in range(3):
        shelf.add(f"fee{number}@parcel-fee.example")

    def work(work: Work) -> None:
        automatic = Wish(
            kind="address", value=FEE, expires_at=None, origin=BlockOrigin(by="verdict"), cause="v", claimant="c"
        )
        Book(shelf.settings).add(automatic, work)
        withdraw("c", work)

    shelf.database.do(work)
    shelf.found(scopes={TENANT, ANA}, at=now(), senders=(FEE,))
    shelf.read(lambda s: named(s, "parcel-fee.example"))
    keyed = [
        one for one in shelf.statements if one.startswith("SELECT") and (".value = ?" in one or ".value IN" in one)
    ]
    assert len(keyed) >= 4

    def explain(session: Session) -> None:
        for statement in keyed:
            plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", shelf.statements[statement])
            steps = [row[3] for row in plan if "blocklist_" in row[3]]
            assert steps, statement
            assert all("(value=" in step for step in steps), (statement, steps)

    shelf.read(explain)


async def test_without_redis_the_gateways_jobs_wait_and_lose_nothing(shelf: Shelf) -> None:
    redis = connect(shelf.settings.redis_url)
    gateway = KeepGateway(Room(shelf.settings, shelf.database, open_blobs(shelf.settings.data_dir), redis))
    shelf.add(FEE)
    assert await gateway.apply() is False
    assert await gateway.apply() is False
    with pytest.raises(Defer, match="cannot be reached"):
        await gateway.reconcile()
    await redis.aclose()
    dirty = shelf.read(lambda s: [entry.applied < entry.generation for entry in listed(s, Wanted(None, ""), limit=9)])
    assert dirty == [True]
