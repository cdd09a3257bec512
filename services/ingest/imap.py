"""The mailbox that is watched (`LONGSTOP_IMAP_URL`): for reports that a mail server only keeps in a mailbox.

A message is moved to "Taken" only once its report is durable, and to "Refused" when it carries none; until then it stays
where it is, so that nothing is lost when this stops at any moment: read again, it gives the same report ids.
"""

import asyncio
import contextlib
import threading
from collections.abc import Coroutine, Iterator
from concurrent.futures import CancelledError
from typing import Any, TypeVar

import structlog
from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientError

from services.ingest.accounts import account_of
from services.ingest.handlers import Durable, write_all
from services.ingest.intake import Handed, Intake, count, refusal
from services.ingest.post import Post
from services.ingest.rules import MAILBOXES, mailbox_of
from shared.errors import Defer, Reject
from shared.events import ReportRejected
from shared.mail import read_head
from shared.mail.addresses import first_address
from shared.run import Room

T = TypeVar("T")

TAKEN, REFUSED = "Taken", "Refused"

#: Messages that are looked at between two looks at the mailbox.
MESSAGES_MAX = 100

#: Seconds: to connect, to wait for an answer; between looks at a stop; of one IDLE (RFC 2177: less than 29 minutes; a mail
#: whose news was lost between two commands waits no longer); between looks at a mailbox without IDLE; before the next try
#: after a failure, doubling up to the most.
CONNECT_S, ANSWER_S, STOP_LOOK_S, IDLE_S, POLL_S = 15.0, 60.0, 1.0, 60.0, 20.0
RETRY_S, RETRY_MAX_S = 2.0, 300.0

#: Header fields in which delivery says to whom a message went, the surest first.
_RECIPIENT_FIELDS = ("X-Original-To", "Delivered-To", "To")

_FAILURES = (IMAPClientError, OSError)


