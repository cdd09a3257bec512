"""Any IMAP server (RFC 9051) with a master user, who logs in as `USER*MASTER` (Dovecot's auth_master_user_separator)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from email.parser import BytesHeaderParser
from itertools import groupby
from pathlib import Path
from typing import Any

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientError, LoginError

from services.mailboxes.rules.likeness import Found, key_of
from services.mailboxes.stores.store import ANSWER_S, CONNECT_S, FOUND_MAX, Query
from shared.errors import Defer, Reject

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_FAILURES = (IMAPClientError, OSError)

#: Folders that only show what is in others (RFC 6154, section 2), or hold no mails (RFC 9051, section 7.3.1).
_NO_PLACES = frozenset({b"\\all", b"\\flagged", b"\\noselect", b"\\nonexistent"})

#: Folders of a mailbox that are looked into.
FOLDERS_MAX = 2_000

_FACTS = ("FLAGS", "INTERNALDATE", "RFC822.SIZE", "BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]")
_HEAD = b"BODY[HEADER.FIELDS (MESSAGE-ID)]"


class ImapStore:
    """The mailboxes of one server."""

    def __init__(  # noqa: PLR0913 - a URL has so many parts
        self, *, host: str, port: int, tls: bool, master: str, password: str, separator: str, users: Path | None
    ) -> None:
        self._host, self._port, self._tls = host, port, tls
        self._master, self._password, self._separator = master, password, separator
        self._users = users

    def mailboxes(self) -> list[str]:
        """What the file of all mailboxes says: IMAP cannot tell."""
        if self._users is None:
            raise Reject("IMAP cannot list mailboxes: name them, or set LONGSTOP_MAILSTORE_USERS to a file that does")
        try:
            lines = self._users.read_text(encoding="utf-8").splitlines()
        except OSError as error:
            raise Defer(f"{self._users} cannot be read: {error.strerror}") from None
        return sorted({line.strip() for line in lines if line.strip() and not line.startswith("#")})

    @contextmanager
    def open(self, mailbox: str) -> Iterator["ImapBox"]:
        if self._separator in mailbox:
            raise Reject("there is no such mailbox")
        with _failing_well():
            client = IMAPClient(
                self._host, self._port, ssl=self._tls, timeout=SocketTimeout(connect=CONNECT_S, read=ANSWER_S)
            )
        try:
            with _failing_well():
                self._log_in(client, mailbox)
            yield ImapBox(client)
        finally:
            with suppress(*_FAILURES):
                client.logout()
            with suppress(*_FAILURES):
                client.shutdown()

    def _log_in(self, client: IMAPClient, mailbox: str) -> None:
        if not self._tls and client.has_capability("STARTTLS"):
            client.starttls()
        elif not self._tls and self._host not in _LOOPBACK:
            raise Defer("the IMAP server has no STARTTLS: the master's password would travel in the clear")
        try:
            client.login(f"{mailbox}{self._separator}{self._master}", self._password)
        except LoginError as error:
            if "UNAVAILABLE" in str(error).upper():
                raise
            raise Reject("there is no such mailbox, or the master user may not enter it") from None
        client.normalise_times = False


class ImapBox:
    """One user's mailbox."""

    def __init__(self, client: IMAPClient) -> None:
        self._client = client

    def find(self, query: Query) -> list[Found]:
        found: list[Found] = []
        with _failing_well():
            for folder in self._folders():
                with suppress(
                    IMAPClientError
                ):  # what cannot be opened, or was deleted just now, has nothing to take out
                    validity = self._select(folder)
                    found += self._in_folder(folder, validity, query)
                if len(found) > FOUND_MAX:
                    raise Reject(f"{len(found)} mails are found: ask for less")
        return found

    def read(self, mail: Found, max_bytes: int) -> bytes:
        if mail.key.size_bytes > max_bytes:
            return b""
        with _failing_well():
            if self._select(mail.folder) != mail.place:
                return b""
            return bytes(self._client.fetch([mail.uid], ["BODY.PEEK[]"]).get(mail.uid, {}).get(b"BODY[]") or b"")

    def move(self, mails: Sequence[Found], folder: str) -> None:
        with _failing_well():
            if not self._client.folder_exists(folder):
                self._client.create_folder(folder)
            for (name, validity), group in groupby(
                sorted(mails, key=lambda one: (one.folder, one.place)), key=lambda one: (one.folder, one.place)
            ):
                if self._select(name, readonly=False) == validity:
                    self._move([mail.uid for mail in group], folder)

    def _move(self, uids: list[int], folder: str) -> None:
        """MOVE (RFC 6851), or COPY and an EXPUNGE of these alone (RFC 4315)."""
        if self._client.has_capability("MOVE"):
            self._client.move(uids, folder)
            return
        if not self._client.has_capability("UIDPLUS"):
            raise Reject("the IMAP server has neither MOVE nor UIDPLUS: no mail can be moved alone")
        self._client.copy(uids, folder)
        self._client.delete_messages(uids)
        self._client.uid_expunge(uids)

    def _folders(self) -> list[str]:
        """The user's own folders: not those that others share with them (RFC 2342)."""
        prefix = ""
        if self._client.has_capability("NAMESPACE"):
            personal = self._client.namespace().personal
            prefix = personal[0][0] if personal else ""
        listed = self._client.list_folders("", f"{prefix}*")
        names = [name for flags, _, name in listed if not _NO_PLACES & {bytes(flag).lower() for flag in flags}]
        return list(dict.fromkeys(["INBOX", *names]))[:FOLDERS_MAX]

    def _select(self, folder: str, *, readonly: bool = True) -> str:
        return str(self._client.select_folder(folder, readonly=readonly).get(b"UIDVALIDITY", ""))

    def _in_folder(self, folder: str, validity: str, query: Query) -> list[Found]:
        asked = f"{query.message_id}{query.from_address}"
        uids = self._client.search(_criteria(query), None if asked.isascii() else "UTF-8")
        if len(uids) > FOUND_MAX:
            raise Reject(f"{len(uids)} mails are found: ask for less")
        facts = self._client.fetch(uids, _FACTS) if uids else {}
        found = [_found(folder, uid, validity, one) for uid, one in facts.items()]
        since, until = query.since, query.until
        return [
            one
            for one in found
            if (not since or one.key.received_at >= since) and (not until or one.key.received_at < until)
        ]


