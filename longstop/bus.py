"""Commands that speak to Redis themselves. Apart from `where`, for the bus takes a second to import, and most commands ask HTTP."""

from redis.asyncio import Redis

from longstop.where import Endpoints
from shared.bus import connect


def redis_of(found: Endpoints) -> Redis:
    """A client of its Redis."""
    return connect(found.redis_url)
