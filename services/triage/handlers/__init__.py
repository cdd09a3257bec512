"""How triage reacts: a report finds its case, a verdict finds its reports, an operator has the last word."""

from services.triage.handlers.operators import on_case_decided, on_case_edited
from services.triage.handlers.reports import Reports
from services.triage.handlers.verdicts import foresee_verdicts, on_verdict_issued

__all__ = [
    "Reports",
    "foresee_verdicts",
    "on_case_decided",
    "on_case_edited",
    "on_verdict_issued",
]
