"""Views that people keep: a page with its filters, under a name of their own."""

from sqlmodel import Field, SQLModel, col, select

from services.console.access.tables import METADATA
from services.console.rules.access import fingerprint
from shared.work import Database, Work

#: Views that one person keeps.
KEPT_MAX = 50


class View(SQLModel, table=True):
    """A view. `query` is what stands behind the page's `?`."""

    metadata = METADATA
    __tablename__ = "access_view"

    id: str = Field(primary_key=True, max_length=64)
    person: str = Field(max_length=120, index=True)
    page: str = Field(max_length=20)
    name: str = Field(max_length=60)
    query: str = Field(max_length=1000)


class Kept:
    """The views of everybody."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, person: str, page: str) -> list[View]:
        """One's views of a page, by name."""
        mine = select(View).where(View.person == person, View.page == page).order_by(col(View.name)).limit(KEPT_MAX)
        return await self._database.look(lambda session: list(session.exec(mine)))

    async def keep(self, person: str, page: str, name: str, query: str) -> bool:
        """Keep a view, in the place of one of the same name; False when there are too many."""

        def write(work: Work) -> bool:
            key = fingerprint(f"{person}\n{page}\n{name}")
            row = work.session.get(View, key)
            if row is None:
                mine = select(View.id).where(View.person == person).limit(KEPT_MAX)
                if len(work.session.exec(mine).all()) >= KEPT_MAX:
                    return False
                row = View(id=key, person=person, page=page, name=name, query=query)
            row.query = query
            work.session.add(row)
            return True

        return await self._database.run(write, quiet=True)

    async def drop(self, person: str, key: str) -> None:
        """Forget one of one's views."""

        def write(work: Work) -> None:
            row = work.session.get(View, key)
            if row is not None and row.person == person:
                work.session.delete(row)

        await self._database.run(write, quiet=True)
