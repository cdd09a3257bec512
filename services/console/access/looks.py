"""Looking at a mail's body in two steps: say why, then look, for a short while; both are in the audit."""

from datetime import datetime, timedelta

from services.console.access.audit import append
from services.console.access.tables import Look
from services.console.rules.access import Person, fingerprint
from shared.work import Database, Work, now

#: How long one may look after saying why.
LASTS = timedelta(minutes=10)


class Looks:
    """Grants for one person and one mail."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def grant(self, person: Person, sha256: str, reason: str) -> datetime:
        """Let a person look at a mail; until when.

        Raises:
            Defer: it cannot be written down now.
        """

        def make(work: Work) -> datetime:
            key, ends_at = _key(person, sha256), work.at + LASTS
            row = work.session.get(Look, key) or Look(
                id=key, person=person.name, sha256=sha256, reason="", ends_at=ends_at
            )
            row.reason, row.ends_at = reason, ends_at
            work.session.add(row)
            append(person, "body.asked", sha256, {"reason": reason}, work)
            return ends_at

        return await self._database.run(make, quiet=True)

    async def use(self, person: Person, sha256: str, how: str) -> bool:
        """Whether the person may look now; a look that may be is written down before it is had."""

        def take(work: Work) -> bool:
            row = work.session.get(Look, _key(person, sha256))
            if row is None or row.ends_at <= work.at:
                return False
            append(person, "body.looked", sha256, {"reason": row.reason, "how": how}, work)
            return True

        return await self._database.run(take, quiet=True)

    async def until(self, person: Person, sha256: str) -> datetime | None:
        """Until when the person may look; None when they may not."""
        row = await self._database.look(lambda session: session.get(Look, _key(person, sha256)))
        return row.ends_at if row and row.ends_at > now() else None


def _key(person: Person, sha256: str) -> str:
    return fingerprint(f"{person.via}\n{person.name}\n{sha256}")
