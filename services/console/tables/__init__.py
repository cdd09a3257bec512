"""The rows of the console: a read model made of events only.

Every row of a list has a text `id` and a moment `at` (the first that is known of it), so that one cursor serves all lists. A
row may exist before the event that describes it: what is not known yet is empty.
"""

from services.console.tables.entries import Block, Copy, Held, Notification
from services.console.tables.lines import Activity, Count, count, count_key, move
from services.console.tables.purges import Purge, PurgeBox
from services.console.tables.reports import Case, Failure, Report, Reporter, Verdict
from services.console.tables.rows import METADATA, Row, row_of
from services.console.tables.texts import HeldText, ReportText, searchable

__all__ = [
    "METADATA",
    "Activity",
    "Block",
    "Case",
    "Copy",
    "Count",
    "Failure",
    "Held",
    "HeldText",
    "Notification",
    "Purge",
    "PurgeBox",
    "Report",
    "ReportText",
    "Reporter",
    "Row",
    "Verdict",
    "count",
    "count_key",
    "move",
    "row_of",
    "searchable",
]
