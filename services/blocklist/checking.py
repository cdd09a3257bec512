"""Checking the lines of a list before the first entry is made."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import IO, Any, cast

from pydantic_core import to_json

from services.blocklist.entries import PEOPLE
from services.blocklist.rules.forms import KINDS, canonical, canonical_scope, kind_of
from services.blocklist.rules.guards import Ours, refusal
from services.blocklist.rules.lists_in import Fault, Format, Line, from_defender
from services.blocklist.rules.terms import expiry, idle_days
from shared.errors import Reject
from shared.events.vocabulary import BlockAction

#: Faults that are told; more of them say nothing new.
FAULTS_TOLD_MAX = 100


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a list is to be taken in."""

    format: Format
    action: BlockAction
    scope: str
    expires: str
    note: str
    by: str
    dry_run: bool
    skip_bad: bool
    claimant: str = PEOPLE  # a feed: what it claimed before and no longer names ends


@dataclass(slots=True)
class Outcome:
    """What came of an import."""

    import_id: str
    lines: int = 0
    made: int = 0
    known: int = 0
    ended: int = 0
    fault_count: int = 0
    faults: list[dict[str, Any]] = field(default_factory=list)

    def add_fault(self, number: int, reason: str) -> None:
        """Remember why a line is none."""
        self.fault_count += 1
        if len(self.faults) < FAULTS_TOLD_MAX:
            self.faults.append({"line": number, "reason": reason})


class Checker:
    """Brings lines into the form in which they are made."""

    def __init__(self, wanted: Wanted, ours: Ours, outcome: Outcome, at: datetime) -> None:
        self._wanted = wanted
        self._ours = ours
        self._outcome = outcome
        self._at = at
        self._scope = canonical_scope(wanted.scope)
        self._ends = {wanted.expires: expiry(text=wanted.expires, at=at)}

    def write(self, lines: Iterable[Line | Fault], checked: IO[str]) -> None:
        """Check some lines and write the good ones down."""
        for line in lines:
            if isinstance(line, Fault):
                self._outcome.add_fault(line.number, line.reason)
                continue
            try:
                checked.write(to_json(self._row(line)).decode() + "\n")
                self._outcome.lines += 1
            except Reject as reason:
                self._outcome.add_fault(line.number, str(reason))

    def _row(self, line: Line) -> dict[str, Any]:
        kind, value = line.kind or kind_of(line.value), line.value
        if kind != "spoof" and ("*" in value or value.startswith("~")):
            kind, value = from_defender(value)
            if not kind:
                raise Reject("this pattern has no equal here: write HOST, ~HOST or HOST/PATH/*")
        action = line.action or self._wanted.action
        if kind not in KINDS or action not in ("block", "allow"):
            raise Reject(f"the kind is one of {', '.join(KINDS)}, and the action block or allow")
        value = canonical(kind=kind, value=value)
        reason = refusal(
            kind=kind,
            value=value,
            action=cast("BlockAction", action),
            ours=self._ours,
        )
        if reason:
            raise Reject(reason)
        expires = line.expires or self._wanted.expires
        if expires not in self._ends:
            self._ends = {
                self._wanted.expires: self._ends[self._wanted.expires],
                expires: expiry(text=expires, at=self._at),
            }
        ends = self._ends[expires]
        return {
            "kind": kind,
            "value": value,
            "action": action,
            "scope": canonical_scope(line.scope) if line.scope else self._scope,
            "expires_at": ends.isoformat() if ends else None,
            "idle_days": idle_days(text=expires),
            "note": (line.note or self._wanted.note)[:1_000],
        }
