"""Purges: like mails are taken out of mailboxes by a plan that somebody stands for, and come back where they were."""

from datetime import UTC, datetime
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints, field_validator

from shared.events.base import Event
from shared.events.message import Part, Sha256

Line = Annotated[str, StringConstraints(max_length=998)]  # RFC 5322, section 2.1.1
Words = Annotated[str, StringConstraints(max_length=1000)]
Mailbox = Annotated[str, StringConstraints(min_length=1, max_length=320)]


class PurgeMatch(Part):
    """Which mails: each property that is given must be equal. One alone is never enough: senders reuse Message-IDs."""

    message_id: Line = Field(default="", description="without angle brackets")
    from_address: Annotated[str, StringConstraints(max_length=320)] = ""
    subject: Line = ""
    body_hash: str = Field(default="", max_length=64, description="of the visible text, as `message` facts have it")
    sketch: str = Field(default="", max_length=200, description="of the visible text: a like one is enough")
    since: datetime | None = Field(default=None, description="delivered then or later")
    until: datetime | None = Field(default=None, description="delivered before")

    @field_validator("since", "until")
    @classmethod
    def _aware(cls, moment: datetime | None) -> datetime | None:
        """A moment without a zone is one of UTC."""
        return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment


class PurgeRequested(Event):
    """Please look for these mails in mailboxes, and plan to take them out."""

    STREAM: ClassVar = "purge.requested.v1"

    purge_id: str = Field(min_length=1, max_length=64)
    by: Annotated[str, StringConstraints(min_length=1, max_length=320)]
    match: PurgeMatch
    mailboxes: Annotated[tuple[Mailbox, ...], Field(max_length=10_000)] = Field(
        default=(), description="users' names or addresses; none: every mailbox of the store"
    )
    message_sha256: Sha256 | None = Field(default=None, description="the mail that led to it")
    case_id: str = ""
    reason: Words = ""
    go: bool = Field(default=False, description="act on the plan at once, when it needs no second person")
    force: bool = Field(default=False, description="though the sender is of an own domain")
    tell_users: bool = Field(default=False, description="tell the users by mail whose mailboxes were changed")

    def key(self) -> tuple[object, ...]:
        return (self.purge_id,)


class PlannedMailbox(Part):
    """What a purge would do in one mailbox."""

    mailbox: str
    found: int = Field(description="mails that would be moved")
    unlike: int = Field(default=0, description="mails that were found and are not like it: they stay")
    reason: str = Field(default="", description="why it could not be looked at")


class PurgePlanned(Event):
    """A dry run: what a purge would move. `plan` counts; it is acted on for a while only, and once it is approved."""

    STREAM: ClassVar = "purge.planned.v1"

    purge_id: str
    plan: int = Field(ge=1)
    mailbox_count: int = Field(description="mailboxes that were looked at")
    hit_count: int = Field(description="mailboxes that have such mails")
    message_count: int
    needs_second: bool = Field(description="somebody else than who asked must approve")
    approve_until: datetime | None = Field(default=None, description="then the plan is too old to be acted on")
    mailboxes: tuple[PlannedMailbox, ...] = Field(
        default=(), description="those with mails or trouble, the first 1,000 of them"
    )

    def key(self) -> tuple[object, ...]:
        return (self.purge_id, self.plan)


class PurgeApproved(Event):
    """Somebody stands for a plan: it is acted on."""

    STREAM: ClassVar = "purge.approved.v1"

    purge_id: str
    plan: int = Field(ge=1)
    by: Annotated[str, StringConstraints(min_length=1, max_length=320)]

    def key(self) -> tuple[object, ...]:
        return (self.purge_id, self.plan, self.by)


class PurgeWithdrawn(Event):
    """Somebody does not want a purge that has moved nothing yet."""

    STREAM: ClassVar = "purge.withdrawn.v1"

    purge_id: str
    by: Annotated[str, StringConstraints(min_length=1, max_length=320)]

    def key(self) -> tuple[object, ...]:
        return (self.purge_id,)


class PurgeDelayed(Event):
    """A mailbox did not do for now what was to be done in it; it is tried again. Said once for each task of each mailbox."""

    STREAM: ClassVar = "purge.delayed.v1"

    purge_id: str
    mailbox: str
    task: Literal["plan", "purge", "restore"]
    plan: int = Field(ge=1, description="the plan that was made or acted on")
    restore_id: str = Field(default="", description="of a restore: which")
    reason: str = ""

    def key(self) -> tuple[object, ...]:
        return (self.purge_id, self.mailbox, self.task, self.plan, self.restore_id)


class MovedMail(Part):
    """One mail that was moved: where it was, and what tells it from others."""

    folder: str
    message_id: str
    received_at: datetime
    size_bytes: int
    flags: tuple[str, ...] = Field(default=(), description="as planned: two copies of a mail may differ in them")


class PurgedMailbox(Part):
    """What became of one mailbox: `gone`, all of its mails had left it since the plan."""

    mailbox: str
    result: Literal["success", "failure", "gone"]
    moved: tuple[MovedMail, ...] = ()
    gone: int = 0
    reason: str = ""


class PurgeFinished(Event):
    """Nothing more will be done: it was done, or there was nothing to do, or it was refused or withdrawn, and why."""

    STREAM: ClassVar = "purge.finished.v1"

    purge_id: str
    outcome: Literal["done", "failed", "nothing", "refused", "withdrawn"]
    reason: str = ""
    case_id: str = ""
    folder: str = Field(default="", description="the folder, in each mailbox, that the mails are in now")
    mailboxes: tuple[PurgedMailbox, ...] = ()

    def key(self) -> tuple[object, ...]:
        return (self.purge_id,)


class RestoreRequested(Event):
    """Please undo a purge: in the mailboxes that are named, or in all of them."""

    STREAM: ClassVar = "restore.requested.v1"

    restore_id: str = Field(min_length=1, max_length=64)
    purge_id: str
    by: Annotated[str, StringConstraints(min_length=1, max_length=320)]
    mailboxes: Annotated[tuple[Mailbox, ...], Field(max_length=10_000)] = ()
    reason: Words = ""

    def key(self) -> tuple[object, ...]:
        return (self.restore_id,)

    def about(self) -> str:
        return self.purge_id


class RestoredMailbox(Part):
    """What became of one mailbox; `kept`: mails that their user had taken or deleted meanwhile, which stay as they are."""

    mailbox: str
    result: Literal["success", "failure"]
    restored: int = 0
    kept: int = 0
    reason: str = ""


class RestoreFinished(Event):
    """Mails are back where they were, with the flags and dates that they had."""

    STREAM: ClassVar = "restore.finished.v1"

    restore_id: str
    purge_id: str
    mailboxes: tuple[RestoredMailbox, ...] = ()

    def key(self) -> tuple[object, ...]:
        return (self.restore_id,)

    def about(self) -> str:
        return self.purge_id
