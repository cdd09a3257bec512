"""What people do, as events: written into the audit first, then said."""

from typing import Any
from uuid import uuid4

from services.console.access import Access
from services.console.rules.access import Person
from shared.events import Event, fact_id
from shared.run import Room
from shared.work import Work


class Acts:
    """The one way in which the console acts. A page or route that changes something does it by `say` or `note`."""

    def __init__(self, room: Room, access: Access) -> None:
        self._room = room
        self._audit = access.audit

    def new_id(self, person: Person) -> str:
        """An id for what is asked: of a request with an idempotency key always the same, so that readers drop a repeat."""
        return fact_id("once", person.once) if person.once else str(uuid4())

    async def say(self, person: Person, act: str, about: str, *events: Event, **detail: Any) -> None:
        """Write an act into the audit and say its events, in this order.

        Raises:
            Defer: a database cannot be written now; nothing was said.
        """
        await self.note(person, act, about, **detail)

        def say(work: Work) -> None:
            for event in events:
                work.emit(event)

        await self._room.database.run(say)

    async def note(self, person: Person, act: str, about: str, **detail: Any) -> None:
        """Write an act into the audit that is no event, before it is done.

        Raises:
            Defer: it cannot be written down now.
        """
        await self._audit.add(person, act, about, **detail)
