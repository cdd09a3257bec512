"""`longstop block`: block and allow entries, through the block list's own API."""

from longstop.commands.block import ending, entries, lists
from longstop.commands.block.api import app

__all__ = ["app", "ending", "entries", "lists"]
