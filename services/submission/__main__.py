"""Wiring of submission: `longstop serve submission`."""

from collections.abc import Callable, Mapping

from services.submission.analysers import Analyser
from services.submission.analysers.graph import GraphAnalyser
from services.submission.analysers.offline import LocalAnalyser, read_house
from services.submission.analysers.rspamd import RspamdAnalyser
from services.submission.analysers.service import ServiceAnalyser
from services.submission.analysers.spamassassin import SpamAssassinAnalyser
from services.submission.analysers.stub import StubAnalyser
from services.submission.contract import CONTRACT
from services.submission.forget import forget, on_erasure_requested
from services.submission.handlers import Requests, foresee, on_case_decided
from services.submission.http import Callbacks
from services.submission.jobs import AnalyseDue
from services.submission.panel import Panel
from services.submission.recall import RECALLS
from services.submission.settings import SubmissionSettings
from services.submission.tables import METADATA
from shared.bus import On
from shared.events import CaseDecided, ErasureRequested, SubmissionRequested
from shared.forgetting import forgetting
from shared.jobs import Job
from shared.run import VERSION, Parts, Room, Service, serve
from shared.web import service_app

MAKERS: Mapping[str, Callable[[SubmissionSettings], Analyser]] = {
    "local": lambda given: LocalAnalyser(read_house(given.people_file, given.dkim_keys)),
    "rspamd": lambda given: RspamdAnalyser(given.rspamd_url, given.rspamd_password.get_secret_value()),
    "spamassassin": lambda given: SpamAssassinAnalyser(given.spamd_url),
    "http": lambda given: ServiceAnalyser(given.http_analyser_url, given.http_analyser_secret.get_secret_value()),
    "graph": GraphAnalyser,
    "stub": lambda _: StubAnalyser(),
}


def build(room: Room) -> Parts:
    """Put submission together."""
    app = service_app("submission", VERSION, ready=room.ready)
    if "http" in room.settings.analysers:
        app.include_router(Callbacks(room, room.settings.http_analyser_secret.get_secret_value()).router())
    panel = Panel([MAKERS[name](room.settings) for name in room.settings.analysers], room.settings)
    return Parts(
        app=app,
        port=room.settings.submission_port,
        on={
            SubmissionRequested: On(Requests(room.settings).on_submission_requested, foresee=foresee),
            CaseDecided: On(on_case_decided),
            ErasureRequested: On(on_erasure_requested),
        },
        jobs=[
            Job("analyse due", 1, AnalyseDue(room, panel), wake=room.database.wake_on_commit()),
            forgetting(room, forget),
        ],
        recalls=RECALLS,
    )


SERVICE = Service(CONTRACT, SubmissionSettings, METADATA, build)

if __name__ == "__main__":
    raise SystemExit(serve(SERVICE))
