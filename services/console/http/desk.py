"""What routes are built from."""

from dataclasses import dataclass

from services.console.access import Access
from services.console.http.acts import Acts
from services.console.http.guard import Guard
from services.console.http.views import Views
from shared.run import Room


@dataclass(frozen=True, slots=True)
class Desk:
    """Where the routes work: `guard` stands before each, `acts` is how they change anything, `views` how they show it."""

    room: Room
    access: Access
    guard: Guard
    acts: Acts
    views: Views


def desk_of(room: Room, access: Access) -> Desk:
    """The desk of a console."""
    return Desk(room, access, Guard(room.settings, access), Acts(room, access), Views())
