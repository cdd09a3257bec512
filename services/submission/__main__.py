"""Wiring of submission: `longstop serve submission`."""

from services.submission.analysers import Analyser
from services.submission.analysers.offline import LocalAnalyser
from services.submission.analysers.stub import StubAnalyser
from services.submission.contract import CONTRACT
from services.submission.forget import forget, on_erasure_requested
from services.submission.handlers import foresee, on_submission_requested
from services.submission.jobs import AnalyseDue
from services.submission.recall import RECALLS
from services.submission.settings import SubmissionSettings
from services.submission.tables import METADATA
from shared.bus import On
from shared.events import ErasureRequested, SubmissionRequested
from shared.forgetting import forgetting
from shared.jobs import Job
from shared.run import VERSION, Parts, Room, Service, serve
from shared.web import service_app


def build(room: Room) -> Parts:
    """Put submission together."""
    made: dict[str, Analyser] = {"local": LocalAnalyser(), "stub": StubAnalyser()}
    analysers = [made[name] for name in room.settings.analysers]
    return Parts(
        app=service_app("submission", VERSION, ready=room.ready),
        port=room.settings.submission_port,
        on={
            SubmissionRequested: On(on_submission_requested, foresee=foresee),
            ErasureRequested: On(on_erasure_requested),
        },
        jobs=[
            Job("analyse due", 1, AnalyseDue(room, analysers), wake=room.database.wake_on_commit()),
            forgetting(room, forget),
        ],
        recalls=RECALLS,
    )


SERVICE = Service(CONTRACT, SubmissionSettings, METADATA, build)

if __name__ == "__main__":
    raise SystemExit(serve(SERVICE))
