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
)

CONTRACT = Contract(
    "digest",
    reads=(QuarantineHeld, QuarantineAsked, ReleaseDecided, DigestPreferred, ErasureRequested),
    writes=(
        QuarantineFiled,
        QuarantineRefused,
        ReleaseRequested,
        QuarantineReleased,
        QuarantineReleaseFailed,
        QuarantineDeleted,
        QuarantineExpired,
        BlockRequested,
        SubmissionRequested,
        NotificationSent,
    ),
)
