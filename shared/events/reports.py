"""Reports: somebody says of a mail that it should not have come through, and is told what it was."""

from datetime import datetime
from typing import Annotated, ClassVar, Self

from pydantic import Field, StringConstraints, model_validator

from shared.events.base import Event, without_nulls
from shared.events.message import Envelope, MessageFacts, Part, Sha256
from shared.events.vocabulary import ReportCategory, Source, VerdictCategory

Address = Annotated[str, StringConstraints(strip_whitespace=True, max_length=320)]  # RFC 5321, section 4.5.3.1
ShortText = Annotated[str, StringConstraints(max_length=1000)]
Key = Annotated[str, StringConstraints(min_length=1, max_length=255)]


class MessageByValue(Part):
    """A mail by value (`rfc822_base64`) or by reference (`sha256` of a stored blob); exactly one of the two."""

    rfc822_base64: str | None = Field(default=None, description="the raw mail, base64 (RFC 4648, section 4)")
    sha256: Sha256 | None = Field(default=None, description="SHA-256 of a mail that is in the blob store")

    @model_validator(mode="after")
    def one_of_two(self) -> Self:
        """Refuse none and both."""
        if (self.rfc822_base64 is None) == (self.sha256 is None):
            raise ValueError("give either rfc822_base64 or sha256")
        return self


class ReportSubmitted(Event):
    """Somebody hands in a mail: the door that anyone may publish to."""

    STREAM: ClassVar = "report.submitted.v1"

    category: ReportCategory
    message: MessageByValue
    reporter: Address = ""
    folder: ShortText = ""
    reported_at: datetime | None = None
    comment: ShortText = ""
    envelope: Envelope | None = None
    idempotency_key: Key | None = None

    _ = model_validator(mode="before")(without_nulls)


class ReportReceived(Event):
    """A report is durable: facts extracted, raw mail in the blob store."""

    STREAM: ClassVar = "report.received.v1"

    report_id: str
    category: ReportCategory
    reporter: str = ""
    reporter_verified: bool = False
    source: Source
    message: MessageFacts
    envelope: Envelope | None = None
    folder: str = ""
    comment: str = ""
    received_at: datetime
    defaulted: bool = Field(default=False, description="the reporter did not say a category; it was taken as phishing")
    low_fidelity: bool = Field(default=False, description="an inline forward: the original's headers are lost")

    def key(self) -> tuple[object, ...]:
        return (self.report_id,)


class ReportRejected(Event):
    """A report could not be taken, and why; its raw mail is kept under `sha256` when there was one."""

    STREAM: ClassVar = "report.rejected.v1"

    report_id: str
    source: Source
    reason: str
    reporter: str = ""
    sha256: Sha256 | None = None

    def key(self) -> tuple[object, ...]:
        return (self.report_id,)


class ReportResolved(Event):
    """The verdict for one report, its own or inherited from its case; one for each report and verdict version of its case."""

    STREAM: ClassVar = "report.resolved.v1"

    report_id: str
    case_id: str
    category: VerdictCategory
    confidence: float = Field(ge=0, le=1)
    version: int = Field(ge=1)
    inherited: bool

    def key(self) -> tuple[object, ...]:
        return (self.report_id, self.case_id, self.version)
