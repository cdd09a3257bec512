"""Checking the lines of a list before the first entry is made."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from services.blocklist.entries import ENTRIES_MAX, PEOPLE
from services.blocklist.rules.forms import KINDS, canonical, canonical_scope, is_text, kind_of
from services.blocklist.rules.guards import Ours, refusal
from services.blocklist.rules.lists_in import Fault, Format, Line, from_defender
from services.blocklist.rules.terms import expiry, idle_days
from services.blocklist.staging import Checked
from shared.errors import Reject
from shared.events.vocabulary import BlockAction, BlockKind

#: Good lines of one list: as many as entries may stand, with each said twice.
LINES_MAX = 2 * ENTRIES_MAX

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
    kind: BlockKind | None = None  # of lines that say none; else each value tells it
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
        self._terms = {wanted.expires: _terms(wanted.expires, at)}

    def good(self, lines: Iterable[Line | Fault]) -> Iterator[Checked]:
        """The lines that may be listed; of the others the outcome tells why not.

        Raises:
            Reject: there are too many.
        """
        for line in lines:
            if isinstance(line, Fault):
                self._outcome.add_fault(line.number, line.reason)
                continue
            try:
                checked = self._checked(line)
            except Reject as reason:
                self._outcome.add_fault(line.number, str(reason))
            else:
                self._outcome.lines += 1
                if self._outcome.lines > LINES_MAX:
                    raise Reject(f"the list has more than {LINES_MAX} lines: {ENTRIES_MAX} entries may stand at once")
                yield checked

    def _checked(self, line: Line) -> Checked:
        said, value = line.kind or self._wanted.kind, line.value
        kind = said or kind_of(value)
        if (said == "url" or (not said and kind != "spoof")) and ("*" in value or value.startswith("~")):
            kind, value = from_defender(value)
            if not kind:
                raise Reject("this pattern has no equal here: write HOST, ~HOST or HOST/PATH/*")
        action = line.action or self._wanted.action
        if kind not in KINDS or action not in ("block", "allow"):
            raise Reject(f"the kind is one of {', '.join(KINDS)}, and the action block or allow")
        if action != self._wanted.action and self._wanted.claimant != PEOPLE:
            raise Reject("a feed blocks and does nothing else: a person allows")
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
        if expires not in self._terms:
            first = self._wanted.expires
            self._terms = {first: self._terms[first], expires: _terms(expires, self._at)}
        scope = canonical_scope(line.scope) if line.scope else self._scope
        note = (line.note or self._wanted.note)[:1_000]
        if not is_text(note):
            raise Reject("the note holds characters that are none: write it as plain text")
        return Checked(kind, value, action, scope, *self._terms[expires], note)


def _terms(expires: str, at: datetime) -> tuple[str | None, int | None]:
    """When an entry ends, and how many days after its last hit."""
    ends = expiry(text=expires, at=at)
    return ends.isoformat() if ends else None, idle_days(text=expires)
