"""Rspamd without Lua: its package's configuration and the shipped files obey every kind of entry. Skipped where it is missing."""

import asyncio
import base64
import hashlib
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.work import now
from tests.gateway.stock_rspamd import WHY_NOT, Judged, Rspamd, open_folder, shipped, stock_rspamd
from tests.mails import mail, report_of
from tests.redis_servers import RedisServer, redis_server
from tests.services import House, free_port, house
from tests.waiting import until

pytestmark = [pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT), pytest.mark.timeout(600)]

ANA, BOB = "ana@example.org", "bob@example.org"
PASSED = {
    "no action",
    "greylist",
    "add header",
    "rewrite subject",
}  # greylist is a score only, without the module's own answer
FILE = b"%PDF-1.4 a bill"
CLEAN = mail(sender="bo@friend.example", body="Lunch at noon?")

ATTACHED = (
    b"From: bo@friend.example\r\nTo: ana@example.org\r\nSubject: bill\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: application/pdf; name=b.pdf\r\nContent-Disposition: attachment; filename=b.pdf\r\n"
    b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(FILE).replace(b"\n", b"\r\n")
)


@dataclass(frozen=True)
class Case:
    """An entry, and a mail that it stops."""

    value: str
    raw: bytes = CLEAN
    more: tuple[tuple[str, str], ...] = ()
    client: tuple[tuple[str, str], ...] = ()
    to: str = ANA


def linking(url: str) -> bytes:
    return mail(sender="bo@friend.example", body=f"See {url} today")


CASES = {
    "address": Case("fee@parcel.example", client=(("sender", "Fee@Parcel.example"),)),
    "address behind a tag": Case("tag@parcel.example", client=(("sender", "prvs=12345678ab=tag+x@parcel.example"),)),
    "author": Case("boss@forged.example", mail(sender="Boss <boss@forged.example>")),
    "domain": Case("rented.example", client=(("sender", "x@rented.example"),)),
    "domain above": Case("deep.example", client=(("sender", "x@a.b.deep.example"),)),
    "domain of an author": Case("posed.example", mail(sender="x@mail.posed.example")),
    "IDN domain": Case("bücher.example", mail(sender="x@bücher.example")),
    "host": Case("evil.example.com", linking("http://EVIL.example.com/x?y"), (("kind", "url"),)),
    "host above": Case("wide.example.net", linking("https://a.b.c.wide.example.net/"), (("kind", "url"),)),
    "IDN host": Case("zahlüng.example.com", linking("http://zahlüng.example.com/a"), (("kind", "url"),)),
    "page": Case("http://shared.example.com/bill?id=1", linking("http://SHARED.example.com/bill?id=1")),
    "file": Case(hashlib.sha256(FILE).hexdigest(), ATTACHED),
    "IP": Case("198.51.100.9", client=(("ip", "198.51.100.9"),)),
    "network": Case("203.0.113.0/24", client=(("ip", "203.0.113.77"),)),
    "IPv6": Case("2001:db8:1::5", client=(("ip", "2001:db8:1::5"),)),
    "IPv6 network": Case("2001:db8:2::/64", client=(("ip", "2001:db8:2::77"),)),
    "own": Case("own@parcel.example", more=(("scope", ANA),), client=(("sender", "own@parcel.example"),)),
    "own, to a tag": Case(
        "tagged@parcel.example",
        more=(("scope", ANA),),
        client=(("sender", "tagged@parcel.example"),),
        to="ana+news@example.org",
    ),
}


