"""`python -m tests.bench.pages`: the console's read model rebuilt, and each page's time with a million reports in it."""

import argparse
import asyncio
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from services.console.tables import METADATA
from shared.embedded import EmbeddedRedis
from shared.events import fact_id
from shared.work import Database
from tests.bench.million import World, fill
from tests.bench.rebuild import rebuild
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


async def measured(folder: Path, reports: int) -> list[tuple[str, float, float]]:
    """For each page its median and 95th percentile, in milliseconds."""
    url = f"sqlite:///{folder}/{{service}}.db"
    database = Database(url.replace("{service}", "console"), "console", METADATA)
    await database.create()
    began = time.perf_counter()
    await database.run(lambda work: fill(work.session.connection(), reports))
    await database.close()
    say(f"{reports:,} reports written in {time.perf_counter() - began:.0f} s")
    server = EmbeddedRedis(folder)
    await server.start()
    found = []
    try:
        async with (
            house(("console",), server.url, "bench", folder / "data", database_url=url) as made,
            made.http("console") as http,
        ):
            http.headers["Authorization"] = f"Bearer {(folder / 'data' / 'api.token').read_text()}"
            for name, asked in paths(reports).items():
                times, worked = [], time.process_time()
                for number in range(TIMES + WARM):
                    began = time.perf_counter()
                    answer = await http.get(asked[number % len(asked)], headers={"Accept": "text/html"})
                    times.append((time.perf_counter() - began) * 1_000)
                    assert answer.status_code == 200, (name, answer.status_code)
                times = sorted(times[WARM:])
                work = (time.process_time() - worked) * 1_000 / (TIMES + WARM)
                found.append((name, statistics.median(times), times[int(len(times) * 0.95) - 1]))
                say(f"{name:<32} p50 {found[-1][1]:7.1f} ms   p95 {found[-1][2]:7.1f} ms   processor {work:6.1f} ms")
    finally:
        await server.stop()
    return found


def say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - a command line prints


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m tests.bench.pages", description=__doc__)
    options.add_argument("--reports", type=int, default=1_000_000)
    options.add_argument("--rebuild", type=int, default=20_000, metavar="N", help="reports that are read again")
    given = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="longstop-bench-") as name:
        if given.rebuild:
            total, spent = asyncio.run(rebuild(f"sqlite:///{Path(name)}/rebuild.db", given.rebuild))
            say(f"rebuild: {total:,} events in {spent:.1f} s, {total / spent:,.0f} a second")
        if given.reports:
            asyncio.run(measured(Path(name), given.reports))
    say(f"{datetime.now(UTC):%Y-%m-%d}")


if __name__ == "__main__":
    main()
