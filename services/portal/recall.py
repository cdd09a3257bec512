"""What a replay brings back of what people asked for on these pages."""

from collections.abc import Callable, Mapping
from typing import Any

from services.portal.asking import prefer
from services.portal.tables import Ask
from shared.events import DigestPreferred, Event, QuarantineAsked
from shared.work import Work


def asked(event: QuarantineAsked, work: Work) -> None:
    """A button was pressed. What came of it may have been told already."""
    if work.session.get(Ask, event.ask_id) is None:
        work.session.add(
            Ask(ask_id=event.ask_id, held_id=event.held_id, recipient=event.recipient, act=event.act, asked_at=work.at)
        )


RECALLS: Mapping[type[Event], Callable[[Any, Work], None]] = {QuarantineAsked: asked, DigestPreferred: prefer}