class Site:
    """Longstop, its own Redis, and Rspamd."""

    def __init__(self, longstop: House, rspamd: Rspamd, redis: RedisServer, *, asks_redis: bool) -> None:
        self.longstop, self.rspamd, self.redis, self.asks_redis = longstop, rspamd, redis, asks_redis

    async def block(self, case: Case, **more: Any) -> str:
        async with self.longstop.http("blocklist") as http:
            answer = await http.post("/v1/blocks", json={"value": case.value, **dict(case.more), **more})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["block_id"])

    async def judged(self, case: Case) -> Judged:
        return await self.rspamd.ask(case.raw, [case.to], **dict(case.client))

    async def differing(self, ids: dict[str, str]) -> dict[str, Judged]:
        """The cases that are not refused with these ids; with no id: that do not pass."""
        answers = await asyncio.gather(*(self.judged(case) for case in CASES.values()))
        found = dict(zip(CASES, answers, strict=True))
        return {
            name: said
            for name, said in found.items()
            if not (said.action == "reject" and ids[name] in said.words if name in ids else said.action in PASSED)
        }

    async def settles(self, ids: dict[str, str]) -> None:
        last: dict[str, Judged] = {}

        async def settled() -> bool:
            last.clear()
            last.update(await self.differing(ids))
            return not last

        try:
            await until(settled, patience_s=120)
        except AssertionError:
            raise AssertionError(f"not as {ids} say: {last}") from None


@asynccontextmanager
async def started(flavour: str, prefix: str, tmp_path: Path) -> AsyncIterator[Site]:
    port = free_port()
    url = f"redis://127.0.0.1:{port}/0"
    folder = open_folder()
    places = {
        "127.0.0.1:6379": f"127.0.0.1:{port}",
        "redis://longstop:": f"redis://{prefix}:",
        "/var/lib/longstop/maps": str(folder),
    }
    try:
        async with (
            redis_server(tmp_path / "redis", url, {"port": port, "bind": "127.0.0.1"}) as redis,
            house(("blocklist",), url, prefix, tmp_path / "data", map_dir=folder) as longstop,
            stock_rspamd(shipped(flavour, places)) as rspamd,
        ):
            yield Site(longstop, rspamd, redis, asks_redis=flavour == "rspamd-multimap")
    finally:
        shutil.rmtree(folder)


@pytest.fixture(params=["rspamd-multimap", "rspamd-multimap-files"])
async def site(request: pytest.FixtureRequest, prefix: str, tmp_path: Path) -> AsyncIterator[Site]:
    async with started(request.param, prefix, tmp_path) as made:
        yield made


async def test_every_kind_is_refused_with_its_entrys_id_accepted_once_removed_or_over_and_files_bear_that_redis_is_away(
    site: Site,
) -> None:
    await site.settles({})
    ids = {name: await site.block(case) for name, case in CASES.items()}
    await site.settles(ids)
    assert (await site.rspamd.ask(CLEAN, [ANA])).action in PASSED

    own = dict(CASES["own"].client)
    assert (await site.rspamd.ask(CLEAN, [ANA, BOB], **own)).action in PASSED, "the others get theirs"
    assert (await site.rspamd.ask(CLEAN, [BOB], **own)).action in PASSED
    report = report_of(CASES["host"].raw)
    assert (await site.rspamd.ask(report, ["phish@example.org", "Report+x@example.org"])).action in PASSED
    assert (await site.rspamd.ask(report, ["phish@example.org", BOB])).action == "reject", "not only a report"

    async with site.longstop.http("blocklist") as http:
        for block_id in ids.values():
            assert (await http.delete(f"/v1/blocks/{block_id}")).status_code == 200
    await site.settles({})
    ends = now() + timedelta(seconds=8)
    await site.block(CASES["address"], expires=ends.isoformat())

    async def is_refused() -> bool:
        return (await site.judged(CASES["address"])).action == "reject" or now() > ends  # too busy to see it before

    await until(is_refused)
    await site.settles({})  # nobody did anything

    ids = {"address": await site.block(CASES["address"])}
    await site.settles(ids)
    await site.redis.kill()
    await site.settles({} if site.asks_redis else ids)
    await site.redis.start()
    await site.settles(ids)


def test_both_flavours_refuse_in_the_same_words() -> None:
    one, other = (shipped(name, {})["force_actions.conf"] for name in ("rspamd-multimap", "rspamd-multimap-files"))
    assert one == other
