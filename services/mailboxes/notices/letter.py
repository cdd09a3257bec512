"""A notice as a mail: text and HTML, with nothing of the purged mail that could be clicked."""

from datetime import datetime

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from shared.events import PurgeMatch
from shared.outgoing import clean, compose, defang
from shared.outgoing.words import Words

PAGES = Environment(
    loader=PackageLoader("services.mailboxes"), autoescape=select_autoescape(), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)  # fmt: skip

WORDS = Words("services.mailboxes.notices")

#: Characters of the mail's subject in that of the notice.
SUBJECT_MAX = 60


def build(  # noqa: PLR0913 - a notice says so much
    match: PurgeMatch, *, to: str, count: int, language: str, mail_from: str, message_id: str, at: datetime
) -> bytes:
    """The notice of one mailbox from which `count` mails were moved.

    Raises:
        ValueError: a header stands in it that we did not write.
    """
    said = WORDS.of(language)
    subject = defang(clean(match.subject)) or said["no_subject"]
    shown = {
        "language": language,
        "said": said,
        "subject": subject,
        "sender": defang(clean(match.from_address)),
        "count": count,
    }
    short = subject if len(subject) <= SUBJECT_MAX else subject[: SUBJECT_MAX - 1] + "…"
    return compose(
        mail_from=mail_from,
        to=to,
        subject=said["subject"].format(subject=short),
        text=PAGES.get_template("notice.txt").render(shown),
        html=PAGES.get_template("notice.html").render(shown),
        message_id=message_id,
        at=at,
    )
