"""The maps as text over HTTP, for gateways that read neither Redis nor speak milter: a value a line.

Rspamd asks with If-None-Match and If-Modified-Since and plans its next look by Expires (measured with 3.4 and 4.1.5). It
looks every six seconds at best, so a map is never as fast as the hash in Redis.
"""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from http import HTTPStatus
from typing import Annotated, cast

from fastapi import Path, Request, Response
from sqlmodel import Session

from services.blocklist.finding import MAPS, map_changed_at, map_lines, zone_entries
from services.blocklist.rules.zones import ZONES, ZoneName, zone
from shared.web import Problem
from shared.work import Database, now

#: How long a reader may keep a map, in seconds.
FRESH_S = 5

#: The version of a map that never had an entry.
NEVER = datetime(2000, 1, 1, tzinfo=UTC)

#: Every name that is answered.
NAMES = (*MAPS, *ZONES)


class MapDoor:
    """Answers with a map, or that it has not changed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(
        self, name: Annotated[str, Path(description=f"one of {', '.join(NAMES)}", max_length=40)], request: Request
    ) -> Response:
        """Everything of one kind that is blocked for everybody, a value a line, or as a zone for a name server."""
        if name not in NAMES:
            raise Problem(HTTPStatus.NOT_FOUND, "there is no such map", f"those that there are: {', '.join(NAMES)}")
        at = now()

        def look(session: Session) -> Response:
            changed_at = map_changed_at(session, name) or NEVER
            headers = {
                "ETag": f'"{name}-{changed_at.isoformat()}"',
                "Last-Modified": format_datetime(_last_modified(changed_at, at), usegmt=True),
                "Expires": format_datetime(at + timedelta(seconds=FRESH_S), usegmt=True),
            }
            if _is_known(request, headers["ETag"], changed_at):
                return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
            return Response(text_of(session, name), headers=headers, media_type="text/plain")

        return await self._database.look(look)


def text_of(session: Session, name: str) -> str:
    """A map, a value a line, or a zone."""
    if name in ZONES:
        changed_at = map_changed_at(session, name) or NEVER
        lines = zone(cast("ZoneName", name), zone_entries(session, name), changed_at=changed_at)
    else:
        lines = iter(map_lines(session, name))
    return "".join(f"{line}\n" for line in lines)


def _last_modified(changed_at: datetime, at: datetime) -> datetime:
    """The second of the last change; the one before it while that second runs, for more changes may come in it."""
    second = changed_at.replace(microsecond=0)
    return second if second < at.replace(microsecond=0) else second - timedelta(seconds=1)


def _is_known(request: Request, etag: str, changed_at: datetime) -> bool:
    """Whether the reader has this version (RFC 9110, section 13.2.2: the tag counts before the date)."""
    if tags := request.headers.get("if-none-match"):
        return etag in {tag.strip().removeprefix("W/") for tag in tags.split(",")} or tags.strip() == "*"
    try:
        since = parsedate_to_datetime(request.headers.get("if-modified-since", ""))
    except (ValueError, OverflowError):
        return False
    return changed_at.replace(microsecond=0) <= (since if since.tzinfo else since.replace(tzinfo=UTC))
