"""FastStream's broker, on a client of ours: one place knows how Redis is reached, and reads are patient."""

from typing import Any

from faststream.redis import RedisBroker
from faststream.redis.configs.state import RedisConnectionState

from shared.bus.client import PatientRedis, connect_patiently
from shared.health import Health
from shared.settings import Settings

#: How long a stop waits for batches in flight, in seconds.
DRAIN_MAX_S = 15.0


def make_broker(settings: Settings, service: str, health: Health) -> Any:  # FastStream types the client by its protocol
    """The broker of one service.

    Raises:
        ValueError: LONGSTOP_REDIS_URL is wrong.
    """
    kind = type("Broker", (_Broker,), {"client": connect_patiently(settings.redis_url, service, health)})
    return kind(apply_types=False, logger=None, graceful_timeout=DRAIN_MAX_S)


class _Connection(RedisConnectionState):
    """FastStream's connection with our client in it."""

    def __init__(self, client: PatientRedis) -> None:
        super().__init__()
        self._patient = client

    async def connect(self) -> PatientRedis:
        self._client = self._patient
        self._connected = True
        return self._patient


class _Broker(RedisBroker):
    """FastStream's broker on that connection, by the hook that it has for Sentinel and Cluster; its URL is not used."""

    client: PatientRedis

    def _make_connection_state(self, connection_options: dict[str, Any], kwargs: dict[str, Any]) -> _Connection:
        del connection_options, kwargs
        return _Connection(self.client)
