"""The rows of the block list: entries, who wants them, and how far verdicts are known."""

from datetime import datetime

from sqlalchemy import ColumnElement, Index, MetaData, literal_column, text
from sqlmodel import Field, SQLModel, col

from shared.tables import IN_KEY_ORDER, UtcTime

METADATA = MetaData()

_ACTIVE = text("status = 'active'")
_DIRTY = text("applied < generation")


class Entry(SQLModel, table=True):
    """An entry, for ever: an ended one stays as history. Of one scope, kind and value at most one is active.

    `generation` counts changes that the gateway must learn of, `applied` the last one it has learned.
    """

    metadata = METADATA
    __tablename__ = "blocklist_entry"
    __table_args__ = (
        Index(
            "ix_blocklist_entry_active",
            *("value", "kind", "scope"),  # the value first: it is what tells entries apart
            unique=True,
            sqlite_where=_ACTIVE,
            postgresql_where=_ACTIVE,
        ),
        Index("ix_blocklist_entry_due", "expires_at", sqlite_where=_ACTIVE, postgresql_where=_ACTIVE),
        Index("ix_blocklist_entry_dirty", "changed_at", sqlite_where=_DIRTY, postgresql_where=_DIRTY),
        Index("ix_blocklist_entry_value", "value", "kind", "scope"),
        Index("ix_blocklist_entry_made", "by", "created_at"),
        Index("ix_blocklist_entry_listed", "created_at", "block_id", sqlite_where=_ACTIVE, postgresql_where=_ACTIVE),
        Index("ix_blocklist_entry_changed", "kind", "changed_at"),
    )

    block_id: str = Field(primary_key=True, max_length=64)
    kind: str = Field(max_length=10)
    value: str = Field(max_length=2048)
    action: str = Field(max_length=10)
    scope: str = Field(max_length=320)
    status: str = Field(default="active", max_length=10, description="active, removed or expired")
    created_at: datetime = Field(sa_type=UtcTime)
    changed_at: datetime = Field(sa_type=UtcTime)
    expires_at: datetime | None = Field(default=None, sa_type=UtcTime)
    ended_by: str = Field(default="", max_length=320)
    by: str = Field(max_length=320)
    case_id: str = Field(default="", max_length=64)
    submission_id: str = Field(default="", max_length=64)
    held_id: str = Field(default="", max_length=64)
    note: str = Field(default="", max_length=1000)
    idle_days: int | None = Field(default=None, description="it ends so many days after its last hit")
    hit_count: int = 0
    last_hit_at: datetime | None = Field(default=None, sa_type=UtcTime)
    import_id: str = Field(default="", max_length=64, index=True)
    reported_at: datetime | None = Field(default=None, sa_type=UtcTime, description="of the report that led to it")
    generation: int = 1
    applied: int = 0
    warned_for: datetime | None = Field(default=None, sa_type=UtcTime, description="the end that was warned of")


def active() -> ColumnElement[bool]:
    """The condition that an entry is active, written out: with a bound value SQLite would not use the partial indexes."""
    return col(Entry.status) == literal_column("'active'")


class Claim(SQLModel, table=True):
    """Who wants an entry: a verdict (by the id of its mail's claim) or people. A verdict's entry ends with its last claim."""

    metadata = METADATA
    __tablename__ = "blocklist_claim"
    __table_args__ = IN_KEY_ORDER

    block_id: str = Field(primary_key=True, max_length=64)
    claimant: str = Field(primary_key=True, max_length=64, index=True)


class Traffic(SQLModel, table=True):
    """Mails that passed on a day, by what an entry might name. No mail has a row of its own."""

    metadata = METADATA
    __tablename__ = "blocklist_traffic"
    __table_args__ = IN_KEY_ORDER

    value: str = Field(primary_key=True, max_length=320)
    kind: str = Field(primary_key=True, max_length=10)
    day: int = Field(primary_key=True, description="proleptic Gregorian ordinal, in UTC")
    mails: int = 0


class Place(SQLModel, table=True):
    """How far a stream that no group reads was read."""

    metadata = METADATA
    __tablename__ = "blocklist_place"

    name: str = Field(primary_key=True, max_length=100)
    position: str = Field(max_length=40)


class Copy(SQLModel, table=True):
    """A mail that an entry stopped at the milter, kept for those who lost it. `recipients` are lines, each with an end before it, too."""

    metadata = METADATA
    __tablename__ = "blocklist_copy"

    copy_id: str = Field(primary_key=True, max_length=64)
    block_id: str = Field(max_length=64, index=True)
    sha256: str = Field(max_length=64, index=True)
    size_bytes: int
    sender: str = Field(max_length=320)
    client_ip: str = Field(max_length=45)
    recipients: str
    kept_at: datetime = Field(sa_type=UtcTime, index=True)
    outcome: str = Field(
        default="", max_length=20, description="delivered, stopped_by_others or gone; empty: nobody asked"
    )


class UnderWay(SQLModel, table=True):
    """An import that is making entries: one that stopped in the middle is taken back."""

    metadata = METADATA
    __tablename__ = "blocklist_import"

    import_id: str = Field(primary_key=True, max_length=64)
    stepped_at: datetime = Field(sa_type=UtcTime, description="of its last step")
    is_ending: bool = Field(default=False, description="it is being taken back, and makes nothing more")


class Probe(SQLModel, table=True):
    """What a gateway did with the last mail that an entry names."""

    metadata = METADATA
    __tablename__ = "blocklist_probe"

    gateway: str = Field(primary_key=True, max_length=300)
    asked_at: datetime = Field(sa_type=UtcTime)
    state: str = Field(default="", max_length=10, description="obeys, passes, unclear or silent")
    words: str = Field(default="", max_length=300, description="its answer")


class Feed(SQLModel, table=True):
    """A list that is followed, and what came of its last reading."""

    metadata = METADATA
    __tablename__ = "blocklist_feed"

    name: str = Field(primary_key=True, max_length=50)
    signature: str = Field(max_length=64, description="time and size of the file that was read")
    read_at: datetime = Field(sa_type=UtcTime)
    lines: int = 0
    faults: int = 0
    made: int = 0
    ended: int = 0
    first_fault: str = Field(default="", max_length=300)
    words: str = Field(default="", max_length=300, description="why nothing was taken of it")


class Judged(SQLModel, table=True):
    """The newest verdict that was seen of a mail in a case, so that an older one that comes late does nothing."""

    metadata = METADATA
    __tablename__ = "blocklist_judged"
    __table_args__ = IN_KEY_ORDER

    claimant: str = Field(primary_key=True, max_length=64)
    version: int
