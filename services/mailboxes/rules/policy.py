"""What may be purged, by whom, and what a verdict does by itself."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from shared.events import AnalyserAnswer, PurgeMatch
from shared.events.vocabulary import BAD_CATEGORIES, VerdictCategory

Policy: TypeAlias = Literal["off", "confident", "ask"]
#: How far a purge is undone; empty: not at all.
Undone: TypeAlias = Literal["", "restoring", "partly", "restored"]
Where: TypeAlias = Literal["recipients", "all"]

#: Least confidence, 0 to 1, with which a verdict purges: that with which it blocks.
CONFIDENT = 0.85

#: Verdicts that purge: those whose mails do harm.
HARMFUL: tuple[VerdictCategory, ...] = ("malware", "phishing")


def why_not(*, match: PurgeMatch, own_domains: Collection[str], force: bool) -> str:
    """Why these mails must not be purged, with what would be accepted; empty when they may."""
    beside = [match.from_address, match.subject, match.body_hash or match.sketch]
    if match.message_id and not any(beside):
        return "a Message-ID alone is not enough, senders reuse them: give the sender, the subject or the text, too"
    if not match.message_id and not (match.from_address and any(beside[1:]) and match.since):
        return "give the Message-ID and a second property, or the sender's address, the subject or text, and a time since when"
    if match.since and match.until and match.since >= match.until:
        return "the window ends before it begins"
    domain = match.from_address.rpartition("@")[2].lower()
    own = any(domain == one or domain.endswith(f".{one}") for one in own_domains)
    if own and not force:
        return f"{domain} is an own domain: a purge of its mails must be forced"
    return ""


def wants(*, policy: Policy, category: VerdictCategory, confidence: float) -> bool:
    """Whether a verdict asks for a purge."""
    return policy != "off" and category in HARMFUL and confidence >= CONFIDENT


def takes_back(*, category: VerdictCategory, analysers: Collection[AnalyserAnswer]) -> bool:
    """Whether a newer verdict undoes what an older one purged: it is not bad, and somebody could say so."""
    nobody = bool(analysers) and all(one.evaluation == "error" for one in analysers)
    return category not in BAD_CATEGORIES and not nobody


def needs_second(*, hit_count: int, above: int) -> bool:
    """Whether a plan that hits so many mailboxes must be approved by somebody else than who asked."""
    return hit_count > above


def fresh_until(*, planned_at: datetime, minutes: int) -> datetime:
    """When a plan is too old to be acted on: mailboxes have changed."""
    return planned_at + timedelta(minutes=minutes)


def undone(*, states: Mapping[str, int], under_way: bool) -> Undone:
    """How far a purge is undone, by how many of its mails are in each state; what users took themselves needs no undoing."""
    if under_way:
        return "restoring"
    if not states.get("restored"):
        return ""
    return "partly" if states.get("moved") else "restored"


def retry_delay(*, attempts: int, base_ms: int) -> timedelta:
    """How long a mailbox waits after so many failures in a row: doubling, up to five minutes."""
    return timedelta(milliseconds=min(base_ms * 2 ** min(attempts, 20), 300_000))
