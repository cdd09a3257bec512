"""The style sheet and the script: nothing inline, nothing from elsewhere."""

from http import HTTPStatus
from importlib.resources import files

from fastapi import APIRouter, Response

from shared.web import Problem

STATIC = {
    "console.css": "text/css",
    "console.js": "text/javascript",
    "keys.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}


class Static:
    """The files, read once."""

    def __init__(self) -> None:
        folder = files("services.console").joinpath("static")
        self._files = {name: folder.joinpath(name).read_bytes() for name in STATIC}

    def router(self) -> APIRouter:
        """What one may have before signing in."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/static/{name}", self.file, methods=["GET"])
        return router

    async def file(self, name: str) -> Response:
        """One of them."""
        if name not in self._files:
            raise Problem(HTTPStatus.NOT_FOUND, "no such file")
        # the frame that shows a mail has an origin of nobody, and this style sheet
        headers = {"Cache-Control": "no-cache", "Cross-Origin-Resource-Policy": "cross-origin"}
        return Response(self._files[name], media_type=STATIC[name], headers=headers)
