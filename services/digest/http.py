"""People's pages behind the links in digests, and the operators' API. GET shows, POST acts."""

import time
from collections import deque
from http import HTTPStatus
from importlib.resources import files
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Form, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel, Field
from sqlmodel import Session, col, select

from services.digest.handlers import act, block_sender, canonical, submit
from services.digest.letters.jobs import Digests
from services.digest.letters.letter import PAGES, html, line_of, lines
from services.digest.links import TOKEN_MAX, Links
from services.digest.rules import Act, acts_of_recipient, words_of
from services.digest.tables import Copy, Held
from shared.run import VERSION, Room
from shared.web import Problem, bearer, same_site, service_app
from shared.work import Work

#: Posts of one client in a minute, and clients remembered.
POSTS_MAX, CLIENTS_MAX = 30, 10_000

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
    "X-Content-Type-Options": "nosniff",
}

CHOICES: dict[str, tuple[str, str]] = {
    "release": ("Release it to me", "It is delivered to your mailbox as it came."),
    "request": ("Ask for it", "An operator looks at it and decides."),
    "block": ("Block this sender for me", "Mail from this address no longer reaches you. Others still get theirs."),
    "submit": ("Have it analysed", "It is looked at again; the operators see what comes of it."),
    "delete": ("Delete it", "It is gone at once, instead of when it expires."),
}

DONE = {
    "release": "Done. It is on its way to your mailbox.",
    "request": "Asked. An operator decides; if they agree, it arrives in your mailbox.",
    "block": "Done. Mail from this sender no longer reaches you.",
    "submit": "Done. It is being analysed.",
    "delete": "Done. It is deleted.",
}


def app(room: Room, links: Links, digests: Digests) -> FastAPI:
    """The application of digest."""
    application = service_app("digest", VERSION, ready=room.ready, documented=True)
    portal = Portal(room, links)
    application.add_api_route("/q/{token}", portal.show, methods=["GET", "HEAD"], include_in_schema=False)
    application.add_api_route("/q/{token}", portal.act, methods=["POST"], include_in_schema=False)
    application.add_api_route("/page.css", portal.style, methods=["GET"], include_in_schema=False)
    operators = APIRouter(dependencies=[Depends(bearer(room.settings.door_token())), Depends(same_site)])
    desk = Desk(room, links, digests)
    operators.add_api_route("/v1/quarantine", desk.copies, methods=["GET"])
    operators.add_api_route("/v1/quarantine/{held_id}/{recipient}/{wanted}", desk.act, methods=["POST"])
    operators.add_api_route("/v1/digests", desk.send, methods=["POST"])
    operators.add_api_route("/v1/digests/preview", desk.preview, methods=["GET"], response_class=HTMLResponse)
    application.include_router(operators)
    return application


class Portal:
    """Pages of one recipient's copy. Whoever has the link is the recipient: it says nothing of the mail's text."""

    def __init__(self, room: Room, links: Links) -> None:
        self._database = room.database
        self._links = links
        self._posts: dict[str, deque[float]] = {}
        self._css = files("services.digest").joinpath("templates/page.css").read_bytes()

    async def style(self) -> Response:
        """The style sheet."""
        return Response(self._css, media_type="text/css", headers={"X-Content-Type-Options": "nosniff"})

    async def show(self, token: str, done: str = "") -> Response:
        """Show what may be done. Changes nothing, however often and by whomever it is opened."""
        found = await self._find(token)
        if found is None:
            return self._page(
                HTTPStatus.NOT_FOUND,
                "This link does not work",
                "It is too old, or not complete. A newer digest has a newer link.",
            )
        copy, held = found
        acts = self._choices(copy, held)
        notice = DONE.get(done, "") if copy.status != "held" or copy.release_at or done in ("block", "submit") else ""
        if not notice and copy.release_at:
            notice = "It is on its way to your mailbox."
        if not notice and copy.status != "held":
            notice = words_of(status=copy.status)
        title = "A mail in your quarantine" if acts else "Nothing more to do"
        return self._page(HTTPStatus.OK, title, notice, copy=copy, held=held)

    async def act(
        self,
        request: Request,
        token: str,
        button: Annotated[str, Form(max_length=TOKEN_MAX)] = "",
        wanted: Annotated[str, Form(alias="act", max_length=20)] = "",
    ) -> Response:
        """Do what a button says, once. A second press says kindly that it is done."""
        if not self._may_post(request.client.host if request.client else ""):
            return self._page(HTTPStatus.TOO_MANY_REQUESTS, "Too many clicks", "Wait a minute, then try again.")
        found = await self._find(token)
        if found is None:
            return await self.show(token)
        copy, _ = found
        if wanted not in CHOICES or not self._links.is_button_of(button, copy.held_id, copy.recipient):
            return self._page(
                HTTPStatus.BAD_REQUEST, "That did not work", "Open the link in the mail again, then press the button."
            )
        why_not = await self._database.run(lambda work: _do(copy.held_id, copy.recipient, wanted, work))
        if why_not:
            return self._page(HTTPStatus.OK, "Nothing more to do", why_not)
        return RedirectResponse(f"/q/{token}?done={wanted}", HTTPStatus.SEE_OTHER, headers=HEADERS)

    async def _find(self, token: str) -> tuple[Copy, Held] | None:
        read = self._links.read(token)
        return await self._database.look(lambda session: _copy(session, *read)) if read else None

    def _choices(self, copy: Copy, held: Held) -> list[tuple[str, str, str]]:
        if copy.release_at:
            return []
        acts: list[str] = list(acts_of_recipient(status=copy.status, reason=held.reason))
        if acts:
            acts[1:1] = ["block", "submit"]
        return [(name, *CHOICES[name]) for name in acts]

    def _page(
        self, status: int, title: str, notice: str, *, copy: Copy | None = None, held: Held | None = None
    ) -> Response:
        here = copy is not None and held is not None
        page = PAGES.get_template("page.html").render(
            title=title,
            notice=notice,
            line=line_of(copy, held) if copy and held else None,
            acts=self._choices(copy, held) if copy and held else [],
            button=self._links.button(copy.held_id, copy.recipient) if copy and here else "",
        )
        return HTMLResponse(page, status, headers=HEADERS)

    def _may_post(self, client: str) -> bool:
        at = time.monotonic()
        if len(self._posts) > CLIENTS_MAX:
            self._posts.clear()
        posts = self._posts.setdefault(client, deque(maxlen=POSTS_MAX))
        if len(posts) == POSTS_MAX and at - posts[0] < 60:
            return False
        posts.append(at)
        return True


