"""What triage does by the clock: telling the rest of a large case its verdict."""

from sqlmodel import col, select

from services.triage.handlers.telling import tell_step
from services.triage.tables import Sample
from shared.run import Room
from shared.work import Work


class TellTheRest:
    """Large cases are told in steps, so that no transaction grows with a campaign."""

    def __init__(self, room: Room) -> None:
        self._database = room.database

    async def __call__(self) -> bool:
        """One step of one case; True while there is more."""
        untold = select(Sample.sha256).where(col(Sample.untold)).limit(1)
        sha256 = await self._database.look(lambda session: session.exec(untold).first())
        if sha256 is None:
            return False
        await self._database.run(lambda work: _step(sha256, work))
        return True


def _step(sha256: str, work: Work) -> None:
    sample = work.get(Sample, sha256)
    sample.untold = tell_step(sample, work)
