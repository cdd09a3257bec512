"""A block holds: real Postfix and Rspamd, with the shipped files, obey entries from the next mail on. Skipped where they are missing."""

import asyncio
import base64
import hashlib
import os
import smtplib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.gateway.mail_server import WHY_NOT, MailServer, Sent, mail_server
from tests.mails import mail, report_of
from tests.redis_servers import RedisServer, redis_server
from tests.services import House, free_port, house
from tests.waiting import until

pytestmark = [pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT), pytest.mark.timeout(600)]

ANA, BOB, CY = "ana@example.org", "bob@example.org", "cy@example.net"
FEE = "fee@parcel-fee.example"
ENFORCERS = ("rspamd", "milter", "policy")

#: Mails of the test with changes; a thousand, by hand: LONGSTOP_TEST_GATEWAY_MAILS=1000.
MAILS = int(os.environ.get("LONGSTOP_TEST_GATEWAY_MAILS", "150"))

PHISH = mail(
    sender=f"DHL Express <{FEE}>",
    body="Dear customer, your parcel is waiting. Pay the shipping fee within 24 hours: http://parcel-fee.example/pay?id=1",
)


class Site:
    """Longstop, its own Redis, and the mail server in front of it."""

    def __init__(self, longstop: House, gateway: MailServer, redis: RedisServer) -> None:
        self.longstop, self.gateway, self.redis = longstop, gateway, redis

    async def block(self, value: str, **more: Any) -> str:
        async with self.longstop.http("blocklist") as http:
            answer = await http.post("/v1/blocks", json={"value": value, **more})
            assert answer.status_code == 201, answer.text
        block_id = str(answer.json()["block_id"])
        await self.written(block_id)
        return block_id

    async def remove(self, block_id: str) -> None:
        async with self.longstop.http("blocklist") as http:
            assert (await http.delete(f"/v1/blocks/{block_id}")).status_code == 200
        await self.written(block_id, stands=False)

    async def written(self, block_id: str, *, stands: bool = True) -> None:
        """Wait until the gateway's hash has an entry, or has it no more."""

        async def is_so() -> bool:
            marks = await self.longstop.redis.hvals(f"{self.longstop.prefix}:gateway")
            return any(block_id.encode() in mark for mark in marks) is stands

        await until(is_so)

    async def ask(self, raw: bytes, *recipients: str, **client: Any) -> dict[str, Sent]:
        """The same mail behind each enforcer."""
        every = [self.gateway.send(way, raw, list(recipients) or [ANA], **client) for way in ENFORCERS]
        return dict(zip(ENFORCERS, await asyncio.gather(*every), strict=True))


@asynccontextmanager
async def started(tmp_path: Path, prefix: str, *services: str, **settings: Any) -> AsyncIterator[Site]:
    port = free_port()
    url = f"redis://127.0.0.1:{port}/0"
    async with (
        redis_server(tmp_path / "redis", url, {"port": port, "bind": "127.0.0.1"}) as redis,
        house(services or ("blocklist",), url, prefix, tmp_path / "data", **settings) as longstop,
        mail_server(f"127.0.0.1:{port}", prefix, longstop.ports) as gateway,
    ):
        yield Site(longstop, gateway, redis)


@pytest.fixture
async def site(tmp_path: Path, prefix: str) -> AsyncIterator[Site]:
    async with started(tmp_path, prefix) as made:
        yield made


