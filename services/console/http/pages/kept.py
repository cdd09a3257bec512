"""Views that people keep."""

from typing import Annotated

from fastapi import APIRouter, Form, Response

from services.console.http.guard import Asking
from services.console.http.pages.showing import Showing, back

Name = Annotated[str, Form(min_length=1, max_length=60)]
Query = Annotated[str, Form(max_length=1000)]


class KeptViews:
    """The routes; everybody keeps views for themselves alone."""

    def __init__(self, show: Showing) -> None:
        self._show, self._kept = show, show.desk.access.kept

    def router(self) -> APIRouter:
        """All of them."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/views", self.keep, methods=["POST"], dependencies=self._show.look)
        router.add_api_route("/views/{key}/drop", self.drop, methods=["POST"], dependencies=self._show.look)
        return router

    async def keep(self, person: Asking, name: Name, query: Query = "") -> Response:
        """Keep the queue as it is shown now."""
        is_kept = await self._kept.keep(person.name, "cases", name.strip() or "view", query.lstrip("?"))
        return back(f"/cases?{query.lstrip('?')}", "kept" if is_kept else "too_many")

    async def drop(self, key: str, person: Asking) -> Response:
        """Forget a view."""
        await self._kept.drop(person.name, key)
        return back("/cases")
