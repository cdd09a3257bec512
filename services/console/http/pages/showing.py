"""What all pages have in common: numbers beside the menu, a word about what was done, and waiting until it is seen."""

import asyncio
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode, urlsplit

from fastapi.params import Security
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlmodel import Session

from services.console import words
from services.console.dead import DeadLetters
from services.console.http.desk import Desk
from services.console.queries import badges
from services.console.queries.purges import waiting
from services.console.rules.access import Person
from shared.errors import Defer
from shared.work import now

#: How long a page waits for what was done to come back over the streams, and how often it looks, in seconds.
SEEN_S, LOOK_S = 1.5, 0.02


class Showing:
    """Makes pages."""

    def __init__(self, desk: Desk, dead: DeadLetters) -> None:
        self.desk, self.dead = desk, dead
        self.database = desk.room.database
        self.look: list[Security] = [desk.guard.requires("viewer")]
        self.act: list[Security] = [desk.guard.requires("analyst")]
        self.admin: list[Security] = [desk.guard.requires("admin")]

    async def page(self, template: str, person: Person, status: int = HTTPStatus.OK, **values: Any) -> HTMLResponse:
        """A page with its frame."""
        at = now()
        counts, plans = await self.database.look(lambda session: (badges(session), waiting(session, at)))
        done = str(values.pop("done", ""))
        word, _, number = done.partition(":")
        notice = words.NOTICES.get(word, "")
        return self.desk.views.page(
            template,
            status,
            person=person,
            badges=counts,
            plans=plans,
            dead_count=await self.dead_count(),
            notice=notice.replace("{n}", number if number.isdecimal() else "1"),
            now=at,
            **values,
        )

    async def dead_count(self) -> int:
        """How many dead letters there are; 0 when Redis does not answer, which the page of the pipeline tells."""
        try:
            return await self.dead.count()
        except Defer:
            return 0

    async def seen(self, is_there: Callable[[Session], bool]) -> None:
        """Wait a moment until what was asked for has come back, so that the next page shows it."""
        until = time.monotonic() + SEEN_S
        while time.monotonic() < until:
            if await self.database.look(is_there):
                return
            await asyncio.sleep(LOOK_S)


def back(path: str, done: str = "") -> RedirectResponse:
    """After a form: to a page of ours, whatever the form says, with a word about what was done."""
    try:
        parts = urlsplit(path)
    except ValueError:
        parts = urlsplit("/")
    is_ours = path.startswith("/") and not path.startswith(("//", "/\\")) and not parts.netloc
    where, query = (parts.path, parts.query) if is_ours else ("/", "")
    kept = "&".join(one for one in query.split("&") if one and not one.startswith("done="))
    more = "&".join(filter(None, (kept, urlencode({"done": done}) if done else "")))
    return RedirectResponse(f"{where}?{more}" if more else where, HTTPStatus.SEE_OTHER)
