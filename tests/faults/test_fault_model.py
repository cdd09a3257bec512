"""F1, F4, F8, F14, F16, F20 by a state machine: any order, any copies, a crash at any boundary, and always the same end."""

import json
import os
import shutil
import tempfile
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from shared.work import Work
from tests.faults.conservation import AGREE
from tests.faults.small_world import SAYS, Stream, World

FULL = os.environ.get("LONGSTOP_TEST_FAULTS") == "full"

pytestmark = pytest.mark.timeout(200)

#: Text, copy of it, and Message-ID.
MAIL = st.tuples(st.integers(0, len(SAYS) - 1), st.integers(0, 2), st.integers(0, 2))

CHANCE = st.integers(0, 2**32).map(Random)
DEATHS = st.sampled_from(["", "", "before", "after"])


class Machine(RuleBasedStateMachine):
    """Reports come in, and everything that can happen to them happens."""

    def __init__(self) -> None:
        super().__init__()
        memory = Path("/dev/shm")
        self.folder = Path(tempfile.mkdtemp(dir=memory if memory.is_dir() else None))
        self.world = World(self.folder)

    @initialize(mails=st.lists(MAIL, min_size=2, max_size=6))
    def begin(self, mails: list[tuple[int, int, int]]) -> None:
        for mail in mails:
            self.world.report(*mail)

    @rule(mail=MAIL)
    def report(self, mail: tuple[int, int, int]) -> None:
        self.world.report(*mail)

    @rule(at_most=st.integers(1, 5), dies=st.booleans())
    def send(self, at_most: int, *, dies: bool) -> None:
        for name in self.world.databases:
            self.world.send(name, at_most=at_most, dies=dies)

    @rule(chance=CHANCE, dies=DEATHS, batches=st.integers(1, 4))
    def deliver(self, chance: Random, dies: str, batches: int) -> None:
        for _ in range(batches):
            self.world.deliver(chance, dies)

    @rule()
    def wipe(self) -> None:
        self.world.wipe()

    @rule(chance=CHANCE)
    def analyse(self, chance: Random) -> None:
        """Some take, and of those who ever took something some answer."""
        self.world.take()
        self.world.answer(chance)

    def teardown(self) -> None:
        try:
            self.world.settle()
            assert violations(self.world) == []
        finally:
            self.world.leave()
            shutil.rmtree(self.folder)


def violations(world: World) -> list[str]:
    """What is not as it must be once everything is done, whatever happened on the way."""
    rows = world(
        "triage",
        "SELECT r.report_id, s.category, r.told_version, s.version FROM triage_report r "
        "JOIN triage_sample s ON s.sha256 = r.sample",
    )
    found = []
    if Counter(row[0] for row in rows) != Counter(world.reports.keys()):
        found.append("reports are lost or doubled")
    if any(category != SAYS[world.reports[report]] for report, category, _, _ in rows):
        found.append("a report has the verdict of another mail")
    if any(not told or told != version for _, _, told, version in rows):
        found.append("a report was not told its verdict")
    for name, stream, key in (
        ("triage", "report.resolved.v1", ("report_id", "version")),
        ("submission", "verdict.issued.v1", ("submission_id",)),
        ("blocklist", "block.created.v1", ("block_id",)),
    ):
        fields = world(name, f"SELECT fields FROM {name}_outbox WHERE stream = '{stream}'")
        said = Counter(tuple(json.loads(json.loads(one)["data"])[word] for word in key) for (one,) in fields)
        if said and max(said.values()) > 1:
            found.append(f"{stream} was said twice")
    listed = world("blocklist", "SELECT value FROM blocklist_entry WHERE status = 'active'")
    bad = {f"a{body}@bad.example" for body in world.reports.values() if SAYS[body] in ("phishing", "malware")}
    if sorted(bad) != sorted(value for (value,) in listed):
        found.append("the block list is another one")
    for name in world.databases:
        found += [f"a dead letter of {name}"] * len(
            world(name, f"SELECT 1 FROM {name}_outbox WHERE stream = 'dead.v1'")
        )
    for service, query, meaning in AGREE:
        if "gateway" not in meaning and world(service, query):
            found.append(meaning)
    return found


def explore(examples: int, *, shorten: bool = False) -> None:
    """Run the machine so many times; `shorten` what it finds, which takes long."""
    chosen = settings(
        max_examples=examples,
        stateful_step_count=25,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink] if shorten else [Phase.generate],
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Machine, settings=chosen)


@pytest.mark.quick
def test_the_end_is_the_same_whatever_happens_on_the_way() -> None:
    explore(100 if FULL else 15, shorten=FULL)


def _without_receipts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Work, "take_in", lambda _, receipts: set(receipts))


def _acknowledging_first(monkeypatch: pytest.MonkeyPatch) -> None:
    settle = World._settle

    def first(self: World, name: str, stream: Stream, chosen: list[str], dies: str) -> None:
        real = dict(self.streams[stream.kind.STREAM].pending[name])
        settle(self, name, stream, chosen, dies)
        if dies == "before":
            for entry in chosen:
                real.pop(entry)
            stream.pending[name] = real

    monkeypatch.setattr(World, "_settle", first)


def _marking_first(monkeypatch: pytest.MonkeyPatch) -> None:
    send = World.send

    def first(self: World, name: str, *, at_most: int = 500, dies: bool = False) -> int:
        if not dies:
            return send(self, name, at_most=at_most)
        kept = {
            key: (dict(one.entries), {group: list(waiting) for group, waiting in one.unread.items()})
            for key, one in self.streams.items()
        }
        sent = send(self, name, at_most=at_most)
        for key, (entries, unread) in kept.items():
            self.streams[key].entries, self.streams[key].unread = entries, unread
        return sent

    monkeypatch.setattr(World, "send", first)


MUTANTS = [_without_receipts, _acknowledging_first, _marking_first]


@pytest.mark.parametrize("spoil", MUTANTS, ids=lambda spoil: spoil.__name__[1:])
def test_a_promise_that_is_taken_away_is_missed(monkeypatch: pytest.MonkeyPatch, spoil) -> None:
    spoil(monkeypatch)
    with pytest.raises(AssertionError):
        explore(150)
