"""Milter and policy service obey the entries of the block list from the next mail on, each recipient by itself."""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock, patch

import pytest

from shared.events import BlockHit
from tests.mails import mail
from tests.milter_client import MilterClient, Outcome
from tests.services import House, house
from tests.waiting import until

ANA, BOB = "ana@example.org", "bob@example.org"
FEE = "fee@parcel.example"
PDF = b"%PDF-1.4 a bill"


@pytest.fixture
async def gateway(redis_url: str, database_url: str, prefix: str, data_dir: Path) -> AsyncIterator[House]:
    async with house(("blocklist",), redis_url, prefix, data_dir, database_url=database_url) as made:
        yield made


async def add(made: House, value: str, **more: Any) -> str:
    """Make an entry; its id, once the gateway's hash has it."""
    before = await made.redis.hlen(f"{made.prefix}:gateway")
    async with made.http("blocklist") as http:
        answer = await http.post("/v1/blocks", json={"value": value, **more})
        assert answer.status_code == 201, answer.text

    async def written() -> bool:
        return bool(await made.redis.hlen(f"{made.prefix}:gateway") > before)

    await until(written)
    return str(answer.json()["block_id"])


async def send(made: House, raw: bytes, *recipients: str, sender: str = FEE, client: str = "192.0.2.7") -> Outcome:
    connection = await MilterClient.connect(made.ports["milter_port"], client=client)
    outcome = await connection.mail(raw, sender=sender, recipients=list(recipients) or [ANA])
    await connection.leave()
    return outcome


async def ask_policy(
    made: House, *, sender: str = FEE, recipient: str = ANA, client: str = "192.0.2.7", state: str | None = "RCPT"
) -> str:
    reader, writer = await asyncio.open_connection("127.0.0.1", made.ports["policy_port"])
    question = {
        "request": "smtpd_access_policy",
        "sender": sender,
        "recipient": recipient,
        "client_address": client,
        **({"protocol_state": state} if state is not None else {}),
    }
    writer.write("".join(f"{name}={value}\n" for name, value in question.items()).encode() + b"\n")
    answer = (await reader.readuntil(b"\n\n")).decode()
    writer.close()
    return answer.strip().removeprefix("action=")


LINK = mail(sender="Bo <bo@friend.example>", body="Look: https://pay.evil.example/bill?id=1", message_id="l@x")


async def test_a_mail_that_nothing_names_passes(gateway: House) -> None:
    assert await send(gateway, LINK) == Outcome()
    assert await ask_policy(gateway) == "DUNNO"


@pytest.mark.parametrize(
    ("value", "client"),
    [
        (FEE, "192.0.2.7"),
        ("parcel.example", "192.0.2.7"),
        ("198.51.100.0/24", "198.51.100.9"),
        ("2001:db8::/48", "2001:db8::5"),
    ],
)
async def test_the_envelope_is_refused_at_rcpt_with_the_entry_s_id(gateway: House, value: str, client: str) -> None:
    block_id = await add(gateway, value)
    outcome = await send(gateway, LINK, client=client)
    assert outcome.at_rcpt == {ANA: f"550 5.7.1 Blocked by mail policy, entry {block_id}"}
    assert await ask_policy(gateway, client=client) == f"REJECT 5.7.1 Blocked by mail policy, entry {block_id}"


@pytest.mark.parametrize(
    "value",
    ["bo@friend.example", "friend.example", "pay.evil.example/bill?id=1", "evil.example"],
)
async def test_what_is_in_a_mail_is_refused_at_its_end(gateway: House, value: str) -> None:
    block_id = await add(gateway, value, **({"kind": "url"} if value == "evil.example" else {}))
    outcome = await send(gateway, LINK)
    assert outcome.at_rcpt == {}
    assert outcome.at_end == f"554 5.7.1 Blocked by mail policy, entry {block_id}"


async def test_a_file_is_refused(gateway: House) -> None:
    block_id = await add(gateway, hashlib.sha256(PDF).hexdigest())
    raw = (
        b"From: a@b.example\r\nContent-Type: application/pdf; name=bill.pdf\r\nContent-Disposition: attachment\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.b64encode(PDF) + b"\r\n"
    )
    assert block_id in (await send(gateway, raw)).at_end


