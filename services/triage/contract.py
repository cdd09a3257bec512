"""What triage reads and writes."""

from shared.contract import Contract
from shared.events import (
    BlockRequested,
    CaseClosed,
    CaseDecided,
    CaseEdited,
    CaseJoined,
    CaseOpened,
    CaseTriaged,
    ErasureRequested,
    NotificationSent,
    ReportReceived,
    ReportResolved,
    SubmissionRequested,
    VerdictIssued,
)

CONTRACT = Contract(
    "triage",
    reads=(ReportReceived, VerdictIssued, CaseEdited, CaseDecided, ErasureRequested),
    writes=(
        CaseOpened,
        CaseJoined,
        CaseTriaged,
        CaseClosed,
        SubmissionRequested,
        ReportResolved,
        BlockRequested,
        NotificationSent,
    ),
)
