"""API tokens: `lst_ID_SECRET`, of which only a hash is kept."""

import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import col, select

from services.console.access.tables import Token
from services.console.rules.access import Role, fingerprint
from shared.work import Database, Work, now

#: Tokens that may be there, revoked ones included.
TOKENS_MAX = 1_000

#: The last use is written down to the minute: a write for every request would cost more than it tells.
USED_EVERY = timedelta(minutes=1)

PREFIX = "lst_"


class TooManyError(Exception):
    """There are as many tokens as may be."""


class Tokens:
    """Made, found by their secret, revoked."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(
        self, name: str, role: Role, kinds: Sequence[str], expires_at: datetime | None, by: str
    ) -> tuple[Token, str]:
        """Make a token; its row, and the text that is shown this once.

        Raises:
            TooManyError: revoke some first.
        """
        token_id, secret = secrets.token_hex(4), secrets.token_urlsafe(32)

        def make(work: Work) -> Token:
            if len(work.session.exec(select(Token.id).limit(TOKENS_MAX)).all()) >= TOKENS_MAX:
                raise TooManyError
            token = Token(
                id=token_id,
                secret_hash=fingerprint(secret),
                name=name,
                role=role,
                kinds=list(kinds),
                created_at=work.at,
                created_by=by,
                expires_at=expires_at,
            )
            work.session.add(token)
            return token

        return await self._database.run(make, quiet=True), f"{PREFIX}{token_id}_{secret}"

    async def find(self, given: str) -> Token | None:
        """The token that this text is, when it is good now; its use is written down."""
        token_id, _, secret = given.removeprefix(PREFIX).partition("_")
        if not given.startswith(PREFIX) or len(given) > 100:
            return None
        found = await self._database.look(lambda session: session.get(Token, token_id))
        if (
            found is None
            or not hmac.compare_digest(found.secret_hash, fingerprint(secret))
            or not is_good(found, now())
        ):
            return None
        if found.used_at is None or now() - found.used_at > USED_EVERY:
            await self._database.run(lambda work: _used(token_id, work), quiet=True)
        return found

    async def is_good(self, token_id: str) -> bool:
        """Whether a token of this id is good now."""
        found = await self._database.look(lambda session: session.get(Token, token_id))
        return found is not None and is_good(found, now())

    async def revoke(self, token_id: str) -> bool:
        """End a token; whether there is one of this id."""

        def end(work: Work) -> bool:
            found = work.session.get(Token, token_id)
            if found is not None:
                found.revoked_at = found.revoked_at or work.at
            return found is not None

        return await self._database.run(end, quiet=True)

    async def all(self) -> list[Token]:
        """Every token, the newest first."""
        newest = select(Token).order_by(col(Token.created_at).desc(), col(Token.id))
        return await self._database.look(lambda session: list(session.exec(newest)))


def is_good(token: Token, at: datetime) -> bool:
    """Whether a token may be used at a time."""
    return token.revoked_at is None and (token.expires_at is None or at < token.expires_at)


def _used(token_id: str, work: Work) -> None:
    found = work.session.get(Token, token_id)
    if found is not None:
        found.used_at = work.at
