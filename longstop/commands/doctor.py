"""`longstop doctor`: checks everything that Longstop stands on, one line each."""

import asyncio
import json
import smtplib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import httpx
import typer
from redis.exceptions import RedisError
from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

from longstop import show
from longstop.commands.options import DataDir, Json
from longstop.services import services
from longstop.where import Endpoints, bare, client, data_dir, endpoints, redis_of
from shared.blobs import open_blobs
from shared.errors import LongstopError
from shared.run import Service
from shared.settings import Settings
from shared.work import Database

Level = Literal["ok", "warn", "fail"]

STYLES: dict[Level, str] = {"ok": "green", "warn": "yellow", "fail": "bold red"}

#: The oldest Redis whose streams do all that we need.
REDIS_OLDEST = 7


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was checked, how it is, and what to do."""

    what: str
    level: Level
    words: str


def doctor(data: DataDir = None, as_json: Json = False) -> None:
    """Check configuration, Redis, databases, blobs, services, mail and the gateway's list; exit 1 when one fails."""
    findings = asyncio.run(examine(data))
    for finding in findings:
        if as_json:
            show.json_line({"check": finding.what, "level": finding.level, "words": finding.words})
        else:
            show.out.print(
                f"[{STYLES[finding.level]}]{finding.level:<5}[/]", f"{finding.what:<14}", show.safe(finding.words, 300)
            )
    if any(finding.level == "fail" for finding in findings):
        raise typer.Exit(1)


async def examine(data: Path | None) -> list[Finding]:
    """All findings; a check that breaks is a finding too."""
    findings = [_configuration(data), _blobs(data), *await _databases(data), _mail()]
    try:
        found = endpoints(data)
    except LongstopError as error:
        return [*findings, Finding("running", "fail", str(error))]
    checks: list[Callable[[Endpoints, Path | None], Awaitable[list[Finding]]]] = [_redis, _services, _gateway]
    for check in checks:
        findings += await check(found, data)
    return findings


def _configuration(data: Path | None) -> Finding:
    names = [service.settings(data_dir=data_dir(data)) for service in services()]
    if not names[0].own_domains:
        return Finding(
            "configuration", "warn", "LONGSTOP_OWN_DOMAINS is empty: own domains are not protected from blocks"
        )
    return Finding("configuration", "ok", f"own domains: {', '.join(names[0].own_domains)}")


def _blobs(data: Path | None) -> Finding:
    folder = Settings(data_dir=data_dir(data)).blob_dir()
    probe = b"longstop doctor writes and reads this\n"
    try:
        blobs = open_blobs(folder)
        (name,) = blobs.put([probe])
        if blobs.get(name) != probe:
            return Finding("blob store", "fail", f"{folder} gives back other bytes than were written")
    except (LongstopError, OSError) as error:
        return Finding("blob store", "fail", str(error))
    return Finding("blob store", "ok", f"{folder} can be written and read")


async def _databases(data: Path | None) -> list[Finding]:
    settings = Settings(data_dir=data_dir(data))
    findings = []
    for service in services():
        url = settings.database_url_of(service.name)
        path = Path(url.removeprefix("sqlite:///"))
        if url.startswith("sqlite") and not await asyncio.to_thread(path.exists):
            findings.append(Finding("database", "warn", f"{service.name}: {path} is not there yet"))
        else:
            findings.append(await _database(service, url))
    return findings


async def _database(service: Service, url: str) -> Finding:
    """Whether the tables answer, and how much waits to be published."""
    database = Database(url, service.name, service.tables)
    unsent = select(func.count()).select_from(database.outbox).where(database.outbox.c.entry_id.is_(None))
    check = text("PRAGMA quick_check(1)" if url.startswith("sqlite") else "SELECT 'ok'")
    try:
        answer, waiting = await database.look(
            lambda session: (
                session.connection().execute(check).scalar(),
                session.connection().execute(unsent).scalar(),
            )
        )
    except (LongstopError, SQLAlchemyError) as error:
        return Finding("database", "fail", f"{service.name}: {str(error).splitlines()[0]}")
    finally:
        await database.close()
    return Finding(
        "database", "ok" if answer == "ok" else "fail", f"{service.name}: {answer}, {waiting} events wait to be sent"
    )


