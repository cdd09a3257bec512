"""False reports never get an honest sender blocked: each proposal is refused with its reason, and with what would be accepted."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from services.blocklist.rules.traffic import day_of
from services.blocklist.tables import Traffic
from shared.events import BlockCreated, BlockRefused, VerdictIssued
from shared.events.verdicts import ProposedBlock
from shared.work import now
from tests.services import House, house
from tests.waiting import until

PROPOSED = (
    ("address", "ceo@example.org", "your own domain"),
    ("domain", "example.org", "your own domain"),
    ("url", "www.example.org", "your own domain"),
    ("domain", "gmail.com", "name one address, such as NAME@gmail.com"),
    ("url", "docs.google.com", "name one page, such as docs.google.com/PATH"),
    ("url", "bit.ly", "name one page, such as bit.ly/PATH"),
    ("address", "boss@bank.example", "name it together with the infrastructure that forges it"),
    ("domain", "partner.example", "an operator can add it"),
    ("address", "sales@partner.example", "an operator can add it"),
    ("ip", "10.0.0.1", "private or reserved"),
    ("ip", "198.51.100.0/24", "name a network of /32 or smaller"),
)


def verdict(*blocks: tuple[Any, str], **more: Any) -> VerdictIssued:
    return VerdictIssued(
        submission_id="s",
        case_id="c",
        message_sha256="0" * 64,
        category="phishing",
        confidence=0.97,
        cause="filter_missed",
        blocks=tuple(ProposedBlock(kind=kind, value=value) for kind, value in blocks),
        **{"version": 1, **more},
    )


async def refused(made: House, count: int) -> dict[str, str]:
    async def enough() -> bool:
        return len(await made.said(BlockRefused)) >= count

    await until(enough)
    return {one["value"]: one["reason"] for one in await made.said(BlockRefused)}


async def test_no_false_report_gets_an_honest_sender_blocked(
    redis_url: str, database_url: str, prefix: str, data_dir: Path
) -> None:
    more = {"database_url": database_url, "protected_senders": ("bank.example",)}
    async with house(("blocklist",), redis_url, prefix, data_dir, **more) as made:
        days = [day_of(now() - timedelta(days=ago)) for ago in range(3, 25)]
        mails = [
            {"kind": kind, "value": value, "day": day, "mails": 3}
            for day in days
            for kind, value in (("domain", "partner.example"), ("address", "sales@partner.example"))
        ]
        await made.database("blocklist").run(lambda work: work.session.execute(insert(Traffic), mails))
        await made.publish(verdict(*((kind, value) for kind, value, _ in PROPOSED), ("address", "fee@parcel.example")))
        reasons = await refused(made, len(PROPOSED))
        for _, value, words in PROPOSED:
            assert words in reasons[value], f"{value}: {reasons[value]}"
        assert [one["value"] for one in await made.said(BlockCreated)] == ["fee@parcel.example"]
        async with made.http("blocklist") as http:
            for kind, value, _ in PROPOSED:
                told = (await http.post("/v1/preview", json={"kind": kind, "value": value})).json()
                assert not told["accepted_of_verdicts"]
                assert told["reason_of_verdicts"] == reasons[value], "a preview says what will be said"


@pytest.mark.parametrize(
    ("more", "is_listed"),
    [
        ({"report_count": 2, "reporter_verified": False}, False),
        ({"report_count": 3, "reporter_verified": False}, True),
        ({"report_count": 1, "reporter_verified": True}, True),
        ({}, True),  # an older service does not say
    ],
)
async def test_a_quorum_of_reports_is_needed_while_nothing_proves_who_reported(
    redis_url: str, prefix: str, data_dir: Path, more: dict[str, Any], is_listed: bool
) -> None:
    async with house(("blocklist",), redis_url, prefix, data_dir, auto_block_quorum=3) as made:
        await made.publish(verdict(("address", "fee@parcel.example"), **more))
        if is_listed:

            async def listed() -> bool:
                return len(await made.said(BlockCreated)) == 1

            await until(listed)
        else:
            reasons = await refused(made, 1)
            assert "3 reports of the case are needed" in reasons["fee@parcel.example"]
            assert await made.said(BlockCreated) == []
