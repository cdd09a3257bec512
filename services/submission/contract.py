"""What submission reads and writes."""

from shared.contract import Contract
from shared.events import ErasureRequested, SubmissionFailed, SubmissionRequested, VerdictIssued

CONTRACT = Contract(
    "submission", reads=(SubmissionRequested, ErasureRequested), writes=(VerdictIssued, SubmissionFailed)
)
