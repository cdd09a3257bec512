"""Pages as responses: a language, a template, and headers that let nothing in and nothing out."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from sqlmodel import Session

from services.portal.tables import Preference
from services.portal.wording import language_of, when, words
from shared.mail.visible import pieces
from shared.outgoing import tricks
from shared.outgoing.words import direction
from shared.work import Database, now

#: Longest field of a mail on a page, in characters.
FIELD_MAX = 300

_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; frame-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)

#: `same-origin`, for with `no-referrer` browsers send no Origin with our own forms (Fetch, section 3.3).
HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Robots-Tag": "noindex, nofollow",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}

_TEMPLATES = Environment(
    loader=PackageLoader("services.portal"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)  # fmt: skip


def shown(text: str, limit: int = FIELD_MAX) -> Markup:
    """A stranger's words on one line: escaped, kept from turning what stands around them, what is unseen marked."""
    inner = (
        _marked(piece.text) if piece.is_mark else escape(piece.text)
        for piece in pieces(text, one_line=True, limit=limit)
    )
    return Markup("<bdi>{}</bdi>").format(Markup("").join(inner))


def shown_lines(text: str) -> Markup:
    """The same of a text with lines."""
    return Markup("").join(_marked(piece.text) if piece.is_mark else escape(piece.text) for piece in pieces(text))


def _marked(text: str) -> Markup:
    return Markup("<mark>{}</mark>").format(text)


_TEMPLATES.filters.update(shown=shown, shown_lines=shown_lines)
_TEMPLATES.globals.update(tricks=tricks)


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads a page."""

    language: str
    zone: ZoneInfo


class Pages:
    """Makes pages."""

    def __init__(self, database: Database, language: str, zone: str) -> None:
        self._database = database
        self._language, self._zone = language, zone
        self._files = {
            "portal.css": (files("services.portal").joinpath("static/portal.css").read_bytes(), "text/css"),
            "portal.js": (files("services.portal").joinpath("static/portal.js").read_bytes(), "text/javascript"),
        }

    async def reader(self, request: Request, recipient: str = "") -> Reader:
        """In which language and zone a page is told: as the recipient wishes, as the browser asks, as the organisation set it."""
        preference = None
        if recipient:
            preference = await self._database.look(lambda session: _preference(recipient, session))
        wish = preference or Preference(recipient=recipient, at=now())
        language = language_of(wish.language, request.headers.get("accept-language", ""), self._language)
        return Reader(language, ZoneInfo(wish.zone or self._zone))

    def page(self, reader: Reader, template: str, status: int = HTTPStatus.OK, **more: Any) -> Response:
        """A page of ours."""
        text = _TEMPLATES.get_template(template).render(
            w=words(reader.language),
            language=reader.language,
            direction=direction(reader.language),
            when=partial(when, language=reader.language, zone=reader.zone),
            **more,
        )
        return HTMLResponse(text, status, headers=HEADERS)

    def say(self, reader: Reader, word: str, status: int = HTTPStatus.OK) -> Response:
        """A page that only says something."""
        said: Mapping[str, str] = words(reader.language)["said"][word]
        return self.page(reader, "said.html", status, said=said)

    async def static(self, name: str) -> Response:
        """Our own style sheet or script."""
        content, kind = self._files[name]
        head = {"X-Content-Type-Options": "nosniff", "Cache-Control": "max-age=300"}
        return Response(content, media_type=kind, headers=head)


def _preference(recipient: str, session: Session) -> Preference | None:
    return session.get(Preference, recipient)