def _mail() -> Finding:
    url = getattr(next(s for s in services(("digest",))).settings(), "smtp_out_url", "")
    if not url:
        return Finding("mail", "ok", "LONGSTOP_SMTP_OUT_URL is not set: mails are written as .eml under the data dir")
    parts = urlsplit(str(url))
    try:
        with smtplib.SMTP(parts.hostname or "", parts.port or 25, timeout=5) as smtp:
            smtp.noop()
    except OSError as error:
        return Finding("mail", "fail", f"{parts.hostname}:{parts.port or 25} does not take mail: {error}")
    return Finding("mail", "ok", f"{parts.hostname}:{parts.port or 25} answers")


async def _redis(found: Endpoints, data: Path | None) -> list[Finding]:
    del data
    redis: Any = redis_of(found)
    try:
        server = await redis.info("server")
        keeps = (await redis.info("persistence")).get("aof_enabled")
        policy = (await redis.info("memory")).get("maxmemory_policy")
        dead = await redis.xlen(f"{found.stream_prefix}:dead.v1")
    except (RedisError, OSError) as error:
        return [Finding("redis", "fail", f"{bare(found.redis_url)} does not answer: {error}")]
    finally:
        await redis.aclose()
    version = str(server["redis_version"])
    findings = [
        Finding(
            "redis", "ok" if int(version.split(".", maxsplit=1)[0]) >= REDIS_OLDEST else "fail", f"version {version}"
        )
    ]
    if not keeps:
        findings.append(
            Finding("redis", "warn", "appendonly is off: after a restart events are published again, not kept")
        )
    if policy != "noeviction":
        findings.append(
            Finding("redis", "fail", f"maxmemory-policy is {policy}: it must be noeviction, or events vanish")
        )
    findings.append(Finding("dead letters", "warn" if dead else "ok", f"{dead} (see: longstop dead list)"))
    return findings


async def _services(found: Endpoints, data: Path | None) -> list[Finding]:
    findings = []
    for name in ("ingest", "blocklist", "digest", "console"):
        try:
            with client(getattr(found, name), data) as api:
                response = api.get("/readyz")
            level: Level = "ok" if response.is_success else "fail"
            findings.append(Finding(name, level, f"{getattr(found, name)} says {response.json().get('status')}"))
        except (httpx.HTTPError, ValueError) as error:
            findings.append(Finding(name, "fail", f"{getattr(found, name)} does not answer: {error}"))
    return findings


async def _gateway(found: Endpoints, data: Path | None) -> list[Finding]:
    """Every entry that works must stand in the gateway's hash, and nothing else may."""
    try:
        with client(found.blocklist, data) as api:
            entries = api.get("/v1/blocks", params={"limit": "1000"}).json()["blocks"]
    except (httpx.HTTPError, ValueError, KeyError):
        return [Finding("gateway list", "fail", "the block list does not answer")]
    redis: Any = redis_of(found)
    try:
        names = [f"{entry['scope']}|{entry['kind']}|{entry['value']}" for entry in entries]
        values = await redis.hmget(f"{found.stream_prefix}:gateway", names) if names else []
        size = await redis.hlen(f"{found.stream_prefix}:gateway")
    except (RedisError, OSError) as error:
        return [Finding("gateway list", "fail", str(error))]
    finally:
        await redis.aclose()
    ids = [json.loads(value).get("id") if value else None for value in values]
    missing = sum(entry["block_id"] != found_id for entry, found_id in zip(entries, ids, strict=True))
    if missing:
        return [Finding("gateway list", "fail", f"{missing} of {len(entries)} entries are not in the gateway's hash")]
    return [Finding("gateway list", "ok", f"{len(entries)} entries, {size} fields in the gateway's hash")]
