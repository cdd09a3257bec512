"""A mail gateway of a test's own: Postfix and Rspamd with the files of deploy/gateways, on free ports, in a folder of their own.

Rspamd runs with nothing but Longstop's Lua file: what other rules say of a mail is not what is tested here, and it starts in a second.
Postfix listens three times: behind Rspamd, with the milter, and with the policy service.
"""

import asyncio
import os
import shutil
import signal
import smtplib
import tempfile
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from aiosmtpd.lmtp import LMTP

from tests.services import free_port
from tests.waiting import until

SHIPPED = Path(__file__).parents[2] / "deploy" / "gateways"
DAEMONS = Path("/usr/lib/postfix/sbin")

#: Why no gateway can be started here; empty when one can.
WHY_NOT = next(
    (
        words
        for words, is_missing in (
            ("no Postfix", not shutil.which("postfix") or not DAEMONS.is_dir()),
            ("no Rspamd", not shutil.which("rspamd")),
            ("Postfix is started by root only", os.geteuid() != 0),
        )
        if is_missing
    ),
    "",
)

#: Threads of clients: the services under test use the loop's own.
CLIENTS = ThreadPoolExecutor(30, thread_name_prefix="smtp")

MAIN_CF = """\
compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = {daemons}
mail_owner = postfix
setgid_group = postdrop
maillog_file = {folder}/maillog
maillog_file_prefixes = {folder}, /dev/stdout
myhostname = gw.example.org
inet_interfaces = loopback-only
inet_protocols = all
mydestination =
alias_maps =
virtual_mailbox_domains = example.org, example.net
virtual_mailbox_maps = static:all
virtual_transport = lmtp:inet:127.0.0.1:{sink}
default_transport = error:5.4.4 nothing leaves this machine
relay_transport = error:5.4.4 nothing leaves this machine
disable_dns_lookups = yes
smtp_host_lookup = native
smtpd_client_restrictions =
smtpd_relay_restrictions = reject_unauth_destination
smtpd_peername_lookup = no
smtpd_client_connection_count_limit = 0
smtpd_authorized_xclient_hosts = 127.0.0.1/32
mynetworks = 127.0.0.99/32
"""

MASTER_CF = """\
127.0.0.1:{rspamd} inet n - n - - smtpd
  -o {{ smtpd_milters = {{ inet:127.0.0.1:{rspamd_milter}, default_action=tempfail }} }}
127.0.0.1:{milter} inet n - n - - smtpd
  -o {{ {milter_line} }}
127.0.0.1:{policy} inet n - n - - smtpd
  -o {{ {policy_line} }}
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""

RSPAMD_CONF = """\
options {{ pidfile = "{folder}/rspamd.pid"; filters = ""; tempdir = "{folder}"; control_socket = "{folder}/control mode=0600";
           dns {{ nameserver = "127.0.0.1:9"; timeout = 0.1s; retransmits = 1; }} }}
logging {{ type = "file"; filename = "{folder}/rspamd.log"; level = "info"; }}
worker "rspamd_proxy" {{ bind_socket = "127.0.0.1:{rspamd_milter}"; milter = yes; timeout = 60s; count = 1;
                 upstream "local" {{ default = yes; self_scan = yes; }} }}
longstop {{ servers = "{redis}"; timeout = 1s; }}
actions {{ reject = 15; add_header = 6; }}
lua = "{folder}/rspamd.lua";
"""


@dataclass
class Sink:
    """Where accepted mail arrives, by recipient."""

    arrived: list[tuple[str, bytes]] = field(default_factory=list)

    async def handle_DATA(self, server: object, session: object, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        del server, session
        self.arrived += [(recipient, envelope.content) for recipient in envelope.rcpt_tos]
        return "\r\n".join("250 2.0.0 taken" for _ in envelope.rcpt_tos)

    def whose(self, words: bytes) -> set[str]:
        """Who got a mail with these words in it."""
        return {recipient for recipient, content in self.arrived if words in content}


@dataclass(frozen=True)
class Sent:
    """What the gateway said to a mail."""

    refused: dict[str, str]
    at_end: str

    @property
    def said(self) -> str:
        """Every refusal."""
        return " ".join([*self.refused.values(), self.at_end])

    @property
    def passed(self) -> bool:
        """Whether nothing was refused."""
        return not self.refused and not self.at_end


class MailServer:
    """Postfix and Rspamd that run."""

    def __init__(self, folder: Path, ports: dict[str, int], sink: Sink) -> None:
        self.ports, self.sink = ports, sink
        self._folder = folder

    async def send(self, way: str, raw: bytes, recipients: list[str], **client: Any) -> Sent:
        """Hand in a mail behind one of the three enforcers, as an outside client."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(CLIENTS, partial(send, self.ports[way], raw, recipients, **client))

    def log(self) -> str:
        """Postfix' log."""
        return (self._folder / "postfix" / "maillog").read_text(errors="replace")


