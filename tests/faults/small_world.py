"""A whole Longstop in one thread, without loops and servers: the real handlers, batches, inboxes and outboxes on SQLite, over
streams that lose their memory, double and disorder entries, with a crash wherever the caller wants one."""

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import MetaData, Update, text, update

from services.blocklist.handlers import Handlers
from services.blocklist.settings import BlocklistSettings
from services.blocklist.tables import METADATA as BLOCKLIST
from services.ingest.handlers import write_all
from services.ingest.tables import METADATA as INGEST
from services.submission.analysers import Opinion
from services.submission.handlers import Requests, foresee
from services.submission.jobs import AnalyseDue, Result
from services.submission.panel import Panel
from services.submission.settings import SubmissionSettings
from services.submission.tables import METADATA as SUBMISSION
from services.submission.tables import Item
from services.triage.handlers import Reports, foresee_verdicts, on_verdict_issued
from services.triage.rulebook import Rulebook
from services.triage.tables import METADATA as TRIAGE
from shared.blobs import open_blobs
from shared.bus import On, Unreadable, connect, read_entry
from shared.bus.batch import Batch
from shared.bus.fuse import Fuse
from shared.entry_ids import entry_id_of, sortable
from shared.events import Event, MessageFacts, ProposedBlock, ReportReceived, SubmissionRequested, VerdictIssued
from shared.events.vocabulary import VerdictCategory
from shared.health import Health
from shared.outbox import Relay, Sent
from shared.run import Room
from shared.work import Work, now
from tests.databases import quick

#: What the analyser says of a mail, by the number of its text.
SAYS: tuple[VerdictCategory, ...] = ("phishing", "malware", "spam", "bulk")

REPORTS = Reports(Rulebook())

_TABLES: Mapping[str, MetaData] = {
    "ingest": INGEST,
    "triage": TRIAGE,
    "submission": SUBMISSION,
    "blocklist": BLOCKLIST,
}


class CrashError(Exception):
    """The process ends here; its memory is gone, its database is not."""


@dataclass
class Stream:
    """Entries, and for each group what it has not read and what it has not acknowledged, with the number of attempts."""

    kind: type[Event]
    groups: Sequence[str]
    entries: dict[str, Mapping[bytes, bytes]] = field(default_factory=dict)
    unread: dict[str, list[str]] = field(default_factory=dict)
    pending: dict[str, dict[str, int]] = field(default_factory=dict)
    _serial: Any = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        self.wipe()

    def wipe(self) -> None:
        self.entries = {}
        self.unread = {group: [] for group in self.groups}
        self.pending = {group: {} for group in self.groups}

    def add(self, fields: Mapping[bytes, bytes]) -> str:
        entry = f"{next(self._serial)}-0"
        self.entries[entry] = fields
        for waiting in self.unread.values():
            waiting.append(entry)
        return entry

    def is_needed(self, entry: str) -> bool:
        """Whether some group has not acknowledged it."""
        return any(entry in self.unread[group] or entry in self.pending[group] for group in self.groups)


