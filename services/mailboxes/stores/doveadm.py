"""Dovecot by its doveadm HTTP API (https://doc.dovecot.org/2.3/admin_manual/doveadm_http_api/).

`move` answers an empty list whatever it moved, so nothing is counted by its answers. JSON cannot hold bytes that are no UTF-8:
U+FFFD stands for each. A pattern such as `*` in a folder's own
name would match others too: folders are named by their GUIDs, but for the target of a move, which is taken literally.
"""

import base64
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

import httpx

from services.mailboxes.rules.likeness import Found, key_of
from services.mailboxes.stores.store import ANSWER_S, CONNECT_S, FOUND_MAX, Query
from shared.errors import Defer, Reject

#: Longest answer, in bytes: a mail of 25 MiB as JSON, or the facts of `FOUND_MAX` mails.
ANSWER_MAX_BYTES = 96 * 1024 * 1024

#: What `doveadm` ends with (sysexits.h): no such user, no such folder.
NO_USER, NOT_FOUND = 67, 68

_FIELDS = ("uid", "mailbox", "mailbox-guid", "flags", "size.virtual", "date.received.unixtime", "hdr.message-id")

#: Mails of one command.
MOVED_AT_ONCE = 200


class Failed(Exception):  # noqa: N818 - an answer, translated before it leaves this file
    """A command ended badly."""

    def __init__(self, code: int) -> None:
        super().__init__(f"doveadm ended with {code}")
        self.code = code


class DoveadmStore:
    """The mailboxes of one Dovecot."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url
        self._headers = {"Authorization": f"X-Dovecot-API {base64.b64encode(key.encode()).decode()}"}

    def mailboxes(self) -> list[str]:
        """What `doveadm user '*'` lists."""
        with self._client() as client:
            answer = _run(client, self._url, "user", {"userMask": ["*"]})
        names = answer.get("userList") if isinstance(answer, dict) else None
        if not isinstance(names, list):
            raise Reject("Dovecot does not list its users: its userdb needs `iterate`, or name the mailboxes")
        return sorted(map(str, names))

    @contextmanager
    def open(self, mailbox: str) -> Iterator["DoveadmBox"]:
        with self._client() as client:
            yield DoveadmBox(client, self._url, mailbox)

    def _client(self) -> httpx.Client:
        timeout = httpx.Timeout(ANSWER_S, connect=CONNECT_S)
        return httpx.Client(headers=self._headers, timeout=timeout, trust_env=False)


class DoveadmBox:
    """One user's mailbox."""

    def __init__(self, client: httpx.Client, url: str, user: str) -> None:
        self._client = client
        self._url = url
        self._user = user

    def find(self, query: Query) -> list[Found]:
        answer = self._run("fetch", field=list(_FIELDS), query=["mailbox", "*", *_words(query)])
        if len(answer) > FOUND_MAX:
            raise Reject(f"{len(answer)} mails are found: ask for less")
        return [_found(row) for row in answer]

    def read(self, mail: Found, max_bytes: int) -> bytes:
        if mail.key.size_bytes > max_bytes:
            return b""
        answer = self._run("fetch", field=["text"], query=_exactly([mail]))
        return str(answer[0]["text"]).encode(errors="replace") if answer else b""

    def move(self, mails: Sequence[Found], folder: str) -> None:
        for _, group in groupby(sorted(mails, key=lambda one: one.place), key=lambda one: one.place):
            of_folder = list(group)
            for start in range(0, len(of_folder), MOVED_AT_ONCE):
                self._move(_exactly(of_folder[start : start + MOVED_AT_ONCE]), folder)

    def _move(self, query: list[str], folder: str) -> None:
        try:
            self._run("move", destinationMailbox=folder, query=query)
        except Reject:
            self._run("mailboxCreate", mailbox=[folder])
            self._run("move", destinationMailbox=folder, query=query)

    def _run(self, command: str, **parameters: Any) -> Any:
        try:
            return _run(self._client, self._url, command, {"user": self._user, **parameters})
        except Failed as error:
            if error.code == NO_USER:
                raise Reject("there is no such mailbox") from None
            if error.code == NOT_FOUND:
                raise Reject("there is no such folder") from None
            raise Defer(f"Dovecot cannot {command} now: doveadm ended with {error.code}") from None


def _run(client: httpx.Client, url: str, command: str, parameters: dict[str, Any]) -> Any:
    """One command; its answer.

    Raises:
        Defer: Dovecot does not answer, or not as it should.
        Failed: the command ended badly.
    """
    body = json.dumps([[command, parameters, "longstop"]])
    try:
        with client.stream("POST", url, content=body, headers={"Content-Type": "application/json"}) as response:
            status, raw = response.status_code, _whole(response)
    except (httpx.HTTPError, OSError) as error:
        raise Defer(f"Dovecot does not answer: {type(error).__name__}") from None
    if status == httpx.codes.UNAUTHORIZED:
        raise Defer("Dovecot refuses the key: is it the one of its setting doveadm_api_key?")
    if status != httpx.codes.OK:
        raise Defer(f"Dovecot answered {status}")
    try:
        [[kind, answer, _]] = json.loads(raw)
    except (ValueError, TypeError):
        raise Defer("Dovecot's answer cannot be read") from None
    if kind == "error":
        code = answer.get("exitCode") if isinstance(answer, dict) else None
        if not isinstance(code, int):
            raise Defer("Dovecot does not take the command: is it 2.3 or newer?")
        raise Failed(code)
    return answer


def _whole(response: httpx.Response) -> bytes:
    pieces = bytearray()
    for piece in response.iter_bytes():
        pieces += piece
        if len(pieces) > ANSWER_MAX_BYTES:
            raise Reject("more is found than can be looked at: ask for less")
    return bytes(pieces)


def _words(query: Query) -> list[str]:
    """The search (doveadm-search-query(7)); each word is an argument, so that nothing in it is syntax."""
    words: list[str] = []
    if query.message_id:
        words += ["header", "message-id", query.message_id]
    if query.from_address:
        words += ["header", "from", query.from_address]
    if query.since:
        words += ["since", str(int(query.since.timestamp()))]
    if query.until:
        words += ["before", str(int(query.until.timestamp()))]
    return words


def _exactly(mails: Sequence[Found]) -> list[str]:
    """These mails of one folder and no others, though the folder was renamed meanwhile."""
    return ["mailbox-guid", mails[0].place, "uid", ",".join(str(mail.uid) for mail in mails)]


def _found(row: dict[str, Any]) -> Found:
    received = datetime.fromtimestamp(int(row["date.received.unixtime"]), UTC)
    key = key_of(message_id=str(row["hdr.message-id"]), received_at=received, size_bytes=int(row["size.virtual"]))
    flags = frozenset(flag for flag in str(row["flags"]).split() if flag != "\\Recent")
    return Found(key, str(row["mailbox"]), int(row["uid"]), str(row["mailbox-guid"]), flags)
