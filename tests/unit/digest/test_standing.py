"""One state machine for each copy: whatever comes in whatever order, twice or late, it stands where an obvious model says."""

import asyncio
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlmodel import select

from services.digest.handlers.asking import Asking
from services.digest.handlers.deciding import on_release_decided
from services.digest.handlers.filing import Filing
from services.digest.handlers.knowing import on_verdict_issued
from services.digest.policybook import PolicyBook
from services.digest.releasing.jobs import conclude, end_over, take
from services.digest.releasing.reinject import Doubt
from services.digest.settings import DigestSettings
from services.digest.tables import METADATA, Copy
from shared.errors import Defer, Reject
from shared.events import (
    Event,
    MailEnvelope,
    MessageFacts,
    QuarantineAsked,
    QuarantineHeld,
    ReleaseDecided,
    VerdictIssued,
)
from shared.work import Database, Work

HELD, ANA = "held-1", "ana@example.org"

#: Most events come at once, some wait in the bag.
LATE = st.integers(0, 4).map(lambda number: number == 4)

AT = datetime(2026, 11, 2, tzinfo=UTC)


@dataclass
class Model:
    """What should be true, said as plainly as can be."""

    here: bool = False
    status: str = "held"
    by: str = ""  # whose release is on its way
    override: bool = False
    trying: bool = False
    bad: bool = False
    failures: int = 0
    released: int = 0

    def ask(self, act: str, *, over: bool) -> None:
        if not self.here or self.by or over or self.status in ("released", "deleted", "expired"):
            return
        if act == "request" and self.status == "held":
            self.status = "release_requested"
        if act == "delete":
            self.status = "deleted"

    def decide(self, decision: str, *, override: bool, over: bool) -> None:
        if self.by or over or self.status in ("released", "deleted", "expired"):
            return
        if decision == "denied" and self.status != "denied":
            self.status = "denied"
        if decision == "approved" and (override or not self.bad):
            self.by, self.override = "operator", override


