"""The pages: rendered by the server, with one style sheet and a little script of our own; they work without the script, too."""

from collections.abc import Iterator

from fastapi import APIRouter

from services.console.dead import DeadLetters
from services.console.http.cases import Cases
from services.console.http.desk import Desk
from services.console.http.pages.blocks import BlockPage
from services.console.http.pages.case import CasePage
from services.console.http.pages.cases import Queue
from services.console.http.pages.dead import DeadPage
from services.console.http.pages.hooks import HookForms
from services.console.http.pages.house import HousePage
from services.console.http.pages.kept import KeptViews
from services.console.http.pages.now import Now
from services.console.http.pages.purges import PurgePage
from services.console.http.pages.quarantine import QuarantinePage
from services.console.http.pages.reports import ReportPage
from services.console.http.pages.showing import Showing
from services.console.http.pages.static import Static
from services.console.http.pages.verdicts import VerdictPage
from services.console.http.purges import Purges
from services.console.pipeline import Pipeline


class Pages:
    """The routes of all of them."""

    def __init__(self, desk: Desk, cases: Cases, purges: Purges, dead: DeadLetters) -> None:
        show = Showing(desk, dead)
        house = HousePage(show)
        flow = Pipeline(desk.room.redis, desk.room.settings.stream_prefix)
        self._parts = (
            Now(show, flow), Queue(show, cases), CasePage(show, cases), VerdictPage(show), BlockPage(show), QuarantinePage(show), PurgePage(show, purges),
            DeadPage(show, dead), ReportPage(show), house, HookForms(show, house), KeptViews(show),
        )  # fmt: skip

    def routers(self) -> Iterator[APIRouter]:
        """What one sees after signing in, and what everybody may have before."""
        yield Static().router()
        yield from (part.router() for part in self._parts)
