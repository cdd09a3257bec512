"""Where things stand, from the facts that are known so far, in whatever order they came."""

from datetime import datetime


def copy_status(  # noqa: PLR0913 - six facts, each by its name
    *, asked: bool, decision: str, failed: bool, released: bool, deleted: bool, expired: bool
) -> str:
    """Where one copy of a held mail stands: what cannot be taken back weighs most."""
    ends = {"released": released, "deleted": deleted, "expired": expired, "denied": decision == "denied"}
    for status, reached in ends.items():
        if reached:
            return status
    if decision == "approved":
        return "release_failed" if failed else "approved"
    return "release_requested" if asked else "held"


def may_decide(*, status: str) -> bool:
    """Whether an operator may still approve or deny."""
    return status in ("held", "release_requested")


def case_state(
    *,
    decision: str,
    requested_at: datetime | None,
    verdict_at: datetime | None,
    closed_at: datetime | None,
    decided_at: datetime | None = None,
) -> str:
    """Where a case stands: a request younger than the verdict or the closing means that it is looked at again.

    What an operator decided is done, though the closing that follows from it is still on its way.
    """
    closed_at = max(filter(None, (closed_at, decided_at)), default=None)
    if closed_at and (requested_at is None or requested_at <= closed_at):
        return "closed"
    if requested_at and (verdict_at is None or requested_at > verdict_at):
        return "analysing"
    if verdict_at:
        return "decided"
    return {"submit": "analysing", "review": "review", "dismiss": "dismissed"}.get(decision, "open")


def stage_of(*, state: str, merged: bool) -> str:
    """Who has to do something: a person (`wait`), the machine (`work`), or nobody (`done`, `merged`).

    A verdict that closes no case is one that says nothing: somebody has to look.
    """
    if merged:
        return "merged"
    return {"review": "wait", "decided": "wait", "closed": "done", "dismissed": "done"}.get(state, "work")


def proof(*, reported: str, verdict: str) -> str:
    """Whether a report was `right` or `wrong`; empty while nobody can tell. Bulk mail may well be called junk."""
    if verdict in ("", "unknown"):
        return ""
    is_bad = verdict in ("malware", "phishing", "spam", "simulation")
    if reported == "not_junk":
        return "wrong" if is_bad else "right"
    if verdict == "bulk":
        return "right" if reported == "junk" else ""
    return "right" if is_bad else "wrong"


def later(*, known: datetime | None, told: datetime) -> datetime:
    """The later of two moments, when one of them may be unknown."""
    return max(known, told) if known else told


def ends_first(*, ended_at: datetime | None, status: str, told_at: datetime, told: str) -> bool:
    """Whether an end that is told replaces the one that is known: an entry ends once, the earliest end counts."""
    return ended_at is None or (told_at, told) < (ended_at, status)
