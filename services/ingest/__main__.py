"""Wiring of ingest: `longstop serve ingest`."""

from services.ingest.contract import CONTRACT
from services.ingest.erasure import Retention, on_recalled
from services.ingest.handlers import foresee, write_down
from services.ingest.http import app
from services.ingest.imap import ImapDoor
from services.ingest.intake import Intake
from services.ingest.keeping import EVERY_S, Keeping
from services.ingest.keys import Keys
from services.ingest.lmtp import HeldMail, Server
from services.ingest.settings import IngestSettings
from services.ingest.smtp import Mailboxes, MailDoor
from services.ingest.streams import StreamDoor
from services.ingest.tables import METADATA
from shared.bus import On
from shared.events import ErasureRequested, MailHeld, QuarantineHeld, ReportReceived, ReportSubmitted
from shared.jobs import Job
from shared.run import Parts, Room, Service, serve

#: How often is looked for blobs to take away, in seconds.
TAKE_AWAY_S = 10.0


def build(room: Room) -> Parts:
    """Put ingest together."""
    intake = Intake(room)
    streams = StreamDoor(intake, room.blobs)
    retention = Retention(room)
    return Parts(
        app=app(room, intake),
        port=room.settings.ingest_port,
        on={
            ReportSubmitted: On(write_down, prepare=streams.receive, foresee=foresee),
            MailHeld: On(write_down, prepare=streams.hold, foresee=foresee),
        },
        jobs=[
            Job("try the blob store", EVERY_S, Keeping(room)),
            Job("forget old keys", 3600, Keys(room.database).forget_old),
            Job("end rows", 3600, retention.end_rows),
            Job("take blobs away", TAKE_AWAY_S, retention.take_away),
            Job("sweep blobs", 86_400, retention.sweep),
        ],
        doors=[
            MailDoor(room, room.settings.smtp_port, Mailboxes(room, intake)),
            MailDoor(room, room.settings.lmtp_port, Mailboxes(room, intake, "lmtp"), Server),
            MailDoor(room, room.settings.held_lmtp_port, HeldMail(room, intake), Server),
            *([ImapDoor(room, intake)] if room.settings.imap_url.get_secret_value() else []),
        ],
        recalls={ReportReceived: write_down, QuarantineHeld: write_down, ErasureRequested: on_recalled},
    )


SERVICE = Service(CONTRACT, IngestSettings, METADATA, build)

if __name__ == "__main__":
    raise SystemExit(serve(SERVICE))
