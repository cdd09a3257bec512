"""Local accounts, sessions and the audit, over HTTP: for admins."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from services.console.http.desk import Desk
from services.console.http.guard import Asking
from services.console.http.people import Name
from services.console.rules.access import Role
from shared.web import Problem


class NewOperator(BaseModel):
    """An account to make."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    role: Role = "analyst"


class NewRole(BaseModel):
    """Another role."""

    model_config = ConfigDict(extra="forbid")

    role: Role


class OperatorView(BaseModel):
    """An account."""

    name: str
    role: Role
    created_at: datetime
    created_by: str
    changed_at: datetime = Field(description="when its password was set")


class Password(BaseModel):
    """A password that was made just now."""

    name: str
    password: str = Field(description="it is told this once")


class OperatorList(BaseModel):
    """Every account."""

    items: list[OperatorView]


class SessionView(BaseModel):
    """A browser that is signed in."""

    id: str
    name: str
    role: Role
    via: str
    address: str
    opened_at: datetime
    seen_at: datetime
    ends_at: datetime


class SessionList(BaseModel):
    """Every open session, the newest first."""

    items: list[SessionView]


class EntryView(BaseModel):
    """An audit entry; `hash` is over all others and the `previous` one."""

    seq: int
    at: datetime
    name: str
    role: str
    via: str
    address: str
    act: str
    about: str
    detail: dict[str, Any]
    previous: str
    hash: str


class EntryPage(BaseModel):
    """Entries, the newest first."""

    items: list[EntryView]
    next: str = Field(description="the cursor of the next page; empty: there is none")


class ProofView(BaseModel):
    """What came of verifying the audit."""

    entries: int
    head: str = Field(description="the last hash that fits; note it elsewhere, and ask for it later")
    broken_at: int = Field(description="the first entry that does not fit; 0: all do")
    has_noted: bool = Field(description="whether the noted hash is still in the chain")
    is_whole: bool


Limit = Annotated[int, Query(ge=1, le=500)]
Word = Annotated[str, Query(max_length=300)]


class Accounts:
    """The routes."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._access = desk, desk.access

    def router(self) -> APIRouter:
        """All of them."""
        router, admin, gone = self._desk.router(), self._desk.behind("admin"), HTTPStatus.NO_CONTENT
        one = "/operators/{name}"
        router.add_api_route("/operators", self.operators, methods=["GET"], dependencies=admin)
        router.add_api_route("/operators", self.make, methods=["POST"], status_code=201, dependencies=admin)
        router.add_api_route(one, self.set_role, methods=["PATCH"], status_code=gone, dependencies=admin)
        router.add_api_route(one, self.remove, methods=["DELETE"], status_code=gone, dependencies=admin)
        router.add_api_route(f"{one}/reset", self.reset, methods=["POST"], dependencies=admin)
        router.add_api_route("/sessions", self.sessions, methods=["GET"], dependencies=admin)
        router.add_api_route(
            "/sessions/{session_id}", self.end_session, methods=["DELETE"], status_code=gone, dependencies=admin
        )
        router.add_api_route("/audit", self.audit, methods=["GET"], dependencies=admin)
        router.add_api_route("/audit/verify", self.verify, methods=["GET"], dependencies=admin)
        return router

    async def operators(self) -> OperatorList:
        """Every account."""
        rows = await self._access.operators.all()
        return OperatorList(items=[OperatorView.model_validate(row, from_attributes=True) for row in rows])

    async def make(self, wanted: NewOperator, person: Asking) -> Password:
        """Make an account. Its password is in the answer and kept nowhere."""
        await self._desk.acts.note(person, "operator.added", wanted.name, role=wanted.role)
        password = await self._access.operators.add(wanted.name, wanted.role, person.name)
        return Password(name=wanted.name, password=password)

    async def set_role(self, name: Name, wanted: NewRole, person: Asking) -> None:
        """Give an account another role; its sessions end."""
        await self._desk.acts.note(person, "operator.changed", name, role=wanted.role)
        try:
            await self._access.operators.set_role(name, wanted.role)
        except LookupError:
            raise _no_operator() from None

    async def reset(self, name: Name, person: Asking) -> Password:
        """Give an account a new password; its sessions end."""
        await self._desk.acts.note(person, "operator.reset", name)
        try:
            return Password(name=name, password=await self._access.operators.reset(name))
        except LookupError:
            raise _no_operator() from None

    async def remove(self, name: Name, person: Asking) -> None:
        """Take an account away; its sessions end."""
        await self._desk.acts.note(person, "operator.removed", name)
        try:
            await self._access.operators.remove(name)
        except LookupError:
            raise _no_operator() from None

    async def sessions(self) -> SessionList:
        """Every open session."""
        rows = await self._access.sessions.all()
        return SessionList(items=[SessionView.model_validate(row, from_attributes=True) for row in rows])

    async def end_session(self, session_id: str, person: Asking) -> None:
        """End a session, wherever its cookie is."""
        await self._desk.acts.note(person, "session.ended", session_id)
        if not await self._access.sessions.end(session_id):
            raise Problem(HTTPStatus.NOT_FOUND, "no such session", "it may have ended")

    async def audit(
        self,
        limit: Limit = 100,
        before: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
        name: Word = "",
        about: Word = "",
        act: Word = "",
    ) -> EntryPage:
        """What was done, the newest first, of everybody or one, about everything or one thing."""
        rows = await self._access.audit.newest(limit, before, name=name, about=about, act=act)
        items = [EntryView.model_validate(row, from_attributes=True) for row in rows]
        return EntryPage(items=items, next=str(rows[-1].seq) if len(rows) == limit else "")

    async def verify(self, head: Annotated[str, Query(max_length=64)] = "") -> ProofView:
        """Whether no entry was changed, taken out or put in; `head`: and whether a hash that was noted is still in the chain."""
        proof = await self._access.audit.verify(head)
        return ProofView.model_validate(
            {
                "is_whole": proof.broken_at == 0 and proof.has_noted,
                **{name: getattr(proof, name) for name in proof.__slots__},
            }
        )


def _no_operator() -> Problem:
    return Problem(HTTPStatus.NOT_FOUND, "no such operator", "`longstop operator list` shows them")
