"""The watched mailbox: what was taken is in Taken, what carries no report in Refused, and what could not be taken stays."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from services.ingest import imap
from services.ingest.accounts import account_of
from services.ingest.intake import Intake
from shared.errors import Defer
from shared.events import ReportReceived, ReportRejected
from tests.imap_server import ImapServer, imap_server
from tests.mails import mail, report_of
from tests.services import House, free_port, house
from tests.waiting import until


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ImapServer]:
    monkeypatch.setattr(imap, "RETRY_S", 0.05)
    async with imap_server(free_port()) as made:
        yield made


@pytest.fixture
async def ingest(server: ImapServer, redis_url: str, prefix: str, data_dir: Path) -> AsyncIterator[House]:
    async with watching(server, redis_url, prefix, data_dir) as made:
        yield made


def watching(server: ImapServer, redis_url: str, prefix: str, data_dir: Path) -> Any:
    url = f"imap://reports%40example.org:secret%20word@127.0.0.1:{server.port}/INBOX"
    return house(("ingest",), redis_url, prefix, data_dir, imap_url=url, mail_max_bytes=64 * 1024)


async def moved(server: ImapServer, folder: str, count: int = 1) -> None:
    async def so() -> bool:
        return len(server.raws(folder)) >= count and not server.raws("INBOX")

    await until(so)


async def test_a_report_is_taken_and_moved_once_it_is_durable(server: ImapServer, ingest: House) -> None:
    letter = b"Return-Path: <ana@example.org>\r\nDelivered-To: junk@example.org\r\n" + report_of(mail())
    server.deliver(letter)
    await moved(server, "Taken")
    (event,) = await ingest.said(ReportReceived)
    assert event["source"] == "imap"
    assert event["category"] == "junk"
    assert event["reporter"] == "ana@example.org"
    assert event["message"]["sha256"] == hashlib.sha256(mail()).hexdigest()


async def test_what_comes_later_is_told_by_idle(server: ImapServer, ingest: House) -> None:
    async def waits() -> bool:
        return "Taken" in server.folders

    await until(waits)
    for number in range(3):
        server.deliver(report_of(mail(subject=f"{number}")))
        await moved(server, "Taken", number + 1)
    assert len(await ingest.said(ReportReceived)) == 3
    assert server.conversations == 1


@pytest.mark.parametrize(
    ("letter", "reason"),
    [
        (mail(sender="ana@example.org", body="I saw something."), "no reported mail is attached"),
        (b"Auto-Submitted: auto-replied\r\n" + report_of(mail()), "a machine sent it"),
        (b"Return-Path: <>\r\n" + report_of(mail()), "no envelope sender"),
        (report_of(mail(body="x" * 70_000)), "65536 are allowed"),
    ],
)
async def test_what_carries_no_report_is_refused_and_told(
    server: ImapServer, ingest: House, letter: bytes, reason: str
) -> None:
    server.deliver(letter)
    await moved(server, "Refused")
    (event,) = await ingest.said(ReportRejected)
    assert reason in event["reason"]
    assert await ingest.said(ReportReceived) == []


async def test_what_cannot_be_taken_now_stays_where_it_is(
    server: ImapServer, ingest: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = asyncio.Event()

    async def not_now(*_: Any) -> Any:
        tried.set()
        raise Defer("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(Intake, "receive", not_now)
        server.deliver(report_of(mail()))
        await tried.wait()
        await asyncio.sleep(0.2)
        assert len(server.raws("INBOX")) == 1
        assert await ingest.said(ReportReceived) == []
    await moved(server, "Taken")
    assert len(await ingest.said(ReportReceived)) == 1


async def test_a_connection_that_is_cut_is_made_again_and_nothing_is_reported_twice(
    server: ImapServer, ingest: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    move = imap.ImapDoor._move
    cut = 0

    def cut_first(self: imap.ImapDoor, *args: Any) -> None:
        nonlocal cut
        cut += 1
        if cut == 1:  # durable, and not moved
            raise ConnectionResetError
        move(self, *args)

    monkeypatch.setattr(imap.ImapDoor, "_move", cut_first)
    server.deliver(report_of(mail()))
    await moved(server, "Taken")
    assert cut == 2
    assert len(await ingest.said(ReportReceived)) == 1


async def test_a_fault_of_ours_at_one_message_does_not_hold_up_the_next(
    server: ImapServer, ingest: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = server.deliver(report_of(mail(subject="bad")))
    take = imap.ImapDoor._take

    def fails(self: imap.ImapDoor, client: Any, uid: int, size: int) -> bool:
        if uid == bad:
            raise KeyError("a fault")
        return take(self, client, uid, size)

    monkeypatch.setattr(imap.ImapDoor, "_take", fails)
    server.deliver(report_of(mail(subject="good")))

    async def so() -> bool:
        return len(server.raws("Taken")) == 1

    await until(so)
    assert bad in server.folders["INBOX"]
    assert len(await ingest.said(ReportReceived)) == 1


async def test_a_server_that_is_away_is_waited_for(
    redis_url: str, prefix: str, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imap, "RETRY_S", 0.05)
    port = free_port()
    async with watching(ImapServer(port), redis_url, prefix, data_dir) as made:
        await asyncio.sleep(0.3)
        async with imap_server(port) as server:
            server.deliver(report_of(mail()))
            await moved(server, "Taken")
            assert len(await made.said(ReportReceived)) == 1


async def test_servers_with_folders_under_inbox_and_without_move_and_idle(
    redis_url: str, prefix: str, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imap, "POLL_S", 0.1)
    async with (
        imap_server(free_port(), prefix="INBOX.", capabilities="IMAP4rev1 NAMESPACE") as server,
        watching(server, redis_url, prefix, data_dir) as made,
    ):
        server.deliver(report_of(mail()))
        await moved(server, "Taken")
        assert set(server.folders) == {"INBOX", "INBOX.Taken", "INBOX.Refused"}
        assert len(await made.said(ReportReceived)) == 1


@pytest.mark.parametrize(
    "url", ["http://a:b@c/", "imap://c/", "imaps://user@host/", "imaps://a:b@[c", "imaps://a:b@c:99999/"]
)
def test_a_url_that_is_none_is_refused_and_its_password_is_not_told(url: str) -> None:
    with pytest.raises(ValueError, match=r"imaps?://"):
        account_of(url)


def test_a_url_says_everything() -> None:
    account = account_of("imaps://reports%40example.org:p%2Fw@mail.example.org/Reports/New")
    assert (account.user, account.password, account.folder, account.port) == (
        "reports@example.org",
        "p/w",
        "Reports/New",
        993,
    )