class World:
    """The services, by their databases and reactions."""

    def __init__(self, folder: Path) -> None:
        self.reports: dict[str, int] = {}  # report id: number of its text
        self.databases = {name: quick(folder, name, tables) for name, tables in _TABLES.items()}
        blocks = Handlers(BlocklistSettings(auto_block_per_hour=10_000, auto_block="confident"))
        self.on: dict[tuple[str, type[Event]], On] = {
            ("triage", ReportReceived): On(REPORTS.on_report_received, foresee=REPORTS.foresee),
            ("triage", VerdictIssued): On(on_verdict_issued, foresee=foresee_verdicts),
            ("submission", SubmissionRequested): On(
                Requests(SubmissionSettings()).on_submission_requested, foresee=foresee
            ),
            ("blocklist", VerdictIssued): On(blocks.on_verdict_issued, foresee=blocks.foresee_verdicts),
        }
        kinds = dict.fromkeys(kind for _, kind in self.on)
        self.streams = {kind.STREAM: Stream(kind, [name for name, other in self.on if other is kind]) for kind in kinds}
        redis = connect("redis://127.0.0.1:1")  # never opened: what is sent goes to the streams here
        self._relays = {name: Relay(database, redis, "model") for name, database in self.databases.items()}
        room = Room(SubmissionSettings(), self.databases["submission"], open_blobs(folder / "blobs"), redis)
        self._job = AnalyseDue(room, Panel([], room.settings))
        self._taken: list[tuple[VerdictCategory, Item]] = []  # by runs that were not answered, some of them long lost

    def leave(self) -> None:
        for database in self.databases.values():
            database.leave()

    def report(self, body: int, copy: int, message: int) -> None:
        """Somebody hands a mail in: the same `body` and `copy` are the same mail."""
        report_id = f"r{len(self.reports)}"
        facts = MessageFacts(
            sha256=f"{body:032x}{copy:032x}",
            size_bytes=1,
            body_hash=f"b{body}",
            message_id=f"m{message}",
            from_domain="bad.example",
            from_address=f"a{body}@bad.example",
        )
        event = ReportReceived(
            report_id=report_id, category="phishing", source="http", message=facts, received_at=now()
        )
        self.databases["ingest"].do(lambda work: write_all([event], work))
        self.reports[report_id] = body

    def send(self, name: str, *, at_most: int = 500, dies: bool = False) -> int:
        """One sweep of a relay; how many were sent."""
        relay, database = self._relays[name], self.databases[name]
        rows = database.see(relay._unsent)[:at_most]
        sent = Sent([])
        for seq, stream, fields in rows:
            entry = "1-0"
            if stream in self.streams:
                entry = self.streams[stream].add(_raw(fields))
            sent.marks.append((sortable(entry_id_of(entry)), seq))
        if rows and not dies:
            database.do(lambda work: relay._mark(work.session, sent))
        return len(rows)

    def deliver(self, chance: Random, dies: str = "") -> None:
        """A batch of unread and pending entries in any order; `dies` is before or after the commit, or empty."""
        busy = [
            (name, self.streams[kind.STREAM])
            for name, kind in self.on
            if self.streams[kind.STREAM].unread[name] or self.streams[kind.STREAM].pending[name]
        ]
        if not busy:
            return
        name, stream = chance.choice(busy)
        unread, pending = stream.unread[name], stream.pending[name]
        waiting = [*unread, *pending]
        chosen = chance.sample(waiting, chance.randint(1, len(waiting)))
        stream.unread[name] = [entry for entry in unread if entry not in chosen]
        pending |= {entry: min(pending.get(entry, 0) + 1, 5) for entry in chosen}
        self._settle(name, stream, chosen, dies)

    def _settle(self, name: str, stream: Stream, chosen: Sequence[str], dies: str) -> None:
        reaction = self.on[name, stream.kind]
        fuse = Fuse(name, stream.kind.STREAM, 20, Health())
        batch = Batch(stream.kind.STREAM, name, reaction.handle, reaction.foresee, 1000, fuse)
        if not chosen:
            return
        read = [
            read_entry(stream.kind, stream.kind.STREAM, entry, stream.entries[entry], stream.pending[name][entry])
            for entry in chosen
        ]
        assert not [one for one in read if isinstance(one, Unreadable)]

        def job(work: Work) -> None:
            outcome = batch.settle(read, work)
            assert not outcome.retry, "a handler failed"
            work.flush()
            if dies == "before":
                raise CrashError

        try:
            self.databases[name].do(job)
        except CrashError:
            return
        if dies != "after":
            for entry in chosen:
                stream.pending[name].pop(entry)

    def wipe(self) -> None:
        """Redis forgets all; every keeper makes unsent what not everybody had acknowledged."""
        needed = {
            key: {sortable(entry_id_of(one)) for one in stream.entries if stream.is_needed(one)}
            for key, stream in self.streams.items()
        }
        for database in self.databases.values():
            outbox = database.outbox
            for key, entries in needed.items():
                again = update(outbox).where(outbox.c.stream == key, outbox.c.entry_id.in_(entries))
                database.do(partial(_execute, again.values(entry_id=None)))
        for stream in self.streams.values():
            stream.wipe()

    def take(self) -> None:
        """A replica takes what is due, and its lease runs out at once."""
        database = self.databases["submission"]
        due = [one for (one,) in self._ask("submission", "SELECT submission_id FROM submission_item WHERE open")]
        if not due:
            return
        items = database.do(lambda work: self._job._take(due, work))
        self._taken += [(SAYS[int(item.message_sha256[:32], 16)], item) for item in items]
        database.do(lambda work: work.session.execute(update(Item).values(due_at=work.at)) and None)

    def answer(self, chance: Random, share: float = 0.5) -> None:
        """Some of those who took something answer, in any order, however late."""
        some = [one for one in self._taken if chance.random() < share]
        if not some:
            return
        chance.shuffle(some)
        self._taken = [one for one in self._taken if one not in some]
        items, results = [item for _, item in some], [Result([_opinion(says, item)]) for says, item in some]
        self.databases["submission"].do(lambda work: self._job._answer(items, results, work))

    def settle(self) -> None:
        """No fault any more: everything runs until nothing is left to do."""
        for _ in range(30):
            done = sum(self.send(name) for name in self.databases)
            for name, kind in self.on:
                stream = self.streams[kind.STREAM]
                entries = [*stream.pending[name], *stream.unread[name]]
                done += len(entries)
                stream.unread[name] = []
                stream.pending[name] |= dict.fromkeys(entries, 1)
                self._settle(name, stream, entries, "")
            self.take()
            if not done and not self._taken:
                return
            self.answer(Random(0), share=1.1)
        raise AssertionError("it never comes to rest")

    def _ask(self, name: str, query: str) -> list[Any]:
        return list(self.databases[name].see(lambda session: session.execute(text(query)).all()))

    def __call__(self, name: str, query: str) -> list[Any]:
        """Ask a service's database, as the ledger of the whole house does."""
        return [tuple(row) for row in self._ask(name, query)]


def _execute(statement: Update, work: Work) -> None:
    work.session.execute(statement)


def _raw(fields: str) -> Mapping[bytes, bytes]:
    return {key.encode(): value.encode() for key, value in json.loads(fields).items()}


def _opinion(says: VerdictCategory, item: Item) -> Any:
    bad = says in ("phishing", "malware")
    blocks = (ProposedBlock(kind="address", value=f"a{int(item.message_sha256[:32], 16)}@bad.example"),) if bad else ()
    return Opinion("model", "malicious" if bad else "unknown", says, 0.95, blocks=blocks)
