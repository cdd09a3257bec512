"""What digest reads and writes."""

from shared.contract import Contract
from shared.events import (
    BlockRequested,
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
    reads=(QuarantineHeld, QuarantineAsked, ReleaseDecided, ErasureRequested),
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
