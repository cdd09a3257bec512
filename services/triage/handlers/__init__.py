"""How triage reacts: a report finds its case, a verdict finds its reports."""

from services.triage.handlers.reports import foresee_reports, on_report_received
from services.triage.handlers.verdicts import foresee_verdicts, on_verdict_issued

__all__ = ["foresee_reports", "foresee_verdicts", "on_report_received", "on_verdict_issued"]
