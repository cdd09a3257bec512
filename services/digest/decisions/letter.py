"""An answer as a mail: text and HTML, with nothing of the held mail that could be clicked."""

from datetime import datetime
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from services.digest.tables import Answer, Held
from shared.outgoing import clean, compose, defang
from shared.outgoing.words import Words, direction, locale

WORDS = Words("services.digest.decisions")

PAGES = Environment(
    loader=PackageLoader("services.digest"), autoescape=select_autoescape(), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)  # fmt: skip

#: Characters of the held mail's subject in that of the answer, and lines of an operator's words.
SUBJECT_MAX, LINES_MAX = 60, 20

#: Left to right within what is written from right to left (UAX 9, LRI and PDI).
_ISOLATE, _POP = "\u2066", "\u2069"


def build(  # noqa: PLR0913 - what an answer is made of
    answer: Answer, held: Held, *, language: str, zone: str, mail_from: str, message_id: str, at: datetime
) -> bytes:
    """The mail as bytes.

    Raises:
        ValueError: a header stands in it that we did not write.
    """
    said = WORDS.of(language)
    subject = defang(clean(held.subject)) or said["no_subject"]
    short = subject if len(subject) <= SUBJECT_MAX else subject[: SUBJECT_MAX - 1] + "…"
    title = said["titles"][answer.outcome]
    shown = {
        "language": language,
        "direction": direction(language),
        "said": said,
        "title": title,
        "text": said["texts"][answer.outcome],
        "comment": [defang(clean(line, 1000)) for line in answer.comment.splitlines()[:LINES_MAX] if line.strip()],
        "subject": subject,
        "sender": defang(clean(held.from_address or held.mail_from)) or "<>",
        "held": format_datetime(held.held_at, "EEE d MMM y, HH:mm z", tzinfo=ZoneInfo(zone), locale=locale(language)),
        "isolated": lambda text: f"{_ISOLATE}{text}{_POP}" if direction(language) == "rtl" else text,
    }
    return compose(
        mail_from=mail_from,
        to=answer.recipient,
        subject=f"{title}: {short}",
        text=PAGES.get_template("decision.txt").render(shown),
        html=PAGES.get_template("decision.html").render(shown),
        message_id=message_id,
        at=at,
    )
