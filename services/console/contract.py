"""What the console reads and writes."""

from shared.contract import Contract
from shared.events import (
    EVENTS,
    BlockRequested,
    BlockWithdrawn,
    CaseDecided,
    CaseEdited,
    MailHeld,
    ReleaseDecided,
    ReportSubmitted,
    SubmissionRequested,
)

#: The doors carry whole mails, and requests for blocks are told by what came of them.
LEFT_ASIDE = (ReportSubmitted, MailHeld, BlockRequested, BlockWithdrawn)

CONTRACT = Contract(
    "console",
    reads=tuple(event for event in EVENTS if event not in LEFT_ASIDE),
    writes=(BlockRequested, BlockWithdrawn, ReleaseDecided, SubmissionRequested, CaseEdited, CaseDecided),
)
