"""`longstop dead`: what could not be processed: look at it, repair it, hand it in again, or drop it."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from longstop import show
from longstop.bus import redis_of
from longstop.commands.options import DataDir, Json
from longstop.commands.watch import start_id
from longstop.editor import edited
from longstop.letters import Filter, Pages, matching, named, summary
from longstop.where import endpoints
from shared.bus.letters import Letter, Letters
from shared.bus.repair import Change, Repair, Tally, assignment, pretty
from shared.entry_ids import entry_id_of
from shared.errors import LongstopError
from shared.keeper.keeper import KEEP_RECEIPTS

app = typer.Typer(help="Dead letters: what could not be processed.", no_args_is_help=True, rich_markup_mode=None)

COLUMNS = ("id", "time", "stream", "group", "attempts", "reason")
KINDS = ("letters", "stream", "group", "reason", "first", "last")

#: A line of an entry's data is cut here on a terminal, in characters: base64 of a mail is one line.
LINE_MAX = 2_000

T = TypeVar("T")

Ids = Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Ids, or beginnings that mean one letter.")]
Stream = Annotated[str, typer.Option(help="Only of this stream, such as verdict.issued.")]
Group = Annotated[str, typer.Option(help="Only those that this reader could not process, such as triage.")]
Reason = Annotated[str, typer.Option(help="Only with this in the reason.")]
Since = Annotated[str, typer.Option(help="Only from this time on (RFC 3339, or 10m, 2h, 1d ago).")]
Until = Annotated[str, typer.Option(help="Only up to this time.")]
All = Annotated[bool, typer.Option("--all", help="Every dead letter.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]


@app.command("list")
def list_letters(
    stream: Stream = "",
    group: Group = "",
    reason: Reason = "",
    since: Since = "",
    until: Until = "",
    limit: Annotated[int, typer.Option(min=0, help="End after so many; 0: never.")] = 0,
    counted: Annotated[bool, typer.Option("--summary", help="Count them by stream, reader and reason.")] = False,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """List dead letters, the oldest first."""
    chosen = _filter(stream, group, reason, since, until)
    if not counted:
        rows = _with_redis(data, lambda redis, prefix: _rows(Letters(redis, prefix), chosen, limit, as_json))
        if not as_json:
            show.out.print(show.table("", COLUMNS, rows))
        return
    kinds = [asdict(kind) for kind in _with_redis(data, lambda redis, prefix: summary(Letters(redis, prefix), chosen))]
    for kind in kinds if as_json else ():
        show.json_line(kind)
    if not as_json:
        show.out.print(show.table("", KINDS, ([kind[column] for column in KINDS] for kind in kinds)))


@app.command("show")
def show_letter(letter_id: str, data: DataDir = None, as_json: Json = False) -> None:
    """Show one dead letter with its raw fields."""
    letter = _with_redis(data, lambda redis, prefix: _one(redis, prefix, letter_id))
    if as_json:
        show.json_line(letter.told())
        return
    for name, value in letter.told().items():
        if name != "fields":
            show.out.print(f"{name}: {show.safe(value, LINE_MAX)}", markup=False)
    for name, value in letter.fields.items():
        lines = pretty(value if isinstance(value, str) else json.dumps(value)).splitlines()
        show.out.print(f"{show.safe(name)}:", *(show.safe(line, LINE_MAX) for line in lines), sep="\n  ", markup=False)


@app.command()
def replay(
    ids: Ids = None,
    stream: Stream = "",
    group: Group = "",
    reason: Reason = "",
    since: Since = "",
    until: Until = "",
    everything: All = False,
    values: Annotated[
        list[str] | None, typer.Option("--set", help="data.path=JSON: put a value into the data; may be given again.")
    ] = None,
    whole: Annotated[
        typer.FileBinaryRead | None, typer.Option("--data", help="A file with the whole data as JSON; - for stdin.")
    ] = None,
    edit: Annotated[bool, typer.Option("--edit", help="Open the data in $EDITOR first.")] = False,
    dry_run: DryRun = False,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """Hand entries in again on their streams. As they were or repaired; their letters go.

    An entry keeps its CloudEvents id, source, time and trace, so that readers which have handled it drop it, and replaying
    twice has one effect. What you change is therefore seen only by the readers that could not process it.
    """
    chosen, names = _filter(stream, group, reason, since, until), ids or []
    _wrong_unless_chosen(names, chosen, everything=everything)
    if (edit or whole) and len(names) != 1:
        raise typer.BadParameter("--edit and --data are for one letter: give its id")
    try:
        change = Change(whole.read() if whole else None, [assignment(text) for text in values or ()])
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--set") from None
    if edit:
        letter = _with_redis(data, lambda redis, prefix: _one(redis, prefix, names[0]))
        before = change.apply(letter.raw_fields().get(b"data", b"")).decode(errors="surrogateescape")
        change = Change(edited(pretty(before), ".json").encode(errors="surrogateescape"))
    run = _Run("replayed", names, dry_run=dry_run, as_json=as_json)
    run(data, chosen, lambda repair, pages: repair.replay(pages, change, dry_run=dry_run))


@app.command()
def drop(
    ids: Ids = None,
    stream: Stream = "",
    group: Group = "",
    reason: Reason = "",
    since: Since = "",
    until: Until = "",
    everything: All = False,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
    dry_run: DryRun = False,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """Forget dead letters for good."""
    chosen, names = _filter(stream, group, reason, since, until), ids or []
    _wrong_unless_chosen(names, chosen, everything=everything)
    if not names and not yes and not dry_run:
        if not sys.stdin.isatty():
            raise typer.BadParameter("--yes is needed to drop letters that are not named; --dry-run shows them")
        kinds = _with_redis(data, lambda redis, prefix: summary(Letters(redis, prefix), chosen))
        typer.confirm(f"Drop {sum(kind.letters for kind in kinds)} dead letters for good?", abort=True, err=True)
    run = _Run("dropped", names, dry_run=dry_run, as_json=as_json)
    run(data, chosen, lambda repair, pages: repair.drop(pages, dry_run=dry_run))


class _Run:
    """One run of a repair: what is printed of each letter, with progress on stderr, and of all of them at the end."""

    def __init__(self, word: str, ids: Sequence[str], *, dry_run: bool, as_json: bool) -> None:
        self._word, self._ids, self._dry_run, self._as_json = word, ids, dry_run, as_json
        self._progress = show.err.status(word)
        self._seen = 0
        self._old = 0
        self._too_old = entry_id_of(start_id(f"{KEEP_RECEIPTS.days}d", datetime.now(UTC)))

    def __call__(self, data: Path | None, chosen: Filter, act: Callable[[Repair, Pages], Awaitable[Tally]]) -> None:
        """Do it to the letters that were chosen.

        Raises:
            LongstopError: a letter that was named could not be done.
        """

        async def go(redis: Any, prefix: str) -> Tally:
            letters = Letters(redis, prefix)
            pages = named(letters, self._ids) if self._ids else matching(letters, chosen)
            return await act(Repair(redis, letters, prefix, self._tell), pages)

        with self._progress:
            tally = _with_redis(data, go)
        show.say(f"{tally.done} {'would be ' if self._dry_run else ''}{self._word}")
        if self._old:
            show.say(f"{self._old} of them died so long ago that readers which handled them may do so again")
        if self._ids and tally.left:
            raise LongstopError("; ".join(tally.left))
        for reason, many in tally.left.most_common():
            show.say(f"{many} left: {reason}")

    def _tell(self, letter: Letter, why_not: str) -> None:
        self._seen += 1
        self._old += not why_not and self._word == "replayed" and entry_id_of(letter.entry) < self._too_old
        if self._as_json:
            told = {"id": letter.id, "stream": letter.stream, "entry_id": letter.entry_id, "group": letter.group}
            show.json_line({**told, self._word: not why_not and not self._dry_run, "reason": why_not})
        elif self._dry_run or (self._ids and not why_not):
            show.out.print(" ".join(map(show.safe, (letter.id, letter.stream, letter.group, why_not))), markup=False)
        self._progress.update(f"{self._word}: {self._seen}")


def _with_redis(data: Path | None, act: Callable[[Any, str], Awaitable[T]]) -> T:
    """Run with a client of the Redis that was found, and its prefix."""
    found = endpoints(data)

    async def run() -> T:
        redis = redis_of(found)
        try:
            return await act(redis, found.stream_prefix)
        finally:
            await redis.aclose()

    return asyncio.run(run())


async def _rows(letters: Letters, chosen: Filter, limit: int, as_json: bool) -> list[list[str]]:
    """The rows of the table; as JSON they are printed at once."""
    rows: list[list[str]] = []
    async for page in matching(letters, chosen):
        for letter in page:
            if as_json:
                show.json_line({name: value for name, value in letter.told().items() if name != "fields"})
            rows.append([] if as_json else [getattr(letter, column) for column in COLUMNS])
            if len(rows) == limit:
                return rows
    return rows


async def _one(redis: Any, prefix: str, letter_id: str) -> Letter:
    """The letter of this id.

    Raises:
        LongstopError: there is none, or more than one.
    """
    async for page in named(Letters(redis, prefix), [letter_id]):
        for letter in page:
            return letter
    raise LongstopError(f"{letter_id} has just gone")


def _filter(stream: str, group: str, reason: str, since: str, until: str) -> Filter:
    """The filter that the options name.

    Raises:
        typer.BadParameter: a time is none.
    """
    at = datetime.now(UTC)
    first, last = (start_id(moment, at) if moment else "" for moment in (since, until))
    return Filter(stream=stream, group=group, reason=reason, first=first or "-", last=last or "+")


def _wrong_unless_chosen(ids: Sequence[str], chosen: Filter, *, everything: bool) -> None:
    if sum((bool(ids), everything, chosen != Filter())) != 1:
        raise typer.BadParameter("choose letters by id, or by --stream, --group, --reason and times, or with --all")
