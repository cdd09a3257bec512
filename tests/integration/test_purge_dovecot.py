"""Purges in a real Dovecot, by both of its protocols: what is moved, that nothing else is, and that undo is exact."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.events import PurgeFinished
from tests.dovecot import AT, KEY, MASTER, PASSWORD, Dovecot, dovecot, may_run
from tests.mails import mail
from tests.purging import act, ask, innocent, restored, show, standing
from tests.services import House, house
from tests.waiting import until

PEOPLE = tuple(f"{name}@example.org" for name in ("alice", "bob", "carol", "dave", "erin"))
FLAGS = (b"\\Seen", b"\\Flagged", b"$Work")

pytestmark = pytest.mark.skipif(not may_run(), reason="no Dovecot that this user may start")


@pytest.fixture(scope="module")
def started() -> Iterator[Dovecot]:
    with dovecot(*PEOPLE) as made:
        yield made


@pytest.fixture
def server(started: Dovecot) -> Dovecot:
    """Five mailboxes; four have the campaign's mail, one of them twice, beside others that look like it."""
    started.empty()
    for number, person in enumerate(PEOPLE):
        started.deliver(person, innocent(1), innocent(2))
        started.deliver(person, mail(sender="Ben <ben@example.com>", subject="Lunch"), at=AT + timedelta(days=1))
        if number < 4:
            started.deliver(person, mail(), at=AT + timedelta(minutes=number), flags=FLAGS[:number])
    started.deliver(PEOPLE[2], mail(), folder="Archive/Ältere", at=AT + timedelta(minutes=2), flags=FLAGS)
    return started


@pytest.fixture(params=["doveadm", "imap"])
async def made(
    request: pytest.FixtureRequest, redis_url: str, prefix: str, tmp_path: Path, server: Dovecot
) -> AsyncIterator[House]:
    secret, users = tmp_path / "secret", tmp_path / "users"
    secret.write_text(KEY if request.param == "doveadm" else PASSWORD)
    users.write_text("\n".join(PEOPLE))
    address = f"127.0.0.1:{server.http_port if request.param == 'doveadm' else server.imap_port}"
    scheme = "doveadm+http://" if request.param == "doveadm" else f"imap://{MASTER}@"
    url = f"{scheme}{address}?password_file={secret}"
    async with house(
        ("mailboxes",), redis_url, prefix, tmp_path / "data", mailstore_url=url, mailstore_users=users
    ) as one:
        yield one


def states(server: Dovecot) -> dict[str, list[str]]:
    return {person: server.state(person) for person in PEOPLE}


async def test_a_campaign_leaves_four_mailboxes_quickly_and_comes_back_exactly(made: House, server: Dovecot) -> None:
    before = states(server)
    begun = time.monotonic()
    purge_id = await ask(made)
    assert await act(made, purge_id, "approval", by="eve", plan=1) == 202
    done = await standing(made, purge_id, "finished")
    assert time.monotonic() - begun < 20  # measured: well below 2 s; a loaded machine may take longer
    moved = {one["mailbox"]: one["moved"] for one in done["mailboxes"]}
    assert [moved[person] for person in PEOPLE] == [1, 1, 2, 1, 0]
    purged = states(server)
    assert purged[PEOPLE[4]] == before[PEOPLE[4]]
    for person in PEOPLE[:4]:
        kept = [one for one in purged[person] if '"mailbox": "Quarantine"' not in one]
        assert set(kept) < set(before[person])
        assert len(kept) == len(before[person]) - moved[person]
        assert len(purged[person]) == len(before[person])
    assert await act(made, purge_id, "restore", by="eve") == 202
    await restored(made, purge_id)
    assert states(server) == before


async def test_a_dovecot_that_stops_midway_delays_and_then_it_is_done(made: House, server: Dovecot) -> None:
    purge_id = await ask(made)
    await asyncio.to_thread(server.stop)
    try:
        assert await act(made, purge_id, "approval", by="eve", plan=1) == 202

        async def all_wait() -> bool:
            boxes = [one for one in (await show(made, purge_id))["mailboxes"] if one["found"]]
            return all(one["result"] == "delayed" for one in boxes)

        await until(all_wait)
        assert await made.said(PurgeFinished) == []
    finally:
        await asyncio.to_thread(server.start)
    done = await standing(made, purge_id, "finished")
    assert {one["result"] for one in done["mailboxes"] if one["found"]} == {"success"}


async def test_one_mail_among_thousands_is_found(made: House, server: Dovecot) -> None:
    inbox = server.folder / "mail" / "alice" / "Maildir" / "cur"
    for number in range(5_000):
        path = inbox / f"{1_700_000_000 + number}.M{number}P1.host:2,S"
        path.write_bytes(innocent(number))
        os.chown(path, inbox.stat().st_uid, inbox.stat().st_gid)
    purge_id = await ask(made, mailboxes=[PEOPLE[0]])
    assert await act(made, purge_id, "approval", by="eve", plan=1) == 202
    done: dict[str, Any] = await standing(made, purge_id, "finished")
    assert [one["moved"] for one in done["mailboxes"]] == [1]
    counts = server.doveadm("-f", "flow", "mailbox", "status", "-u", PEOPLE[0], "messages", "INBOX", "Quarantine")
    assert "messages=5003" in counts
    assert "messages=1" in counts
