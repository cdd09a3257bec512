"""What triage reads and writes."""

from shared.contract import Contract
from shared.events import (
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
    reads=(ReportReceived, VerdictIssued, ErasureRequested),
    writes=(CaseOpened, CaseJoined, CaseTriaged, SubmissionRequested, ReportResolved, NotificationSent),
)
