"""One application on one port, in the process's own loop; a client that keeps a connection waiting loses it."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import Any

import uvicorn
from fastapi import FastAPI

from shared.web.headers import Harmless
from shared.web.opening import Opening
from shared.web.patience import Patient


class HttpServer:
    """One application on one port, inside the loop of the process."""

    def __init__(self, app: FastAPI, host: str, port: int) -> None:
        self._opening = Opening(Harmless(app))
        config = uvicorn.Config(
            self._opening,
            http=Patient,
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,  # else anybody on this machine could say in X-Forwarded-For who they are
            timeout_keep_alive=30,
            limit_concurrency=500,
            timeout_graceful_shutdown=5,
            lifespan="off",
        )
        self._server = _Server(config)
        self._socket = listen(host, port)
        self._task: asyncio.Task[Any] | None = None

    async def start(self, *, is_open: bool = True) -> None:
        """Begin to answer; until it is open only how the service is."""
        self._opening.is_open = is_open
        self._task = asyncio.create_task(self._server.serve([self._socket]))

    def open(self) -> None:
        """Answer everything."""
        self._opening.is_open = True

    async def stop(self) -> None:
        """Finish open requests, then close."""
        self._server.should_exit = True
        if self._task:
            await self._task
        self._socket.close()


class _Server(uvicorn.Server):
    """Signals belong to the process, not to one of its servers."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; a taken port is one clear error.

    Raises:
        OSError: the port is taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # asyncio sets this by itself only where it made the socket: without it every answer waits 40 ms for the client's ACK
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise OSError(
            error.errno, f"port {port} on {host} cannot be used: {error.strerror}: free it, or set another"
        ) from error
    listener.listen(512)
    listener.setblocking(False)
    return listener
