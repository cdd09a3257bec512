"""The book and the reactions, on a real database: at most one active entry of a value, every change is said."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from services.blocklist.entries import ENTRIES_MAX, Book, Wish
from services.blocklist.handlers import Handlers
from services.blocklist.settings import BlocklistSettings
from services.blocklist.tables import METADATA, Claim, Entry
from shared.errors import Reject
from shared.events import (
    AnalyserAnswer,
    BlockOrigin,
    BlockRequested,
    BlockWithdrawn,
    ProposedBlock,
    VerdictIssued,
)
from shared.events.vocabulary import BlockAction, VerdictCategory
from shared.work import Work, now
from tests.databases import QuickDatabase, quick

SHA = "ab" * 32
FEE = ProposedBlock(kind="address", value="fee@parcel-fee.example")
HOST = ProposedBlock(kind="url", value="parcel-fee.example")
PEOPLE = BlockOrigin(by="olga", note="seen twice")


@dataclass
class Desk:
    """The reactions of a block list with a database of its own."""

    database: QuickDatabase
    handlers: Handlers
    book: Book
    asked: int = field(default=0)

    def work(self, job: Callable[[Work], Any]) -> Any:
        return self.database.do(job)

    def entries(self, status: str = "active") -> list[Entry]:
        def read(session: Session) -> list[Entry]:
            return list(session.exec(select(Entry).where(Entry.status == status).order_by(col(Entry.value))))

        found: list[Any] = self.database.see(read)
        return found

    def values(self) -> list[str]:
        return [entry.value for entry in self.entries()]

    def said(self) -> list[tuple[str, dict[str, Any]]]:
        def read(session: Session) -> list[tuple[str, dict[str, Any]]]:
            outbox = self.database.outbox
            rows = session.connection().execute(outbox.select().order_by(outbox.c.seq))
            return [(row.stream.removesuffix(".v1"), json.loads(json.loads(row.fields)["data"])) for row in rows]

        found: list[Any] = self.database.see(read)
        return found

    def counts(self) -> Counter[str]:
        return Counter(stream for stream, _ in self.said())

    def verdict(
        self,
        version: int = 1,
        category: VerdictCategory = "phishing",
        *,
        case: str = "c",
        sha256: str = SHA,
        blocks: tuple[ProposedBlock, ...] = (FEE, HOST),
        analysers: tuple[AnalyserAnswer, ...] = (),
        confidence: float = 0.95,
    ) -> None:
        event = VerdictIssued(
            submission_id=f"s-{version}",
            case_id=case,
            message_sha256=sha256,
            version=version,
            category=category,
            confidence=confidence,
            cause="filter_missed",
            blocks=blocks,
            analysers=analysers,
        )
        self.work(lambda work: self.handlers.on_verdict_issued(event, work))

    def ask(self, value: str, kind: Any = "address", **more: Any) -> None:
        self.asked += 1
        event = BlockRequested(request_id=f"r-{self.asked}", kind=kind, value=value, origin=PEOPLE, **more)
        self.work(lambda work: self.handlers.on_block_requested(event, work))

    def withdraw(self, block_id: str) -> None:
        event = BlockWithdrawn(request_id=f"w-{block_id}", block_id=block_id, by="olga")
        self.work(lambda work: self.handlers.on_block_withdrawn(event, work))


def desk_with(folder: Path, **more: Any) -> Desk:
    given_settings = BlocklistSettings(data_dir=folder, own_domains=("example.org",), **more)
    database = quick(folder, "blocklist", METADATA)
    return Desk(database, Handlers(given_settings), Book(given_settings))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = desk_with(tmp_path)
    yield made
    made.database.leave()


def test_a_confident_verdict_lists_what_it_proposes(desk: Desk) -> None:
    desk.verdict()
    assert desk.values() == ["fee@parcel-fee.example", "parcel-fee.example"]
    stream, data = desk.said()[0]
    assert stream == "block.created"
    assert data["origin"] == {"by": "verdict", "case_id": "c", "submission_id": "s-1", "held_id": "", "note": ""}
    assert data["scope"] == "tenant"
    (entry, _) = desk.entries()
    assert entry.expires_at == entry.created_at + timedelta(days=30)


@pytest.mark.parametrize("policy", ["off", "ask"])
def test_without_the_policy_a_verdict_lists_nothing(tmp_path: Path, policy: str) -> None:
    desk = desk_with(tmp_path, auto_block=policy)
    desk.verdict()
    assert desk.said() == []
    desk.database.leave()


def test_a_verdict_that_is_not_bad_takes_back_what_an_older_one_of_the_mail_listed(desk: Desk) -> None:
    desk.verdict(1)
    desk.verdict(2, "clean")
    assert desk.values() == []
    assert desk.counts() == {"block.created": 2, "block.removed": 2}
    assert all(data["by"] == "verdict" for stream, data in desk.said() if stream == "block.removed")


def test_an_older_verdict_that_comes_late_does_nothing(desk: Desk) -> None:
    desk.verdict(2, "clean")
    desk.verdict(1)
    assert desk.said() == []


def test_another_mail_of_the_case_takes_nothing_back(desk: Desk) -> None:
    """A harmless mail with the Message-ID of a campaign joins its case; it must not end the campaign's blocks."""
    desk.verdict(1)
    desk.verdict(2, "clean", sha256="cd" * 32)
    assert len(desk.values()) == 2


