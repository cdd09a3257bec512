"""How the console reacts: every event becomes rows of the read model and one line of activity, in any order."""

from services.console.handlers.blocks import (
    on_block_created,
    on_block_expired,
    on_block_hit,
    on_block_imported,
    on_block_refused,
    on_block_removed,
)
from services.console.handlers.cases import on_case_decided, on_case_edited
from services.console.handlers.quarantine import (
    on_notification_sent,
    on_quarantine_deleted,
    on_quarantine_expired,
    on_quarantine_held,
    on_quarantine_release_failed,
    on_quarantine_released,
    on_release_decided,
    on_release_requested,
)
from services.console.handlers.reports import (
    on_case_closed,
    on_case_joined,
    on_case_opened,
    on_case_triaged,
    on_report_received,
    on_report_rejected,
    on_report_resolved,
    on_submission_failed,
    on_submission_requested,
    on_verdict_issued,
)

__all__ = [
    "on_block_created",
    "on_block_expired",
    "on_block_hit",
    "on_block_imported",
    "on_block_refused",
    "on_block_removed",
    "on_case_closed",
    "on_case_decided",
    "on_case_edited",
    "on_case_joined",
    "on_case_opened",
    "on_case_triaged",
    "on_notification_sent",
    "on_quarantine_deleted",
    "on_quarantine_expired",
    "on_quarantine_held",
    "on_quarantine_release_failed",
    "on_quarantine_released",
    "on_release_decided",
    "on_release_requested",
    "on_report_received",
    "on_report_rejected",
    "on_report_resolved",
    "on_submission_failed",
    "on_submission_requested",
    "on_verdict_issued",
]
