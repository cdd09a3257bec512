"""Who may pass a door for programs: bearers of the token (RFC 6750); without one, programs of this machine and no web page."""

import hmac
import ipaddress
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from urllib.parse import urlsplit

from fastapi import Request

from shared.web.answering import Problem


def bearer(token: str) -> Callable[[Request], Awaitable[None]]:
    """A dependency that lets a request in only with this token; with an empty one it lets in the programs of this machine."""

    async def check(request: Request) -> None:  # a plain function would be run in a thread
        if not token:
            return _called_by_its_address(request)
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode()):
            return None
        raise Problem(
            HTTPStatus.UNAUTHORIZED,
            "a token is needed",
            "send the header Authorization: Bearer TOKEN",
            {"WWW-Authenticate": "Bearer"},
        )

    return check


async def same_site(request: Request) -> None:
    """Refuse what a foreign web page makes a browser send to a door that needs no token (Fetch Metadata, or Origin)."""
    site, origin = request.headers.get("sec-fetch-site", "none"), request.headers.get("origin")
    own = (f"http://{request.headers.get('host', '')}", f"https://{request.headers.get('host', '')}")
    if site not in ("none", "same-origin") or (origin is not None and origin not in own):
        raise Problem(HTTPStatus.FORBIDDEN, "not from another site", "this door answers programs, not web pages")


def _called_by_its_address(request: Request) -> None:
    """Refuse a foreign page whose host's name was made to lead here (DNS rebinding): to its browser it is the same site.

    Raises:
        Problem: 421 the door is called by another name than this machine's own.
    """
    try:
        host = urlsplit(f"//{request.headers.get('host', '')}").hostname or "localhost"
        if host != "localhost" and not host.endswith(".localhost"):
            ipaddress.ip_address(host)
    except ValueError:
        raise Problem(
            HTTPStatus.MISDIRECTED_REQUEST,
            "this door is not called so",
            "without a token it answers to localhost and IP addresses only: use one of them, or set LONGSTOP_BIND and LONGSTOP_API_TOKEN",
        ) from None
