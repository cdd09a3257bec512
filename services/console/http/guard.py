"""Who is there: an API token in a header, or a session that a person opened with it."""

import hashlib
import hmac
import time
from collections import deque
from http import HTTPStatus

from fastapi import Request
from itsdangerous import BadData, URLSafeTimedSerializer

from shared.settings import Settings
from shared.web import Problem

COOKIE = "longstop_session"

#: How long a session lasts, in seconds.
SESSION_MAX_AGE_S = 12 * 3600

#: Wrong tokens of one client in a minute, and clients remembered.
WRONG_MAX, CLIENTS_MAX = 10, 10_000


class Guard:
    """Lets in who knows the token."""

    def __init__(self, settings: Settings) -> None:
        self._token = settings.bearer_token()
        keys = list(reversed(settings.secret_keys()))
        self._signer = URLSafeTimedSerializer(keys, salt=f"longstop.console.session.{hash_of(self._token)}")
        self._wrong: dict[str, deque[float]] = {}

    def __call__(self, request: Request) -> None:
        """A dependency of every route.

        Raises:
            Problem: 401 nobody is there; 403 a foreign site sends what only we may send.
        """
        if self._has_token(request):
            return
        if not self._has_session(request):
            raise Problem(
                HTTPStatus.UNAUTHORIZED,
                "sign in",
                "open /sign-in, or send the header Authorization: Bearer TOKEN",
                {"WWW-Authenticate": "Bearer"},
            )
        if request.method not in ("GET", "HEAD") and request.headers.get("sec-fetch-site") != "same-origin":
            origin = request.headers.get("origin", "")
            if origin.partition("://")[2] != request.headers.get("host", ""):
                raise Problem(HTTPStatus.FORBIDDEN, "not from another site", "use the console's own pages")

    def is_token(self, request: Request, given: str) -> bool:
        """Whether a person typed the token; slow for who guesses.

        Raises:
            Problem: 429 after too many wrong ones.
        """
        client = request.client.host if request.client else ""
        if len(self._wrong) > CLIENTS_MAX:
            self._wrong.clear()
        wrong = self._wrong.setdefault(client, deque(maxlen=WRONG_MAX))
        if len(wrong) == WRONG_MAX and time.monotonic() - wrong[0] < 60:
            raise Problem(HTTPStatus.TOO_MANY_REQUESTS, "too many wrong tokens", "wait a minute", {"Retry-After": "60"})
        if hmac.compare_digest(given.strip().encode(), self._token.encode()):
            return True
        wrong.append(time.monotonic())
        return False

    def session(self) -> str:
        """The cookie of a new session."""
        return str(self._signer.dumps("operator"))

    def _has_token(self, request: Request) -> bool:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), self._token.encode())

    def _has_session(self, request: Request) -> bool:
        try:
            return bool(
                self._signer.loads(request.cookies.get(COOKIE, "")[:500], max_age=SESSION_MAX_AGE_S) == "operator"
            )
        except BadData:
            return False


def hash_of(token: str) -> str:
    """A token's fingerprint: a new token ends all sessions."""
    return hashlib.sha256(token.encode()).hexdigest()[:16]
