"""What triage reads and writes."""

from shared.contract import Contract
from shared.events import (
    CaseJoined,
    CaseOpened,
    CaseTriaged,
    ReportReceived,
    ReportResolved,
    SubmissionRequested,
    VerdictIssued,
)

CONTRACT = Contract(
    "triage",
    reads=(ReportReceived, VerdictIssued),
    writes=(CaseOpened, CaseJoined, CaseTriaged, SubmissionRequested, ReportResolved),
)
