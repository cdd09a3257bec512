"""Digests on their way: readers, preferences, one click to end them, refusals, crashes and upgrades; no row is lost."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy import delete, update
from sqlmodel import col, select

from services.digest.letters.deciding import ROWS_MAX, decide_due, reckon
from services.digest.letters.jobs import Digests
from services.digest.letters.letter import Letters
from services.digest.letters.news import note_news, on_digest_preferred
from services.digest.letters.people import People
from services.digest.letters.tables import Mail, Mailbox, Preference
from services.digest.settings import DigestSettings
from services.digest.tables import Copy, Held
from shared.blobs import FileBlobs
from shared.bus import connect
from shared.events import DigestPreferred, ErasureRequested, NotificationSent, QuarantineHeld
from shared.links import links_of
from shared.outgoing import FilePostman
from shared.run import Room
from shared.work import Database, Work
from tests.digest_year import database_of
from tests.mails import mail
from tests.portal import ANA, browser, held, path_of
from tests.services import House, free_port, house
from tests.waiting import until

BEN = "ben@example.org"
INFO = "info@example.org"

PEOPLE = f"""\
digests:
  - for: {INFO}
    readers: [{ANA}, {BEN}]
  - for: {BEN}
    language: fr
    zone: Europe/Paris
"""


@pytest.fixture
async def digest(redis_url: str, database_url: str, prefix: str, data_dir: Path) -> AsyncIterator[House]:
    async with started(redis_url, prefix, data_dir, database_url=database_url) as made:
        yield made


def people_file(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "people.yaml").write_text(PEOPLE)
    return folder / "people.yaml"


@asynccontextmanager
async def started(redis_url: str, prefix: str, data_dir: Path, **more: Any) -> AsyncIterator[House]:
    people = people_file(data_dir)
    names = more.pop("names", ("digest",))
    values = {"digest_every_s": 1, "digest_people_file": people, **more}
    async with house(names, redis_url, prefix, data_dir, **values) as made:
        yield made


def event(number: int, *rcpt: str) -> QuarantineHeld:
    return held(mail(subject=f"Mail {number}"), f"held-{number}", rcpt=rcpt or (ANA,))


def preferred(recipient: str, **values: Any) -> DigestPreferred:
    return DigestPreferred(**{"preference_id": str(uuid4()), "recipient": recipient, "at": datetime.now(UTC), **values})


def mails_in(folder: Path) -> list[EmailMessage]:
    raws = [path.read_bytes() for path in sorted((folder / "outbox").glob("*.eml"))]
    return [message_from_bytes(raw, policy=policy.default) for raw in raws]


async def told(house: House, rows: int) -> list[dict[str, Any]]:
    """Wait until so many rows were told, counted once a letter; what was said of it."""

    async def enough() -> bool:
        return bool(sum(one["item_count"] for one in await house.said(NotificationSent)) >= rows)

    await until(enough)
    return await house.said(NotificationSent)


async def test_a_shared_mailbox_is_told_of_to_all_its_readers_each_in_their_language(digest: House) -> None:
    await digest.publish(event(1, INFO))
    said = await told(digest, 2)
    assert {(one["recipient"], one["mailbox"], one["item_count"]) for one in said} == {(ANA, INFO, 1), (BEN, INFO, 1)}
    subjects = {one["to"]: one["subject"] for one in mails_in(digest.data_dir)}
    assert subjects == {
        ANA: f"1 mail waits in your quarantine ({INFO})",
        BEN: f"1 message attend dans votre quarantaine ({INFO})",
    }


async def test_what_people_say_about_their_digests_is_followed(digest: House) -> None:
    await digest.publish(preferred(ANA, frequency="never"))
    await digest.publish(preferred("Ben@example.org", language="th-TH", zone="Asia/Bangkok"))
    await digest.publish(preferred(BEN, language="es", at=datetime.now(UTC) - timedelta(days=1)))  # late, and older

    async def both() -> bool:
        rows = await digest.database("digest").look(lambda session: session.exec(select(Preference)).all())
        return {(one.address, one.frequency, one.language) for one in rows} == {(ANA, "never", None), (BEN, None, "th")}

    await until(both)
    await digest.publish(event(1, ANA, BEN, INFO))
    said = await told(digest, 2)
    assert {(one["recipient"], one["mailbox"]) for one in said} == {(BEN, ""), (BEN, INFO)}, "Ana wants none at all"
    assert all("ฉบับ" in one["subject"] for one in mails_in(digest.data_dir))
    await digest.publish(preferred(ANA, frequency="at_once"))
    assert {one["recipient"] for one in await told(digest, 3)} == {ANA, BEN}, "and is told of it when she does"


async def test_a_preference_that_cannot_be_followed_is_a_dead_letter(digest: House) -> None:
    await digest.publish(preferred(ANA, zone="Mars/Base"))

    async def dead() -> bool:
        return bool(await digest.said("dead.v1"))

    await until(dead)
    (letter,) = await digest.said("dead.v1")
    assert "this is no zone" in letter["reason"]


async def test_one_click_ends_digests_and_a_look_does_not(redis_url: str, prefix: str, data_dir: Path) -> None:
    async with started(redis_url, prefix, data_dir, names=("digest", "portal")) as both:
        await both.publish(event(1))
        await told(both, 1)
        (first,) = mails_in(both.data_dir)
        path = path_of(str(first["list-unsubscribe"]).strip("<>"))
        async with browser(both) as http:
            for _ in range(3):
                assert (await http.get(path)).status_code == 200
            assert await both.said(DigestPreferred) == []
            answer = await http.post(path, data={"List-Unsubscribe": "One-Click"})
            assert answer.status_code == 200

        async def known() -> bool:
            row = await both.database("digest").look(lambda session: session.get(Preference, ANA))
            return row is not None and row.frequency == "never"

        await until(known)
        await both.publish(event(2, ANA, "eva@example.org"))
        assert {one["recipient"] for one in await told(both, 2)} == {ANA, "eva@example.org"}
        assert len([one for one in mails_in(both.data_dir) if one["to"] == ANA]) == 1


async def test_more_than_a_digest_holds_comes_with_the_next_and_nothing_twice(digest: House) -> None:
    for number in range(ROWS_MAX + 7):
        await digest.publish(event(number))
    said = await told(digest, ROWS_MAX + 7)
    assert sum(one["item_count"] for one in said) == ROWS_MAX + 7
    assert max(one["item_count"] for one in said) <= ROWS_MAX


class Gateway:
    """Refuses the first mails for good, then takes the others."""

    def __init__(self, refusals: int) -> None:
        self.refusals = refusals
        self.taken: list[bytes] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        del server, session
        if self.refusals:
            self.refusals -= 1
            return "550 no such user"
        self.taken.append(envelope.original_content or b"")
        return "250 taken"


async def test_what_a_refused_digest_told_comes_with_the_next(redis_url: str, prefix: str, data_dir: Path) -> None:
    gateway, port = Gateway(refusals=2), free_port()
    controller = Controller(gateway, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        async with started(redis_url, prefix, data_dir, smtp_out_url=f"smtp://127.0.0.1:{port}") as digest:
            await digest.publish(event(1))
            (said,) = await told(digest, 1)
            mails = await digest.database("digest").look(lambda session: session.exec(select(Mail)).all())
    finally:
        controller.stop()
    (raw,) = gateway.taken
    assert f"<{said['message_id']}>" == message_from_bytes(raw)["message-id"]
    assert [(one.mail_id, one.due_at) for one in mails] == [(said["notification_id"], None)]


async def hold(database: Database, number: int, recipient: str = ANA, *, noted: bool = True) -> None:
    """A held mail, as handlers leave it; not noted: as they left it before digests had rows of mailboxes."""
    at = datetime.now(UTC)

    def file(work: Work) -> None:
        values = {"expires_at": at + timedelta(days=30)}
        work.new(Held, held_id=f"h{number}", sha256="0" * 64, reason="spam", held_at=at, **values)
        work.new(Copy, held_id=f"h{number}", recipient=recipient, **values)
        if noted:
            note_news([recipient], at, work)

    await database.run(file)


async def test_a_crash_between_deciding_and_sending_leads_to_one_letter(
    redis_url: str, database_url: str, prefix: str, data_dir: Path
) -> None:
    database = database_of(database_url)
    await database.create()
    await hold(database, 1)
    people = People(DigestSettings(digest_every_s=1))
    await database.run(lambda work: reckon(people, 10, work))
    await database.run(lambda work: decide_due(people, 10, work))
    decided = await database.look(lambda session: session.exec(select(Mail.mail_id)).all())
    await database.close()
    for _ in range(2):
        async with started(redis_url, prefix, data_dir, database_url=database_url) as digest:
            (said,) = await told(digest, 1)
            assert [said["notification_id"]] == list(decided)
    assert len(mails_in(data_dir)) == 1


class Dying(FilePostman):
    """Sends, and then the machine is gone before anything is written down."""

    async def send(self, raw: bytes, *, sender: str, recipient: str, name: str) -> str:
        await super().send(raw, sender=sender, recipient=recipient, name=name)
        raise MemoryError


async def test_a_crash_between_sending_and_marking_sends_the_same_mail_again(
    redis_url: str, database_url: str, data_dir: Path
) -> None:
    settings = DigestSettings(digest_every_s=1, data_dir=data_dir)
    database = database_of(database_url)
    await database.create()
    room = Room(settings, database, FileBlobs(data_dir / "blobs"), connect(redis_url))
    letters, outbox = Letters(settings, links_of(settings)), data_dir / "outbox"
    await hold(database, 1)
    dying = Digests(room, People(settings), letters, Dying(outbox))
    while await dying.decide_due():
        pass
    with pytest.raises(MemoryError):
        await dying.send_due()
    (first,) = [path.read_bytes() for path in outbox.glob("*.eml")]
    again = Digests(room, People(settings), letters, FilePostman(outbox))
    await again.send_due()
    assert await database.look(lambda session: session.exec(select(col(Mail.due_at))).one()), (
        "it is another's until later"
    )
    await database.run(lambda work: work.session.execute(update(Mail).values(due_at=work.at)))
    await again.send_due()
    (second,) = [path.read_bytes() for path in outbox.glob("*.eml")]
    assert message_from_bytes(first)["message-id"] == message_from_bytes(second)["message-id"]
    assert await database.look(lambda session: session.exec(select(col(Mail.due_at))).one()) is None
    await database.close()
    await room.redis.aclose()


async def test_what_waited_before_an_upgrade_is_told(
    redis_url: str, database_url: str, prefix: str, data_dir: Path
) -> None:
    database = database_of(database_url)
    await database.create()
    await hold(database, 1, noted=False)
    await database.close()
    async with started(redis_url, prefix, data_dir, database_url=database_url) as digest:
        (said,) = await told(digest, 1)
    assert said["recipient"] == ANA


async def prepared(database_url: str, people: People, *addresses: str) -> Database:
    """A database in which digests of these are due."""
    database = database_of(database_url)
    await database.create()
    for number, address in enumerate(addresses):
        await hold(database, number, address)
    await database.run(lambda work: reckon(people, 10, work))
    return database


async def test_when_the_last_reader_leaves_before_a_digest_its_mails_wait(database_url: str, data_dir: Path) -> None:
    people = People(DigestSettings(digest_every_s=1, digest_people_file=people_file(data_dir)))
    database = await prepared(database_url, people, INFO)
    for reader in (ANA, BEN):
        gone = preferred(reader, frequency="never")
        await database.run(partial(on_digest_preferred, gone))
    await database.run(lambda work: decide_due(people, 10, work))
    assert await database.look(lambda session: session.exec(select(Copy.mail_id)).all()) == [""]
    back = preferred(BEN, frequency="daily", at=datetime.now(UTC) + timedelta(seconds=1))
    await database.run(lambda work: on_digest_preferred(back, work))
    await database.run(lambda work: reckon(people, 10, work))
    await database.run(lambda work: decide_due(people, 10, work))
    assert await database.look(lambda session: session.exec(select(Mail.recipient)).all()) == [BEN]
    await database.close()


async def test_a_letter_whose_mails_were_forgotten_meanwhile_is_not_sent(
    redis_url: str, database_url: str, prefix: str, data_dir: Path
) -> None:
    people = People(DigestSettings(digest_every_s=1))
    database = await prepared(database_url, people, ANA, BEN)
    await database.run(lambda work: decide_due(people, 10, work))
    await database.run(lambda work: work.session.execute(delete(Copy).where(col(Copy.recipient) == ANA)))
    await database.close()
    async with started(redis_url, prefix, data_dir, database_url=database_url) as digest:
        assert [one["recipient"] for one in await told(digest, 1)] == [BEN]

        async def dropped() -> bool:
            left = await digest.database("digest").look(lambda session: session.exec(select(Mail.recipient)).all())
            return list(left) == [BEN]

        await until(dropped)
    assert [one["to"] for one in mails_in(data_dir)] == [BEN]


async def test_a_forgotten_person_has_no_digest_rows_left(digest: House) -> None:
    await digest.publish(preferred(ANA, language="de"))
    await digest.publish(event(1))
    await told(digest, 1)
    await digest.publish(ErasureRequested(erasure_id="e", address=ANA, requested_at=datetime.now(UTC)))

    async def gone() -> bool:
        def left(session: Any) -> int:
            return sum(len(session.exec(select(kind)).all()) for kind in (Mail, Mailbox, Preference, Copy))

        return await digest.database("digest").look(left) == 0

    await until(gone)
