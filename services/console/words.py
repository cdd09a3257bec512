"""The words of the vocabulary in plain English: the one table that pages, lines and the API's readers share."""

#: What a mail is, by the verdict or by its reporter.
CATEGORIES = {
    "malware": "Malware",
    "phishing": "Phishing",
    "spam": "Spam",
    "bulk": "Bulk mail",
    "clean": "Clean",
    "unknown": "Unknown",
    "simulation": "Simulation",
    "junk": "Junk",
    "not_junk": "Not junk",
}

#: Why a mail was delivered (verdict cause).
CAUSES = {
    "filter_missed": "The filter looked at it and missed it",
    "allowed_by_tenant": "It was let in because a rule of the organisation allows it",
    "allowed_by_user": "It was let in because its recipient allows the sender",
    "authenticated_sender": "It was let in because the sender really is who it says: a real account or domain sent it",
    "no_authentication": "It was let in because the sender's domain proves nothing about its mail",
    "new_sender": "It was let in because nobody had seen this sender before",
    "changed_after_delivery": "It was harmless when it came in: what it links to turned bad afterwards",
    "simulation": "It was let in on purpose: it is your own phishing exercise",
    "not_delivered": "It was not delivered: the gateway held it",
    "undetermined": "Why it was let in could not be found out",
}

#: The same in a column of a list that is called so.
CAUSES_BRIEFLY = {
    "filter_missed": "Missed by the filter",
    "allowed_by_tenant": "Allowed by the organisation",
    "allowed_by_user": "Allowed by its recipient",
    "authenticated_sender": "A real account sent it",
    "no_authentication": "Its domain proves nothing",
    "new_sender": "A new sender",
    "changed_after_delivery": "Turned bad afterwards",
    "simulation": "Your own exercise",
    "not_delivered": "It did not: held",
    "undetermined": "Not known",
}

#: What triage decided.
DECISIONS = {"submit": "Sent to analysis", "review": "Waits for an operator", "dismiss": "Dismissed"}

#: Where a case stands.
CASE_STATES = {
    "open": "Open",
    "analysing": "Being analysed",
    "review": "Waits for an operator",
    "dismissed": "Dismissed",
    "decided": "Analysis cannot tell",
    "closed": "Closed",
}

PRIORITIES = {"low": "low", "normal": "normal", "high": "high", "urgent": "urgent"}

#: Why a mail is held.
REASONS = {
    "malware": "Malware",
    "phishing_high": "Phishing, sure",
    "phishing": "Phishing",
    "spam": "Spam",
    "bulk": "Bulk mail",
    "policy": "A policy",
    "blocked_sender": "Blocked sender",
}

#: Where one recipient's copy of a held mail stands.
COPIES = {
    "held": "Held",
    "release_requested": "Asked for",
    "released": "Released",
    "denied": "Denied",
    "deleted": "Deleted",
    "expired": "Expired",
    "approved": "Approved, on its way",
    "release_failed": "Release fails",
}

#: Where a purge of mailboxes stands.
PURGES = {
    "planning": "Being planned",
    "planned": "Planned",
    "second": "Needs a second person",
    "running": "Running",
    "done": "Done",
    "failed": "Failed",
    "nothing": "Nothing found",
    "refused": "Refused",
    "withdrawn": "Withdrawn",
    "restoring": "Being restored",
    "part_restored": "Partly restored",
    "restored": "Restored",
}

#: What became of one mailbox of a purge.
BOXES = {
    "found": "To be moved",
    "moving": "In work",
    "nothing": "Nothing like it",
    "delayed": "Delayed",
    "success": "Moved",
    "gone": "Gone",
    "failure": "Failed",
    "restored": "Restored",
    "not_restored": "Restore failed",
}

KINDS = {
    "address": "Address",
    "domain": "Domain",
    "url": "Link",
    "file": "File",
    "ip": "IP address",
    "spoof": "Spoofed sender",
}
ACTIONS = {"block": "Blocked", "allow": "Allowed"}
ENTRIES = {"active": "Active", "removed": "Removed", "expired": "Expired", "refused": "Refused"}
EVALUATIONS = {
    "malicious": "malicious",
    "suspicious": "suspicious",
    "clean": "clean",
    "unknown": "cannot say",
    "not_checked": "did not look",
    "error": "failed",
}
SOURCES = {
    "http": "HTTP",
    "smtp": "a report mailbox",
    "lmtp": "a report mailbox",
    "stream": "another system",
    "portal": "the portal",
    "console": "the console",
}

#: What a page says after something was asked for. The work is done by other services, so nothing is promised as done.
NOTICES = {
    "block": "Asked. The entry is here, or the reason why the block list refuses it, as soon as it has answered.",
    "unblock": "Asked. The entry ends in a moment.",
    "decided": "Decided: {n}. The verdict follows, and the reporters hear what they are to hear.",
    "taken": "Yours now: {n}.",
    "given": "Nobody's now: {n}.",
    "edited": "Done.",
    "approved": "Approved: {n}. The mails are on their way to their mailboxes.",
    "denied": "Denied: {n}. The recipients are told.",
    "analyse": "Asked. A new version of the verdict appears here when the analysis is done.",
    "replayed": "Handed in again: {n}. What fails again comes back here.",
    "dropped": "Dropped: {n}.",
    "left": "{n} cannot be handed in again as they are: open them to see why.",
    "kept": "Kept. The view is beside the others.",
    "too_many": "Not kept: you have fifty views. Forget one first.",
    "revoked": "Revoked. Whoever uses that token is refused from now on.",
    "hook_removed": "Removed. Nothing more is sent there.",
    "hook_again": "Sent again: {n}.",
    "purge": "Asked. Nothing is moved: the plan stands here as soon as the mailboxes were looked through.",
    "purge_approved": "Approved. The mails leave their mailboxes; what becomes of each stands below.",
    "purge_withdrawn": "Withdrawn. Nothing was moved.",
    "purge_restore": "Asked. The mails go back where they were.",
    "nothing": "Nothing waits for a decision.",
}

#: How long it took from a report to its verdict, by the upper bound in seconds.
WAITS = {
    "1": "up to 1 s",
    "10": "up to 10 s",
    "60": "up to 1 min",
    "300": "up to 5 min",
    "3600": "up to 1 h",
    "86400": "up to 1 day",
    "more": "longer",
}

#: How long an entry may be asked to work, in days; 0: until somebody removes it.
EXPIRIES = {1: "1 day", 7: "7 days", 30: "30 days", 90: "90 days", 0: "until removed"}


def sentence(words: dict[str, str], word: str) -> str:
    """The words for `word`; an unknown one (a newer service said it) as it is, readable."""
    return words.get(word) or word.replace("_", " ").capitalize()
