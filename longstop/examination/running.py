"""What moves: Redis, the readers of its streams, the services, and the gateway's list."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from redis.exceptions import RedisError, ResponseError

from longstop.bus import redis_of
from longstop.examination.finding import Cure, Finding, Level
from longstop.services import services
from longstop.where import Endpoints, bare, client
from shared.plural import counted

#: The oldest Redis whose streams do all that we need.
REDIS_OLDEST = 7

#: A consumer that has taken nothing for so long, and holds nothing, is a replica that is gone, in milliseconds.
CONSUMER_GONE_MS = 24 * 3600 * 1000


async def in_motion(found: Endpoints, data: Path | None) -> list[Finding]:
    """What can be told of a Longstop that runs."""
    redis: Any = redis_of(found)
    try:
        findings = await _redis(redis, found)
        findings += [] if findings[0].level == "fail" else await _readers(redis, found)
        ready = await asyncio.to_thread(lambda: list(_services(found, data)))
        return [*findings, *ready, await _gateway(redis, found, data), *await asyncio.to_thread(_probes, found, data)]
    finally:
        await redis.aclose()


async def mended(found: Endpoints, act: Callable[[Any], Awaitable[object]]) -> None:
    """Do something to Redis with a client of its own."""
    redis: Any = redis_of(found)
    try:
        await act(redis)
    finally:
        await redis.aclose()


async def _redis(redis: Any, found: Endpoints) -> list[Finding]:
    try:
        server = await redis.info("server")
        keeping, memory = await redis.info("persistence"), await redis.info("memory")
        role = (await redis.info("replication")).get("role")
        dead = await redis.xlen(f"{found.stream_prefix}:dead.v1")
    except (RedisError, OSError) as error:
        return [Finding("redis", "fail", f"{bare(found.redis_url)} does not answer: {error}")]
    version = str(server["redis_version"])
    new_enough = int(version.split(".", maxsplit=1)[0]) >= REDIS_OLDEST
    findings = [Finding("redis", "ok" if new_enough else "fail", f"version {version}")]
    findings += [Finding("redis", "fail", words) for words in _refusals(keeping, memory, role)]
    if not keeping.get("aof_enabled"):
        words = "appendonly is off: after a restart events are published again, not kept"
        findings.append(Finding("redis", "warn", words, _setting(found, "appendonly", "yes")))
    policy = memory.get("maxmemory_policy")
    if policy != "noeviction":
        words = f"maxmemory-policy is {policy}: it must be noeviction, or events vanish"
        findings.append(Finding("redis", "fail", words, _setting(found, "maxmemory-policy", "noeviction")))
    findings.append(Finding("dead letters", "warn" if dead else "ok", f"{dead} (see: longstop dead list)"))
    return findings


def _refusals(keeping: Mapping[str, Any], memory: Mapping[str, Any], role: object) -> Iterator[str]:
    """Why Redis would take no event now; what is not taken waits in the databases and goes out afterwards."""
    if role == "slave":
        yield "it is a replica and takes no events: REPLICAOF NO ONE makes it the master, or name the master in LONGSTOP_REDIS_URL"
    if (limit := memory.get("maxmemory", 0)) and memory.get("used_memory", 0) >= limit:
        yield f"its memory is full ({limit} bytes) and it takes no events: raise maxmemory, and see which reader is behind"
    if keeping.get("aof_last_write_status", "ok") != "ok":
        yield "it cannot write its append-only file and takes no events: see to the disk under it"


def _setting(found: Endpoints, name: str, value: str) -> Cure:
    words = f"CONFIG SET {name} {value}; write it into redis.conf, too, or it is gone after a restart"
    return Cure(words, partial(mended, found, lambda redis: redis.config_set(name, value)))


async def _readers(redis: Any, found: Endpoints) -> list[Finding]:
    """Every service must read its streams, and replicas that are gone need no place in the lists."""
    lost, gone = [], []
    for service in services():
        for kind in service.contract.reads:
            stream = f"{found.stream_prefix}:{kind.STREAM}"
            consumers = await _consumers(redis, stream, service.name)
            if consumers is None:
                lost.append((stream, service.name))
            else:
                gone += [(stream, service.name, name) for name in _stale(consumers)]
    findings = []
    if lost:
        words = f"without a place in a stream: {counted(len(lost), 'reader')}, {lost[0][1]} of {lost[0][0]} for one"
        findings.append(Finding("readers", "fail", words, _places(found, lost)))
    if gone:
        words = f"away for more than a day, holding nothing: {counted(len(gone), 'consumer')}"
        findings.append(Finding("readers", "warn", words, _farewell(found, gone)))
    return findings or [Finding("readers", "ok", "every service reads its streams")]


async def _consumers(redis: Any, stream: str, group: str) -> list[dict[str, Any]] | None:
    """The consumers of a group; None when there is no such group."""
    try:
        found: list[dict[str, Any]] = await redis.xinfo_consumers(stream, group)
    except ResponseError:
        return None
    return found


def _stale(consumers: list[dict[str, Any]]) -> Iterator[bytes]:
    for one in consumers:
        if not one["pending"] and one["idle"] > CONSUMER_GONE_MS:
            yield one["name"]


def _places(found: Endpoints, lost: list[tuple[str, str]]) -> Cure:
    async def create(redis: Any) -> None:
        for stream, group in lost:
            await redis.xgroup_create(stream, group, id="0", mkstream=True)

    return Cure(f"create {counted(len(lost), 'group')} at the beginning of the stream", partial(mended, found, create))


def _farewell(found: Endpoints, gone: list[tuple[str, str, bytes]]) -> Cure:
    async def delete(redis: Any) -> None:
        for stream, group, name in gone:
            await redis.xgroup_delconsumer(stream, group, name)

    return Cure(f"remove {counted(len(gone), 'consumer')}", partial(mended, found, delete))


def _services(found: Endpoints, data: Path | None) -> Iterator[Finding]:
    for name, url in found.services().items():
        try:
            with client(url, data) as api:
                response = api.get("/readyz")
            said = response.json()
            words = f"{url} says {said.get('detail') or said.get('status')}"
            yield Finding(name, "ok" if response.is_success else "fail", words)
        except (httpx.HTTPError, ValueError, AttributeError) as error:
            yield Finding(name, "fail", f"{url} does not answer: {error}")


async def _gateway(redis: Any, found: Endpoints, data: Path | None) -> Finding:
    """Every entry that works must stand in the gateway's hash, and nothing else may."""
    try:
        entries = await asyncio.to_thread(_entries, found, data)
    except (httpx.HTTPError, ValueError, KeyError):
        return Finding("gateway list", "fail", "the block list does not answer")
    try:
        names = [f"{entry['scope']}|{entry['kind']}|{entry['value']}" for entry in entries]
        values = await redis.hmget(f"{found.stream_prefix}:gateway", names) if names else []
        size = await redis.hlen(f"{found.stream_prefix}:gateway")
    except (RedisError, OSError) as error:
        return Finding("gateway list", "fail", str(error))
    ids = [json.loads(value).get("id") if value else None for value in values]
    missing = sum(entry["block_id"] != found_id for entry, found_id in zip(entries, ids, strict=True))
    if not missing:
        return Finding(
            "gateway list",
            "ok",
            f"{counted(len(entries), 'entry', 'entries')}, {counted(size, 'field')} in the gateway's hash",
        )
    filled = f"{found.stream_prefix}:gateway.filled"
    cure = Cure("have the block list write it anew", partial(mended, found, lambda client: client.delete(filled)))
    return Finding(
        "gateway list",
        "fail",
        f"not in the gateway's hash: {missing} of {counted(len(entries), 'entry', 'entries')}",
        cure,
    )


def _probes(found: Endpoints, data: Path | None) -> list[Finding]:
    """What each gateway that is asked did with its last probe mail."""
    try:
        with client(found.blocklist, data) as api:
            probes = api.get("/v1/probes").json()["probes"]
    except (httpx.HTTPError, ValueError, KeyError):
        return []  # the gateway list said so
    return [Finding("gateway", *_of_probe(one)) for one in probes]


def _of_probe(probe: dict[str, Any]) -> tuple[Level, str]:
    gateway, said = probe["gateway"], probe["words"]
    if probe["state"] == "obeys":
        return "ok", f"{gateway} refuses what an entry blocks"
    if probe["state"] == "passes":
        return (
            "fail",
            f"{gateway} lets mail pass that an entry blocks: is Longstop's file or milter still in its configuration?",
        )
    return "warn", f"{gateway} cannot be told to obey: {said}"


def _entries(found: Endpoints, data: Path | None) -> list[dict[str, Any]]:
    with client(found.blocklist, data) as api:
        entries: list[dict[str, Any]] = api.get("/v1/blocks", params={"limit": "1000"}).json()["blocks"]
    return entries
