"""Wiring of digest: `longstop serve digest`."""

from services.digest.contract import CONTRACT
from services.digest.forget import forget, on_erasure_requested
from services.digest.handlers import on_quarantine_asked, on_quarantine_held, on_release_decided
from services.digest.http import app
from services.digest.jobs import Releases, expire
from services.digest.letters.jobs import Digests
from services.digest.letters.letter import Letters
from services.digest.letters.news import on_digest_preferred
from services.digest.letters.people import People
from services.digest.recall import RECALLS
from services.digest.settings import DigestSettings
from services.digest.tables import METADATA
from shared.bus import On
from shared.events import DigestPreferred, ErasureRequested, QuarantineAsked, QuarantineHeld, ReleaseDecided
from shared.forgetting import forgetting
from shared.jobs import Job
from shared.links import links_of
from shared.outgoing import postman_of
from shared.run import Parts, Room, Service, serve


def build(room: Room) -> Parts:
    """Put digest together."""
    letters = Letters(room.settings, links_of(room.settings))
    digests = Digests(room, People(room.settings), letters, postman_of(room.settings))
    wake = room.database.wake_on_commit
    return Parts(
        app=app(room, digests),
        port=room.settings.quarantine_port,
        on={
            QuarantineHeld: On(on_quarantine_held),
            QuarantineAsked: On(on_quarantine_asked),
            ReleaseDecided: On(on_release_decided),
            DigestPreferred: On(on_digest_preferred),
            ErasureRequested: On(on_erasure_requested),
        },
        jobs=[
            Job("decide digests", min(5, room.settings.digest_every_s or 5), digests.decide_due, wake=wake()),
            Job("send digests", 5, digests.send_due, wake=wake()),
            Job("release", 10, Releases(room), wake=wake()),
            Job("expire", 60, lambda: expire(room)),
            forgetting(room, forget),
        ],
        recalls=RECALLS,
    )


SERVICE = Service(CONTRACT, DigestSettings, METADATA, build)

if __name__ == "__main__":
    raise SystemExit(serve(SERVICE))
