"""A service's place on the bus as data: what it reads and what it writes. Documentation and tests are made from it."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.events import Event


@dataclass(frozen=True, slots=True)
class Contract:
    """The events that a service reads (its consumer group is `name`) and writes.

    `doors` are those of them that anybody may publish; their reader looks after their streams.
    """

    name: str
    reads: Sequence[type[Event]]
    writes: Sequence[type[Event]]
    doors: Sequence[type[Event]] = ()
