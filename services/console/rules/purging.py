"""Purges: what is looked for, where one stands, and whether somebody may stand for it. Pure."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Literal, TypeAlias

from services.console.rules.access import Person
from shared.events import PurgeMatch

#: Which mails: this very one (by its Message-ID, too), or all that are like it.
Which: TypeAlias = Literal["same", "like"]


def match_of(message: Mapping[str, Any], *, which: Which, since: datetime | None) -> PurgeMatch:
    """What copies of a mail have in common: sender and text, and, for the very `same`, Message-ID and subject.

    A campaign's mails often differ in subject; one without text is known by its subject alone.
    """
    facts = {name: message.get(name) or "" for name in ("message_id", "from_address", "subject", "body_hash", "sketch")}
    if which == "like":
        facts["message_id"] = ""
        if facts["body_hash"] or facts["sketch"]:
            facts["subject"] = ""
    return PurgeMatch.model_validate({**facts, "since": since})


def is_enough(match: PurgeMatch) -> bool:
    """Whether it names mails at all: `mailboxes` wants two properties, and without a Message-ID a time, too."""
    beside = (match.subject, match.body_hash or match.sketch)
    if match.message_id:
        return bool(match.from_address or any(beside))
    return bool(match.from_address and any(beside) and match.since)


def purge_status(  # noqa: PLR0913 - what is known, each by its name
    *,
    outcome: str,
    approved: bool,
    planned: bool,
    hits: int,
    needs_second: bool,
    moved: int,
    back: int,
    restored: int,
    undoing: bool,
) -> str:
    """Where a purge stands. `back`: mails that are where they were, or that their users took themselves."""
    if not outcome:
        plan = "nothing" if not hits else "second" if needs_second else "planned"
        return "running" if approved else plan if planned else "planning"
    if not moved:
        return outcome
    if undoing:
        return "restoring"
    if restored:
        return "restored" if back >= moved else "part_restored"
    return outcome


def may_restore(*, status: str, moved: int) -> bool:
    """Whether there is something to put back, or still to be moved that then is not."""
    return status == "running" or (moved > 0 and status in ("done", "failed", "part_restored"))


def may_withdraw(*, status: str) -> bool:
    """Whether nothing was moved yet, and somebody may still say no."""
    return status in ("planning", "planned", "second")


def why_not_approved(  # noqa: PLR0913 - what is known, each by its name
    *, status: str, by: str, hits: int, until: datetime | None, person: Person, name: str, at: datetime
) -> str:
    """Why a plan cannot be approved by somebody, who acts as `name`; empty when it can.

    The second person is one who has signed in: a token is a program's, and whoever has two would be two people.
    """
    if status not in ("planned", "second"):
        return "it is not planned (any more)"
    if until and at > until:
        return "the plan is too old, mailboxes have changed since: plan it again"
    if not hits:
        return "no mailbox has such a mail"
    if status == "second" and name == by:
        return "it hits so many mailboxes that somebody else than who asked must approve it"
    if status == "second" and person.via == "token":
        return "it hits so many mailboxes that a second person must approve it, and a token is none"
    return ""


def box_word(*, found: int, result: str, late: str, undo: str, reason: str) -> str:
    """What became of one mailbox so far."""
    if late:
        return "delayed"
    if undo:
        return "restored" if undo == "success" else "not_restored"
    if result:
        return result
    return "found" if found else "failure" if reason else "nothing"


def own(addresses: Collection[str], domains: Collection[str]) -> list[str]:
    """The addresses of the organisation, in lower case: only they have a mailbox here."""
    lower = dict.fromkeys(address.lower() for address in addresses)
    return [one for one in lower if "@" in one and (not domains or one.rpartition("@")[2] in domains)]
