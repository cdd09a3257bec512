"""Wiring of triage: `longstop serve triage`."""

from services.triage.contract import CONTRACT
from services.triage.handlers import foresee_reports, foresee_verdicts, on_report_received, on_verdict_issued
from services.triage.jobs import TellTheRest
from services.triage.settings import TriageSettings
from services.triage.tables import METADATA
from shared.bus import On
from shared.events import ReportReceived, VerdictIssued
from shared.jobs import Job
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
        },
        jobs=[Job("tell the rest", 5, TellTheRest(room), wake=room.database.wake_on_commit())],
    )


SERVICE = Service(CONTRACT, TriageSettings, METADATA, build)

if __name__ == "__main__":
    raise SystemExit(serve(SERVICE))
