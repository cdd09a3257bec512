"""What submission reads and writes."""

from shared.contract import Contract
from shared.events import CaseDecided, ErasureRequested, SubmissionFailed, SubmissionRequested, VerdictIssued

CONTRACT = Contract(
    "submission", reads=(SubmissionRequested, CaseDecided, ErasureRequested), writes=(VerdictIssued, SubmissionFailed)
)
