"""The rows that every service has: receipts of what it handled, events on their way out, and who reads them."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Boolean, Column, Index, MetaData, Table, false, types

from shared.events import in_utc

#: For small rows with a key of text: SQLite then keeps the rows in the key's own tree instead of in two.
IN_KEY_ORDER: dict[str, Any] = {"sqlite_with_rowid": False}


class UtcTime(types.TypeDecorator[datetime]):
    """A moment in UTC that stays aware: SQLite keeps none of a time's zone."""

    impl = types.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Store UTC; refuse a naive time."""
        return in_utc(value) if value is not None else None

    def bind_processor(self, dialect: Any) -> Any:
        """For SQLite the text that SQLAlchemy writes, in a third of its time: a batch has thousands of moments."""
        return _as_text if dialect.name == "sqlite" else super().bind_processor(dialect)

    def result_processor(self, dialect: Any, coltype: Any) -> Any:
        """And back."""
        return _of_text if dialect.name == "sqlite" else super().result_processor(dialect, coltype)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:  # noqa: ARG002
        """Give the zone back."""
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


def _as_text(value: datetime | None) -> str | None:
    return None if value is None else in_utc(value).replace(tzinfo=None).isoformat(" ", "microseconds")


def _of_text(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).replace(tzinfo=UTC)


def inbox_table(metadata: MetaData, service: str) -> Table:
    """Receipts: which events this service has handled. The row is the fence against a second effect."""
    name = f"{service}_inbox"
    if name in metadata.tables:
        return metadata.tables[name]
    return Table(
        name,
        metadata,
        Column("source", types.String(255), primary_key=True),
        Column("event_id", types.String(255), primary_key=True),
        Column("received_at", UtcTime, nullable=False, index=True),
        **IN_KEY_ORDER,
    )


def outbox_table(metadata: MetaData, service: str) -> Table:
    """Events on their way out: written with the rows they tell of, sent by the relay, kept for publishing again.

    A row is *unsent* while `entry_id` is NULL, *published* from then on, and *confirmed* once every reader of its stream
    has acknowledged it. Two partial indexes hold only what is still on its way, so that their size does not grow.
    """
    name = f"{service}_outbox"
    if name in metadata.tables:
        return metadata.tables[name]
    table = Table(
        name,
        metadata,
        Column("seq", types.BigInteger().with_variant(types.Integer, "sqlite"), primary_key=True, autoincrement=True),
        Column("stream", types.String(100), nullable=False),
        Column("fields", types.Text, nullable=False),
        Column("created_at", UtcTime, nullable=False, index=True),
        Column("entry_id", types.String(40)),
        Column("confirmed", Boolean, nullable=False, server_default=false()),
    )
    unsent = table.c.entry_id.is_(None)
    waiting = table.c.entry_id.is_not(None) & table.c.confirmed.is_(False)
    Index(f"ix_{name}_unsent", table.c.seq, sqlite_where=unsent, postgresql_where=unsent)
    Index(f"ix_{name}_waiting", table.c.stream, table.c.entry_id, sqlite_where=waiting, postgresql_where=waiting)
    return table


def readers_table(metadata: MetaData, service: str) -> Table:
    """The groups that read the streams of this service, and when each was seen last."""
    name = f"{service}_reader"
    if name in metadata.tables:
        return metadata.tables[name]
    return Table(
        name,
        metadata,
        Column("stream", types.String(100), primary_key=True),
        Column("name", types.String(255), primary_key=True),
        Column("seen_at", UtcTime, nullable=False),
    )
