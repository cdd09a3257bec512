"""A real Dovecot for tests: on free ports of loopback, all of it in one folder, started and ended by the test."""

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from imapclient import IMAPClient

from tests.services import free_port

#: A key and a password that need percent-encoding in a URL.
KEY, MASTER, PASSWORD = "a/key:with?signs", "purge", "p@ss/word?1"

#: Every user's own password, and the day on which mails come.
OWN, AT = "own", datetime(2026, 11, 23, 9, 0, tzinfo=UTC)

CONFIG = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
mail_uid = {user}
mail_gid = {group}
first_valid_uid = 1
mail_location = maildir:{folder}/mail/%n/Maildir
auth_master_user_separator = *
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {folder}/masters
  master = yes
  result_success = continue
}}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {folder}/users
}}
userdb {{
  driver = passwd-file
  args = username_format=%u {folder}/users
  default_fields = uid={user} gid={group} home={folder}/mail/%n
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Junk {{
    auto = subscribe
    special_use = \\Junk
  }}
}}
service imap-login {{
  inet_listener imap {{
    address = 127.0.0.1
    port = {imap_port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service doveadm {{
  inet_listener http {{
    address = 127.0.0.1
    port = {http_port}
  }}
}}
doveadm_api_key = {key}
"""

#: How long it may take to start or end, in seconds.
PATIENCE_S = 15.0


def may_run() -> bool:
    """Whether this machine has one, and lets us start it: it changes users, which only root may."""
    return bool(shutil.which("dovecot") and shutil.which("doveadm")) and os.geteuid() == 0


@dataclass
class Dovecot:
    """One server."""

    folder: Path
    imap_port: int
    http_port: int

    @property
    def config(self) -> str:
        return str(self.folder / "dovecot.conf")

    @property
    def pid(self) -> Path:
        return self.folder / "run" / "master.pid"

    def empty(self) -> None:
        """Throw all mails and folders away."""
        for mailbox in (self.folder / "mail").iterdir():
            shutil.rmtree(mailbox)

    def start(self) -> None:
        subprocess.run(["dovecot", "-c", self.config], check=True)
        deadline = time.monotonic() + PATIENCE_S
        while not self.pid.exists() and time.monotonic() < deadline:
            time.sleep(0.02)

    def stop(self) -> None:
        """End it, and wait until it has."""
        pid = int(self.pid.read_text())
        with suppress(ProcessLookupError):
            os.kill(pid, 15)
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            try:
                os.kill(pid, 0)
            except ProcessLookupError:
                return
            time.sleep(0.02)
        raise AssertionError("dovecot does not end")

    def doveadm(self, *words: str, given: bytes = b"") -> str:
        done = subprocess.run(
            ["doveadm", "-c", self.config, *words], input=given, capture_output=True, check=True, timeout=60
        )
        return done.stdout.decode(errors="replace")

    def deliver(
        self, user: str, *raws: bytes, folder: str = "INBOX", at: datetime = AT, flags: tuple[bytes, ...] = ()
    ) -> None:
        """Put mails into a folder, with an internal date and flags of their own."""
        with IMAPClient("127.0.0.1", self.imap_port, ssl=False) as client:
            client.login(user, OWN)
            if not client.folder_exists(folder):
                client.create_folder(folder)
            for raw in raws:
                client.append(folder, raw, flags, at)

    def seen_by(self, user: str) -> list[str]:
        """The folders that a user is shown."""
        with IMAPClient("127.0.0.1", self.imap_port, ssl=False) as client:
            client.login(user, OWN)
            return [name for _, _, name in client.list_folders()]

    def state(self, user: str) -> list[str]:
        """Everything of a mailbox but uids: folder, content, date and flags of every mail."""
        fields = "mailbox guid size.virtual date.received.unixtime flags text"
        rows = json.loads(self.doveadm("-f", "json", "fetch", "-u", user, fields, "all") or "[]")
        for row in rows:
            row["flags"] = sorted(set(row["flags"].split()) - {"\\Recent"})
        return sorted(json.dumps(row, sort_keys=True) for row in rows)


@contextmanager
def dovecot(*users: str, more: str = "") -> Iterator[Dovecot]:
    """A running one with these users; `more` is configuration in which `{folder}` is its folder."""
    folder = Path(tempfile.mkdtemp(prefix="dovecot-"))  # short: the paths of its sockets may have 107 characters
    made = Dovecot(folder, free_port(), free_port())
    try:
        folder.chmod(0o755)
        (folder / "mail").mkdir()
        shutil.chown(folder / "mail", "nobody", "nogroup")
        (folder / "users").write_text("".join(f"{user}:{{PLAIN}}{OWN}::::::\n" for user in users))
        (folder / "masters").write_text(f"{MASTER}:{{PLAIN}}{PASSWORD}\n")
        text = CONFIG.format(
            folder=folder, user="nobody", group="nogroup", key=KEY, imap_port=made.imap_port, http_port=made.http_port
        )
        Path(made.config).write_text(text + more.replace("{folder}", str(folder)))
        made.start()
        yield made
    finally:
        with suppress(FileNotFoundError, ValueError):
            made.stop()
        shutil.rmtree(folder, ignore_errors=True)