class Copies(RuleBasedStateMachine):
    """Events wait in a bag and are delivered in any order, some twice; between them the clock and the gateway act."""

    @initialize(reason=st.sampled_from(["malware", "phishing_high"]), late=LATE)
    def begin(self, reason: Any, late: bool) -> None:
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.database = Database(f"sqlite:///{Path(self.folder.name)}/q.db", "digest", METADATA)
        self.runner.run(self.database.create())
        self.at, self.model, self.count = AT, Model(), 0
        self.asking = Asking(DigestSettings(release_verdict_wait_s=0))
        self.filing = Filing(PolicyBook())
        held = QuarantineHeld(
            held_id=HELD,
            message=MessageFacts(sha256="a" * 64, size_bytes=1, from_address="x@lucky.example"),
            envelope=MailEnvelope(mail_from="x@lucky.example", rcpt_to=(ANA,)),
            reason=reason,
            held_at=AT,
            expires_at=AT + timedelta(days=10),
        )
        self.bag: list[Event] = []
        self.newest = 0
        self.say(held, late=late)

    def teardown(self) -> None:
        self.runner.run(self.database.close())
        self.runner.close()
        self.folder.cleanup()

    def run_in(self, job: Any) -> Any:
        def timed(work: Work) -> Any:
            work.at = self.at
            return job(work)

        return self.runner.run(self.database.run(timed))

    def say(self, event: Event, *, late: bool) -> None:
        if late or not self.run_in(lambda work: self.handle(event, work)):
            self.bag.append(event)

    def over(self) -> bool:
        return self.at >= AT + timedelta(days=10)

    @rule(act=st.sampled_from(["request", "request", "delete", "release", "submit", "block"]), late=LATE)
    def asks(self, act: Any, late: bool) -> None:
        self.count += 1
        ask = QuarantineAsked(ask_id=f"ask-{self.count}", held_id=HELD, recipient=ANA, act=act, by=ANA)
        self.say(ask, late=late)

    @rule(decision=st.sampled_from(["approved", "approved", "denied"]), override=st.booleans(), late=LATE)
    def decides(self, decision: Any, override: bool, late: bool) -> None:
        self.count += 1
        decided = ReleaseDecided(
            held_id=HELD, recipient=ANA, decision=decision, by="op", override=override, decision_id=str(self.count)
        )
        self.say(decided, late=late)

    @rule(category=st.sampled_from(["malware", "phishing", "spam", "clean", "unknown"]), late=LATE)
    def is_judged(self, category: Any, late: bool) -> None:
        self.count += 1
        verdict = VerdictIssued(
            submission_id="s", case_id="c", message_sha256="a" * 64, version=self.count, category=category,
            confidence=1, cause="undetermined",
        )  # fmt: skip
        self.say(verdict, late=late)

    @rule(data=st.data(), again=st.booleans())
    def is_delivered(self, data: Any, again: bool) -> None:
        """Any event of the bag, which may stay in it."""
        if not self.bag:
            return
        event = data.draw(st.sampled_from(self.bag))
        if self.run_in(lambda work: self.handle(event, work)) and not again:
            self.bag.remove(event)

    def handle(self, event: Event, work: Work) -> bool:
        """As the bus does: once an event, later when it has to wait. The model follows."""
        if not work.take_in([("test", event.event_id())]):
            return True
        match event:
            case QuarantineHeld():
                self.filing.on_quarantine_held(event, work)
                self.model.here = True
            case QuarantineAsked():
                self.asking.on_quarantine_asked(event, work)
                self.model.ask(event.act, over=self.over())
            case ReleaseDecided():
                try:
                    on_release_decided(event, work)
                except Defer:
                    assert not self.model.here
                    work.session.connection().exec_driver_sql("DELETE FROM digest_inbox WHERE event_id = ?", (event.event_id(),))  # fmt: skip
                    return False
                self.model.decide(event.decision, override=event.override, over=self.over())
            case VerdictIssued():
                on_verdict_issued(event, work)
                if event.version > self.newest:
                    self.newest, self.model.bad = event.version, event.category in ("malware", "phishing")
        return True

    @rule(days=st.sampled_from([1, 1, 1, 9]))
    def time_passes(self, days: int) -> None:
        self.at += timedelta(days=days)
        self.run_in(end_over)
        if self.model.here and self.over() and not self.model.by and self.model.status in ("held", "release_requested"):
            self.model.status = "expired"

    @rule(answer=st.sampled_from(["taken", "taken", "later", "never", "lost", "crash"]))
    def gateway_is_tried(self, answer: str) -> None:
        """Hours later each time, so that whatever is due is tried."""
        self.at += timedelta(hours=1)
        model = self.model
        taken = self.run_in(lambda work: take(HELD, ANA, work))
        may_go = bool(model.by) and not model.trying and (model.override or not model.bad)
        assert (taken is not None) == may_go
        if model.by and not may_go:
            model.failures += model.trying
            model.by, model.trying = "", False
            return
        if not may_go:
            return
        if answer == "crash":
            model.trying = True
            return
        failures = {"later": Defer("busy"), "never": Reject("no"), "lost": Doubt("lost")}
        self.run_in(lambda work: conclude(HELD, ANA, failures.get(answer), frozenset(), work))
        if answer == "taken":
            model.status, model.by, model.released = "released", "", model.released + 1
            return
        model.failures += 1
        if answer != "later" or model.failures % 5 == 0:
            model.by = ""

    @invariant()
    def it_stands_where_the_model_says(self) -> None:
        if not hasattr(self, "model"):
            return
        copy = self.runner.run(self.database.look(lambda session: session.exec(select(Copy)).first()))
        assert (copy is not None) == self.model.here
        if copy is not None:
            found = (copy.status, copy.release_at is not None, copy.attempts)
            assert found == (self.model.status, bool(self.model.by), self.model.failures)
            assert "release" not in copy.permissions.split()
        assert self.model.released <= 1


TestCopies = Copies.TestCase
TestCopies.settings = settings(
    max_examples=25, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
