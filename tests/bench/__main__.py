"""`make bench`: measures in one run and writes docs/benchmarks.md, up to what is measured by commands of their own.

All figures of a run were made on one machine, one after the other.
"""

import argparse
import asyncio
import os
import platform
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from shared.embedded import find_server
from tests.bench.measures import Growth, Latency, bare, durable, latencies, middle

#: Fewer reports than this are over before a tenth of them says anything.
TENTHS_FROM = 10_000

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"

#: From here on the page is written by hand.
BY_HAND = "## The console with a million reports"


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    options.add_argument("--quick", action="store_true", help="3,000 reports and one round instead of 30,000 and three")
    options.add_argument(
        "--growth", type=int, default=0, metavar="N", help="one more flow of N reports, such as 100000"
    )
    options.add_argument("--keep", action="store_true", help="print the page, do not write it")
    given = options.parse_args()
    page = asyncio.run(measure(quick=given.quick, growth=given.growth))
    print(page)  # noqa: T201 - a command line prints
    if not given.keep:
        _, heading, by_hand = PAGE.read_text(encoding="utf-8").partition(BY_HAND)
        PAGE.write_text(page + heading + by_hand, encoding="utf-8")


async def measure(*, quick: bool, growth: int) -> str:
    """Everything, in interleaved rounds."""
    rounds, some, single, samples = (2, 3_000, 200, 50) if quick else (3, 6_000, 600, 150)
    many = growth or (10_000 if quick else 30_000)
    ours, loops, alone = [], [], []
    with tempfile.TemporaryDirectory(prefix="longstop-bench-") as name:
        folder = Path(name)
        for number in range(rounds):
            ours.append((await durable(folder / f"ours{number}", some)).flow.rate)
            print(f"round {number}: {ours[-1]:.0f} reports a second", file=sys.stderr)  # noqa: T201
            loops.append(await bare(folder / f"bare{number}", some))
            alone.append((await durable(folder / f"alone{number}", single, batch_max=1)).flow.rate)
            print(f"         bare {loops[-1]:.0f}, one by one {alone[-1]:.0f}", file=sys.stderr)  # noqa: T201
        sizes = [await durable(folder / f"size{count}", count) for count in ({1_000, many // 3, many})]
        waits = await latencies(folder / "latency", min(ours), samples)
    sizes.sort(key=lambda one: one.flow.reports)
    return "\n".join([*_head(quick=quick, growth=growth), *_rates(ours, loops, alone), *_waits(waits), *_sizes(sizes)])


def _head(*, quick: bool, growth: int) -> list[str]:
    words = " ".join((["--quick"] if quick else []) + ([f"--growth {growth}"] if growth else []))
    command = f"make bench BENCH='{words}'" if words else "make bench"
    return [
        "# Benchmarks",
        "",
        f"Made by `{command}` on {datetime.now(UTC):%Y-%m-%d}: {os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()},",
        f"{Path(find_server()).name} with `appendfsync always`, SQLite with `synchronous=FULL`. The",
        "client and Redis run on the same cores. Read ratios, not figures: they were made in one run, in turns.",
        "",
        "Small JSON reports (mails of 600 bytes, each a case of its own, one in twenty is blocked) are published to the door's stream and go",
        "through ingest, triage, submission, triage again and the block list, each a process with a database of its own.",
        "",
    ]


def _rates(ours: list[float], loops: list[float], alone: list[float]) -> list[str]:
    return [
        "## Reports a second",
        "",
        "| | median | rounds | against Longstop |",
        "|---|---|---|---|",
        _rate("Longstop: blobs fsynced, inbox, rows, outbox, one transaction a batch", ours, ours),
        _rate("the same, one event a transaction (`LONGSTOP_BATCH_MAX=1`)", alone, ours),
        _rate("bare redis-py loops with the same entries: no mail is read or kept, no database", loops, ours),
        "",
    ]


def _rate(what: str, rates: list[float], ours: list[float]) -> str:
    each = ", ".join(f"{rate:.0f}" for rate in rates)
    return f"| {what} | {middle(rates):.0f} | {each} | {middle(rates) / middle(ours):.2f} |"


def _waits(waits: dict[str, tuple[Latency, Latency]]) -> list[str]:
    lines = [
        "## How long one report takes",
        "",
        "Milliseconds from handing in, one report after the other beside a steady load.",
        "",
        "| load | resolved p50 | p99 | in the gateway's hash p50 | p99 |",
        "|---|---|---|---|---|",
    ]
    for name, (told, listed) in waits.items():
        lines.append(
            f"| {name} | {told.at(0.5):.0f} | {told.at(0.99):.0f} | {listed.at(0.5):.0f} | {listed.at(0.99):.0f} |"
        )
    return [*lines, ""]


def _sizes(sizes: list[Growth]) -> list[str]:
    lines = [
        "## Growth",
        "",
        "| reports | a second | last tenth against first | MiB of databases for 1,000 reports | largest process, MiB | Redis, MiB |",
        "|---|---|---|---|---|---|",
    ]
    for one in sizes:
        tenths = one.flow.tenths()
        slower = f"{tenths[-1] / tenths[0]:.2f}" if one.flow.reports >= TENTHS_FROM else "-"
        services = max(size for name, size in one.rss_mib.items() if name != "redis")
        grown = one.database_mib / one.flow.reports * 1000
        lines.append(
            f"| {one.flow.reports:,} | {one.flow.rate:.0f} | {slower} | {grown:.1f} | {services:.0f} "
            f"| {one.rss_mib['redis']:.0f} |"
        )
    cpu = sizes[-1].flow.cpu_ms()
    each = ", ".join(f"{name} {ms:.2f}" for name, ms in cpu.items())
    return [
        *lines,
        "",
        f"Processor time of one report in the longest flow, in milliseconds: {each}; together {sum(cpu.values()):.2f}.",
        "",
    ]


if __name__ == "__main__":
    main()
