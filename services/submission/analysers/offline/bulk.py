"""Marks of honest bulk mail, and what the report itself says."""

import math

from services.submission.analysers.offline.view import Seen, Signals, View

#: Each doubling of reporters adds half of the first report's weight, up to this factor.
REPORT_TIMES_MAX = 2.0


def signals(view: View) -> Signals:
    """What speaks for a list or newsletter. Without proof of the sender these are words in a header."""
    if view.may_be_left:
        yield Seen(
            "list_unsubscribe", "It says how to unsubscribe, and its sender is proven.", "header List-Unsubscribe"
        )
    if view.is_list:
        yield Seen("list_id", "It came through a mailing list.", "header List-Id")
    if view.is_authenticated and view.mail.header("precedence").lower() in {"bulk", "list"}:
        yield Seen("precedence", "It calls itself bulk mail, and its sender is proven.", "header Precedence")


def reported(view: View) -> Signals:
    """What the reporters say, kept apart from what the mail says."""
    specimen = view.specimen
    count = max(specimen.report_count, 1)
    people = "Somebody" if count == 1 else f"{min(count, 1_000_000)} people"
    if specimen.category == "not_junk":
        yield Seen("reported_honest", f"{people} reported it as wanted.", "report")
        return
    times = min(1 + math.log2(count) / 2, REPORT_TIMES_MAX)
    yield Seen("reported", f"{people} reported it as {specimen.category}.", "report", times)