def test_what_two_verdicts_want_stays_until_both_take_it_back(desk: Desk) -> None:
    desk.verdict(1)
    desk.verdict(1, case="d", blocks=(FEE,))
    desk.verdict(2, "clean")
    assert desk.values() == [FEE.value]
    desk.verdict(2, "clean", case="d")
    assert desk.values() == []


def test_what_people_want_too_is_not_taken_back_by_a_verdict(desk: Desk) -> None:
    desk.verdict(1)
    desk.ask(FEE.value)
    desk.verdict(2, "clean")
    assert desk.values() == [FEE.value]


def test_a_verdict_that_nobody_could_give_takes_nothing_back(desk: Desk) -> None:
    desk.verdict(1)
    desk.verdict(2, "unknown", analysers=(AnalyserAnswer(name="local", evaluation="error"),))
    assert len(desk.values()) == 2


def test_a_proposal_that_a_guard_refuses_costs_the_others_nothing(desk: Desk) -> None:
    own = ProposedBlock(kind="address", value="ceo@example.org")
    broken = ProposedBlock(kind="file", value="no hash")
    desk.verdict(blocks=(own, broken, FEE, FEE))
    assert desk.values() == [FEE.value]
    assert desk.counts() == {"block.refused": 2, "block.created": 1}
    reasons = [data["reason"] for stream, data in desk.said() if stream == "block.refused"]
    assert "own domain" in reasons[0]
    assert "SHA-256" in reasons[1]


def test_verdicts_have_a_budget_an_hour_and_people_have_none(tmp_path: Path) -> None:
    desk = desk_with(tmp_path, auto_block_per_hour=3)
    proposals = tuple(ProposedBlock(kind="address", value=f"fee{n}@parcel-fee.example") for n in range(5))
    desk.verdict(blocks=proposals)
    desk.ask("fee9@parcel-fee.example")
    assert desk.counts() == {"block.created": 4, "block.refused": 2}
    assert all("budget" in data["reason"] for stream, data in desk.said() if stream == "block.refused")
    desk.database.leave()


def test_a_verdict_overrides_neither_an_allow_nor_a_removal_by_people(desk: Desk) -> None:
    desk.ask(FEE.value, action="allow")
    desk.verdict(1, blocks=(FEE,))
    assert [entry.action for entry in desk.entries()] == ["allow"]
    desk.verdict(1, case="d", blocks=(HOST,))
    desk.withdraw(next(entry.block_id for entry in desk.entries() if entry.kind == "url"))
    desk.verdict(1, case="e", blocks=(HOST,))
    assert [entry.action for entry in desk.entries()] == ["allow"]
    reasons = [data["reason"] for stream, data in desk.said() if stream == "block.refused"]
    assert "allow entry" in reasons[0]
    assert "operator removed it" in reasons[1]


def test_asking_again_keeps_one_entry_with_the_later_end_and_says_nothing(desk: Desk) -> None:
    at = now()
    desk.ask("Fee@parcel-fee.example", expires_at=at + timedelta(days=7))
    desk.ask("fee@PARCEL-fee.example", expires_at=at + timedelta(days=90))
    desk.ask("fee@parcel-fee.example", expires_at=at + timedelta(days=1))
    (entry,) = desk.entries()
    assert entry.expires_at == at + timedelta(days=90)
    assert entry.generation == 2
    assert desk.counts() == {"block.created": 1}
    desk.ask("fee@parcel-fee.example", never_expires=True)
    assert desk.entries()[0].expires_at is None