async def test_a_recipient_s_own_block_takes_off_that_recipient_alone(gateway: House) -> None:
    await add(gateway, "pay.evil.example", kind="url", scope=ANA)
    outcome = await send(gateway, LINK, ANA, BOB)
    assert (outcome.at_end, outcome.removed) == ("", [ANA])
    assert (await send(gateway, LINK, ANA)).at_end.startswith("554")
    await add(gateway, FEE, scope=BOB)
    outcome = await send(gateway, mail(message_id="2@x"), ANA, BOB)
    assert list(outcome.at_rcpt) == [BOB]
    assert await ask_policy(gateway, recipient=BOB) != await ask_policy(gateway, recipient=ANA) == "DUNNO"


async def test_a_recipient_s_own_entries_cover_mail_to_their_tagged_addresses(gateway: House) -> None:
    tagged = "ana+news@example.org"
    await add(gateway, "pay.evil.example", kind="url", scope=ANA)
    assert (await send(gateway, LINK, tagged, BOB)).removed == [tagged]
    await add(gateway, FEE, scope=ANA)
    assert list((await send(gateway, LINK, tagged, BOB)).at_rcpt) == [tagged]
    assert (await ask_policy(gateway, recipient=tagged)).startswith("REJECT")
    await add(gateway, FEE, scope=tagged, action="allow")
    assert await ask_policy(gateway, recipient=tagged) == "DUNNO"
    assert (await ask_policy(gateway, recipient=ANA)).startswith("REJECT")


async def test_an_allow_opens_what_is_less_specific(gateway: House) -> None:
    await add(gateway, "parcel.example")
    assert (await send(gateway, LINK)).at_rcpt
    await add(gateway, FEE, action="allow")
    assert await send(gateway, LINK) == Outcome()
    forged = await send(gateway, LINK, sender="srs0=hh=tt=parcel.example=fee@other.parcel.example")
    assert forged.at_rcpt


async def test_reports_are_never_looked_at(gateway: House) -> None:
    await add(gateway, FEE)
    assert await send(gateway, LINK, "phish@example.org") == Outcome()
    outcome = await send(gateway, LINK, "phish@example.org", ANA)
    assert list(outcome.at_rcpt) == [ANA]


@pytest.mark.parametrize("state", ["MAIL", "RCPT", "DATA", "END-OF-MESSAGE", "", None])
async def test_the_policy_service_refuses_a_sender_at_every_stage_and_knows_no_recipient_it_was_not_told(
    gateway: House, state: str | None
) -> None:
    block_id = await add(gateway, FEE)
    await add(gateway, "own@parcel.example", scope=ANA)
    assert block_id in await ask_policy(gateway, recipient="", state=state)
    assert (await ask_policy(gateway, sender="own@parcel.example", state=state)).startswith("REJECT")
    for sender, recipient in (("own@parcel.example", ""), ("", ""), ("bo@friend.example", ANA)):
        assert await ask_policy(gateway, sender=sender, recipient=recipient, state=state) == "DUNNO"


async def test_the_policy_service_refuses_a_client_before_it_has_said_anything_and_lets_reports_pass(
    gateway: House,
) -> None:
    block_id = await add(gateway, "192.0.2.7")
    for state in ("CONNECT", "EHLO", "HELO"):
        assert block_id in await ask_policy(gateway, sender="", recipient="", state=state)
    assert await ask_policy(gateway, sender="", recipient="", state="ETRN") == "DUNNO"
    assert await ask_policy(gateway, recipient="phish@example.org") == "DUNNO"


async def test_a_removed_entry_works_no_more(gateway: House) -> None:
    block_id = await add(gateway, FEE)
    assert (await send(gateway, LINK)).at_rcpt
    async with gateway.http("blocklist") as http:
        assert (await http.delete(f"/v1/blocks/{block_id}")).status_code == 200

    async def passes() -> bool:
        return await send(gateway, LINK) == Outcome()

    await until(passes)


async def test_several_mails_of_one_connection_are_told_apart(gateway: House) -> None:
    await add(gateway, FEE)
    connection = await MilterClient.connect(gateway.ports["milter_port"])
    for _ in range(3):
        assert (await connection.mail(LINK, sender=FEE, recipients=[ANA])).at_rcpt
        assert await connection.mail(LINK, sender="cy@friend.example", recipients=[ANA]) == Outcome()
    await connection.leave()


