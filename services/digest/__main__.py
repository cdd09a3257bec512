"""Wiring of digest: `longstop serve digest`."""

from services.digest.contract import CONTRACT
from services.digest.forget import forget, on_erasure_requested
from services.digest.handlers import on_quarantine_asked, on_quarantine_held, on_release_decided
from services.digest.http import app
from services.digest.jobs import Releases, expire
from services.digest.letters.jobs import Digests
from services.digest.recall import RECALLS
from services.digest.settings import DigestSettings
from services.digest.tables import METADATA
from shared.bus import On
from shared.events import ErasureRequested, QuarantineAsked, QuarantineHeld, ReleaseDecided
from shared.forgetting import forgetting
from shared.jobs import Job
from shared.links import links_of
from shared.outgoing import postman_of
from shared.run import Parts, Room, Service, serve


def build(room: Room) -> Parts:
    """Put digest together."""
    links = links_of(room.settings)
    digests = Digests(room, links, postman_of(room.settings))
    wake = room.database.wake_on_commit
    return Parts(
        app=app(room, links, digests),
        port=room.settings.quarantine_port,
        on={
            QuarantineHeld: On(on_quarantine_held),
            QuarantineAsked: On(on_quarantine_asked),
            ReleaseDecided: On(on_release_decided),
            ErasureRequested: On(on_erasure_requested),
        },
        jobs=[
            Job("decide digests", min(60, room.settings.digest_every_s), digests.decide_due),
            Job("send digests", 10, digests.send_due, wake=wake()),
            Job("release", 10, Releases(room), wake=wake()),
            Job("expire", 60, lambda: expire(room)),
            forgetting(room, forget),
        ],
        recalls=RECALLS,
    )


SERVICE = Service(CONTRACT, DigestSettings, METADATA, build)

if __name__ == "__main__":
    raise SystemExit(serve(SERVICE))
