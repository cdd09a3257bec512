"""The closed sets of words that events use. Docs, SQL, pages and APIs spell them the same."""

from typing import Literal

ReportCategory = Literal["phishing", "malware", "junk", "not_junk"]
VerdictCategory = Literal["malware", "phishing", "spam", "bulk", "clean", "unknown", "simulation"]
Cause = Literal[
    "filter_missed",
    "allowed_by_tenant",
    "allowed_by_user",
    "authenticated_sender",
    "no_authentication",
    "new_sender",
    "changed_after_delivery",
    "simulation",
    "not_delivered",
    "undetermined",
]
TriageDecision = Literal["submit", "review", "dismiss"]
Priority = Literal["low", "normal", "high", "urgent"]
BlockKind = Literal["address", "domain", "url", "file", "ip", "spoof"]
BlockAction = Literal["block", "allow"]
QuarantineReason = Literal["malware", "phishing_high", "phishing", "spam", "bulk", "policy", "blocked_sender"]
QuarantineStatus = Literal["held", "release_requested", "released", "denied", "deleted", "expired"]
#: What a policy may let a recipient do with a copy of theirs, and which of it is asked for by an event.
QuarantinePermission = Literal[
    "preview", "headers", "download", "release", "request", "block", "allow", "delete", "submit"
]
QuarantineAct = Literal["release", "request", "delete", "block", "allow", "submit"]

#: Why an act on a copy was not done.
QuarantineRefusal = Literal[
    "not_permitted",
    "already_requested",
    "already_released",
    "already_deleted",
    "expired",
    "denied",
    "in_progress",
    "now_known_bad",
    "no_sender",
    "unknown_mail",
]
Source = Literal["http", "smtp", "lmtp", "imap", "stream", "portal", "console"]

#: How often a recipient is told of held mail.
DigestFrequency = Literal["at_once", "hours", "daily", "weekly", "never"]

#: RFC 8601, sections 2.7.1 to 2.7.3, and `bestguesspass`, which large receivers write for DMARC.
AuthResult = Literal["none", "pass", "fail", "softfail", "policy", "neutral", "temperror", "permerror", "bestguesspass"]

#: Verdicts that call a mail bad, the worst first.
BAD_CATEGORIES: tuple[VerdictCategory, ...] = ("malware", "phishing", "spam")
