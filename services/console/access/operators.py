"""Local accounts, for who has no identity provider."""

from sqlmodel import col, select

from services.console.access.passwords import hashed, is_right, new_password
from services.console.access.tables import Operator, SessionRow
from services.console.rules.access import Role
from shared.errors import Reject
from shared.work import Database, Work, now

#: The account that is made when there is none.
FIRST = "admin"


class Operators:
    """Accounts with a password and a role."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def make_first(self) -> str:
        """Make the first account when there is none yet; its password, or nothing when there was one."""
        if await self.all():
            return ""
        password = new_password()
        stored = await hashed(password)

        def make(work: Work) -> bool:
            if work.session.exec(select(Operator.name).limit(1)).first():
                return False
            work.session.add(_operator(FIRST, "admin", stored, "longstop", work))
            return True

        return password if await self._database.run(make, quiet=True) else ""

    async def check(self, name: str, password: str) -> Operator | None:
        """The account whose name and password these are."""
        found = await self._database.look(lambda session: session.get(Operator, name))
        return found if await is_right(password, found.password if found else "") else None

    async def add(self, name: str, role: Role, by: str) -> str:
        """Make an account; its password.

        Raises:
            Reject: the name is taken.
        """
        password = new_password()
        stored = await hashed(password)

        def make(work: Work) -> None:
            if work.session.get(Operator, name):
                raise Reject(f"there is an operator {name} already: `longstop operator reset` makes a new password")
            work.session.add(_operator(name, role, stored, by, work))

        await self._database.run(make, quiet=True)
        return password

    async def reset(self, name: str) -> str:
        """Give an account a new password and end its sessions.

        Raises:
            LookupError: there is no such account.
        """
        password = new_password()
        await self.set_password(name, password)
        return password

    async def set_password(self, name: str, password: str, keep: str = "") -> None:
        """Set a password and end the account's sessions but the one to `keep`.

        Raises:
            LookupError: there is no such account.
        """
        stored = await hashed(password)

        def change(work: Work) -> None:
            found = work.session.get(Operator, name)
            if found is None:
                raise LookupError(name)
            found.password, found.changed_at = stored, work.at
            _end_sessions(name, keep, work)

        await self._database.run(change, quiet=True)

    async def set_role(self, name: str, role: Role) -> None:
        """Give an account another role; its sessions end.

        Raises:
            LookupError: there is no such account.
            Reject: nobody would be left who may give roles.
        """

        def change(work: Work) -> None:
            found = work.session.get(Operator, name)
            if found is None:
                raise LookupError(name)
            if found.role == "admin" and role != "admin":
                _another_admin(name, work)
            found.role = role
            _end_sessions(name, "", work)

        await self._database.run(change, quiet=True)

    async def remove(self, name: str) -> None:
        """Take an account away; its sessions end.

        Raises:
            LookupError: there is no such account.
            Reject: nobody would be left who may give roles.
        """

        def take(work: Work) -> None:
            found = work.session.get(Operator, name)
            if found is None:
                raise LookupError(name)
            if found.role == "admin":
                _another_admin(name, work)
            work.session.delete(found)
            _end_sessions(name, "", work)

        await self._database.run(take, quiet=True)

    async def all(self) -> list[Operator]:
        """Every account, by name."""
        return await self._database.look(lambda session: list(session.exec(select(Operator).order_by(Operator.name))))


def _operator(name: str, role: Role, stored: str, by: str, work: Work) -> Operator:
    return Operator(name=name, role=role, password=stored, created_at=now(), created_by=by, changed_at=work.at)


def _another_admin(name: str, work: Work) -> None:
    others = select(Operator.name).where(Operator.role == "admin", col(Operator.name) != name)
    if not work.session.exec(others.limit(1)).first():
        raise Reject("this is the last admin: make another first")


def _end_sessions(name: str, keep: str, work: Work) -> None:
    theirs = select(SessionRow).where(SessionRow.name == name, SessionRow.via == "password")
    for row in work.session.exec(theirs):
        if row.id != keep:
            work.session.delete(row)