class Ask(BaseModel):
    """For whom a digest is wanted."""

    recipient: str = Field(max_length=320, pattern=r"^[^@\s]+@[^@\s]+$")


class Desk:
    """The operators' API."""

    def __init__(self, room: Room, links: Links, digests: Digests) -> None:
        self._room = room
        self._links = links
        self._digests = digests

    async def copies(
        self, recipient: str = "", status: str = "", limit: Annotated[int, Query(ge=1, le=500)] = 100
    ) -> dict[str, Any]:
        """Copies of held mails, the newest first."""
        query = select(Copy, Held).join(Held, col(Held.held_id) == col(Copy.held_id)).order_by(col(Held.held_at).desc())
        if recipient:
            query = query.where(Copy.recipient == canonical(recipient))
        if status:
            query = query.where(Copy.status == status)
        rows = await self._room.database.look(lambda session: list(session.exec(query.limit(limit))))
        return {"quarantine": [{**held.model_dump(mode="json"), **copy.model_dump(mode="json")} for copy, held in rows]}

    async def act(self, held_id: str, recipient: str, wanted: str) -> dict[str, str]:
        """Release, deny or delete one copy."""
        acts: dict[str, Act] = {"release": "approve", "deny": "deny", "delete": "delete"}
        if wanted not in acts:
            raise Problem(HTTPStatus.NOT_FOUND, "no such act", f"use one of {', '.join(acts)}")
        why_not = await self._room.database.run(
            lambda work: _operate(held_id, canonical(recipient), acts[wanted], work)
        )
        if why_not:
            raise Problem(HTTPStatus.CONFLICT, "that is not possible now", why_not)
        return {"held_id": held_id, "recipient": canonical(recipient), "act": wanted}

    async def send(self, ask: Ask) -> dict[str, Any]:
        """Send a digest now, of what was not told yet."""
        mail_id = await self._digests.decide(canonical(ask.recipient))
        if not mail_id:
            return {"notification_id": "", "item_count": 0, "message_id": ""}
        rows = await self._room.database.look(
            lambda session: len(session.exec(select(Copy.held_id).where(Copy.mail_id == mail_id)).all())
        )
        where = await self._digests.send(mail_id)
        return {"notification_id": mail_id, "item_count": rows, "message_id": f"{mail_id}@longstop", "path": where}

    async def preview(self, recipient: str) -> Response:
        """The HTML of the digest that would be sent."""
        rows = await self._digests.preview(canonical(recipient))
        page = html(canonical(recipient), lines(rows, self._links, self._room.settings.public_url))
        return HTMLResponse(
            page, headers={**HEADERS, "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
        )


def _copy(session: Session, held_id: str, recipient: str) -> tuple[Copy, Held] | None:
    copy = session.get(Copy, (held_id, recipient))
    held = session.get(Held, held_id)
    return (copy, held) if copy and held else None


def _do(held_id: str, recipient: str, wanted: str, work: Work) -> str:
    """One button, in one transaction."""
    copy = work.session.get_one(Copy, (held_id, recipient))
    if wanted == "block":
        block_sender(copy, work)
        return ""
    if wanted == "submit":
        submit(copy, work)
        return ""
    if copy.release_at:
        return "It is on its way to your mailbox."
    acts: dict[str, Act] = {"release": "release", "request": "request", "delete": "delete"}
    return act(copy, acts[wanted], recipient, work)


def _operate(held_id: str, recipient: str, wanted: Act, work: Work) -> str:
    copy = work.session.get(Copy, (held_id, recipient))
    return act(copy, wanted, "operator", work) if copy else "There is no such mail for this recipient."
