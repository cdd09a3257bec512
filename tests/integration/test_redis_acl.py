"""The list of Redis' users at work: each service gets along with its own rights, and nobody can do another's work."""

import asyncio
import base64
import json
import os
import sys
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from redis.exceptions import NoPermissionError

from longstop.services import NAMES
from shared.bus import connect
from shared.events import BlockCreated, MessageByValue, ReportResolved, ReportSubmitted
from tests.mails import mail
from tests.redis_servers import programs, redis_server
from tests.services import House, free_port, house
from tests.waiting import until

ROOT = Path(__file__).parents[2]

PHISH = mail(
    sender="DHL Express <fee@parcel-fee.example>",
    body="Dear customer, your parcel is waiting. Pay the shipping fee within 24 hours: http://parcel-fee.example/pay?id=1",
)


@dataclass
class Guarded:
    """A Redis server that knows only its users."""

    port: int
    secrets: Path
    clients: dict[str, Any] = field(default_factory=dict)

    def url(self, user: str) -> str:
        return f"redis://{user}@127.0.0.1:{self.port}/0?password_file={self.secrets}/redis_{user}"

    def as_user(self, user: str) -> Any:
        if user not in self.clients:
            self.clients[user] = connect(self.url(user))
        return self.clients[user]

    async def close(self) -> None:
        for client in self.clients.values():
            await client.aclose()


@pytest.fixture(params=sorted(programs()))
async def guarded(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Guarded]:
    """A server with the list of the repository, and one user more: the test's own, who may see who was refused what."""
    secrets = tmp_path / "secrets"
    await run(ROOT / "deploy/make-secrets.sh", secrets)
    users = tmp_path / "users.acl"
    users.write_text((secrets / "users.acl").read_text() + "user judge on >judge ~* &* +@all\n")
    (secrets / "redis_judge").write_text("judge")
    made = Guarded(free_port(), secrets)
    options = {"port": made.port, "bind": "127.0.0.1", "aclfile": users, "appendonly": "yes"}
    async with redis_server(tmp_path / "redis", made.url("judge"), options, program=programs()[request.param]):
        yield made
        await made.close()


async def entries(redis: Any, stream: str) -> list[dict[bytes, bytes]]:
    return [fields for _, fields in await redis.xrange(f"longstop:{stream}")]


async def test_every_service_does_its_work_with_its_own_rights(guarded: Guarded, data_dir: Path) -> None:
    watcher, publisher = guarded.as_user("watcher"), guarded.as_user("publisher")
    async with AsyncExitStack() as stack:
        houses: dict[str, House] = {}
        for name in NAMES:
            settings = {"keeper_every_s": 0.05, "stream_keep_entries": 1, "attempts_max": 2, "auto_block": "confident"}
            houses[name] = await stack.enter_async_context(
                house((name,), guarded.url(name), "longstop", data_dir, **settings)
            )
        message = MessageByValue(rfc822_base64=base64.b64encode(PHISH).decode())
        good = ReportSubmitted(category="phishing", message=message).model_dump_json()
        await publisher.xadd(f"longstop:{ReportSubmitted.STREAM}", {"data": good})
        await until(lambda: entries(watcher, ReportResolved.STREAM))
        await until(lambda: entries(watcher, BlockCreated.STREAM))
        await publisher.xadd(f"longstop:{ReportSubmitted.STREAM}", {"data": "no report at all"})
        await until(lambda: entries(watcher, "dead.v1"))
        gateway = guarded.as_user("gateway")

        async def marked() -> bool:
            (found,) = await gateway.hmget("longstop:gateway", ["tenant|address|fee@parcel-fee.example"])
            return found is not None

        await until(marked)
        assert await gateway.hget("longstop:map:from", "fee@parcel-fee.example")
        await until(lambda: trimmed(guarded))
        await operate(guarded.url("operator"))
    assert await guarded.as_user("judge").acl_log() == []


async def trimmed(guarded: Guarded) -> bool:
    """Whether keepers have got so far that they cut streams; a short stream keeps its entries, the command is sent."""
    return bool((await guarded.as_user("judge").info("commandstats")).get("cmdstat_xtrim"))


