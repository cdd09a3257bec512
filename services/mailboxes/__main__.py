"""Wiring of mailboxes: `longstop serve mailboxes`."""

from services.mailboxes.contract import CONTRACT
from services.mailboxes.forget import forget, on_erasure_requested
from services.mailboxes.handlers import Handlers
from services.mailboxes.http import app
from services.mailboxes.jobs import WorkOnMailboxes
from services.mailboxes.listing import ListMailboxes
from services.mailboxes.notices.jobs import SendNotices
from services.mailboxes.purges import Purges
from services.mailboxes.recall import RECALLS
from services.mailboxes.settings import MailboxesSettings
from services.mailboxes.stores.opening import open_store
from services.mailboxes.tables import METADATA
from shared.bus import On
from shared.events import (
    ErasureRequested,
    PurgeApproved,
    PurgeRequested,
    PurgeWithdrawn,
    QuarantineHeld,
    ReportReceived,
    RestoreRequested,
    VerdictIssued,
)
from shared.forgetting import forgetting
from shared.jobs import Job
from shared.outgoing import postman_of
from shared.run import Parts, Room, Service, serve


def build(room: Room) -> Parts:
    """Put mailboxes together."""
    settings = room.settings
    store = open_store(settings.mailstore_url.get_secret_value(), settings.mailstore_users)
    purges = Purges(settings)
    handlers = Handlers(settings, purges)
    return Parts(
        app=app(room, purges),
        port=settings.mailboxes_port,
        on={
            ReportReceived: On(handlers.on_report_received),
            QuarantineHeld: On(handlers.on_quarantine_held),
            VerdictIssued: On(handlers.on_verdict_issued),
            PurgeRequested: On(handlers.on_purge_requested),
            PurgeApproved: On(handlers.on_purge_approved),
            PurgeWithdrawn: On(handlers.on_purge_withdrawn),
            RestoreRequested: On(handlers.on_restore_requested),
            ErasureRequested: On(on_erasure_requested),
        },
        jobs=[
            Job("list mailboxes", 1, ListMailboxes(room, store, purges), wake=room.database.wake_on_commit()),
            Job("work on mailboxes", 1, WorkOnMailboxes(room, store, purges), wake=room.database.wake_on_commit()),
            Job("send notices", 1, SendNotices(room, postman_of(settings)), wake=room.database.wake_on_commit()),
            forgetting(room, forget),
        ],
        recalls=RECALLS,
    )


SERVICE = Service(CONTRACT, MailboxesSettings, METADATA, build)

if __name__ == "__main__":
    raise SystemExit(serve(SERVICE))
