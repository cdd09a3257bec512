"""An answer as a mail: text and HTML, with nothing of the reported mail that could be clicked."""

from datetime import UTC, datetime

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from services.triage.answers.words import words
from services.triage.tables import Answer
from shared.outgoing import clean, compose, defang

PAGES = Environment(
    loader=PackageLoader("services.triage"), autoescape=select_autoescape(), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)  # fmt: skip

#: Characters of the reported mail's subject in that of the answer.
SUBJECT_MAX = 60


def build(answer: Answer, *, language: str, mail_from: str, message_id: str, at: datetime) -> bytes:
    """The mail for what an answer row says now: the receipt while it has no verdict.

    Raises:
        ValueError: a header stands in it that we did not write.
    """
    said = words(language)
    subject = defang(clean(answer.subject)) or said["no_subject"]
    short = subject if len(subject) <= SUBJECT_MAX else subject[: SUBJECT_MAX - 1] + "…"
    kind = "result" if answer.category else "receipt"
    verdict = said["verdicts"].get(answer.category, "")
    shown = {
        "language": language,
        "said": said,
        "title": verdict or said["subjects"]["receipt"].partition(":")[0].strip(),
        "category": answer.category or "receipt",
        "text": said["texts"][answer.category or "receipt"],
        "changed": said["changed"] if answer.told and answer.category else "",
        "subject": subject,
        "sender": defang(clean(answer.from_address)),
        "reported": f"{answer.reported_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC",
    }
    return compose(
        mail_from=mail_from,
        to=answer.reporter,
        subject=said["subjects"][kind].format(subject=short, verdict=verdict),
        text=PAGES.get_template("answer.txt").render(shown),
        html=PAGES.get_template("answer.html").render(shown),
        message_id=message_id,
        at=at,
        automatic="auto-replied",
    )
