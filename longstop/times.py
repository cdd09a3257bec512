"""Times as people give them to commands."""

import re
from datetime import datetime, timedelta

import typer

_AGO = re.compile(r"(\d{1,6})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def moment_of(text: str, at: datetime, *, or_else: str = "") -> datetime:
    """The moment that is meant, as seen from `at`: RFC 3339 (the local zone when it names none), or `10m`, `2h`, `1d` ago.

    Raises:
        typer.BadParameter: it is none of these; `or_else` says what else may be given.
    """
    try:
        if ago := _AGO.fullmatch(text):
            return at - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"give a time such as 2026-11-23T10:00:00Z or 10m{or_else}") from None
    return moment if moment.tzinfo else moment.astimezone()
