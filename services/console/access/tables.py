"""The rows of access: in a database (or tables) of their own, for the console's is a read model that may be thrown away."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Connection, Index, MetaData, Table, event, text
from sqlmodel import Field, SQLModel

from shared.tables import UtcTime

METADATA = MetaData()


class Operator(SQLModel, table=True):
    """A local account. `password` is scrypt's salt and hash, in hex."""

    metadata = METADATA
    __tablename__ = "access_operator"

    name: str = Field(primary_key=True, max_length=64)
    role: str = Field(max_length=10)
    password: str
    created_at: datetime = Field(sa_type=UtcTime)
    created_by: str = ""
    changed_at: datetime = Field(sa_type=UtcTime, description="when the password was set: older sessions end")


class Token(SQLModel, table=True):
    """An API token; the secret itself is kept nowhere."""

    metadata = METADATA
    __tablename__ = "access_token"

    id: str = Field(primary_key=True, max_length=16)
    secret_hash: str = Field(max_length=64)
    name: str = Field(max_length=64)
    role: str = Field(max_length=10)
    kinds: list[str] = Field(default_factory=list, sa_type=JSON)
    created_at: datetime = Field(sa_type=UtcTime)
    created_by: str = ""
    expires_at: datetime | None = Field(default=None, sa_type=UtcTime)
    used_at: datetime | None = Field(default=None, sa_type=UtcTime, description="to the minute")
    revoked_at: datetime | None = Field(default=None, sa_type=UtcTime)


class SessionRow(SQLModel, table=True):
    """A browser that signed in; `id` is the fingerprint of its cookie."""

    metadata = METADATA
    __tablename__ = "access_session"

    id: str = Field(primary_key=True, max_length=64)
    name: str = Field(max_length=120, index=True)
    role: str = Field(max_length=10)
    via: str = Field(max_length=10)
    kinds: list[str] = Field(default_factory=list, sa_type=JSON)
    token_id: str = Field(default="", max_length=64, description="the token that opened it, whose end is its own")
    address: str = ""
    opened_at: datetime = Field(sa_type=UtcTime)
    seen_at: datetime = Field(sa_type=UtcTime, description="to the minute")
    ends_at: datetime = Field(sa_type=UtcTime, index=True)


class Look(SQLModel, table=True):
    """That a person may look at a mail for a while, and why."""

    metadata = METADATA
    __tablename__ = "access_look"

    id: str = Field(primary_key=True, max_length=64)
    person: str = Field(max_length=120)
    sha256: str = Field(max_length=64)
    reason: str
    ends_at: datetime = Field(sa_type=UtcTime, index=True)


class Key(SQLModel, table=True):
    """An idempotency key: what was asked, and what was answered once it was (`status` 0: it is being done)."""

    metadata = METADATA
    __tablename__ = "access_key"

    id: str = Field(primary_key=True, max_length=64)
    fingerprint: str = Field(max_length=64)
    status: int = 0
    answer: str = ""
    at: datetime = Field(sa_type=UtcTime, index=True)


class Hook(SQLModel, table=True):
    """A URL that is told of events. `after` is the last line of activity that deliveries were made of."""

    metadata = METADATA
    __tablename__ = "access_hook"

    id: str = Field(primary_key=True, max_length=16)
    url: str
    kinds: list[str] = Field(default_factory=list, sa_type=JSON)
    secret: str = Field(description="signs what is sent; both sides have to know it")
    after: int
    created_at: datetime = Field(sa_type=UtcTime)
    created_by: str = ""
    delivered: int = 0
    delivered_at: datetime | None = Field(default=None, sa_type=UtcTime)
    note: str = Field(default="", description="why the last attempt failed; empty when it did not")
    failures: int = Field(default=0, description="attempts in a row that the receiver was not able to answer")
    due_at: datetime = Field(sa_type=UtcTime, description="when it is asked again")


class Delivery(SQLModel, table=True):
    """What a hook has to be told yet, or (`is_dead`) could not be told; its id is `hook/line`."""

    metadata = METADATA
    __tablename__ = "access_delivery"
    __table_args__ = (Index("ix_access_delivery_due", "is_dead", "due_at"), Index("ix_access_delivery_hook", "hook_id"))

    id: str = Field(primary_key=True, max_length=40)
    hook_id: str = Field(max_length=16)
    line: int
    body: str
    attempts: int = 0
    due_at: datetime = Field(sa_type=UtcTime)
    is_dead: bool = False
    note: str = ""


class Entry(SQLModel, table=True):
    """An audit entry. `hash` covers every other column and the `hash` of the entry before it."""

    metadata = METADATA
    __tablename__ = "access_audit"
    __table_args__ = (Index("ix_access_audit_about", "about"), Index("ix_access_audit_name", "name"))

    seq: int = Field(primary_key=True, description="1, 2, 3, ... without a gap")
    at: datetime = Field(sa_type=UtcTime)
    name: str
    role: str
    via: str
    address: str
    act: str = Field(max_length=60)
    about: str
    detail: dict[str, Any] = Field(sa_type=JSON)
    previous: str = Field(max_length=64)
    hash: str = Field(max_length=64)


#: Nothing of ours changes an entry; these keep a slip, or a stranger without the right to drop a trigger, from it.
_NO_UPDATE, _NO_DELETE = (
    f"CREATE TRIGGER access_audit_no_{what.lower()} BEFORE {what} ON access_audit "
    "BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END"
    for what in ("UPDATE", "DELETE")
)
_REFUSE = """
CREATE OR REPLACE FUNCTION access_audit_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the audit is append-only'; END $$
"""
_NO_CHANGE = """
CREATE TRIGGER access_audit_append_only BEFORE UPDATE OR DELETE ON access_audit
FOR EACH ROW EXECUTE FUNCTION access_audit_append_only()
"""
APPEND_ONLY = {"sqlite": (_NO_UPDATE, _NO_DELETE), "postgresql": (_REFUSE, _NO_CHANGE)}


@event.listens_for(METADATA.tables["access_audit"], "after_create")
def _append_only(_: Table, connection: Connection, **_more: Any) -> None:
    for statement in APPEND_ONLY.get(connection.dialect.name, ()):
        connection.execute(text(statement))
