"""Wiring of the console: `longstop serve console`."""

from services.console import handlers
from services.console.access import Access
from services.console.contract import CONTRACT
from services.console.forget import forget, on_erasure_requested
from services.console.handlers.foresight import foresee
from services.console.http import app
from services.console.http.live import Live
from services.console.settings import ConsoleSettings
from services.console.tables import METADATA
from services.console.webhooks import Webhooks
from shared.bus import On
from shared.events import ErasureRequested, Event
from shared.forgetting import forgetting
from shared.jobs import Job
from shared.run import Parts, Room, Service, serve


def build(room: Room) -> Parts:
    """Put the console together."""
    access, live = Access(room.settings), Live(room.database)
    return Parts(
        app=app(room, access, live),
        port=room.settings.console_port,
        on={
            **{
                kind: On(getattr(handlers, handler_name(kind)), foresee=foresee)
                for kind in CONTRACT.reads
                if kind is not ErasureRequested
            },
            ErasureRequested: On(on_erasure_requested),
        },
        jobs=[
            Job("live stream", 1, live.pump, wake=live.wake),
            Job("sessions", 3600, access.sessions.forget_old),
            Job("webhooks", 1, Webhooks(room.database, access).run),
            forgetting(room, forget),
        ],
        doors=[access],
        databases=[access.database],
        any_order=True,
    )


def handler_name(kind: type[Event]) -> str:
    """`verdict.issued.v1` is handled by `on_verdict_issued`."""
    return "on_" + kind.STREAM.removesuffix(".v1").replace(".", "_")


SERVICE = Service(CONTRACT, ConsoleSettings, METADATA, build)

if __name__ == "__main__":
    raise SystemExit(serve(SERVICE))