async def test_what_is_reported_is_refused_from_the_next_mail_on_and_accepted_again_once_removed(
    tmp_path: Path, prefix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    services = ("ingest", "triage", "submission", "blocklist")
    async with started(tmp_path, prefix, *services, own_domains=("example.org",)) as site:
        assert all(said.passed for said in (await site.ask(PHISH, sender=FEE)).values())
        report = report_of(PHISH)
        taken = await asyncio.to_thread(_hand_in, site.longstop.ports["smtp_port"], report)

        async def refused() -> dict[str, Sent]:
            answers = await site.ask(PHISH, sender=FEE)
            return answers if not any(said.passed for said in answers.values()) else {}

        async def first_refused() -> bool:
            return not (await site.gateway.send("milter", PHISH, [ANA], sender=FEE)).passed

        await until(first_refused)
        with capsys.disabled():
            print(f"from the report's 250 to the first refusal: {time.monotonic() - taken:.2f} s")  # noqa: T201 - for people
        answers = await until(refused)
        assert isinstance(answers, dict)
        async with site.longstop.http("blocklist") as http:
            blocks = (await http.get("/v1/blocks")).json()["blocks"]
        ids = {one["block_id"] for one in blocks}
        for way, said in answers.items():
            assert any(block_id in said.said for block_id in ids), f"{way} names no entry: {said}"
        for block_id in ids:
            await site.remove(block_id)
        assert all(said.passed for said in (await site.ask(PHISH, sender=FEE)).values())


def _hand_in(port: int, raw: bytes) -> float:
    """Report a mail by SMTP; when the 250 came."""
    with smtplib.SMTP("127.0.0.1", port, timeout=30) as smtp:
        smtp.sendmail(ANA, ["phish@example.org"], raw)
        return time.monotonic()


FILE = b"%PDF-1.4 a bill"
CASES: dict[str, tuple[str, dict[str, Any], bytes, dict[str, Any], tuple[str, ...]]] = {
    # name: the entry, how it is made, the mail, its client, and who sees what it names
    "address": (FEE, {}, PHISH, {"sender": FEE}, ENFORCERS),
    "From": ("boss@forged.example", {}, mail(sender="boss@forged.example"), {}, ("rspamd", "milter")),
    "domain": ("parcel.example", {}, mail(), {"sender": "x@deep.mail.parcel.example"}, ENFORCERS),
    "URL": (
        "http://pay.example.com/bill?id=1",
        {},
        mail(body="See http://PAY.example.com:80/x/../bill?id=1#top"),
        {},
        ("rspamd", "milter"),
    ),
    "host": (
        "evil.example.com",
        {"kind": "url"},
        mail(body="See https://a.evil.example.com/x"),
        {},
        ("rspamd", "milter"),
    ),
    "file": (
        hashlib.sha256(FILE).hexdigest(),
        {},
        b"From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: application/pdf; name=b.pdf\r\n"
        b"Content-Disposition: attachment; filename=b.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + base64.encodebytes(FILE).replace(b"\n", b"\r\n"),
        {},
        ("rspamd", "milter"),
    ),
    "IP": ("198.51.100.0/24", {}, mail(), {"ip": "198.51.100.9"}, ENFORCERS),
    "IPv6": ("2001:db8::/48", {}, mail(), {"ip": "2001:db8::5"}, ENFORCERS),
    "pair": (
        "friend.example, rented.example",
        {},
        mail(),
        {"name": "a.rented.example"},
        ENFORCERS,
    ),
}


async def test_every_kind_of_entry_is_obeyed_by_whoever_sees_it_and_by_nobody_once_removed(site: Site) -> None:
    for name, (value, more, raw, client, seen_by) in CASES.items():
        assert all(said.passed for said in (await site.ask(raw, **client)).values()), name
        block_id = await site.block(value, **more)
        for way, said in (await site.ask(raw, **client)).items():
            assert (block_id in said.said) is (way in seen_by), f"{name} at {way}: {said}"
        await site.remove(block_id)
        assert all(said.passed for said in (await site.ask(raw, **client)).values()), name


async def test_a_recipients_own_block_and_their_domains_leave_the_others_their_mail_byte_for_byte(site: Site) -> None:
    raw = mail(
        body="To all: https://a.evil.example.com/x",
        message_id=f"own-{1}@x",
        extra="X-Odd:no space\r\nX-Fold: a\r\n\tb\r\n",
    )
    await site.block("evil.example.com", kind="url", scope=ANA)
    for way in ("rspamd", "milter"):
        site.gateway.sink.arrived.clear()
        assert (await site.gateway.send(way, raw, [ANA, BOB, CY])).passed

        async def arrived() -> bool:
            return {BOB, CY} <= site.gateway.sink.whose(b"own-1@x")

        await until(arrived)
        assert site.gateway.sink.whose(b"own-1@x") == {BOB, CY}
        assert all(raw in content for _, content in site.gateway.sink.arrived)
        tagged = await site.gateway.send(way, raw, ["ana+news@example.org"])  # hers, too
        assert not tagged.passed
    await site.block("friend.example", scope="example.org")
    for way in ("milter", "policy"):
        said = await site.gateway.send(way, mail(), [ANA, BOB, CY])
        assert set(said.refused) == {ANA, BOB}
    assert not (await site.gateway.send("rspamd", mail(), [ANA, BOB])).passed


async def test_mails_in_parallel_with_changes_are_all_decided_rightly(site: Site) -> None:
    """One sender is blocked throughout, one never; a third comes and goes: before a change and after it, all is as it says."""
    stands = await site.block("never@parcel.example")
    wrong: list[str] = []
    limit = asyncio.Semaphore(30)

    async def send(way: str, sender: str, *, is_blocked: bool) -> None:
        async with limit:
            said = await site.gateway.send(way, mail(sender=sender), [ANA], sender=sender)
        if said.passed is is_blocked or (is_blocked and stands not in said.said):
            wrong.append(f"{sender} at {way}: {said}")

    async def change() -> None:
        for number in range(MAILS // 10):
            block_id = await site.block(f"other{number}@parcel.example")
            if number % 2:
                await site.remove(block_id)

    sends = [
        send(
            ENFORCERS[number % 3],
            *(("never@parcel.example",) if number % 2 else ("good@parcel.example",)),
            is_blocked=bool(number % 2),
        )
        for number in range(MAILS)
    ]
    await asyncio.gather(change(), *sends)
    assert wrong == []
    flips = await site.block("flips@parcel.example")
    for _ in range(5):
        assert not any(said.passed for said in (await site.ask(mail(), sender="flips@parcel.example")).values())
        await site.remove(flips)
        assert all(said.passed for said in (await site.ask(mail(), sender="flips@parcel.example")).values())
        flips = await site.block("flips@parcel.example")


async def test_with_the_hash_lost_or_redis_away_each_enforcer_does_as_stated_and_all_comes_back_by_itself(
    site: Site,
) -> None:
    block_id = await site.block(FEE)
    await site.longstop.redis.flushall()
    await site.written(block_id)  # nobody did anything
    assert not any(said.passed for said in (await site.ask(PHISH, sender=FEE)).values())
    await site.redis.kill()
    assert all(said.passed for said in (await site.ask(PHISH, sender=FEE)).values()), "the default is to let mail pass"
    await site.redis.start()  # empty: nothing of it was kept

    async def refused() -> bool:
        return not any(said.passed for said in (await site.ask(PHISH, sender=FEE)).values())

    await until(refused, patience_s=60)
