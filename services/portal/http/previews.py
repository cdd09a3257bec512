"""Looking at a held mail before asking for it: its text, its layout in a frame where nothing runs, its way here."""

import hashlib
from base64 import b64encode
from http import HTTPStatus

from babel.numbers import format_decimal
from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from services.portal.asking import Look, look_at
from services.portal.http.door import Door, Refused
from services.portal.http.pages import HEADERS, Pages
from services.portal.reading import Previews
from services.portal.wording import words
from shared.events.vocabulary import QuarantinePermission
from shared.mail import Attachment
from shared.mail.preview import Preview
from shared.work import Database, now

#: What the bytes of an attachment say that it is (`Attachment.real_type`), in the words of `words.toml`.
_TYPES = {
    "exe": "program", "script": "program", "ole-macro": "macros", "ooxml-macro": "macros", "ole": "office",
    "ooxml": "office", "pdf": "pdf", "html": "page", "image": "picture", "zip": "packed", "rar": "packed", "7z": "packed",
    "archive": "packed", "iso": "disk", "mail": "mail",
}  # fmt: skip

_STYLE = (
    "body{margin:0;padding:1rem;background:#fff;color:#1d2430;font:16px/1.5 sans-serif;overflow-wrap:anywhere}"
    "code{font:.85em monospace;background:#eef0f3;color:#3c4655;padding:0 .2em}"
    "mark{background:#ffe08a;color:#3a2a00;font:.85em monospace}table{border-collapse:collapse}td,th{padding:.1rem .3rem;vertical-align:top}"
)

#: The frame: no script, no form, no request, no origin, whatever the sanitiser left (CSP Level 3, section 6.3.1).
FRAME_HEADERS = {
    **HEADERS,
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'; "
    "frame-ancestors 'self'; base-uri 'none'; form-action 'none'; sandbox",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "no-referrer",
}

_FRAME = Markup(
    '<!doctype html><html lang="{}"><head><meta charset="utf-8"><meta name="color-scheme" content="light">'
    '<meta name="format-detection" content="telephone=no, date=no, address=no, email=no, url=no">'
    '<title>{}</title><style>{}</style></head><body dir="auto">{}</body></html>'
)


class Looking:
    """Pages that show something of a held mail, each with a permission of its own."""

    def __init__(self, database: Database, door: Door, pages: Pages, previews: Previews) -> None:
        self._database = database
        self._door = door
        self._pages = pages
        self._previews = previews

    def router(self) -> APIRouter:
        """Routes."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/q/{token}/preview", self.preview, methods=["GET"])
        router.add_api_route("/q/{token}/frame", self.frame, methods=["GET"])
        router.add_api_route("/q/{token}/headers", self.headers, methods=["GET"])
        router.add_api_route("/q/{token}/raw", self.raw, methods=["GET"])
        return router

    async def preview(self, request: Request, token: str) -> Response:
        """The text, the frame, the attachments by name."""
        look, preview = await self._open(request, token, "preview")
        reader = await self._pages.reader(request, look.copy.recipient)
        files = [(one, _size(one, reader.language)) for one in preview.attachments]
        return self._pages.page(
            reader, "preview.html", look=look, preview=preview, files=files, types=_TYPES, token=token
        )

    async def frame(self, request: Request, token: str) -> Response:
        """What the frame holds."""
        look, preview = await self._open(request, token, "preview")
        reader = await self._pages.reader(request, look.copy.recipient)
        title = words(reader.language)["preview"]["layout"]
        language = preview.language or reader.language
        page = _FRAME.format(language, title, Markup(_STYLE), Markup(preview.markup))  # noqa: S704 - `sanitised` made it
        return HTMLResponse(page, headers=FRAME_HEADERS)

    async def headers(self, request: Request, token: str) -> Response:
        """Who vouches for the sender, the way of the mail, and its header as it is."""
        look, preview = await self._open(request, token, "headers")
        reader = await self._pages.reader(request, look.copy.recipient)
        return self._pages.page(reader, "headers.html", look=look, preview=preview, token=token)

    async def raw(self, request: Request, token: str) -> Response:
        """The mail as it came, as a file that no browser opens by itself."""
        look = await self._look(request, token, "download")
        raw = await self._previews.raw(look.held.sha256)
        if raw is None:
            raise Refused(HTTPStatus.NOT_FOUND, "gone")
        name = f'attachment; filename="{look.held.sha256[:12]}.eml"'
        head = {**HEADERS, "Content-Security-Policy": "default-src 'none'; sandbox", "Content-Disposition": name}
        return Response(raw, media_type="message/rfc822", headers=head)

    async def _open(self, request: Request, token: str, wanted: QuarantinePermission) -> tuple[Look, Preview]:
        look = await self._look(request, token, wanted)
        preview = await self._previews.of(look.held.sha256)
        if preview is None:
            raise Refused(HTTPStatus.NOT_FOUND, "gone")
        return look, preview

    async def _look(self, request: Request, token: str, wanted: QuarantinePermission) -> Look:
        """The copy, when its policy allows this look at it and there is still something to look at.

        Raises:
            Refused: 403 the policy does not; 404 it is gone.
        """
        mine = self._door.open("mail", token, request)
        self._door.pass_look(request, mine.recipient)
        at = now()
        look = await self._database.look(lambda session: look_at(mine.held_id, mine.recipient, session, at))
        if look is None or look.standing in ("deleted", "expired"):
            raise Refused(HTTPStatus.NOT_FOUND, "gone")
        if wanted not in look.permissions:
            raise Refused(HTTPStatus.FORBIDDEN, "not_shown")
        return look


def _size(file: Attachment, language: str) -> str:
    if file.size_bytes < 1000:
        return f"{file.size_bytes} B"
    if file.size_bytes < 1_000_000:
        return f"{format_decimal(round(file.size_bytes / 1000), locale=language)} kB"
    return f"{format_decimal(round(file.size_bytes / 1_000_000, 1), locale=language)} MB"
