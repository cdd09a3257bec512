"""What the console reads and writes."""

from shared.contract import Contract
from shared.events import (
    EVENTS,
    BlockRequested,
    BlockWithdrawn,
    CaseDecided,
    CaseEdited,
    DigestPreferred,
    MailHeld,
    PurgeApproved,
    PurgeRequested,
    PurgeWithdrawn,
    QuarantineAsked,
    ReleaseDecided,
    ReportSubmitted,
    RestoreRequested,
    SubmissionRequested,
)

#: The doors carry whole mails, and what is asked for is told by what came of it. How people want to be told is theirs.
LEFT_ASIDE = (ReportSubmitted, MailHeld, BlockRequested, BlockWithdrawn, QuarantineAsked, DigestPreferred)

CONTRACT = Contract(
    "console",
    reads=tuple(event for event in EVENTS if event not in LEFT_ASIDE),
    writes=(
        BlockRequested,
        BlockWithdrawn,
        ReleaseDecided,
        SubmissionRequested,
        CaseEdited,
        CaseDecided,
        PurgeRequested,
        PurgeApproved,
        PurgeWithdrawn,
        RestoreRequested,
    ),
)
