"""Purges of mailboxes: what was asked for, planned and done, in all and in each mailbox."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index
from sqlmodel import Field

from services.console.tables.rows import METADATA, Row
from shared.tables import UtcTime


class Purge(Row, table=True):
    """A purge: mails that leave mailboxes by a plan that somebody stands for. `status` follows from what is below it."""

    metadata = METADATA
    __tablename__ = "console_purge"
    __table_args__ = (Index("ix_console_purge_status", "status", "at", "id"), Index("ix_console_purge_at", "at", "id"))

    status: str = Field(default="", max_length=20)
    by: str = ""
    reason: str = ""
    case_id: str = Field(default="", index=True)
    message_sha256: str = ""
    from_address: str = ""
    subject: str = ""
    match: dict[str, Any] = Field(default_factory=dict, sa_type=JSON, description="which mails")
    mailboxes: list[str] = Field(default_factory=list, sa_type=JSON, description="those asked for; none: all")
    go: bool = False
    force: bool = False
    tell_users: bool = False
    plan: int = 0
    planned_at: datetime | None = Field(default=None, sa_type=UtcTime)
    approve_until: datetime | None = Field(default=None, sa_type=UtcTime, description="then the plan is too old")
    mailbox_count: int = Field(default=0, description="mailboxes that were looked at")
    hit_count: int = Field(default=0, description="mailboxes that have such mails")
    message_count: int = 0
    needs_second: bool = False
    approved_by: str = ""
    approved_at: datetime | None = Field(default=None, sa_type=UtcTime)
    outcome: str = Field(default="", max_length=20)
    why: str = ""
    folder: str = ""
    finished_at: datetime | None = Field(default=None, sa_type=UtcTime)
    moved_count: int = 0
    restored_count: int = Field(default=0, description="mails that are back where they were")
    kept_count: int = Field(default=0, description="mails that their users had taken or deleted before a restore")
    restores: list[dict[str, Any]] = Field(
        default_factory=list, sa_type=JSON, description="who wanted mails back, why, when, and whether it is done"
    )
    tallied: bool = Field(default=False, description="it is among those that are counted by status")


class PurgeBox(Row, table=True):
    """One mailbox of a purge; its id is `purge_id/mailbox`."""

    metadata = METADATA
    __tablename__ = "console_purge_box"
    __table_args__ = (Index("ix_console_purge_box_of", "purge_id", "at", "id"),)

    purge_id: str = ""
    mailbox: str = Field(default="", index=True)
    plan: int = Field(default=0, description="the plan that it is of")
    found: int = 0
    unlike: int = Field(default=0, description="mails that were found and are not like it: they stay")
    result: str = Field(default="", max_length=20, description="success, failure or gone; empty: not yet")
    moved: int = 0
    gone: int = 0
    folders: list[str] = Field(default_factory=list, sa_type=JSON, description="where the moved mails were")
    reason: str = Field(default="", description="why it could not be looked at, or nothing was moved")
    late: str = Field(default="", max_length=10, description="the task that waits: plan, purge or restore")
    late_reason: str = ""
    undo: str = Field(default="", max_length=20, description="success or failure of the newest restore")
    undo_reason: str = ""
    restored: int = 0
    kept: int = 0
