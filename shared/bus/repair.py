"""Repairing dead letters: what is changed in an entry, and how it goes back to its stream."""

import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from redis.exceptions import ResponseError

from shared.bus.entries import Unreadable, read_entry
from shared.bus.letters import Letter, Letters
from shared.errors import Reject
from shared.events import EVENTS, Event

Pages = AsyncIterator[Sequence[Letter]]


@dataclass(frozen=True, slots=True)
class Change:
    """What is changed in an entry's data: all of it, or values at paths into it."""

    data: bytes | None = None
    values: Sequence[tuple[Sequence[str], Any]] = ()

    def __bool__(self) -> bool:
        return self.data is not None or bool(self.values)

    def apply(self, data: bytes) -> bytes:
        """The changed data.

        Raises:
            Reject: a path leads nowhere, or the data is no JSON that a path could lead into.
        """
        changed = data if self.data is None else self.data
        if not self.values:
            return changed
        try:
            tree = json.loads(changed)
        except (ValueError, RecursionError):
            raise Reject("its data is no JSON: replace it whole with --data or --edit") from None
        for path, value in self.values:
            _put(tree, path, value)
        return json.dumps(tree, ensure_ascii=False).encode("utf-8", "surrogatepass")


def assignment(text: str) -> tuple[list[str], Any]:
    """`data.path=JSON` as a path into the data and a value.

    Raises:
        ValueError: it is not of that form; the text says what is.
    """
    path, equals, value = text.partition("=")
    root, *steps = path.split(".")
    if root != "data" or not all(steps) or not steps or not equals:
        raise ValueError(f'{text} is not of the form data.path=JSON, such as data.category="spam"')
    try:
        return steps, json.loads(value)
    except ValueError:
        raise ValueError(f"{value} is no JSON: a text stands in quotes") from None


def pretty(data: str) -> str:
    """JSON as people read it; what is none as it is."""
    try:
        return json.dumps(json.loads(data), indent=1, ensure_ascii=False)
    except (ValueError, RecursionError):
        return data


@dataclass(slots=True)
class Tally:
    """How a run went: letters done, and why others were left."""

    done: int = 0
    left: Counter[str] = field(default_factory=Counter)


def class_of(stream: str, prefix: str) -> type[Event]:
    """The events that a stream carries.

    Raises:
        Reject: it is none of ours.
    """
    for kind in EVENTS:
        if stream == f"{prefix}:{kind.STREAM}":
            return kind
    raise Reject(f"{stream} is no stream of this Longstop")


def repaired(letter: Letter, change: Change, prefix: str) -> dict[bytes, bytes]:
    """The fields that a letter goes back with. What was changed is read as its reader will read it.

    Raises:
        Reject: it cannot go back; the text says why.
    """
    kind = class_of(letter.stream, prefix)
    fields = letter.entry_again()
    if change:
        fields[b"data"] = change.apply(fields.get(b"data", b""))
        read = read_entry(kind, letter.stream, letter.entry_id, fields)
        if isinstance(read, Unreadable):
            raise Reject(f"what was changed is no {kind.STREAM}: {read.reason}")
    return fields


@dataclass(slots=True)
class Repair:
    """Takes letters off their stream: back to where they came from, or away. `tell` hears of each, and why one was left."""

    redis: Any
    letters: Letters
    prefix: str
    tell: Callable[[Letter, str], None]
    tally: Tally = field(default_factory=Tally)
    _streams: set[str] = field(default_factory=set)

    async def replay(self, pages: Pages, change: Change, *, dry_run: bool) -> Tally:
        """Publish again, and delete the letter, in one MULTI: after a crash either both or neither is done.

        Raises:
            RedisError: Redis does not answer; what was not done is still there.
        """
        async for page in pages:
            ready: list[tuple[Letter, dict[bytes, bytes]]] = []
            for letter in page:
                try:
                    fields = repaired(letter, change, self.prefix)
                    await self._check(letter.stream)
                except Reject as reason:
                    self.tally.left[str(reason)] += 1
                    self.tell(letter, str(reason))
                else:
                    ready.append((letter, fields))
            if ready and not dry_run:
                pipeline = self.redis.pipeline(transaction=True)
                for letter, fields in ready:
                    pipeline.xadd(letter.stream, fields)
                pipeline.xdel(self.letters.stream, *(letter.entry for letter, _ in ready))
                await pipeline.execute()
            self._count([letter for letter, _ in ready])
        return self.tally

    async def drop(self, pages: Pages, *, dry_run: bool) -> Tally:
        """Delete letters.

        Raises:
            RedisError: Redis does not answer; what was not done is still there.
        """
        async for page in pages:
            if page and not dry_run:
                await self.redis.xdel(self.letters.stream, *(letter.entry for letter in page))
            self._count(page)
        return self.tally

    def _count(self, page: Sequence[Letter]) -> None:
        self.tally.done += len(page)
        for letter in page:
            self.tell(letter, "")

    async def _check(self, stream: str) -> None:
        """A MULTI goes on after a command that failed: what XADD would refuse must be known before XDEL."""
        if stream not in self._streams:
            try:
                await self.redis.xlen(stream)
            except ResponseError as error:
                raise Reject(f"{stream} cannot be written: {error}") from None
            self._streams.add(stream)


def _put(tree: Any, path: Sequence[str], value: Any) -> None:
    """Put a value at a path; what is on the way must be there."""
    *way, name = path
    at = tree
    for step in way:
        at = _step(at, step, path)
    if isinstance(at, dict):
        at[name] = value
    elif isinstance(at, list) and name.isdecimal() and int(name) < len(at):
        at[int(name)] = value
    else:
        raise Reject(f"there is no data.{'.'.join(path)}")


def _step(at: Any, step: str, path: Sequence[str]) -> Any:
    if isinstance(at, dict) and step in at:
        return at[step]
    if isinstance(at, list) and step.isdecimal() and int(step) < len(at):
        return at[int(step)]
    raise Reject(f"there is no data.{'.'.join(path)}")
