"""What happens to a case, and how urgent it is. Pure."""

from dataclasses import dataclass

from shared.events import MessageFacts
from shared.events.vocabulary import Priority, ReportCategory, TriageDecision

#: From so many reports a campaign is urgent, or at least high.
URGENT_REPORTS, HIGH_REPORTS = 10, 3

#: Defects after which too little of a mail could be seen to leave the decision to a program alone.
BLINDING_DEFECTS = frozenset(
    {"unreadable", "too-many-parts", "nested-too-deep", "too-many-delimiters", "too-many-headers"}
)

_PRIORITIES: tuple[Priority, ...] = ("low", "normal", "high", "urgent")


@dataclass(frozen=True, slots=True)
class Decision:
    """What happens to a case, and why, in words for people."""

    decision: TriageDecision
    priority: Priority
    reasons: tuple[str, ...]


def decide(
    *, category: ReportCategory, message: MessageFacts, report_count: int, low_fidelity: bool, defaulted: bool
) -> Decision:
    """Decide about the case that a report belongs to."""
    if message.header_matches:
        return Decision("dismiss", "low", ("It is one of your own phishing simulations.",))
    reasons = [f"Reported as {category.replace('_', ' ')}."]
    decision: TriageDecision = "submit"
    if defaulted:
        reasons.append("The reporter named no category, so it was taken as phishing.")
    if category == "not_junk":
        decision = "review"
        reasons.append("Somebody says that the filter was wrong: a person should confirm before anything is allowed.")
    if low_fidelity:
        decision = "review"
        reasons.append("The mail came without the header that it was delivered with, as inline forwards do.")
    if BLINDING_DEFECTS.intersection(message.defects):
        decision = "review"
        reasons.append("The mail is built so that not all of it could be read.")
    if report_count > 1:
        reasons.append(f"{report_count} reports of like mails.")
    return Decision(decision, priority(category=category, report_count=report_count), tuple(reasons))


def priority(*, category: ReportCategory, report_count: int) -> Priority:
    """How urgent a case is: by what it is said to be, and by how many say so."""
    base = {"malware": 2, "phishing": 1, "junk": 0, "not_junk": 0}[category]
    if report_count >= URGENT_REPORTS:
        base += 2
    elif report_count >= HIGH_REPORTS:
        base += 1
    return _PRIORITIES[min(base, 3)]
