"""Marks of honest bulk mail, and what the report itself says."""

import math
import re

from services.submission.analysers.offline.phrases import FAMILIES
from services.submission.analysers.offline.view import STORY, Seen, Signals, View, quoted
from shared.known import is_cheap

#: How a mail offers not to be sent again, in folded text.
_LEAVING = re.compile(
    r"unsubscri|\bopt[- ]?out|abmelden|abbestell|desabonn|desinscri|darse de baja|cancelar (?:su|tu|a|sua) (?:suscri|inscri|assin)"
    r"|descadastr|afmelden|uitschrij|disiscri|cancella iscri|wypisz|отпис|配信停止|退订|إلغاء الاشتراك|ยกเลิกการรับ"
)

#: How much more a seller's tone weighs the more of its words there are, at most.
PITCH_TIMES_MAX = 2.0

#: Each doubling of reporters adds half of the first report's weight, up to this factor.
REPORT_TIMES_MAX = 2.0


def signals(view: View) -> Signals:
    """What speaks for a list or newsletter. Without proof of the sender these are words in a header."""
    if view.may_be_left:
        yield Seen(
            "list_unsubscribe", "It says how to unsubscribe, and its sender is proven.", "header List-Unsubscribe"
        )
    if view.is_plausible and view.from_org in view.link_orgs and not is_cheap(view.from_org):
        text = f"It leads to {quoted(view.from_org)}, where it says it is from, and nothing speaks against that."
        yield Seen("own_link", text, "links")
    if view.is_conversation:
        yield Seen("list_id", "It answers another mail on a mailing list.", "header List-Id")
    elif (
        view.is_checked
        and _LEAVING.search(view.body)
        and not view.mail.list_unsubscribe
        and view.hosts
        and view.from_org not in view.link_orgs
    ):
        text = "It offers to unsubscribe, but not in its header as bulk senders must, and through links that are not the sender's."
        yield Seen("leaving_elsewhere", text, "text")
    yield from _pitch(view)
    if view.is_authenticated and view.mail.header("precedence").lower() in {"bulk", "list"}:
        yield Seen("precedence", "It calls itself bulk mail, and its sender is proven.", "header Precedence")


def _pitch(view: View) -> Signals:
    """A seller's tone, in mail that cannot be left and does not lead to its sender: newsletters that somebody ordered do both."""
    if view.may_be_left or view.is_conversation or view.is_own_and_proven:
        return
    if view.is_plausible and view.from_org in view.link_orgs and not is_cheap(view.from_org):
        return
    told = FAMILIES["pitch"].count(view.text[:STORY])
    if len(told) > view.is_list:  # talks on lists have such words, too
        words = "”, “".join(map(quoted, told[:2]))
        yield Seen("pitch", f"It sells to strangers: “{words}”.", "text", min(1 + (len(told) - 1) / 2, PITCH_TIMES_MAX))


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