@contextmanager
def _failing_well() -> Iterator[None]:
    """What the library raises as what a store raises."""
    try:
        yield
    except _FAILURES as error:
        raise Defer(f"the IMAP server does not do it now: {type(error).__name__}") from None


def _criteria(query: Query) -> list[Any]:
    """The search; a day more on both sides, for IMAP compares days without zones (RFC 9051, section 6.4.4)."""
    words: list[Any] = []
    if query.message_id:
        words += ["HEADER", "Message-ID", query.message_id]
    if query.from_address:
        words += ["HEADER", "From", query.from_address]
    if query.since:
        words += ["SINCE", datetime.fromtimestamp(query.since.timestamp() - 86_400, UTC).date()]
    if query.until:
        words += ["BEFORE", datetime.fromtimestamp(query.until.timestamp() + 86_400, UTC).date()]
    return words


def _found(folder: str, uid: int, validity: str, facts: dict[bytes, Any]) -> Found:
    head = BytesHeaderParser().parsebytes(bytes(facts.get(_HEAD, b"")))
    received = facts[b"INTERNALDATE"].astimezone(UTC)
    size = int(facts[b"RFC822.SIZE"])
    key = key_of(message_id=str(head.get("message-id", "")), received_at=received, size_bytes=size)
    flags = frozenset(flag.decode(errors="replace") for flag in facts[b"FLAGS"] if flag.lower() != b"\\recent")
    return Found(key, folder, uid, validity, flags)
