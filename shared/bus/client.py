"""Clients of Redis: one for sending, and a patient one for the readers of FastStream."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, cast

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from shared.bus.urls import make_pool
from shared.health import Health
from shared.log import Complaint
from shared.metrics import READER_WAITING

#: Longest wait for any answer, in seconds; longer than the longest blocking read.
SOCKET_TIMEOUT_S = 5.0

#: Longest wait between reads that fail, in seconds.
PATIENCE_MAX_S = 5.0

#: RESP2: FastStream iterates over the pairs of a read, which RESP3 answers as a map. What fails is repeated by us alone.
OPTIONS: dict[str, Any] = {
    "protocol": 2,
    "socket_timeout": SOCKET_TIMEOUT_S,
    "socket_connect_timeout": SOCKET_TIMEOUT_S,
    "retry": Retry(NoBackoff(), 0),
}


def connect(url: str) -> Redis:
    """A client for commands. It never repeats one by itself: a repeated XADD is a second entry, and the relay retries.

    Raises:
        ValueError: the URL is wrong; the text says what is allowed.
    """
    return Redis.from_pool(make_pool(url, OPTIONS))


def connect_patiently(url: str, service: str, health: Health) -> "PatientRedis":
    """A client for the reader of a service.

    Raises:
        ValueError: the URL is wrong; the text says what is allowed.
    """
    client = cast("PatientRedis", PatientRedis.from_pool(make_pool(url, OPTIONS)))
    client.service, client.health, client.complaint = service, health, Complaint()
    return client


class PatientRedis(Redis):
    """A client whose group reads do not raise: FastStream ends the app on a lost group and spins on other errors.

    A lost group is made again at 0, so that nothing published meanwhile is skipped; on any other trouble the read waits
    with growing delay, complains once a minute, and answers that there is nothing yet.
    """

    service = ""
    health: Health
    rest_s: Mapping[str, Callable[[], float]] = MappingProxyType({})
    _wait_s = 0.1
    complaint: Complaint

    async def xreadgroup(self, groupname: Any, consumername: Any, streams: Any, *args: Any, **kwargs: Any) -> Any:
        """Read, or wait and answer nothing. A stream whose reader rests is not read; then, for a try, one entry of it."""
        for stream in streams:
            if (rest := self.rest_s.get(stream)) and (seconds := rest()):
                await asyncio.sleep(min(seconds, 1.0))
                return []
        try:
            answer = await super().xreadgroup(groupname, consumername, streams, *args, **kwargs)
        except ResponseError as error:
            if "NOGROUP" not in str(error):
                return await self._be_patient(error, streams)
            try:
                await create_groups(self, groupname, streams)
            except (RedisError, OSError) as trouble:
                return await self._be_patient(trouble, streams)
            return []
        except (RedisError, OSError) as error:
            return await self._be_patient(error, streams)
        self._wait_s = 0.1
        READER_WAITING.labels(self.service).set(0)
        for stream in streams:
            self.health.over(f"reader of {stream}")
        return answer

    async def _be_patient(self, error: Exception, streams: Iterable[str]) -> list[Any]:
        READER_WAITING.labels(self.service).set(1)
        reason = str(error) or type(error).__name__
        for stream in streams:
            self.health.tell(f"reader of {stream}", f"streams cannot be read: {reason}")
        if self.complaint.is_due():
            structlog.stdlib.get_logger("bus").warning("reader waits", service=self.service, reason=reason)
        await asyncio.sleep(self._wait_s)
        self._wait_s = min(self._wait_s * 2, PATIENCE_MAX_S)
        return []


async def create_groups(redis: Redis, group: str, streams: Any) -> None:
    """Make the group at 0 on each stream, so that what was published before the reader's first start is read too."""
    for stream in streams:
        try:
            await redis.xgroup_create(stream, group, id="0", mkstream=True)
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise
