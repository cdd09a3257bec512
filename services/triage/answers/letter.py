"""Answers as a mail: text and HTML, with nothing of the reported mail that could be clicked."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from babel.dates import format_date, format_time
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from services.triage.answers.words import words
from services.triage.rules.reputation import proof
from services.triage.tables import Answer
from shared.events import in_utc
from shared.outgoing import clean, compose, defang
from shared.outgoing.words import direction, locale

PAGES = Environment(
    loader=PackageLoader("services.triage"), autoescape=select_autoescape(), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)  # fmt: skip

#: Characters of the reported mail's subject in that of the answer.
SUBJECT_MAX = 60

#: Of its own direction within what is written the other way (UAX 9, FSI and PDI).
_ISOLATE, _POP = "\u2068", "\u2069"


#: Answers in one mail: the worst first.
WORST_FIRST = ("malware", "phishing", "spam", "bulk", "unknown", "simulation", "clean", "")


def build(answers: Sequence[Answer], *, language: str, mail_from: str, message_id: str, at: datetime) -> bytes:
    """The mail for what one person's answer rows say now: the receipt of one while it has no verdict.

    Raises:
        ValueError: a header stands in it that we did not write.
    """
    said = words(language)
    items = [_item(one, said, language) for one in sorted(answers, key=lambda one: WORST_FIRST.index(one.category))]
    subject = items[0]["headline"] if len(items) == 1 else said["subjects"]["several"].format(count=len(items))
    shown = {
        "language": language,
        "direction": direction(language),
        "said": said,
        "title": items[0]["title"] if len(items) == 1 else subject,
        "items": items,
        "isolated": lambda words: f"{_ISOLATE}{words}{_POP}" if direction(language) == "rtl" else words,
    }
    return compose(
        mail_from=mail_from,
        to=answers[0].reporter,
        subject=subject,
        text=PAGES.get_template("answer.txt").render(shown),
        html=PAGES.get_template("answer.html").render(shown),
        message_id=message_id,
        at=at,
        automatic="auto-replied",
    )


def _item(answer: Answer, said: Mapping[str, Any], language: str) -> dict[str, str]:
    """What is shown of one answer; `headline` is the subject of a mail of it alone."""
    subject = defang(clean(answer.subject)) or said["no_subject"]
    short = subject if len(subject) <= SUBJECT_MAX else subject[: SUBJECT_MAX - 1] + "…"
    verdict = said["verdicts"].get(answer.category, "")
    return {
        "headline": said["subjects"]["result" if answer.category else "receipt"].format(subject=short, verdict=verdict),
        "title": verdict or said["subjects"]["receipt"].partition(":")[0].strip(),
        "category": answer.category or "receipt",
        "text": said["texts"][answer.category or "receipt"],
        "right": said["right"] if _was_right(answer) else "",
        "changed": said["changed"] if answer.told and answer.category else "",
        "subject": subject,
        "sender": defang(clean(answer.from_address)),
        "reported": _when(in_utc(answer.reported_at), language),
    }


def _was_right(answer: Answer) -> bool:
    """Whether what they reported is what it is; that an exercise was noticed is said in words of its own."""
    is_right = proof(reported=answer.reported_as, verdict=answer.category) == "right"
    return bool(answer.reported_as) and answer.category != "simulation" and is_right


def _when(moment: datetime, language: str) -> str:
    known = locale(language)
    return f"{format_date(moment, 'long', locale=known)}, {format_time(moment, 'short', locale=known)} UTC"