async def operate(url: str) -> None:
    """What an operator does on the command line that needs Redis alone."""
    letter = json.loads((await run("longstop", "dead", "list", "--json", LONGSTOP_REDIS_URL=url)).splitlines()[0])
    await run("longstop", "watch", "reports", "--since", "1h", "--count", "1", LONGSTOP_REDIS_URL=url)
    await run("longstop", "dead", "drop", letter["id"], LONGSTOP_REDIS_URL=url)


async def run(*words: object, **environment: str) -> str:
    """Run a program, or a module of ours, to its good end; what it says."""
    command = [sys.executable, "-m", *words] if words[0] == "longstop" else words
    process = await asyncio.create_subprocess_exec(
        *map(str, command), stdout=PIPE, stderr=STDOUT, env={**os.environ, **environment}
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
    return said.decode()


FORBIDDEN = [
    ("triage", "XADD longstop:report.received.v1 * data {}"),
    ("triage", "XTRIM longstop:verdict.issued.v1 MAXLEN 0"),
    ("triage", "XREADGROUP GROUP triage me STREAMS longstop:submission.requested.v1 >"),
    ("triage", "DEL longstop:case.opened.v1"),
    ("ingest", "XRANGE longstop:verdict.issued.v1 - +"),
    ("ingest", "XREADGROUP GROUP ingest me STREAMS longstop:verdict.issued.v1 >"),
    ("ingest", "HSET longstop:gateway tenant|domain|example.com {}"),
    ("submission", "XADD longstop:block.created.v1 * data {}"),
    ("blocklist", "XADD longstop:verdict.issued.v1 * data {}"),
    ("digest", "XRANGE longstop:report.received.v1 - +"),
    ("console", "XTRIM longstop:dead.v1 MAXLEN 0"),
    ("console", "XADD longstop:elsewhere * data {}"),
    ("console", "XGROUP DESTROY longstop:verdict.issued.v1 triage"),
    ("gateway", "HSET longstop:gateway tenant|domain|example.com {}"),
    ("gateway", "HDEL longstop:map:from fee@parcel-fee.example"),
    ("gateway", "XRANGE longstop:verdict.issued.v1 - +"),
    ("publisher", "XRANGE longstop:report.submitted.v1 - +"),
    ("publisher", "XADD longstop:verdict.issued.v1 * data {}"),
    ("watcher", "XADD longstop:report.submitted.v1 * data {}"),
    ("watcher", "XACK longstop:verdict.issued.v1 triage 1-1"),
    ("watcher", "HGET longstop:gateway tenant|domain|example.com"),
    ("operator", "XTRIM longstop:verdict.issued.v1 MAXLEN 0"),
    *((user, "FLUSHALL") for user in (*NAMES, "gateway", "publisher", "watcher", "operator")),
    *((user, "CONFIG GET dir") for user in ("ingest", "operator")),
    *((user, "SET elsewhere 1") for user in ("blocklist", "operator")),
    *((user, "EVAL return(1) 0") for user in ("blocklist", "operator")),
]


async def test_an_operator_sees_who_was_refused_and_has_the_list_read_again(guarded: Guarded) -> None:
    with pytest.raises(NoPermissionError):
        await guarded.as_user("gateway").xlen("longstop:verdict.issued.v1")
    operator = guarded.as_user("operator")
    assert [entry["username"] for entry in await operator.acl_log()] == ["gateway"]
    assert await operator.acl_load()


async def test_nobody_can_do_what_is_anothers(guarded: Guarded) -> None:
    allowed = []
    for user, command in FORBIDDEN:
        try:
            await guarded.as_user(user).execute_command(*command.split())
            allowed.append((user, command))
        except NoPermissionError:
            pass
    assert allowed == []


async def test_who_says_no_name_gets_nothing(guarded: Guarded) -> None:
    nobody = connect(f"redis://127.0.0.1:{guarded.port}")
    with pytest.raises(Exception, match="Authentication required"):
        await nobody.ping()
    await nobody.aclose()
