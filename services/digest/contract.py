"""What digest reads and writes."""

from shared.contract import Contract
from shared.events import (
    BlockRequested,
    DigestPreferred,
    ErasureRequested,
    NotificationSent,
    QuarantineAsked,
    QuarantineDeleted,
    QuarantineExpired,
    QuarantineFiled,
    QuarantineHeld,
    QuarantineRefused,
    QuarantineReleased,
    QuarantineReleaseFailed,
    ReleaseDecided,
    ReleaseRequested,
    SubmissionRequested,
    VerdictIssued,
)

CONTRACT = Contract(
    "digest",
    reads=(QuarantineHeld, QuarantineAsked, ReleaseDecided, VerdictIssued, DigestPreferred, ErasureRequested),
    writes=(
        QuarantineFiled,
        QuarantineRefused,
        ReleaseRequested,
        ReleaseDecided,
        QuarantineReleased,
        QuarantineReleaseFailed,
        QuarantineDeleted,
        QuarantineExpired,
        BlockRequested,
        SubmissionRequested,
        NotificationSent,
    ),
)
