"""Dates of header fields (RFC 5322, section 3.3) as RFC 3339 in UTC."""

from datetime import UTC, datetime
from email.utils import mktime_tz, parsedate_tz

from shared.mail.limits import DATE_MAX


def read_date(value: str) -> str:
    """For example `2026-11-23T13:27:11Z`; empty when it cannot be read or lies outside of the years 1 to 9999."""
    try:
        parts = parsedate_tz(value[:DATE_MAX])
        moment = datetime.fromtimestamp(mktime_tz(parts), UTC) if parts else None
    except (ValueError, OverflowError, TypeError, IndexError, OSError):  # what the library lets through of bad numbers
        return ""
    return moment.replace(tzinfo=None).isoformat() + "Z" if moment else ""
