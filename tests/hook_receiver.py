"""Somebody's program that a webhook tells."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request, Response

from shared.web import HttpServer
from tests.services import free_port


class Receiver:
    """Somebody's program that is told; `answers` are its statuses, the last one for ever."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/hook"
        self.answers = [204]
        self.heard: list[tuple[dict[str, Any], bytes, dict[str, str]]] = []
        self.asked = 0

    def app(self) -> FastAPI:
        app = FastAPI()
        app.post("/hook")(self.hook)
        app.post("/elsewhere")(self.hook)
        return app

    async def hook(self, request: Request) -> Response:
        self.asked += 1
        status = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        body = await request.body()
        if status == 204:
            self.heard.append((json.loads(body), body, dict(request.headers)))
        return Response(status_code=status, headers={"Location": self.url.replace("/hook", "/elsewhere")})


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    port = free_port()
    made = Receiver(port)
    server = HttpServer(made.app(), "127.0.0.1", port)
    await server.start()
    yield made
    await server.stop()