async def test_hits_are_counted_told_and_move_an_expiry(gateway: House) -> None:
    block_id = await add(gateway, FEE, expires="hit+7d")

    async def entry() -> dict[str, Any]:
        async with gateway.http("blocklist") as http:
            (found,) = (await http.get("/v1/blocks")).json()["blocks"]
        return dict(found)

    first = await entry()
    assert (first["idle_days"], first["hit_count"], first["last_hit_at"]) == (7, 0, None)
    await send(gateway, LINK)
    await send(gateway, LINK)
    await ask_policy(gateway)
    hostile = {"block_id": block_id, "enforcer": "rspamd", "sender": "\x1b[31m\xff" * 300, "recipient": b"\xff\xfe"}
    await gateway.redis.xadd(f"{gateway.prefix}:gateway.hits", hostile)
    await gateway.redis.xadd(f"{gateway.prefix}:gateway.hits", {"rubbish": "x"})

    async def counted() -> bool:
        return bool((await entry())["hit_count"] == 4)

    await until(counted)
    said = await gateway.said(BlockHit)
    assert sorted((one["enforcer"], one["count"]) for one in said) == sorted(
        [
            *((one["enforcer"], one["count"]) for one in said if one["enforcer"] == "milter"),
            ("policy", 1),
            ("rspamd", 1),
        ]
    )
    assert sum(one["count"] for one in said) == 4
    assert {one["sender"] for one in said if one["enforcer"] != "rspamd"} == {FEE}


@pytest.mark.parametrize("failure", ["accept", "defer"])
async def test_without_redis_the_setting_decides(redis_url: str, prefix: str, data_dir: Path, failure: str) -> None:
    settings: dict[str, Any] = {"milter_failure": failure, "policy_failure": failure}
    async with house(("blocklist",), redis_url, prefix, data_dir, **settings) as made:
        await add(made, FEE)
        away = AsyncMock(side_effect=ConnectionRefusedError("away"))
        with patch("redis.asyncio.Redis.hmget", away):
            outcome, answer = await send(made, LINK), await ask_policy(made)
        if failure == "accept":
            assert (outcome, answer) == (Outcome(), "DUNNO")
        else:
            assert outcome.at_rcpt[ANA].startswith("451 4.7.1")
            assert answer.startswith("DEFER_IF_PERMIT 4.7.1")


@pytest.mark.parametrize(
    "rubbish", [b"GET / HTTP/1.1\r\n\r\n", b"\0\0\0\x01", b"\xff" * 100, b"\0\0\0\x05O\0\0\0\x01", b""]
)
async def test_rubbish_ends_a_conversation_and_nothing_else(gateway: House, rubbish: bytes) -> None:
    for port in ("milter_port", "policy_port"):
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.ports[port])
        writer.write(rubbish)
        writer.write_eof()
        await asyncio.wait_for(reader.read(), 5)
        writer.close()
    assert await send(gateway, LINK) == Outcome()


async def test_a_stranger_s_network_is_not_answered(
    redis_url: str, database_url: str, prefix: str, data_dir: Path
) -> None:
    settings: dict[str, Any] = {"database_url": database_url, "gateway_networks": ("192.0.2.0/24",)}
    async with house(("blocklist",), redis_url, prefix, data_dir, **settings) as made:
        reader, writer = await asyncio.open_connection("127.0.0.1", made.ports["milter_port"])
        assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()


async def test_what_passes_is_counted_for_previews(gateway: House) -> None:
    await send(gateway, LINK)
    await send(gateway, LINK)

    async def told(value: str, kind: str) -> int:
        async with gateway.http("blocklist") as http:
            answer = await http.post("/v1/preview", json={"value": value, "kind": kind})
        return int(answer.json()["mails_passed"])

    async def counted() -> bool:
        return await told("bo@friend.example", "address") == 2

    await until(counted)
    assert await told("friend.example", "domain") == 2
    assert await told("evil.example", "url") == 2
    assert await told("other.example", "domain") == 0
