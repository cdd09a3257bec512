"""Rspamd as its package configures it, with files of deploy/gateways in local.d: on free ports, in a folder of its own.

What would ask the network is taken out: remote maps, block lists, name servers.
"""

import asyncio
import json
import os
import re
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tests.gateway.mail_server import SHIPPED, listens, run
from tests.services import free_port
from tests.waiting import until

STOCK = Path("/etc/rspamd")

#: Why it cannot be started here; empty when it can.
WHY_NOT = "" if shutil.which("rspamd") and STOCK.is_dir() else "no Rspamd"

_REMOTE = re.compile(r'= "[^"]*(?:https?://[^"]*|openphish[^"]*)";')
_REMOTE_LINE = re.compile(r'^\s*"[^"]*https?://[^"]*",?\s*$', re.MULTILINE)

#: Files of maps are looked at every half second (a tenth of the interval), not every half minute.
OPTIONS = """\
dns {{ nameserver = "127.0.0.1:9"; timeout = 0.1s; retransmits = 1; }} control_socket = "{folder}/control mode=0600";
map_watch_interval = 5s;"""


@dataclass(frozen=True)
class Judged:
    """What Rspamd said to a mail."""

    action: str
    words: str
    symbols: tuple[str, ...]


@dataclass(frozen=True)
class Rspamd:
    """One that runs."""

    port: int

    async def ask(
        self, raw: bytes, recipients: Sequence[str], *, sender: str = "bo@friend.example", ip: str = "192.0.2.7"
    ) -> Judged:
        """Let it judge a mail as a mail server does."""
        head = {"From": sender, "IP": ip, "Helo": "mx.outside.example", "Content-Length": str(len(raw))}
        lines = [*(f"{name}: {value}" for name, value in head.items()), *(f"Rcpt: {one}" for one in recipients)]
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write("\r\n".join(["POST /checkv2 HTTP/1.0", *lines, "", ""]).encode() + raw)
        try:
            answer: dict[str, Any] = json.loads((await reader.read()).partition(b"\r\n\r\n")[2])
        finally:
            writer.close()
        return Judged(
            answer["action"], answer.get("messages", {}).get("smtp_message", ""), tuple(answer.get("symbols", ()))
        )


def shipped(folder: str, changes: Mapping[str, str]) -> dict[str, str]:
    """The configuration of a folder of deploy/gateways by name, with a test's places for the ones that it names."""
    files = {}
    for path in sorted((SHIPPED / folder).iterdir()):
        if path.suffix != ".md":
            text = path.read_text()
            for old, new in changes.items():
                text = text.replace(old, new)
            files[path.name] = text
    return files


def open_folder() -> Path:
    """A folder of maps where Rspamd's user may go, with the one that Rspamd watches: of one made later it learns within half a minute."""
    folder = Path(tempfile.mkdtemp(prefix="longstop-maps-"))
    folder.chmod(0o755)
    (folder / "rspamd").mkdir()
    return folder


@asynccontextmanager
async def stock_rspamd(local_d: Mapping[str, str]) -> AsyncIterator[Rspamd]:
    """Start it with these files."""
    folder = Path(tempfile.mkdtemp(prefix="longstop-rspamd-"))
    port = free_port()
    try:
        await asyncio.to_thread(_render, folder, port, local_d)
        places = {"CONFDIR": "etc", "LOCAL_CONFDIR": "local", "DBDIR": "db", "RUNDIR": "run", "LOGDIR": "log"}
        names = [f"--var={name}={folder / place}" for name, place in places.items()]
        user = ("-u", "_rspamd", "-g", "_rspamd") if os.geteuid() == 0 else ()
        await run("rspamd", *user, "-c", f"{folder}/etc/rspamd.conf", *names)
        await until(partial(listens, port), patience_s=60)
        yield Rspamd(port)
    finally:
        with suppress(FileNotFoundError, ProcessLookupError):
            os.kill(int((folder / "run" / "rspamd.pid").read_text()), signal.SIGTERM)
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


def _render(folder: Path, port: int, local_d: Mapping[str, str]) -> None:
    shutil.copytree(STOCK, folder / "etc")
    (folder / "empty.map").touch()
    for path in (one for one in (folder / "etc").rglob("*") if one.suffix in {".conf", ".inc"}):
        text = _REMOTE.sub(f'= "{folder}/empty.map";', path.read_text(errors="replace"))
        path.write_text(_REMOTE_LINE.sub("", text))
    for name in ("rbl", "fuzzy_check", "surbl"):
        (folder / "etc" / "modules.d" / f"{name}.conf").write_text("")
    local = folder / "local" / "local.d"
    for made in (local, *(folder / name for name in ("db", "run", "log"))):
        made.mkdir(parents=True)
    own = {
        "options.inc": OPTIONS.format(folder=folder),
        "worker-normal.inc": f'bind_socket = "127.0.0.1:{port}"; count = 1;',
        "worker-controller.inc": "count = 0;",
        "worker-proxy.inc": "count = 0;",
    }
    for name, text in {**own, **local_d}.items():
        (local / name).write_text(text)
    folder.chmod(0o755)
    if os.geteuid() == 0:
        for path in (folder, *folder.rglob("*")):
            shutil.chown(path, "_rspamd", "_rspamd")
