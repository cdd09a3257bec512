"""The keeper of a service: looks after the streams it writes and reads, and after its inbox and outbox.

Every few seconds: outbox rows that every reader has acknowledged are confirmed; rows whose entry has vanished before that
are published again; streams are trimmed behind their slowest reader; old receipts and rows are forgotten; and what an
operator wants to see is measured.
"""

from shared.keeper.keeper import Keeper

__all__ = ["Keeper"]
