"""What portal reads and writes."""

from shared.contract import Contract
from shared.events import (
    DigestPreferred,
    ErasureRequested,
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
    VerdictIssued,
)

CONTRACT = Contract(
    "portal",
    reads=(
        QuarantineHeld,
        QuarantineFiled,
        QuarantineRefused,
        ReleaseRequested,
        ReleaseDecided,
        QuarantineReleased,
        QuarantineReleaseFailed,
        QuarantineDeleted,
        QuarantineExpired,
        VerdictIssued,
        ErasureRequested,
    ),
    writes=(QuarantineAsked, DigestPreferred),
)
