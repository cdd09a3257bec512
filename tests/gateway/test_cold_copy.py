"""While Redis is away Rspamd's Lua decides by a file, and by Redis again once it is back. Skipped where there is no gateway."""

import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from services.blocklist.cdb import Cdb
from services.blocklist.mapfiles import fresh
from shared.work import now
from tests.cdb import everything_in_cdb
from tests.gateway.mail_server import WHY_NOT, MailServer, Sent, mail_server
from tests.gateway.stock_rspamd import open_folder
from tests.mails import mail
from tests.redis_servers import RedisServer, redis_server
from tests.services import House, free_port, house
from tests.waiting import until

pytestmark = [pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT), pytest.mark.timeout(300)]

ANA, BOB = "ana@example.org", "bob@example.org"
FEE = "fee@parcel.example"
PAGE = mail(sender="bo@friend.example", body="See http://shared.example.com/Pay/Bill?id=1")
OTHER_CASE = mail(sender="bo@friend.example", body="See http://shared.example.com/pay/bill?id=1")


class Site:
    """Longstop, its own Redis, and the mail server that asks it."""

    def __init__(self, longstop: House, gateway: MailServer, redis: RedisServer, folder: Path) -> None:
        self.longstop, self.gateway, self.redis = longstop, gateway, redis
        self.copy = folder / "rspamd" / "gateway.cdb"

    async def block(self, value: str, **more: Any) -> str:
        async with self.longstop.http("blocklist") as http:
            answer = await http.post("/v1/blocks", json={"value": value, **more})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["block_id"])

    async def send(self, sender: str, *recipients: str, raw: bytes = PAGE) -> Sent:
        return await self.gateway.send("rspamd", raw, list(recipients) or [ANA], sender=sender)

    async def copied(self, *block_ids: str) -> None:
        """Wait until the copy has these entries."""

        async def is_so() -> bool:
            content = b" ".join(self.said().values())
            return all(block_id.encode() in content for block_id in block_ids)

        await until(is_so)

    def said(self) -> dict[bytes, bytes]:
        return everything_in_cdb(self.copy.read_bytes()) if self.copy.exists() else {b"made": b"1764000000"}

    async def refuses(self, sender: str, words: str) -> None:
        async def is_so() -> bool:
            return words in (await self.send(sender, raw=OTHER_CASE)).said

        await until(is_so)

    async def phantom(self) -> Sent:
        """Send a mail that the copy alone refuses; Longstop writes the copy anew now and then."""
        if b"tenant|domain|phantom.example" not in self.said():
            self.add_to_copy("tenant|domain|phantom.example", "b-phantom")
        return await self.send("x@phantom.example", raw=OTHER_CASE)

    def add_to_copy(self, field: str, block_id: str) -> None:
        """Let the copy say what no entry says."""
        mark = json.dumps({"id": block_id, "action": "block", "exp": 0})
        with fresh(self.copy.parent, (self.copy.name,)) as (file,):
            table = Cdb(file)
            for key, value in {**self.said(), field.encode(): mark.encode()}.items():
                table.add(key, value)
            table.finish()


@asynccontextmanager
async def started(
    tmp_path: Path, prefix: str, changes: dict[str, str], *, keeps_maps: bool = True
) -> AsyncIterator[Site]:
    port = free_port()
    url = f"redis://127.0.0.1:{port}/0"
    folder = open_folder()
    lua = {"/var/lib/longstop/maps": str(folder), **changes}
    try:
        async with (
            redis_server(tmp_path / "redis", url, {"port": port, "bind": "127.0.0.1"}) as redis,
            house(("blocklist",), url, prefix, tmp_path / "data", map_dir=folder if keeps_maps else None) as longstop,
            mail_server(f"127.0.0.1:{port}", prefix, longstop.ports, lua) as gateway,
        ):
            yield Site(longstop, gateway, redis, folder)
            await redis.start()
    finally:
        shutil.rmtree(folder)


async def test_with_redis_away_the_copy_refuses_with_the_entrys_id_as_the_hash_would_and_with_redis_back_the_hash_counts(
    tmp_path: Path, prefix: str
) -> None:
    async with started(tmp_path, prefix, {}) as site:
        fee, parcel = await site.block(FEE), await site.block("parcel.example")
        good = await site.block("good@parcel.example", action="allow")
        own = await site.block("own@friend.example", scope=ANA)
        page = await site.block("http://shared.example.com/Pay/Bill?id=1")
        over = await site.block("over@rented.example", expires=(now() + timedelta(seconds=6)).isoformat())
        await site.copied(fee, parcel, good, own, page, over)
        assert (await site.phantom()).passed, "the hash counts"

        await site.redis.kill()

        async def copy_counts() -> bool:
            return "b-phantom" in (await site.phantom()).said

        await until(copy_counts)
        assert fee in (await site.send(FEE, raw=OTHER_CASE)).said
        assert parcel in (await site.send("x@mail.parcel.example", raw=OTHER_CASE)).said
        assert (await site.send("good@parcel.example", raw=OTHER_CASE)).passed, (
            "an allow of the address stands before its domain"
        )
        assert page in (await site.send("bo@friend.example")).said
        assert (await site.send("bo@friend.example", raw=OTHER_CASE)).passed, "a path has cases"
        assert own in (await site.send("own@friend.example", ANA, raw=OTHER_CASE)).said
        assert (await site.send("own@friend.example", ANA, BOB, raw=OTHER_CASE)).passed

        async def passes() -> bool:
            return (await site.send("over@rented.example", raw=OTHER_CASE)).passed

        await until(passes)  # the copy says when it ends

        await site.redis.start()

        async def hash_counts() -> bool:
            return (await site.phantom()).passed

        await until(hash_counts, patience_s=60)
        await site.refuses(FEE, fee)


async def test_with_neither_redis_nor_copy_the_setting_counts_until_a_copy_comes(tmp_path: Path, prefix: str) -> None:
    changes = {"on_redis_failure = 'accept'": "on_redis_failure = 'defer'"}
    async with started(tmp_path, prefix, changes, keeps_maps=False) as site:
        assert (await site.send(FEE)).passed
        await site.redis.kill()
        await site.refuses(FEE, "451")
        site.add_to_copy("tenant|address|fee@parcel.example", "b-late")
        await site.refuses(FEE, "b-late")
        assert (await site.send("bo@friend.example")).passed, "it was checked"
