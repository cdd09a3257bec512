"""The bus: Redis streams through FastStream, read in batches with one transaction and one acknowledgement each."""

from shared.bus.client import connect
from shared.bus.entries import DEAD_STREAM, Delivery, Unreadable, dead_letter, read_entry
from shared.bus.reader import Bus, Handle, On

__all__ = ["DEAD_STREAM", "Bus", "Delivery", "Handle", "On", "Unreadable", "connect", "dead_letter", "read_entry"]
