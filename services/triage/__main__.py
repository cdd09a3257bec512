"""Wiring of triage: `longstop serve triage`."""

from services.triage.answers.jobs import SendAnswers
from services.triage.contract import CONTRACT
from services.triage.forget import forget, on_erasure_requested
from services.triage.handlers import foresee_reports, foresee_verdicts, on_report_received, on_verdict_issued
from services.triage.jobs import TellTheRest
from services.triage.recall import RECALLS
from services.triage.settings import TriageSettings
from services.triage.tables import METADATA
from shared.bus import On
from shared.events import ErasureRequested, ReportReceived, VerdictIssued
from shared.forgetting import forgetting
from shared.jobs import Job
from shared.outgoing import postman_of
from shared.run import VERSION, Parts, Room, Service, serve
from shared.web import service_app


def build(room: Room) -> Parts:
    """Put triage together."""
    return Parts(
        app=service_app("triage", VERSION, ready=room.ready),
        port=room.settings.triage_port,
        on={
            ReportReceived: On(on_report_received, foresee=foresee_reports),
            VerdictIssued: On(on_verdict_issued, foresee=foresee_verdicts),
            ErasureRequested: On(on_erasure_requested),
        },
        jobs=[
            Job("tell the rest", 5, TellTheRest(room), wake=room.database.wake_on_commit()),
            *_answers(room),
            forgetting(room, forget),
        ],
        recalls=RECALLS,
    )


def _answers(room: Room) -> list[Job]:
    """The job that answers reporters, when they are answered."""
    if room.settings.answers == "off":
        return []
    return [Job("send answers", 1, SendAnswers(room, postman_of(room.settings)))]


SERVICE = Service(CONTRACT, TriageSettings, METADATA, build)

if __name__ == "__main__":
    raise SystemExit(serve(SERVICE))
