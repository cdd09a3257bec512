"""Submissions and verdicts: what analysis was asked and what it says."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from shared.events.base import Event
from shared.events.message import Envelope, Part, Sha256
from shared.events.vocabulary import BlockKind, Cause, Priority, ReportCategory, VerdictCategory

Weight = Annotated[float, Field(ge=-10, le=10)]
Sentence = Annotated[str, StringConstraints(max_length=500)]

Evaluation = Literal["malicious", "suspicious", "clean", "unknown", "not_checked", "error"]


class Evidence(Part):
    """One named signal: what was seen (`text`, one sentence for people), where, and how much it weighs."""

    signal: str
    text: Sentence
    where: str = ""
    weight: Weight


class ProposedBlock(Part):
    """An entry that would have stopped this mail."""

    kind: BlockKind
    value: str


class AnalyserAnswer(Part):
    """What one analyser said, and in a few words how it came to it, or why it said nothing."""

    name: str
    evaluation: Evaluation
    detail: Annotated[str, StringConstraints(max_length=200)] | None = None


class SubmissionRequested(Event):
    """Please analyse this mail."""

    STREAM: ClassVar = "submission.requested.v1"

    request_id: str
    case_id: str
    message_sha256: Sha256
    category: ReportCategory
    report_count: int = 1
    reporter: str = ""
    reporter_verified: bool | None = Field(default=None, description="whether something proves who reported it")
    envelope: Envelope | None = None
    priority: Priority = "normal"
    reported_at: datetime | None = Field(default=None, description="when the report that asks for it was taken")
    intent: Literal["suspicious", "confirmed"] = Field(
        default="suspicious", description="a second opinion is wanted, or a person has confirmed that it is a threat"
    )
    sender: str = Field(
        default="", description="the address in the mail's From, when it is known: has it been seen before?"
    )
    subject: str = Field(default="", description="the mail's subject, where no report told it: of held mail")
    by: str = Field(default="", description="the operator who asks again")
    comment: str = Field(default="", description="why: what is wrong with the verdict that is disputed")

    def key(self) -> tuple[object, ...]:
        return (self.request_id,)


class SubmissionFailed(Event):
    """Analysis was given up, and why; a verdict `unknown` with cause `undetermined` follows it.

    No verdict follows when the mail has one and was asked about again too soon: that request alone is skipped.
    """

    STREAM: ClassVar = "submission.failed.v1"

    submission_id: str
    case_id: str
    reason: str
    attempts: int

    def key(self) -> tuple[object, ...]:
        return (self.submission_id,)


class VerdictIssued(Event):
    """What a mail is, how sure that is, why it was delivered, and what to do; a higher `version` supersedes."""

    STREAM: ClassVar = "verdict.issued.v1"

    submission_id: str
    case_id: str
    message_sha256: Sha256
    version: int = Field(ge=1)
    category: VerdictCategory
    confidence: float = Field(ge=0, le=1)
    cause: Cause
    evidence: tuple[Evidence, ...] = ()
    recommendations: tuple[Sentence, ...] = ()
    blocks: tuple[ProposedBlock, ...] = ()
    analysers: tuple[AnalyserAnswer, ...] = ()
    reported_at: datetime | None = Field(default=None, description="when the report that asked for it was taken")
    report_count: int | None = Field(default=None, description="reports of the case when it was asked for")
    reporter_verified: bool | None = Field(default=None, description="whether something proves who reported the mail")

    def key(self) -> tuple[object, ...]:
        return (self.case_id, self.version)
