"""What triage reads and writes."""

from shared.contract import Contract
from shared.events import (
    BlockCreated,
    BlockHit,
    BlockRequested,
    CaseClosed,
    CaseDecided,
    CaseEdited,
    CaseJoined,
    CaseOpened,
    CaseSpread,
    CaseTriaged,
    ErasureRequested,
    NotificationSent,
    QuarantineHeld,
    ReportReceived,
    ReportResolved,
    SubmissionRequested,
    VerdictIssued,
)

CONTRACT = Contract(
    "triage",
    reads=(
        ReportReceived,
        VerdictIssued,
        QuarantineHeld,
        BlockCreated,
        BlockHit,
        CaseEdited,
        CaseDecided,
        ErasureRequested,
    ),
    writes=(
        CaseOpened,
        CaseJoined,
        CaseTriaged,
        CaseSpread,
        CaseClosed,
        SubmissionRequested,
        ReportResolved,
        BlockRequested,
        NotificationSent,
    ),
)