def send(
    port: int,
    raw: bytes,
    recipients: list[str],
    *,
    sender: str = "bo@friend.example",
    ip: str = "192.0.2.7",
    name: str = "[UNAVAILABLE]",
) -> Sent:
    """One SMTP conversation."""
    refused, at_end = {}, ""
    with smtplib.SMTP("127.0.0.1", port, "mx.outside.example", timeout=60) as smtp:
        smtp.ehlo()
        address = f"IPV6:{ip}" if ":" in ip else ip
        code, words = smtp.docmd("XCLIENT", f"ADDR={address} NAME={name}")
        assert code == 220, words
        smtp.ehlo()
        smtp.mail(sender)
        for recipient in recipients:
            code, words = smtp.rcpt(recipient)
            if code >= 400:
                refused[recipient] = f"{code} {words.decode()}"
        if len(refused) < len(recipients):
            code, words = smtp.data(raw)
            at_end = f"{code} {words.decode()}" if code >= 400 else ""
    return Sent(refused, at_end)


@asynccontextmanager
async def mail_server(
    redis_address: str, prefix: str, longstop: dict[str, int], lua: Mapping[str, str] = MappingProxyType({})
) -> AsyncIterator[MailServer]:
    """Start it for a Longstop with these ports, whose Redis is at `redis_address`; `lua` are changes of the file's settings."""
    ports = {name: free_port() for name in ("rspamd", "milter", "policy", "rspamd_milter", "sink")}
    folder = Path(tempfile.mkdtemp(prefix="longstop-gateway-"))  # where the users of Postfix and Rspamd may go, too
    sink = Sink()
    loop = asyncio.get_running_loop()
    arriving = await loop.create_server(partial(LMTP, sink, enable_SMTPUTF8=True), "127.0.0.1", ports["sink"])
    try:
        await asyncio.to_thread(_render, folder, redis_address, {**longstop, **ports})
        await asyncio.to_thread(_set, folder, {"'longstop:gateway": f"'{prefix}:gateway", **lua})
        await run("rspamd", "-u", "_rspamd", "-g", "_rspamd", "-c", f"{folder}/rspamd/rspamd.conf")
        await run("postfix", "-c", f"{folder}/postfix/etc", "start")
        for name in ("rspamd", "milter", "policy", "rspamd_milter"):
            await until(partial(listens, ports[name]), patience_s=30)
        yield MailServer(folder, ports, sink)
    finally:
        with suppress(AssertionError):
            await run("postfix", "-c", f"{folder}/postfix/etc", "stop")
        with suppress(FileNotFoundError, ProcessLookupError):
            os.kill(int((folder / "rspamd" / "rspamd.pid").read_text()), signal.SIGTERM)
        arriving.close()
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


def _set(folder: Path, changes: Mapping[str, str]) -> None:
    """Put the shipped Lua in place, with these changes."""
    lua = (SHIPPED / "rspamd" / "rspamd.lua").read_text()
    for old, new in changes.items():
        assert old in lua
        lua = lua.replace(old, new)
    (folder / "rspamd" / "rspamd.lua").write_text(lua)


def _render(folder: Path, redis_address: str, ports: dict[str, int]) -> None:
    """The shipped files, with a test's ports and keys in them."""
    folder.chmod(0o755)
    rspamd, postfix = folder / "rspamd", folder / "postfix"
    for made in (rspamd, *(postfix / name for name in ("etc", "spool", "data"))):
        made.mkdir(parents=True)
    (rspamd / "rspamd.conf").write_text(RSPAMD_CONF.format(folder=rspamd, redis=redis_address, **ports))
    shutil.chown(rspamd, "_rspamd", "_rspamd")
    lines = {
        "milter_line": _line("longstop-milter.cf", "smtpd_milters").replace("10044", str(ports["milter_port"])),
        "policy_line": _line("longstop-policy.cf", "smtpd_recipient_restrictions").replace(
            "10040", str(ports["policy_port"])
        ),
    }
    (postfix / "etc" / "main.cf").write_text(MAIN_CF.format(folder=postfix, daemons=DAEMONS, sink=ports["sink"]))
    (postfix / "etc" / "master.cf").write_text(MASTER_CF.format(**ports, **lines))
    for name in ("dynamicmaps.cf", "postfix-files"):
        with suppress(FileNotFoundError):
            shutil.copy(f"/etc/postfix/{name}", postfix / "etc")
    shutil.chown(postfix / "data", "postfix")


def _line(file: str, name: str) -> str:
    """A setting of a shipped file, in one line."""
    lines = [line for line in (SHIPPED / "postfix" / file).read_text().splitlines() if not line.startswith("#")]
    settings = "\n".join(lines).replace("\n ", " ").splitlines()
    return next(" ".join(line.split()) for line in settings if line.startswith(f"{name} ="))


async def run(*command: str) -> None:
    """Run a command that leaves a daemon behind."""
    with tempfile.TemporaryFile() as said:  # a pipe would stay open in the daemon
        process = await asyncio.create_subprocess_exec(*command, stdout=said, stderr=said)
        if await process.wait():
            said.seek(0)
            raise AssertionError(f"{command[0]}: {said.read().decode()}")


async def listens(port: int) -> bool:
    """Whether somebody listens there."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True
