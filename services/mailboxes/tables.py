"""The rows of mailboxes: what is known of mails, and purges with their mailboxes and the mails that they move."""

from datetime import datetime

from sqlalchemy import Index, MetaData
from sqlmodel import Field, SQLModel

from shared.tables import IN_KEY_ORDER, UtcTime

METADATA = MetaData()


class Known(SQLModel, table=True):
    """A mail that was reported or held, by what a purge looks for."""

    metadata = METADATA
    __tablename__ = "mailboxes_mail"

    sha256: str = Field(primary_key=True, max_length=64)
    message_id: str = ""
    from_address: str = Field(default="", index=True)
    subject: str = ""
    body_hash: str = ""
    sketch: str = ""
    seen_at: datetime = Field(sa_type=UtcTime, index=True)


class Recipient(SQLModel, table=True):
    """Whose mailbox a mail came to."""

    metadata = METADATA
    __tablename__ = "mailboxes_recipient"
    __table_args__ = IN_KEY_ORDER

    sha256: str = Field(primary_key=True, max_length=64)
    address: str = Field(primary_key=True, max_length=320, index=True)


class Judged(SQLModel, table=True):
    """The newest verdict that was seen of a mail. `purge` waits: its facts were not known yet."""

    metadata = METADATA
    __tablename__ = "mailboxes_judged"
    __table_args__ = IN_KEY_ORDER

    sha256: str = Field(primary_key=True, max_length=64)
    case_id: str = Field(primary_key=True, max_length=64)
    version: int
    category: str = Field(default="", max_length=20)
    purge: bool = False
    judged_at: datetime = Field(sa_type=UtcTime, index=True)


class Purge(SQLModel, table=True):
    """A purge: listing, planning, planned, running, finished. `due_at`: its mailboxes are to be listed."""

    metadata = METADATA
    __tablename__ = "mailboxes_purge"
    __table_args__ = (Index("ix_mailboxes_purge_listed", "requested_at", "purge_id"),)

    purge_id: str = Field(primary_key=True, max_length=64)
    status: str = Field(default="planning", max_length=20)
    match: str  # JSON of a `PurgeMatch`
    from_address: str = ""
    by: str = Field(max_length=320)
    reason: str = ""
    case_id: str = Field(default="", max_length=64)
    message_sha256: str = Field(default="", max_length=64, index=True)
    go: bool = False
    force: bool = False
    tell_users: bool = False
    folder: str = ""
    plan: int = 1
    requested_at: datetime = Field(sa_type=UtcTime, index=True)
    planned_at: datetime | None = Field(default=None, sa_type=UtcTime)
    approved_by: str = ""
    finished_at: datetime | None = Field(default=None, sa_type=UtcTime, index=True)
    outcome: str = Field(default="", max_length=20)
    why: str = ""
    due_at: datetime | None = Field(default=None, sa_type=UtcTime, index=True)
    attempts: int = 0


class Box(SQLModel, table=True):
    """One mailbox of a purge. `task` (plan, purge, restore) is to be done when it is `due_at`; none: it is at rest."""

    metadata = METADATA
    __tablename__ = "mailboxes_box"
    __table_args__ = (
        Index("ix_mailboxes_box_due", "due_at"),
        Index("ix_mailboxes_box_tell", "tell_at"),
        Index("ix_mailboxes_box_open", "purge_id", "task"),
    )

    purge_id: str = Field(primary_key=True, max_length=64)
    mailbox: str = Field(primary_key=True, max_length=320, index=True)
    task: str = Field(default="", max_length=10)
    due_at: datetime | None = Field(default=None, sa_type=UtcTime)
    attempts: int = 0
    found: int = 0
    unlike: int = 0
    moved: int = 0
    restored: int = 0
    result: str = Field(
        default="", max_length=20, description="success, failure, gone, or delayed while it is tried again"
    )
    reason: str = ""
    restore_id: str = Field(default="", max_length=64, index=True)
    tell_at: datetime | None = Field(default=None, sa_type=UtcTime, description="a mail to its user is due")
    tell_attempts: int = 0


class Move(SQLModel, table=True):
    """One mail that a purge moves: planned, moved, gone, restored, kept (by its user)."""

    metadata = METADATA
    __tablename__ = "mailboxes_move"
    __table_args__ = IN_KEY_ORDER

    purge_id: str = Field(primary_key=True, max_length=64)
    mailbox: str = Field(primary_key=True, max_length=320)
    number: int = Field(primary_key=True)
    folder: str
    message_id: str = ""
    received_at: datetime = Field(sa_type=UtcTime)
    size_bytes: int
    flags: str = Field(default="", description="as planned, by name, separated by spaces")
    state: str = Field(default="planned", max_length=10)


class Restore(SQLModel, table=True):
    """Who asked to undo a purge, and whether it is done."""

    metadata = METADATA
    __tablename__ = "mailboxes_restore"

    restore_id: str = Field(primary_key=True, max_length=64)
    purge_id: str = Field(max_length=64, index=True)
    by: str = Field(max_length=320)
    requested_at: datetime = Field(sa_type=UtcTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcTime)
