"""What ingest reads and writes."""

from shared.contract import Contract
from shared.events import ErasureRequested, MailHeld, QuarantineHeld, ReportReceived, ReportRejected, ReportSubmitted

CONTRACT = Contract(
    "ingest",
    reads=(ReportSubmitted, MailHeld),
    writes=(ReportReceived, ReportRejected, QuarantineHeld, ErasureRequested),
    doors=(ReportSubmitted, MailHeld),
)
