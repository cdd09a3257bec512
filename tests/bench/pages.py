"""`python -m tests.bench.pages`: each page's time with a million reports in the console's read model, and how fast that is rebuilt."""

import argparse
import asyncio
import statistics
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from sqlmodel import func, select

from services.console.tables import METADATA, Report
from shared.embedded import EmbeddedRedis
from shared.events import fact_id
from shared.interpreter import spare_collector
from shared.work import Database, Work
from tests.bench.million import World, fill
from tests.bench.rebuild import rebuild
from tests.postgres import postgres_server
from tests.services import house

#: Requests of each page, and those before that are not counted.
TIMES, WARM = 40, 3


def paths(reports: int) -> dict[str, list[str]]:
    """What is asked for each page, in turn."""
    cases = [fact_id("case", case) for case in range(0, World(reports).cases, World(reports).cases // 20)]
    held = [fact_id("held", number) for number in range(0, reports // 5, reports // 100)]
    word = quote('"invoice tax"')
    return {
        "Now": ["/"],
        "Cases, to decide": ["/cases"],
        "Cases, all": ["/cases?view=all"],
        "Cases, of a verdict": ["/cases?view=all&verdict=malware", "/cases?view=threats"],
        "Cases, a host": [f"/cases?q=host{n}.example" for n in range(0, 50_000, 5_000)],
        "Cases, a host nobody named": [f"/cases?q=host{n}.nowhere.example" for n in range(5)],
        "Cases, two words": [f"/cases?q={word}", "/cases?q=salary+bonus"],
        "Cases, a word in one of seven": ["/cases?q=invoice", "/cases?q=inv"],
        "Cases, a reporter": [f"/cases?q=user{n}@example.org" for n in range(0, 5_000, 500)],
        "A case": [f"/cases/{case}" for case in cases],
        "A case of 4,000 reports": [f"/cases/{cases[0]}"],
        "Verdicts": ["/verdicts", "/verdicts?category=malware"],
        "Blocks": ["/blocks", "/blocks?view=expiring", "/blocks?q=a77"],
        "Preview of a block": [f"/blocks/preview?kind=domain&value=host{n}.example" for n in range(0, 50_000, 5_000)],
        "Quarantine": ["/quarantine", "/quarantine?view=held"],
        "Quarantine, a host": [f"/quarantine?q=host{n}.example" for n in range(0, 50_000, 5_000)],
        "A held mail": [f"/quarantine/{one}" for one in held],
        "Dead letters": ["/dead"],
        "Reports, a year": ["/reports?days=365"],
        "Settings": ["/settings"],
        "Audit": ["/audit"],
    }


async def world(url: str, reports: int) -> int:
    """Fill the read model when there is none yet; how many reports it holds."""
    database = Database(url, "console", METADATA)
    await database.create()
    there = await database.look(lambda session: session.exec(select(func.count()).select_from(Report)).one())
    if not there:
        began = time.perf_counter()
        await fill(database, reports)
        say(f"{reports:,} reports written in {time.perf_counter() - began:.0f} s")
        await database.run(_analyse)
    await database.close()
    return there or reports


def _analyse(work: Work) -> None:
    """PostgreSQL's own housekeeping would do it within a minute; SQLite has none."""
    connection = work.session.connection()
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("ANALYZE")


async def measured(folder: Path, url: str, reports: int) -> None:
    """Say for each page its median and 95th percentile, and the processor time of one request, console and client together."""
    server = EmbeddedRedis(folder)
    await server.start()
    try:
        async with (
            house(("console",), server.url, "bench", folder / "data", database_url=url) as made,
            made.http("console") as http,
        ):
            spare_collector()  # as a service does that has started
            http.headers["Authorization"] = f"Bearer {(folder / 'data' / 'api.token').read_text()}"
            for name, asked in paths(reports).items():
                times, worked = [], time.process_time()
                for number in range(TIMES + WARM):
                    began = time.perf_counter()
                    answer = await http.get(asked[number % len(asked)], headers={"Accept": "text/html"})
                    times.append((time.perf_counter() - began) * 1_000)
                    assert answer.status_code == 200, (name, answer.status_code)
                work = (time.process_time() - worked) * 1_000 / (TIMES + WARM)
                times = sorted(times[WARM:])
                p95 = times[int(len(times) * 0.95) - 1]
                say(f"{name:<32} p50 {statistics.median(times):7.1f} ms   p95 {p95:7.1f} ms   processor {work:6.1f} ms")
    finally:
        await server.stop()


def say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - a command line prints


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m tests.bench.pages", description=__doc__)
    options.add_argument("--reports", type=int, default=1_000_000)
    options.add_argument("--rebuild", type=int, default=20_000, metavar="N", help="reports that are read again")
    options.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the read model there, or take what is there")
    options.add_argument("--postgres", action="store_true", help="on a PostgreSQL that is started for it")
    given = options.parse_args()
    say(f"{datetime.now(UTC):%Y-%m-%d}")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="longstop-bench-")))
        kept = given.keep or folder
        url = stack.enter_context(postgres_server()) if given.postgres else f"sqlite:///{kept.resolve()}/{{service}}.db"
        if given.rebuild:
            total, spent, worked = asyncio.run(rebuild(folder, given.rebuild))
            say(
                f"rebuild: {total:,} events in {spent:.1f} s, {total / spent:,.0f} a second; {worked * 1e6 / total:.0f} us of processor each"
            )
        if given.reports:
            reports = asyncio.run(world(url.replace("{service}", "console"), given.reports))
            asyncio.run(measured(folder, url, reports))


if __name__ == "__main__":
    main()
