"""How triage reacts: a report finds its case, a verdict finds its reports, an operator has the last word."""

from services.triage.handlers.operators import on_case_decided, on_case_edited
from services.triage.handlers.reports import Reports
from services.triage.handlers.spread import foresee_entries, on_block_created, on_block_hit
from services.triage.handlers.verdicts import foresee_verdicts, on_verdict_issued

__all__ = [
    "Reports",
    "foresee_entries",
    "foresee_verdicts",
    "on_block_created",
    "on_block_hit",
    "on_case_decided",
    "on_case_edited",
    "on_verdict_issued",
]
