"""What mailboxes reads and writes: what people do over HTTP it says itself, and hears as it would from the console."""

from shared.contract import Contract
from shared.events import (
    ErasureRequested,
    NotificationSent,
    PurgeApproved,
    PurgeDelayed,
    PurgeFinished,
    PurgePlanned,
    PurgeRequested,
    PurgeWithdrawn,
    QuarantineHeld,
    ReportReceived,
    RestoreFinished,
    RestoreRequested,
    VerdictIssued,
)

CONTRACT = Contract(
    "mailboxes",
    reads=(
        ReportReceived,
        QuarantineHeld,
        VerdictIssued,
        PurgeRequested,
        PurgeApproved,
        PurgeWithdrawn,
        RestoreRequested,
        ErasureRequested,
    ),
    writes=(
        PurgeRequested,
        PurgePlanned,
        PurgeApproved,
        PurgeDelayed,
        PurgeFinished,
        RestoreRequested,
        RestoreFinished,
        NotificationSent,
    ),
)