def test_the_opposite_action_of_people_replaces_an_entry(desk: Desk) -> None:
    desk.ask(FEE.value)
    desk.ask(FEE.value, action="allow")
    assert [entry.action for entry in desk.entries()] == ["allow"]
    assert [stream for stream, _ in desk.said()] == ["block.created", "block.removed", "block.created"]


def test_the_same_value_may_stand_for_several_scopes(desk: Desk) -> None:
    desk.ask(FEE.value)
    desk.ask(FEE.value, scope="Ana@example.org", action="allow")
    assert {(entry.scope, entry.action) for entry in desk.entries()} == {
        ("tenant", "block"),
        ("ana@example.org", "allow"),
    }


def test_a_withdrawal_ends_an_entry_once(desk: Desk) -> None:
    desk.ask(FEE.value)
    (entry,) = desk.entries()
    for block_id in (entry.block_id, entry.block_id, "unknown"):
        desk.withdraw(block_id)
    assert desk.counts() == {"block.created": 1, "block.removed": 1}
    assert desk.entries("removed")[0].ended_by == "olga"


def test_an_ended_entry_that_is_asked_for_again_is_a_new_one(desk: Desk) -> None:
    desk.ask(FEE.value)
    (first,) = desk.entries()
    desk.withdraw(first.block_id)
    desk.ask(FEE.value)
    (second,) = desk.entries()
    assert first.block_id != second.block_id


@pytest.mark.parametrize(
    ("value", "more", "words"),
    [
        ("gmail.com", {"kind": "domain"}, "used by everybody"),
        ("fee@parcel-fee.example", {"scope": "everybody"}, "scope"),
        ("fee@parcel-fee.example", {"expires_at": now() - timedelta(days=1)}, "future"),
        ("x" * 5_000, {}, "too long"),
    ],
)
def test_a_refusal_says_why_and_writes_nothing(desk: Desk, value: str, more: dict[str, Any], words: str) -> None:
    desk.ask(value, **more)
    ((stream, data),) = desk.said()
    assert stream == "block.refused"
    assert words in data["reason"]
    assert len(data["value"]) <= 2_048
    assert desk.entries() == []


def test_the_book_is_full_at_its_limit(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.blocklist.entries.ENTRIES_MAX", 1)
    desk.ask(FEE.value)
    wish = Wish(kind="domain", value="parcel-fee.example", expires_at=None, origin=PEOPLE, cause="x")
    with pytest.raises(Reject, match="entries stand already"):
        desk.work(lambda work: desk.book.add(wish, work))
    assert ENTRIES_MAX > 1


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), st.sampled_from(["block", "allow"]), st.sampled_from(["tenant", "ana@example.org"])),
        st.tuples(st.just("verdict"), st.sampled_from(["phishing", "clean", "spam"]), st.integers(1, 4)),
        st.tuples(st.just("withdraw"), st.integers(0, 5), st.just(0)),
    ),
    max_size=12,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_of_one_value_and_scope_at_most_one_entry_stands_and_every_change_is_said(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, Any, Any]]
) -> None:
    desk = desk_with(tmp_path_factory.mktemp("desk"))
    for step, what, which in steps:
        if step == "ask":
            action: BlockAction = what
            desk.ask(FEE.value, action=action, scope=which)
        elif step == "verdict":
            desk.verdict(which, what, blocks=(FEE, ProposedBlock(kind="address", value="ceo@example.org")))
        else:
            standing = desk.entries()
            if standing:
                desk.withdraw(standing[what % len(standing)].block_id)
    active = desk.entries()
    keys = Counter((entry.scope, entry.kind, entry.value) for entry in active)
    counts = desk.counts()
    claimed = desk.database.see(lambda session: set(session.exec(select(Claim.block_id))))
    desk.database.leave()
    assert set(keys.values()) <= {1}
    assert counts["block.created"] - counts["block.removed"] == len(active)
    assert {entry.block_id for entry in active} <= claimed
    assert "ceo@example.org" not in {entry.value for entry in active}
