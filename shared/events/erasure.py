"""Erasure: a person's mails are to be forgotten."""

from datetime import datetime
from typing import ClassVar

from shared.events.base import Event


class ErasureRequested(Event):
    """What a person reported, received or sent is erased: raw mails by ingest, facts by everybody who has some."""

    STREAM: ClassVar = "erasure.requested.v1"

    erasure_id: str
    address: str
    requested_at: datetime

    def key(self) -> tuple[object, ...]:
        return (self.erasure_id,)
