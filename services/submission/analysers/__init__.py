"""Analysers: each looks at one mail and says what it thinks, with its evidence."""

from dataclasses import dataclass, field
from typing import Protocol

from shared.events import Evaluation, Evidence, MailEnvelope, ProposedBlock
from shared.events.vocabulary import Cause, ReportCategory, VerdictCategory
from shared.mail import Mail


@dataclass(frozen=True, slots=True)
class Specimen:
    """What an analyser may look at: the mail, who said what about it, and whose house this is.

    `pending` is what this analyser said of itself when it could not answer yet (`Opinion.pending`).
    """

    mail: Mail
    raw_sha256: str
    category: ReportCategory
    report_count: int = 1
    own_domains: frozenset[str] = frozenset()
    envelope: MailEnvelope | None = None
    raw: bytes = b""
    submission_id: str = ""
    pending: str = ""
    sender_is_new: bool = False  # our own history, which is long enough to say so, has not seen its sender before today


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one analyser thinks. `confidence` is about `category`; `not_checked` and `error` have no opinion.

    `detail` says in a few words how it came to it, or why there is none. An analyser that has no opinion yet says after how many
    seconds it wants to be asked again (`again_s`), and what it needs to know then (`pending`).
    """

    name: str
    evaluation: Evaluation
    category: VerdictCategory = "unknown"
    confidence: float = 0.0
    cause: Cause = "undetermined"
    evidence: tuple[Evidence, ...] = field(default=())
    recommendations: tuple[str, ...] = ()
    blocks: tuple[ProposedBlock, ...] = ()
    detail: str = ""
    again_s: float | None = None
    pending: str = ""

    @classmethod
    def failed(cls, name: str, detail: str = "", *, again_s: float | None = None) -> "Opinion":
        """The opinion of an analyser that could not answer."""
        return cls(name, "error", detail=detail, again_s=again_s)

    @property
    def counts(self) -> bool:
        """Whether it looked and has something to say."""
        return self.evaluation not in ("error", "not_checked")


class Analyser(Protocol):
    """One analyser."""

    name: str

    async def analyse(self, specimen: Specimen) -> Opinion:
        """Look at a mail.

        Raises:
            Defer: it cannot answer now; the submission is tried again.
            Reject: it will never answer for this mail.
        """
