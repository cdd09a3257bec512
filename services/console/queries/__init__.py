"""What pages and the API ask of the read model."""

from services.console.queries.counters import Badges, badges, series, standing, stats
from services.console.queries.lists import case_story, merged_into, newest, newest_activity, page_of

__all__ = [
    "Badges",
    "badges",
    "case_story",
    "merged_into",
    "newest",
    "newest_activity",
    "page_of",
    "series",
    "standing",
    "stats",
]
