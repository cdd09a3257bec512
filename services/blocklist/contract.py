"""What the block list reads and writes."""

from shared.contract import Contract
from shared.events import (
    BlockCreated,
    BlockExpired,
    BlockExpiring,
    BlockHit,
    BlockImported,
    BlockRefused,
    BlockRemoved,
    BlockRequested,
    BlockWithdrawn,
    ErasureRequested,
    MailHeld,
    ReleaseDecided,
    VerdictIssued,
)

CONTRACT = Contract(
    "blocklist",
    reads=(VerdictIssued, BlockRequested, BlockWithdrawn, ErasureRequested),
    writes=(
        BlockCreated,
        BlockRefused,
        BlockRemoved,
        BlockExpiring,
        BlockExpired,
        BlockHit,
        BlockImported,
        MailHeld,
        ReleaseDecided,
    ),
)
