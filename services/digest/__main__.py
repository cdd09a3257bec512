"""Wiring of digest: `longstop serve digest`."""

from services.digest.contract import CONTRACT
from services.digest.decisions.jobs import Answers
from services.digest.forget import forget, on_erasure_requested
from services.digest.handlers import knowing
from services.digest.handlers.asking import Asking
from services.digest.handlers.deciding import on_release_decided
from services.digest.handlers.filing import Filing
from services.digest.handlers.knowing import on_verdict_issued
from services.digest.http import app
from services.digest.letters.jobs import Digests
from services.digest.letters.letter import Letters
from services.digest.letters.news import on_digest_preferred
from services.digest.letters.people import People
from services.digest.policybook import PolicyBook
from services.digest.recall import RECALLS
from services.digest.releasing.jobs import Releases, expire
from services.digest.releasing.learning import Learning
from services.digest.settings import DigestSettings
from services.digest.tables import METADATA
from shared.bus import On
from shared.events import (
    DigestPreferred,
    ErasureRequested,
    QuarantineAsked,
    QuarantineHeld,
    ReleaseDecided,
    VerdictIssued,
)
from shared.forgetting import forgetting
from shared.jobs import Job
from shared.links import links_of
from shared.outgoing import postman_of
from shared.run import Parts, Room, Service, serve


def build(room: Room) -> Parts:
    """Put digest together."""
    letters = Letters(room.settings, links_of(room.settings))
    people, postman = People(room.settings), postman_of(room.settings)
    digests = Digests(room, people, letters, postman)
    book = PolicyBook(room.settings.quarantine_policy_file)
    filing, asking = Filing(book), Asking(room.settings)
    wake = room.database.wake_on_commit
    return Parts(
        app=app(room, digests),
        port=room.settings.quarantine_port,
        on={
            QuarantineHeld: On(filing.on_quarantine_held, foresee=filing.foresee),
            QuarantineAsked: On(asking.on_quarantine_asked),
            ReleaseDecided: On(on_release_decided),
            DigestPreferred: On(on_digest_preferred),
            VerdictIssued: On(on_verdict_issued, foresee=knowing.foresee),
            ErasureRequested: On(on_erasure_requested),
        },
        jobs=[
            Job("decide digests", min(5, room.settings.digest_every_s or 5), digests.decide_due, wake=wake()),
            Job("send digests", 5, digests.send_due, wake=wake()),
            Job("release", 10, Releases(room), wake=wake()),
            Job("answer requests", 10, Answers(room, people, postman), wake=wake()),
            Job("teach", 30, Learning(room), wake=wake()),
            Job("expire", 60, lambda: expire(room)),
            Job("read policy", 2, book),
            forgetting(room, forget),
        ],
        recalls=RECALLS,
    )


SERVICE = Service(CONTRACT, DigestSettings, METADATA, build)

if __name__ == "__main__":
    raise SystemExit(serve(SERVICE))
