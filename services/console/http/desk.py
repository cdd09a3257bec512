"""What routes are built from."""

from dataclasses import dataclass

from fastapi import APIRouter
from fastapi.params import Depends as DependsParam

from services.console.access import Access
from services.console.http.acts import Acts
from services.console.http.answers import Answering
from services.console.http.guard import Guard
from services.console.http.once import Once
from services.console.http.views import Views
from services.console.rules.access import Role
from shared.run import Room
from shared.web import PROBLEMS


@dataclass(frozen=True, slots=True)
class Desk:
    """Where the routes work: `guard` stands before each, `acts` is how they change anything, `views` how they show it."""

    room: Room
    access: Access
    guard: Guard
    acts: Acts
    views: Views
    once: Once

    def behind(self, role: Role = "viewer") -> list[DependsParam]:
        """What stands before a route that looks, or whose answer is a secret that must not be remembered."""
        return [self.guard.requires(role)]

    def act(self, role: Role = "analyst") -> list[DependsParam]:
        """What stands before a route of the API that acts."""
        return [self.guard.requires(role), DependsParam(self.once)]

    def router(self, path: str = "") -> APIRouter:
        """A router of the API."""
        return APIRouter(prefix=f"/v1{path}", route_class=Answering, responses=PROBLEMS)


def desk_of(room: Room, access: Access) -> Desk:
    """The desk of a console."""
    return Desk(room, access, Guard(room.settings, access), Acts(room, access), Views(), Once(access.database))
