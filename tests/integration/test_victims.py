"""A mistaken block is undone and its victims get their mail; what is rightly refused stays refused."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from services.blocklist.copies import Copies
from services.blocklist.settings import BlocklistSettings
from services.blocklist.tables import Copy
from shared.blobs import open_blobs
from shared.bus import connect
from shared.events import ErasureRequested, MailHeld, QuarantineHeld, ReleaseDecided
from shared.run import Room
from shared.work import Database, now
from tests.integration.test_enforcers import ANA, BOB, FEE, LINK, add, send
from tests.mails import mail
from tests.services import House, house
from tests.waiting import until


@pytest.fixture
async def gateway(redis_url: str, database_url: str, prefix: str, data_dir: Path) -> AsyncIterator[House]:
    more = {"database_url": database_url, "milter_refuses_at": "end"}
    async with house(("ingest", "blocklist"), redis_url, prefix, data_dir, **more) as made:
        yield made


async def post(made: House, path: str) -> Any:
    async with made.http("blocklist") as http:
        return await http.post(path, params={"by": "op"})


async def get(made: House, path: str, name: str, **query: str) -> list[dict[str, Any]]:
    async with made.http("blocklist") as http:
        return list((await http.get(path, params=query)).json()[name])


async def remove(made: House, block_id: str) -> None:
    async with made.http("blocklist") as http:
        assert (await http.delete(f"/v1/blocks/{block_id}")).status_code == 200


async def test_those_who_lost_a_mail_to_a_removed_entry_get_it_with_its_envelope_byte_for_byte(gateway: House) -> None:
    block_id = await add(gateway, FEE)
    assert block_id in (await send(gateway, LINK, ANA, BOB)).at_end
    (victim,) = await get(gateway, f"/v1/blocks/{block_id}/victims", "victims")
    assert (victim["sender"], victim["recipients"], victim["outcome"]) == (FEE, [ANA, BOB], "")
    assert (await post(gateway, f"/v1/blocks/{block_id}/deliver")).status_code == 409
    await remove(gateway, block_id)
    told = (await post(gateway, f"/v1/blocks/{block_id}/deliver")).json()
    assert told == {"delivered": 1, "stopped_by_others": 0, "gone": 0, "left": 0}

    async def held() -> bool:
        return bool(await gateway.said(QuarantineHeld))

    await until(held)
    (held_mail,) = await gateway.said(QuarantineHeld)
    assert (held_mail["reason"], held_mail["envelope"]["mail_from"]) == ("blocked_sender", FEE)
    decided = await gateway.said(ReleaseDecided)
    assert {(one["held_id"], one["recipient"], one["decision"], one["by"]) for one in decided} == {
        (held_mail["held_id"], ANA, "approved", "op"),
        (held_mail["held_id"], BOB, "approved", "op"),
    }
    blobs = open_blobs(BlocklistSettings(**gateway.overrides).blobs_at())
    assert blobs.get(held_mail["message"]["sha256"]) == LINK
    again = (await post(gateway, f"/v1/blocks/{block_id}/deliver")).json()
    assert again["delivered"] == 0
    assert len(await gateway.said(MailHeld)) == 1


async def test_a_recipient_who_was_taken_off_is_a_victim_too(gateway: House) -> None:
    block_id = await add(gateway, "evil.example", kind="url", scope=ANA)
    assert (await send(gateway, LINK, ANA, BOB)).removed == [ANA]
    (victim,) = await get(gateway, f"/v1/blocks/{block_id}/victims", "victims")
    assert victim["recipients"] == [ANA]


async def test_what_another_entry_stops_is_not_delivered(gateway: House) -> None:
    block_id, other = await add(gateway, FEE), await add(gateway, "evil.example", kind="url", scope=BOB)
    await send(gateway, LINK, ANA, BOB)
    await send(gateway, LINK, BOB)
    await remove(gateway, block_id)
    told = (await post(gateway, f"/v1/blocks/{block_id}/deliver")).json()
    assert (told["delivered"], told["stopped_by_others"]) == (1, 0)
    assert {one["recipient"] for one in await gateway.said(ReleaseDecided)} == {ANA}
    assert len(await get(gateway, f"/v1/blocks/{other}/victims", "victims")) == 2


async def test_what_is_refused_at_rcpt_leaves_no_copy(redis_url: str, prefix: str, data_dir: Path) -> None:
    async with house(("blocklist",), redis_url, prefix, data_dir) as made:
        block_id = await add(made, FEE)
        assert (await send(made, LINK)).at_rcpt
        assert await get(made, f"/v1/blocks/{block_id}/victims", "victims") == []


async def test_copies_go_by_age_by_space_and_with_the_person_they_are_of(gateway: House) -> None:
    block_id = await add(gateway, FEE)
    for number in range(4):
        await send(gateway, mail(message_id=f"{number}@x", body="x" * 300_000), ANA)
    await send(gateway, mail(message_id="5@x"), BOB)

    async def kept() -> list[dict[str, Any]]:
        return await get(gateway, f"/v1/blocks/{block_id}/victims", "victims")

    assert len(await kept()) == 5
    settings = BlocklistSettings(**{**gateway.overrides, "kept_max_mb": 1})
    database: Database = gateway.database("blocklist")
    copies = Copies(Room(settings, database, open_blobs(settings.blobs_at()), connect(settings.redis_url)))
    await copies.forget()
    assert len(await kept()) == 4  # of 1.2 MB the oldest goes
    await gateway.publish(ErasureRequested(erasure_id="e", address=BOB, requested_at=now()))

    async def forgotten() -> bool:
        return all(one["recipients"] == [ANA] for one in await kept())

    await until(forgotten)
    await database.run(lambda work: work.session.execute(update(Copy).values(kept_at=now() - timedelta(days=8))))
    await copies.forget()
    assert await kept() == []
    assert (await copies.read(str(await database.look(lambda _: "0" * 64)))) is None


async def test_the_last_change_of_an_entry_can_be_undone_and_its_history_is_told(gateway: House) -> None:
    block_id = await add(gateway, FEE, note="a campaign", expires="never")
    assert (await post(gateway, f"/v1/blocks/{block_id}/undo")).json()["undone"] == "made"
    again = (await post(gateway, f"/v1/blocks/{block_id}/undo")).json()
    assert (again["undone"], again["status"], again["note"], again["expires_at"]) == (
        "removed",
        "active",
        "a campaign",
        None,
    )
    assert again["block_id"] != block_id
    assert (await post(gateway, "/v1/blocks/unknown/undo")).status_code == 404
    told = await get(gateway, "/v1/history", "entries", value=FEE.upper())
    assert [(one["block_id"], one["status"], one["ended_by"]) for one in told] == [
        (again["block_id"], "active", ""),
        (block_id, "removed", "op"),
    ]
    assert await get(gateway, "/v1/history", "entries", value=block_id) == told[1:]
