"""What is asked of purges, and what is answered."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from services.console.http.case_forms import Wish
from services.console.rules.purging import Which
from shared.events import PurgeMatch

Mailbox = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=320)]
Mailboxes = Annotated[list[Mailbox], Field(max_length=10_000)]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000)]


class NewPurge(Wish):
    """A purge to plan: nothing is moved before somebody approves the plan."""

    mail: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")] = Field(
        default="", description="SHA-256 of a reported mail: copies of it, or mails like it"
    )
    which: Which = Field(default="same", description="with `mail`: the very same one, or all `like` it (needs `since`)")
    match: PurgeMatch | None = Field(default=None, description="which mails, in the place of `mail`")
    since: AwareDatetime | None = Field(default=None, description="delivered then or later")
    where: Literal["known", "named", "all"] = Field(
        default="known", description="who reported or received it as far as is known, `mailboxes`, or everybody"
    )
    mailboxes: Mailboxes = Field(default=[])
    case_id: Annotated[str, StringConstraints(max_length=64)] = ""
    reason: Reason = ""
    force: bool = Field(default=False, description="though the sender is of an own domain; admins only")
    tell_users: bool = Field(default=False, description="tell the users by mail whose mailboxes were changed")


class Approval(Wish):
    """Who stands for which plan."""

    plan: Annotated[int, Field(ge=1, le=2**31 - 1)]


class Withdrawal(Wish):
    """Who does not want it."""


class Undo(Wish):
    """What is to be put back: all, or the mails of some mailboxes."""

    mailboxes: Mailboxes = Field(default=[], description="none: all")
    reason: Reason = ""


class PurgeAsked(BaseModel):
    """It was asked for; the lists and streams say what comes of it."""

    purge_id: str


class RestoreAsked(BaseModel):
    """Mails are wanted back."""

    restore_id: str
