"""Marks of honest bulk mail, and what the report itself says."""

import math

from services.submission.analysers.offline.view import Seen, Signals, View

#: From so many reporters on, their number counts, and it counts so often at most.
MANY, TIMES_MAX = 3, 3


def signals(view: View) -> Signals:
    """What speaks for a list or newsletter."""
    if view.may_be_left:
        yield Seen("list_unsubscribe", "It says how to unsubscribe.", "header List-Unsubscribe")
    if view.is_list:
        yield Seen("list_id", "It came through a mailing list.", "header List-Id")


def reported(view: View) -> Signals:
    """What the reporters say. Kept apart: the mail's own signals are evaluated alone."""
    specimen = view.specimen
    if specimen.category not in ("phishing", "malware"):
        return
    yield Seen("reported", f"Somebody reported it as {specimen.category}.", "report")
    if specimen.report_count >= MANY:
        times = min(math.log2(specimen.report_count / MANY) + 1, TIMES_MAX)
        yield Seen("reported_by_many", f"{specimen.report_count} people reported it.", "report", times)
