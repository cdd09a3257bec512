"""A digest as a mail: text and HTML in its reader's language and zone, in which nothing of a stranger acts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr
from pathlib import Path
from typing import Any

from jinja2 import (
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PackageLoader,
    StrictUndefined,
    TemplateError,
    select_autoescape,
)

from services.digest.letters.rows import Row
from services.digest.letters.schedule import Schedule
from services.digest.letters.settings import LetterSettings
from services.digest.letters.showing import Shown, show, told_when
from services.digest.letters.words import LANGUAGES, words
from shared.links import Links
from shared.outgoing import Image, clean, compose
from shared.outgoing.words import counted, direction

#: Largest logo, in bytes: it travels in every digest.
LOGO_MAX = 100_000

_KINDS: Mapping[bytes, str] = {b"\x89PNG\r\n\x1a\n": "png", b"\xff\xd8\xff": "jpeg", b"GIF8": "gif"}

#: Around what runs from left to right in a text that runs from right to left (UAX 9, isolates).
_ISOLATE, _POP = "\u2066", "\u2069"


@dataclass(frozen=True, slots=True)
class Letter:
    """What one letter tells whom.

    `mailbox` is whose mail it is about, `schedule` when that is told; `language` and `zone` are the reader's; `rest` counts
    rows that come with the next.
    """

    mail_id: str
    reader: str
    mailbox: str
    at: datetime
    language: str
    zone: str
    schedule: Schedule
    rows: Sequence[Row]
    rest: int = 0

    @property
    def message_id(self) -> str:
        """The same for the same letter, so that a repeat is recognised."""
        return f"{self.mail_id}@longstop"


class Letters:
    """Makes letters with the templates, logo and words of one installation."""

    def __init__(self, settings: LetterSettings, links: Links) -> None:
        """Read what is needed, and try it.

        Raises:
            ValueError: a template or the logo cannot be used; the text says which and why.
        """
        self._mail_from = settings.digest_from or settings.mail_from
        self._disclaimer = settings.digest_disclaimer
        self._links = links
        self._logo = _logo(settings.digest_logo) if settings.digest_logo else None
        self._pages = _pages(settings.digest_templates)
        self._try_out()

    def build(self, letter: Letter) -> bytes:
        """The mail as bytes.

        Raises:
            ValueError: a header stands in it that we did not write.
        """
        shown = self._shown(letter)
        of_whom = "" if letter.mailbox == letter.reader else f" ({clean(letter.mailbox)})"
        return compose(
            mail_from=self._mail_from,
            to=letter.reader,
            subject=f"{shown['title']}{of_whom}",
            text=self._pages.get_template("digest.txt").render(shown),
            html=self._pages.get_template("digest.html").render(shown),
            message_id=letter.message_id,
            at=letter.at,
            more=self._headers(letter),
            image=self._logo,
        )

    def html(self, letter: Letter) -> str:
        """The HTML part, for a browser."""
        return self._pages.get_template("digest.html").render({**self._shown(letter), "logo": False})

    def _headers(self, letter: Letter) -> dict[str, str]:
        """RFC 2919, and RFC 8058 where the link is one that it allows: HTTPS."""
        stop = self._links.unsubscribe(letter.reader, at=letter.at)
        domain = parseaddr(self._mail_from)[1].rpartition("@")[2] or "localhost"
        headers = {"List-Id": f"<quarantine-digest.{domain}>", "List-Unsubscribe": f"<{stop}>"}
        if stop.startswith("https:"):
            headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        return headers

    def _shown(self, letter: Letter) -> dict[str, Any]:
        """What templates may use."""
        said, language, at = words(letter.language), letter.language, letter.at
        shown: Shown = show(letter.rows, language, letter.zone, at, self._link_of(letter))
        intro = said["intro" if letter.mailbox == letter.reader else "intro_shared"]
        address = clean(letter.mailbox, 320)
        return {
            "language": language,
            "direction": direction(language),
            "said": said,
            "title": counted(language, said["title"], len(letter.rows) + letter.rest),
            "intro": intro.format(address=_as_ltr(address, language)),
            "intro_parts": intro.split("{address}"),
            "address": address,
            "items": shown.items,
            "blocked": counted(language, said["blocked"], shown.blocked) if shown.blocked else "",
            "rest": counted(language, said["rest"], letter.rest) if letter.rest else "",
            "told": told_when(letter.schedule, language, at),
            "all_link": self._links.mails(letter.mailbox, at=at),
            "change_link": self._links.preferences(letter.reader, at=at),
            "stop_link": self._links.unsubscribe(letter.reader, at=at),
            "disclaimer": self._disclaimer,
            "logo": self._logo is not None,
            "isolated": lambda text: _as_ltr(text, language),
        }

    def _link_of(self, letter: Letter) -> Callable[[str], str]:
        return lambda held_id: self._links.page(held_id, letter.mailbox, at=letter.at)

    def _try_out(self) -> None:
        """Make one letter in each language: a template that cannot is told at start, not at nine in the morning."""
        at = datetime(2026, 1, 1, tzinfo=UTC)
        rows = [
            Row(f"h{number}", "Ana", "ana@example.org", f"Report {number}", reason, at, at + timedelta(days=30))
            for number, reason in enumerate(("spam", "spam", "malware", "blocked_sender"))
        ]
        for language in LANGUAGES:
            letter = Letter("trial", "a@example.org", "b@example.org", at, language, "UTC", Schedule(), rows, rest=2)
            try:
                self.build(letter)
            except TemplateError as error:
                where = f"{getattr(error, 'name', None) or 'a template'} line {getattr(error, 'lineno', None) or '?'}"
                raise ValueError(f"LONGSTOP_DIGEST_TEMPLATES: {where} cannot be used: {error}") from error


def _pages(folder: Path | None) -> Environment:
    own = PackageLoader("services.digest")
    if folder and not any((folder / name).is_file() for name in ("digest.html", "digest.txt")):
        raise ValueError(f"LONGSTOP_DIGEST_TEMPLATES: {folder} has neither digest.html nor digest.txt")
    return Environment(
        loader=ChoiceLoader([FileSystemLoader(folder), own]) if folder else own,
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _logo(path: Path) -> Image:
    try:
        with path.open("rb") as file:
            data = file.read(LOGO_MAX + 1)
    except OSError as error:
        raise ValueError(f"LONGSTOP_DIGEST_LOGO: {path} cannot be read: {error.strerror}") from error
    kind = next((kind for head, kind in _KINDS.items() if data.startswith(head)), "")
    if not kind or len(data) > LOGO_MAX:
        raise ValueError(f"LONGSTOP_DIGEST_LOGO: {path} is no PNG, JPEG or GIF of at most {LOGO_MAX // 1000} kB")
    return Image("logo", kind, data)


def _as_ltr(text: str, language: str) -> str:
    return f"{_ISOLATE}{text}{_POP}" if direction(language) == "rtl" else text
