"""Block and allow entries: what the gateway refuses or lets through from now on."""

from datetime import datetime
from typing import ClassVar

from pydantic import Field

from shared.events.base import Event
from shared.events.message import Part
from shared.events.vocabulary import BlockAction, BlockKind


class BlockOrigin(Part):
    """Where an entry comes from, so that it can be explained and undone."""

    by: str
    case_id: str = ""
    submission_id: str = ""
    held_id: str = ""
    note: str = ""


class BlockRequested(Event):
    """Please block or allow this."""

    STREAM: ClassVar = "block.requested.v1"

    request_id: str
    kind: BlockKind
    value: str
    action: BlockAction = "block"
    scope: str = "tenant"
    expires_at: datetime | None = None
    never_expires: bool = False
    idle_days: int | None = Field(
        default=None, ge=1, le=999, description="ends so many days after its last hit, at first after it was made"
    )
    origin: BlockOrigin

    def key(self) -> tuple[object, ...]:
        return (self.request_id,)


class BlockWithdrawn(Event):
    """Please remove this entry."""

    STREAM: ClassVar = "block.withdrawn.v1"

    request_id: str
    block_id: str
    by: str

    def key(self) -> tuple[object, ...]:
        return (self.request_id,)


class _Entry(Event):
    """The fields that every event about an existing entry has."""

    block_id: str
    kind: BlockKind
    value: str
    action: BlockAction
    scope: str = "tenant"


class BlockCreated(_Entry):
    """An entry works from the next mail on."""

    STREAM: ClassVar = "block.created.v1"

    expires_at: datetime | None = None
    idle_days: int | None = Field(default=None, description="every hit moves its end to so many days later")
    origin: BlockOrigin

    def key(self) -> tuple[object, ...]:
        return (self.block_id,)


class BlockRefused(Event):
    """An entry was not made; `reason` says why and what would be accepted."""

    STREAM: ClassVar = "block.refused.v1"

    request_id: str
    kind: BlockKind
    value: str
    reason: str
    scope: str = "tenant"
    origin: BlockOrigin

    def key(self) -> tuple[object, ...]:
        return (self.request_id, self.kind, self.value, self.scope)


class BlockImported(Event):
    """A list was taken in. Small ones are told entry by entry too; of large ones this alone tells."""

    STREAM: ClassVar = "block.imported.v1"

    import_id: str
    entry_count: int
    format: str
    by: str
    note: str = ""

    def key(self) -> tuple[object, ...]:
        return (self.import_id,)


class BlockHit(_Entry):
    """An entry stopped copies of a mail at the gateway. The words of the mail are as hostile as any."""

    STREAM: ClassVar = "block.hit.v1"

    hit_id: str
    enforcer: str = Field(description="rspamd, milter or policy")
    sender: str = ""
    recipient: str = ""
    client_ip: str = ""
    count: int = Field(default=1, ge=1, description="equal ones that came close together are told once")

    def key(self) -> tuple[object, ...]:
        return (self.hit_id,)

    def about(self) -> str:
        return self.block_id


class BlockRemoved(_Entry):
    """Somebody took an entry away."""

    STREAM: ClassVar = "block.removed.v1"

    by: str

    def key(self) -> tuple[object, ...]:
        return (self.block_id,)


class BlockExpiring(_Entry):
    """An entry ends within a week, unless somebody prolongs it by adding it again."""

    STREAM: ClassVar = "block.expiring.v1"

    expires_at: datetime
    hit_count: int = 0

    def key(self) -> tuple[object, ...]:
        return (self.block_id, self.expires_at)


class BlockExpired(_Entry):
    """An entry's time was over."""

    STREAM: ClassVar = "block.expired.v1"

    def key(self) -> tuple[object, ...]:
        return (self.block_id,)
