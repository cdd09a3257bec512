"""Entries of the block list, and held mail."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index
from sqlmodel import Field

from services.console.tables.rows import METADATA, Row
from shared.tables import UtcTime


class Block(Row, table=True):
    """A block or allow entry, or (`status` refused) one that was not made."""

    metadata = METADATA
    __tablename__ = "console_block"
    __table_args__ = (
        Index("ix_console_block_status", "status", "at", "id"),
        Index("ix_console_block_at", "at", "id"),
        Index("ix_console_block_expires", "status", "expires_at"),
        Index("ix_console_block_value_status", "value", "status"),
    )

    kind: str = ""
    value: str = ""
    action: str = "block"
    scope: str = "tenant"
    status: str = Field(default="active", max_length=20, description="active, removed, expired or refused")
    expires_at: datetime | None = Field(default=None, sa_type=UtcTime)
    by: str = ""
    case_id: str = Field(default="", index=True)
    note: str = ""
    reason: str = Field(default="", description="why it was refused")
    hit_count: int = 0
    last_hit_at: datetime | None = Field(default=None, sa_type=UtcTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcTime)
    ended_by: str = ""
    tallied: bool = Field(default=False, description="it is among those that are counted by status")


class Held(Row, table=True):
    """A held mail."""

    metadata = METADATA
    __tablename__ = "console_held"

    subject: str = ""
    from_address: str = ""
    reason: str = ""
    score: float | None = None
    symbols: list[str] = Field(default_factory=list, sa_type=JSON)
    message: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    expires_at: datetime | None = Field(default=None, sa_type=UtcTime)


class Copy(Row, table=True):
    """One recipient's copy of a held mail; its id is `held_id/recipient`. `status` follows from the moments below it."""

    metadata = METADATA
    __tablename__ = "console_copy"
    __table_args__ = (Index("ix_console_copy_status", "status", "at", "id"), Index("ix_console_copy_at", "at", "id"))

    held_id: str = Field(default="", index=True)
    recipient: str = ""
    status: str = Field(default="held", max_length=20)
    asked_at: datetime | None = Field(default=None, sa_type=UtcTime)
    comment: str = ""
    policy: str = Field(default="", description="the policy that bound what its recipient may do")
    permissions: str = Field(default="", description="what its recipient may do, by blanks")
    refused_ask: str = Field(default="", description="what was asked for last and could not be done")
    decision: str = ""
    decision_ask: str = Field(default="", description="the id of the decision as an event")
    decided_at: datetime | None = Field(default=None, sa_type=UtcTime)
    decided_by: str = ""
    answer: str = Field(default="", description="what the operator wrote with the decision")
    released_at: datetime | None = Field(default=None, sa_type=UtcTime)
    released_by: str = ""
    deleted_at: datetime | None = Field(default=None, sa_type=UtcTime)
    deleted_by: str = ""
    expired_at: datetime | None = Field(default=None, sa_type=UtcTime)
    attempts: int = Field(default=0, description="releases that failed")
    failure: str = ""
    tallied: bool = Field(default=False, description="it is among those that are counted by status")


class Notification(Row, table=True):
    """A digest or an answer that left by mail."""

    metadata = METADATA
    __tablename__ = "console_notification"
    __table_args__ = (Index("ix_console_notification_at", "at", "id"),)

    kind: str = ""
    recipient: str = ""
    message_id: str = ""
    item_count: int = 0
