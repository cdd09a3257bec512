"""What submission reads and writes."""

from shared.contract import Contract
from shared.events import SubmissionFailed, SubmissionRequested, VerdictIssued

CONTRACT = Contract("submission", reads=(SubmissionRequested,), writes=(VerdictIssued, SubmissionFailed))
