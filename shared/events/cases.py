"""Cases: campaigns of like mails, what is decided about them, and what operators do with them."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from shared.events.base import Event, fact_id
from shared.events.message import Part
from shared.events.vocabulary import Priority, ReportCategory, TriageDecision, VerdictCategory

#: Why a case is closed: a rule dismissed it, an operator decided it, or every mail of it has a verdict that says something.
CloseReason = Literal["dismissed", "decided", "resolved"]


class CaseOpened(Event):
    """A report started a case: a campaign of like mails."""

    STREAM: ClassVar = "case.opened.v1"

    case_id: str
    report_id: str
    report_count: int = 1
    category: ReportCategory
    subject: str = ""
    from_address: str = ""

    def key(self) -> tuple[object, ...]:
        return (self.case_id, self.report_id)


class CaseJoined(Event):
    """A report joined a case; `matched` says by what likeness."""

    STREAM: ClassVar = "case.joined.v1"

    case_id: str
    report_id: str
    report_count: int
    matched: str = ""

    def key(self) -> tuple[object, ...]:
        return (self.case_id, self.report_id)


class CaseTriaged(Event):
    """The decision about a case, with its priority and reasons in words."""

    STREAM: ClassVar = "case.triaged.v1"

    case_id: str
    report_id: str
    decision: TriageDecision
    priority: Priority
    reasons: tuple[str, ...]
    tags: tuple[str, ...] = ()
    rules: tuple[str, ...] = Field(default=(), description="the rules that were true, by name")
    due_at: datetime | None = Field(default=None, description="until when a person should have looked at it")

    def key(self) -> tuple[object, ...]:
        return (self.case_id, self.report_id)


class CaseSpread(Event):
    """More people than its reporters are known to have got mail of a case, or would have, had it not been stopped.

    Told again when the number has grown by a tenth.
    """

    STREAM: ClassVar = "case.spread.v1"

    case_id: str
    recipient_count: int = Field(ge=1, description="people, reporters among them; they are counted up to 1,000")
    spared_count: int = Field(default=0, ge=0, description="of these, whose copies were held or refused at the gateway")

    def key(self) -> tuple[object, ...]:
        return (self.case_id, self.recipient_count)


class CaseClosed(Event):
    """Nothing more is to do in the case. A mail that it has not seen opens it again; `closing` counts."""

    STREAM: ClassVar = "case.closed.v1"

    case_id: str
    closing: int = Field(ge=1)
    reason: CloseReason
    category: VerdictCategory = Field(description="the verdict that the case stands by")
    report_count: int

    def key(self) -> tuple[object, ...]:
        return (self.case_id, self.closing)


class CaseDecided(Event):
    """An operator decided what the mails of a case are: a verdict that supersedes those of the analysers follows."""

    STREAM: ClassVar = "case.decided.v1"

    decision_id: str
    case_id: str
    category: VerdictCategory
    by: str
    comment: str = ""
    notify: bool = Field(
        default=False, description="tell the reporters, though they were told the same or nothing before"
    )

    def key(self) -> tuple[object, ...]:
        return (self.decision_id,)

    def about(self) -> str:
        return self.case_id


class Split(Part):
    """Reports that are a case of their own; what it is called by is what its first report says."""

    reports: Annotated[tuple[str, ...], Field(min_length=1, max_length=500)]
    category: ReportCategory
    subject: str = ""
    from_address: str = ""


class CaseEdited(Event):
    """An operator took a case over, noted something, tagged it, or found that it belongs to another or is several."""

    STREAM: ClassVar = "case.edited.v1"

    edit_id: str
    case_id: str
    by: str
    owner: str | None = Field(default=None, description="who looks after it from now on; empty: nobody")
    note: str = ""
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()
    merged_into: str = Field(default="", description="the case that takes all of its reports")
    split: Split | None = Field(default=None, description="reports that leave it, for a case of their own")

    @property
    def split_into(self) -> str:
        """The id of the case that a split makes."""
        return fact_id("case", self.edit_id)

    def key(self) -> tuple[object, ...]:
        return (self.edit_id,)

    def about(self) -> str:
        return self.case_id
