"""Wiring of triage: `longstop serve triage`."""

from services.triage.answers.jobs import SendAnswers
from services.triage.contract import CONTRACT
from services.triage.forget import forget, on_erasure_requested
from services.triage.handlers import (
    Reports,
    foresee_entries,
    foresee_verdicts,
    on_block_created,
    on_block_hit,
    on_case_decided,
    on_case_edited,
    on_verdict_issued,
)
from services.triage.jobs import TellTheRest
from services.triage.recall import RECALLS
from services.triage.rulebook import Rulebook
from services.triage.settings import TriageSettings
from services.triage.tables import METADATA
from shared.bus import On
from shared.events import (
    BlockCreated,
    BlockHit,
    CaseDecided,
    CaseEdited,
    ErasureRequested,
    QuarantineHeld,
    ReportReceived,
    VerdictIssued,
)
from shared.forgetting import forgetting
from shared.jobs import Job
from shared.outgoing import postman_of
from shared.run import VERSION, Parts, Room, Service, serve
from shared.web import service_app


def build(room: Room) -> Parts:
    """Put triage together."""
    rulebook = Rulebook(room.settings.rules_file)
    reports = Reports(rulebook, room.settings.own_domains, room.settings.due_hours)
    return Parts(
        app=service_app("triage", VERSION, ready=room.ready),
        port=room.settings.triage_port,
        on={
            ReportReceived: On(reports.on_report_received, foresee=reports.foresee),
            VerdictIssued: On(on_verdict_issued, foresee=foresee_verdicts),
            QuarantineHeld: On(reports.on_quarantine_held, foresee=reports.foresee_held),
            BlockCreated: On(on_block_created, foresee=foresee_entries),
            BlockHit: On(on_block_hit, foresee=foresee_entries),
            CaseEdited: On(on_case_edited),
            CaseDecided: On(on_case_decided),
            ErasureRequested: On(on_erasure_requested),
        },
        jobs=[
            Job("tell the rest", 5, TellTheRest(room), wake=room.database.wake_on_commit()),
            Job("read rules", 2, rulebook),
            Job("send answers", 1, SendAnswers(room, postman_of(room.settings))),
            forgetting(room, forget),
        ],
        recalls=RECALLS,
    )


SERVICE = Service(CONTRACT, TriageSettings, METADATA, build)

if __name__ == "__main__":
    raise SystemExit(serve(SERVICE))
