"""`longstop report`: reports mails through the HTTP door, as a mail client's button would."""

import asyncio
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import httpx
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from longstop import show, sources
from longstop.commands.options import DataDir, Json
from longstop.where import PATIENCE_S, answer_of, endpoints, headers
from shared.errors import LongstopError

#: Reports on their way at once.
AT_ONCE = 8

#: How often a report is handed in again when the door says "not now".
TRIES = 5


class Category(StrEnum):
    """What the reporter says of a mail."""

    phishing = "phishing"
    malware = "malware"
    junk = "junk"
    not_junk = "not-junk"


class Folder(StrEnum):
    """Where the mail lay."""

    inbox = "inbox"
    junk = "junk"


def report(
    paths: Annotated[list[Path], typer.Argument(help=".eml and .msg files, mbox files, Maildirs, or folders of them.")],
    category: Annotated[Category, typer.Option(help="What these mails are.")],
    reporter: Annotated[str, typer.Option(help="Who reports them: an address.")] = "",
    folder: Annotated[Folder | None, typer.Option(help="Where they lay.")] = None,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """Report mails; prints a report id for each."""
    if reporter and "@" not in reporter.strip("@"):
        raise typer.BadParameter("the reporter is an address, such as ana@example.org", param_hint="--reporter")
    query = {
        "category": category.value.replace("-", "_"),
        "reporter": reporter,
        "folder": folder.value if folder else "",
    }
    base_url = endpoints(data).ingest
    with Progress(
        TextColumn("reporting"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=show.err,
        transient=True,
        disable=not show.err.is_terminal,
    ) as progress:
        task = progress.add_task("reporting", total=sources.count(paths))
        taken, refused = asyncio.run(
            _all(sources.mails(paths), base_url, headers(data), query, as_json, lambda: progress.advance(task))
        )
    if refused.count == 1:
        raise LongstopError(refused.first)
    if refused.count:
        raise LongstopError(f"{refused.count} not reported; the reasons stand above")
    if not taken:
        raise LongstopError("nothing was reported: there is no mail in what was named (.eml, .msg, mbox, Maildir)")


#: Answers that mean later, and the longest wait before the next try, in seconds.
LATER = (httpx.codes.SERVICE_UNAVAILABLE, httpx.codes.TOO_MANY_REQUESTS)
WAIT_MAX_S = 60


async def _all(
    mails: Iterator[tuple[str, bytes]],
    base_url: str,
    auth: dict[str, str],
    query: dict[str, str],
    as_json: bool,
    done: Any,
) -> tuple[int, "_Refused"]:
    """How many were taken, and what was not."""
    taken, refused = 0, _Refused()
    async with httpx.AsyncClient(base_url=base_url, headers=auth, timeout=PATIENCE_S) as client:

        async def work() -> None:
            nonlocal taken
            for path, raw in mails:
                try:
                    report_id = await _one(client, raw, query)
                except (LongstopError, httpx.HTTPError) as error:
                    refused.add(f"{path}: {error or 'the door does not answer'}")
                else:
                    taken += 1
                    show.json_line({"report_id": report_id, "path": path}) if as_json else show.out.print(report_id)
                done()

        await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    return taken, refused


class _Refused:
    """What was not taken: each is told as it comes, but for one alone, which is what the command ends with."""

    def __init__(self) -> None:
        self.count, self.first = 0, ""

    def add(self, reason: str) -> None:
        self.count += 1
        if self.count == 1:
            self.first = reason
            return
        if self.count == 2:
            show.say(self.first)
        show.say(reason)


async def _one(client: httpx.AsyncClient, raw: bytes, query: dict[str, str]) -> str:
    """Hand one in; again, with the same key, while the door says that it cannot now."""
    head = {"Content-Type": "message/rfc822", "Idempotency-Key": str(uuid4())}
    for attempt in range(TRIES):
        response = await client.post("/v1/reports", params=query, content=raw, headers=head)
        if response.status_code not in LATER or attempt == TRIES - 1:
            break
        asked = response.headers.get("retry-after", "")
        await asyncio.sleep(min(int(asked) if asked.isdigit() else 2**attempt, WAIT_MAX_S))
    return str(answer_of(response).json()["report_id"])
