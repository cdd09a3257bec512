"""What is forgotten: a person's mails everywhere, and everybody's after their time; nothing else goes."""

import base64
import hashlib
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import MetaData, text
from sqlmodel import Session, col, select, update

from services.ingest.erasure import Retention
from services.ingest.tables import Refused, Report
from shared.blobs import FileBlobs, open_blobs
from shared.errors import Defer
from shared.events import ErasureRequested
from shared.run import Room
from shared.work import Database, Work
from tests.mails import mail
from tests.services import House, house
from tests.waiting import until

RAW = {"Content-Type": "message/rfc822"}
EVERYBODY = ("ingest", "triage", "submission", "blocklist", "digest", "portal", "console")


def blob(made: House, raw: bytes) -> Path:
    name = hashlib.sha256(raw).hexdigest()
    return made.data_dir / "blobs" / name[:1] / name


async def rows(service: str, data_dir: Path, query: str) -> list[Any]:
    """What a query says of a service's database."""
    database = Database(f"sqlite:///{data_dir}/db/{service}.db", service, MetaData())

    def look(session: Session) -> list[Any]:
        return [tuple(row) for row in session.connection().execute(text(query))]

    try:
        return await database.look(look)
    except Defer:
        return []
    finally:
        await database.close()


@pytest.mark.timeout(180)
async def test_a_person_is_forgotten_everywhere_and_nobody_else_is(
    redis_url: str, prefix: str, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.ingest.__main__.TAKE_AWAY_S", 0.1)
    anas, bens, both, held, kept = (mail(subject=word) for word in ("anas", "bens", "both", "held", "kept"))
    async with house(EVERYBODY, redis_url, prefix, data_dir) as made, made.http("ingest") as http:
        for raw, reporter in (
            (anas, "Ana@example.org"),
            (bens, "ben@example.org"),
            (both, "ana@example.org"),
            (both, "ben@example.org"),
        ):
            answer = await http.post("/v1/reports", params={"reporter": reporter}, content=raw, headers=RAW)
            assert answer.status_code == 202
        for raw, rcpt in ((held, "ana@example.org"), (kept, "ben@example.org")):
            await http.post(
                "/v1/quarantine", params={"rcpt": rcpt, "mail_from": "x@y.example"}, content=raw, headers=RAW
            )

        async def seen(query: str, service: str) -> list[Any]:
            return await rows(service, data_dir, query)

        async def all_known() -> bool:
            reports = await seen("select id from console_report where state = 'received' and case_id != ''", "console")
            return len(reports) == 4 and len(await seen("select 1 from digest_copy", "digest")) == 2

        await until(all_known)
        answer = await http.post("/v1/erasures", json={"address": "ANA@example.org"})
        assert answer.status_code == 202
        assert answer.json() | {"erasure_id": ""} == {"erasure_id": "", "reports": 2, "held": 1, "raw_mails": 2}

        async def gone() -> bool:
            left = [
                await seen("select 1 from console_report where lower(reporter) = 'ana@example.org'", "console"),
                await seen("select 1 from console_copy where recipient = 'ana@example.org'", "console"),
                await seen("select 1 from digest_copy where recipient = 'ana@example.org'", "digest"),
            ]
            return not any(left) and not blob(made, anas).exists() and not blob(made, held).exists()

        await until(gone)
        assert all(blob(made, raw).exists() for raw in (bens, both, kept))
        assert len(await seen("select 1 from console_report", "console")) == 2
        assert await seen("select recipient from digest_copy", "digest") == [("ben@example.org",)]
        assert await seen("select line from console_activity where kind = 'erasure.requested'", "console") == [
            ("A person's mails were erased",)
        ]
        assert await made.said("dead.v1") == []
        (event,) = await made.said(ErasureRequested)
        assert event["address"] == "ana@example.org"


@pytest.mark.parametrize("address", ["", "a", "%@%", "a b@c.example", "x" * 400 + "@y.example"])
async def test_an_address_that_is_none_erases_nothing(
    redis_url: str, database_url: str, prefix: str, data_dir: Path, address: str
) -> None:
    async with (
        house(("ingest",), redis_url, prefix, data_dir, database_url=database_url) as made,
        made.http("ingest") as http,
    ):
        assert (await http.post("/v1/erasures", json={"address": address})).status_code == 422


async def test_mails_go_after_their_time_and_not_before(
    redis_url: str, database_url: str, prefix: str, data_dir: Path
) -> None:
    old, young = mail(subject="old"), mail(subject="young")
    async with (
        house(("ingest",), redis_url, prefix, data_dir, database_url=database_url) as made,
        made.http("ingest") as http,
    ):
        for raw in (old, young):
            await http.post("/v1/reports", content=raw, headers=RAW)
        data = f'{{"category":"junk","message":{{"rfc822_base64":"{base64.b64encode(b"<html>").decode()}"}}}}'
        await made.redis.xadd(f"{made.prefix}:report.submitted.v1", {"data": data})
        room = room_of(made)
        retention = Retention(room)
        await until(lambda: some_refused(room))

        def age(work: Work) -> None:
            then = work.at - timedelta(days=91)
            one = col(Report.sha256) == hashlib.sha256(old).hexdigest()
            work.session.execute(update(Report).where(one).values(received_at=then))
            work.session.execute(update(Refused).values(refused_at=then))

        await room.database.run(age)
        assert not await retention.end_rows()
        await retention.take_away()
        assert not blob(made, old).exists()
        assert not blob(made, b"<html>").exists()
        assert blob(made, young).exists()


async def some_refused(room: Room) -> bool:
    return bool(await room.database.look(lambda session: session.exec(select(Refused)).all()))


def room_of(made: House) -> Room:
    """The room in which ingest runs."""
    return made._running[0]._room


async def test_what_no_row_names_goes_with_the_sweep(
    redis_url: str, database_url: str, prefix: str, data_dir: Path
) -> None:
    async with (
        house(("ingest",), redis_url, prefix, data_dir, database_url=database_url) as made,
        made.http("ingest") as http,
    ):
        await http.post("/v1/reports", content=mail(), headers=RAW)
        blobs = open_blobs(data_dir / "blobs")
        blobs.put([b"orphan", b"young orphan"])
        long_ago = time.time() - 200 * 86_400
        for raw in (mail(), b"orphan"):
            os.utime(blob(made, raw), (long_ago, long_ago))
        retention = Retention(room_of(made))
        await retention.sweep()
        await retention.take_away()
        assert not blob(made, b"orphan").exists()
        assert blob(made, b"young orphan").exists()
        assert blob(made, mail()).exists()


def test_a_blob_that_is_put_again_while_it_is_taken_away_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blobs = FileBlobs(tmp_path)
    (name,) = blobs.put([b"mail"])
    doomed = datetime.now(UTC) + timedelta(seconds=1)
    blobs.erase({name: doomed - timedelta(hours=1)})
    assert blobs.get(name) == b"mail"
    replace = os.replace

    def put_between(source: str, target: str) -> None:
        replace(source, target)
        monkeypatch.setattr(os, "replace", replace)
        blobs.put([b"mail"])

    monkeypatch.setattr(os, "replace", put_between)
    blobs.erase({name: doomed})
    assert blobs.get(name) == b"mail"
    blobs.erase({name: doomed, "0" * 64: doomed})
    assert blobs.get(name) is None
    assert list(blobs.older(doomed)) == []


async def test_a_store_that_cannot_be_written_keeps_the_note(
    redis_url: str, database_url: str, prefix: str, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        house(("ingest",), redis_url, prefix, data_dir, database_url=database_url) as made,
        made.http("ingest") as http,
    ):
        await http.post("/v1/reports", params={"reporter": "ana@example.org"}, content=mail(), headers=RAW)
        retention = Retention(room_of(made))
        with monkeypatch.context() as broken:
            broken.setattr(FileBlobs, "erase", fails)
            await http.post("/v1/erasures", json={"address": "ana@example.org"})
            with pytest.raises(Defer):
                await retention.take_away()
        assert blob(made, mail()).exists()
        await retention.take_away()
        assert not blob(made, mail()).exists()


def fails(*_: Any) -> None:
    raise Defer("the disk is away")
