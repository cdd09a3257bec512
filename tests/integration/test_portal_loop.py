"""The whole way of a held mail with digest and portal as they run: told by mail, opened, asked for, delivered, told again."""

import re
from collections.abc import AsyncIterator
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from shared.blobs import FileBlobs
from shared.events import QuarantineRefused, QuarantineReleased
from tests.mails import mail
from tests.portal import act_as_a_person, browser, held, path_of
from tests.services import House, free_port, house
from tests.waiting import until


class Sink:
    """A gateway behind the filter."""

    def __init__(self) -> None:
        self.taken: list[Envelope] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        del server, session
        self.taken.append(envelope)
        return "250 taken"


@pytest.fixture
async def sink() -> AsyncIterator[tuple[Sink, int]]:
    made, port = Sink(), free_port()
    controller = Controller(made, hostname="127.0.0.1", port=port)
    controller.start()
    yield made, port
    controller.stop()


async def links_in_the_digest(made: House) -> list[str]:
    """The paths that the digest's text part leads to."""
    folder = made.data_dir / "outbox"

    async def has_come() -> bool:
        return folder.exists() and any(folder.glob("*.eml"))

    await until(has_come)
    letter = message_from_bytes(next(folder.glob("*.eml")).read_bytes(), policy=policy.default)
    body = letter.get_body(("plain",))
    assert body is not None
    return [path_of(url) for url in re.findall(r"http://127\.0\.0\.1:8083/\S+", body.get_content())]


async def says(made: House, path: str, words: str) -> None:
    async def does() -> bool:
        async with browser(made) as http:
            return words in (await http.get(path)).text

    await until(does)


async def test_a_link_of_a_digest_leads_to_the_mail_in_the_mailbox(
    redis_url: str, database_url: str, prefix: str, data_dir: Path, sink: tuple[Sink, int]
) -> None:
    raw = mail(subject="Free spins", sender="Lucky <bonus@lucky.example>")
    settings = {"database_url": database_url, "digest_every_s": 1, "portal_pause_s": 0, "release_verdict_wait_s": 0}
    gateway, port = sink
    async with house(
        ("digest", "portal"), redis_url, prefix, data_dir, reinject_url=f"smtp://127.0.0.1:{port}", **settings
    ) as made:
        FileBlobs(made.data_dir / "blobs").put([raw])
        await made.publish(held(raw))
        paths = await links_in_the_digest(made)
        page = next(path for path in paths if path.startswith("/q/"))
        assert {path.split("/")[1] for path in paths} >= {"q", "m", "p"}
        await says(made, page, "Deliver it to me")
        async with browser(made) as http:
            for path in paths:
                assert (await http.get(path)).status_code == 200
            assert (await act_as_a_person(http, page, "release")).status_code == 303
        await says(made, page, "It was delivered to your mailbox.")
        assert len(await made.said(QuarantineReleased)) == 1
        assert await made.said(QuarantineRefused) == []
        assert await made.said("dead.v1") == []
    assert [one.original_content for one in gateway.taken] == [raw]