class ImapDoor:
    """Watches one mailbox in a thread of its own; the client's library blocks."""

    def __init__(self, room: Room, intake: Intake) -> None:
        self._room = room
        self._intake = intake
        self._post = Post(room, intake)
        self._account = account_of(room.settings.imap_url.get_secret_value())
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._put_aside: set[int] = set()  # messages that failed here for a fault of ours: until the next connection
        self._log = structlog.stdlib.get_logger("imap").bind(host=self._account.host, folder=self._account.folder)

    async def start(self) -> None:
        """Begin to watch; a server that is away is waited for."""
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._watch, name="imap", daemon=True)
        self._thread.start()

    async def stop(self) -> None:
        """Finish the message in hand."""
        self._stop.set()
        if self._thread:
            await asyncio.to_thread(self._thread.join, ANSWER_S)

    def _watch(self) -> None:
        wait_s = RETRY_S
        while not self._stop.is_set():
            try:
                with self._connected() as client:
                    self._log.info("mailbox is watched")
                    wait_s = RETRY_S
                    self._put_aside.clear()
                    self._serve(client)
            except _FAILURES as error:
                self._log.warning("mailbox cannot be read", reason=str(error)[:200], again_in_s=wait_s)
                self._stop.wait(wait_s)
                wait_s = min(2 * wait_s, RETRY_MAX_S)

    @contextlib.contextmanager
    def _connected(self) -> Iterator[IMAPClient]:
        account = self._account
        timeout = SocketTimeout(connect=CONNECT_S, read=ANSWER_S)
        client = IMAPClient(account.host, account.port, ssl=account.tls, timeout=timeout)
        try:
            if not account.tls and client.has_capability("STARTTLS"):
                client.starttls()
            elif not account.tls and not account.on_loopback:
                raise IMAPClientError("no STARTTLS: the password would travel in the clear")
            client.login(account.user, account.password)
            self._prepare(client)
            yield client
        finally:
            with contextlib.suppress(*_FAILURES):
                client.logout()
            with contextlib.suppress(*_FAILURES):
                client.shutdown()

    def _prepare(self, client: IMAPClient) -> None:
        for name in (TAKEN, REFUSED):
            folder = _inside(client, name)
            if not client.folder_exists(folder):
                client.create_folder(folder)
        client.select_folder(self._account.folder)

    def _serve(self, client: IMAPClient) -> None:
        """Take what is there, then wait for more, until the stop."""
        while not self._stop.is_set():
            found = [uid for uid in client.search(["UNDELETED"]) if uid not in self._put_aside]
            later = not self._take_all(client, sorted(found)[:MESSAGES_MAX])
            if later:
                self._stop.wait(RETRY_S)
            elif not found:  # what came while these were taken may have been told in an answer that nobody reads
                self._wait(client)

    def _wait(self, client: IMAPClient) -> None:
        if not client.has_capability("IDLE"):
            self._stop.wait(POLL_S)
            return
        client.idle()
        for _ in range(int(IDLE_S / STOP_LOOK_S)):
            if client.idle_check(timeout=STOP_LOOK_S) or self._stop.is_set():
                break
        client.idle_done()

    def _take_all(self, client: IMAPClient, uids: list[int]) -> bool:
        """Take messages and move each; False when the rest must wait."""
        sizes = client.fetch(uids, ["RFC822.SIZE"]) if uids else {}
        for uid in uids:
            if self._stop.is_set():
                return True
            size = int(sizes.get(uid, {}).get(b"RFC822.SIZE", 0))
            try:
                reports = self._take(client, uid, size)
            except Defer as reason:
                self._log.warning("mailbox waits", reason=str(reason))
                return False
            except (CancelledError, RuntimeError):  # the service ends
                return True
            except _FAILURES:
                raise
            except Exception:
                self._log.exception("message is put aside", uid=uid)
                self._put_aside.add(uid)
                continue
            self._move(client, uid, TAKEN if reports else REFUSED)
        return True

    def _take(self, client: IMAPClient, uid: int, size_bytes: int) -> bool:
        """Make one message durable; whether it was a report."""
        most = self._room.settings.mail_max_bytes
        if size_bytes > most:
            reason = f"the mail has {size_bytes} bytes, {most} are allowed"
            self._await(self._write([refusal(Handed(b"", "phishing", "imap"), reason)]))
            return False
        raw = client.fetch([uid], ["BODY.PEEK[]"]).get(uid, {}).get(b"BODY[]")
        if raw is None:  # somebody else moved it
            return True
        return self._await(self._receive(raw))

    async def _receive(self, raw: bytes) -> bool:
        with self._intake.budget.hold(len(raw)):
            try:
                events = await self._post.take(raw, [_mailbox(raw)], "imap", None)
            except Reject as reason:
                events = [refusal(Handed(raw, "phishing", "imap"), str(reason))]
            return await self._write(events)

    async def _write(self, events: list[Durable]) -> bool:
        await self._room.database.run(lambda work: write_all(events, work))
        count(events, "imap")
        return not all(isinstance(event, ReportRejected) for event in events)

    def _move(self, client: IMAPClient, uid: int, name: str) -> None:
        folder = _inside(client, name)
        if client.has_capability("MOVE"):
            client.move([uid], folder)
            return
        client.copy([uid], folder)
        client.delete_messages([uid])
        if client.has_capability("UIDPLUS"):
            client.uid_expunge([uid])
        else:
            client.expunge()

    def _await(self, work: Coroutine[Any, Any, T]) -> T:
        assert self._loop  # noqa: S101 - start() set it
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


def _inside(client: IMAPClient, name: str) -> str:
    """The name of a folder of ours: some servers want all personal folders under INBOX (RFC 2342)."""
    if not client.has_capability("NAMESPACE"):
        return name
    personal = client.namespace().personal
    prefix = personal[0][0] if personal else ""
    return f"{prefix}{name}"


def _mailbox(raw: bytes) -> str:
    """The report mailbox to which a message went; `report`, whose subjects decide, when it was another."""
    head = read_head(raw)
    for field in _RECIPIENT_FIELDS:
        mailbox = mailbox_of(recipient=first_address(head.header(field)).address)
        if mailbox in MAILBOXES:
            return mailbox
    return "report"
