"""`longstop-report`, which Dovecot runs when a user moves a mail: spooled first, handed in then, and never twice."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.events import ReportReceived
from tests.mails import mail
from tests.services import House, house
from tests.waiting import until

SCRIPT = Path(__file__).parents[2] / "deploy" / "gateways" / "dovecot" / "longstop-report"

pytestmark = pytest.mark.skipif(
    not (shutil.which("curl") and shutil.which("flock")), reason="this machine has no curl, or no flock"
)


@pytest.fixture
def script(tmp_path: Path) -> Path:
    made = tmp_path / "bin" / "longstop-report"
    made.parent.mkdir()
    shutil.copy(SCRIPT, made)
    (tmp_path / "spool").mkdir()
    return made


@pytest.fixture
async def made_house(redis_url: str, prefix: str, data_dir: Path) -> AsyncIterator[House]:
    async with house(("ingest",), redis_url, prefix, data_dir) as made:
        yield made


def names(spool: Path) -> list[str]:
    """What is in a spool, the new ones included."""
    return [path.name for path in spool.iterdir() if path.name != ".lock"]


async def run(script: Path, url: str, *arguments: str, raw: bytes) -> list[str]:
    """Run it; what is in the spool then."""
    spool = script.parents[1] / "spool"
    settings = f"SPOOL={spool}\nURL={url}\nDOMAIN=example.org\n"
    given = script.with_suffix(".conf")
    if not given.exists() or given.read_text() != settings:
        given.write_text(settings)
    process = await asyncio.create_subprocess_exec("sh", str(script), *arguments, stdin=asyncio.subprocess.PIPE)
    await process.communicate(raw)
    assert process.returncode == 0
    return names(spool)


async def empty(spool: Path) -> None:
    async def so() -> bool:
        return not names(spool)

    await until(so)


async def test_moves_are_reports_and_wait_in_the_spool_while_nobody_takes_them(
    script: Path, redis_url: str, prefix: str, data_dir: Path
) -> None:
    async with house(("ingest",), redis_url, prefix, data_dir) as made:
        url = f"http://127.0.0.1:{made.ports['ingest_port']}"
        await run(script, "http://127.0.0.1:9", "junk", "inbox", "ana+x@example.org", raw=mail(subject="1"))
        assert len(await run(script, "http://127.0.0.1:9", "not_junk", "junk", "ben", raw=mail(subject="2"))) == 2
        await run(script, url, "junk", "inbox", "$(touch x)'&category=malware", raw=mail(subject="3"))
        await empty(script.parents[1] / "spool")
        reports = sorted(await made.said(ReportReceived), key=lambda event: str(event["message"]["subject"]))
    assert [(event["category"], event["folder"], event["reporter"]) for event in reports] == [
        ("junk", "inbox", "ana+x@example.org"),
        ("not_junk", "junk", "ben@example.org"),
        ("junk", "inbox", "__touch_x___category_malware@example.org"),
    ]


async def test_what_is_never_taken_does_not_stay(script: Path, redis_url: str, prefix: str, data_dir: Path) -> None:
    async with house(("ingest",), redis_url, prefix, data_dir) as made:
        url = f"http://127.0.0.1:{made.ports['ingest_port']}"
        await run(script, url, "junk", "inbox", "ana@example.org", raw=b"<html>no mail</html>")
        await empty(script.parents[1] / "spool")
        assert await made.said(ReportReceived) == []


async def test_two_at_once_are_handed_in_once(made_house: House, script: Path) -> None:
    url = f"http://127.0.0.1:{made_house.ports['ingest_port']}"
    await run(script, url, "junk", "inbox", "ana", raw=mail(subject="first"))
    await asyncio.gather(*(run(script, url, "junk", "inbox", "ana", raw=mail(subject=f"{n}")) for n in range(6)))
    await empty(script.parents[1] / "spool")
    assert len(await made_house.said(ReportReceived)) == 7
