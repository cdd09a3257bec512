"""The gateway's side in Redis: the hash that a filter asks once a mail, and the maps for Rspamd's `multimap`.

The only file of the block list that knows Redis. What stands there is a copy: the database is the truth.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from dataclasses import fields as dataclass_fields
from functools import wraps
from typing import Any, ParamSpec, TypeAlias, TypeVar

from redis.asyncio import Redis
from redis.exceptions import RedisError

from services.blocklist.rules.fields import GATEWAY, HASHES, HITS, SEEN, Place
from shared.errors import Defer

P = ParamSpec("P")
T = TypeVar("T")

Words: TypeAlias = tuple[bytes | str, ...]

#: Fields in one command of a large change: short enough that Redis, and we, serve mails between two of them.
FIELDS_MAX = 250

#: An enforcer waits no longer for an answer, in seconds.
ASK_S = 1.0

#: Notes of one kind that wait to be counted; beyond, the oldest are lost: entries stand, only counts are short.
NOTES_MAX = 100_000


@dataclass(frozen=True, slots=True)
class Hit:
    """An entry stopped a copy of a mail. Every word may come from a mail."""

    block_id: str
    enforcer: str
    sender: str = ""
    recipient: str = ""
    client_ip: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """A mail passed. Every word comes from it: `senders` and `hosts` are lists with blanks between."""

    senders: str = ""
    hosts: str = ""


#: Where notes stand, behind the prefix, and how long their words may be, in characters.
STREAMS: Mapping[type[Any], str] = {Hit: HITS, Seen: SEEN}
WORD_MAX: Mapping[type[Any], int] = {Hit: 320, Seen: 4_000}


def words_of(note: Hit | Seen) -> dict[str, bytes]:
    """A note as an entry of its stream."""
    return {name: _raw(value)[: WORD_MAX[type(note)]] for name, value in asdict(note).items()}


def read_note(kind: type[Hit | Seen], fields: Mapping[bytes, bytes]) -> Hit | Seen:
    """A note from an entry of its stream, which others write too."""
    names = [one.name for one in dataclass_fields(kind)]
    words = {name: fields.get(name.encode(), b"").decode("utf-8", "replace")[: WORD_MAX[kind]] for name in names}
    return kind(**words)


def _translated(call: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, T]]:
    @wraps(call)
    async def wrapper(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await call(*args, **kwargs)
        except (RedisError, OSError, TimeoutError) as error:
            raise Defer(f"the gateway's hash cannot be reached: {error or type(error).__name__}") from error

    return wrapper


class Gateway:
    """Reads and writes the hashes. Every method raises Defer when Redis does not answer; all may be repeated."""

    def __init__(self, redis: Redis, prefix: str) -> None:
        self._redis: Any = redis  # redis-py types every answer as a union of all protocols
        self._prefix = prefix
        self._mark = f"{prefix}:gateway.filled"

    @_translated
    async def is_filled(self) -> bool:
        """Whether this Redis was filled by us and not emptied since."""
        return bool(await self._redis.exists(self._mark))

    @_translated
    async def mark_filled(self) -> None:
        """Remember, in Redis itself, that it was filled."""
        await self._redis.set(self._mark, "1")

    @_translated
    async def write(self, put: Mapping[Place, str], drop: Iterable[Place]) -> None:
        """Put fields and drop others; a field that is in both stays."""
        gone = ((name, (_raw(field),)) for name, field in drop if (name, field) not in put)
        async for key, fields in self._some(gone, FIELDS_MAX):
            await self._redis.hdel(key, *fields)
        there = ((name, (_raw(field), content)) for (name, field), content in put.items())
        async for key, pairs in self._some(there, 2 * FIELDS_MAX):
            await self._redis.hset(key, items=pairs)

    @_translated
    async def contents(self, wanted: Sequence[Place]) -> dict[Place, bytes | None]:
        """What stands in these fields."""
        found: dict[Place, bytes | None] = {}
        for name in dict.fromkeys(name for name, _ in wanted):
            fields = [field for its, field in wanted if its == name]
            answers = await self._redis.hmget(f"{self._prefix}:{name}", list(map(_raw, fields)))
            found.update(((name, field), answer) for field, answer in zip(fields, answers, strict=True))
        return found

    @_translated
    async def sizes(self) -> dict[str, int]:
        """How many fields each hash has."""
        pipeline = self._redis.pipeline(transaction=False)
        for name in HASHES:
            pipeline.hlen(f"{self._prefix}:{name}")
        return dict(zip(HASHES, await pipeline.execute(), strict=True))

    @_translated
    async def fields(self, name: str, cursor: int, count: int) -> tuple[int, dict[str, str]]:
        """Some fields of a hash with what they say, and where to go on. Foreign bytes may be no UTF-8; they can be dropped all the same."""
        cursor, found = await self._redis.hscan(f"{self._prefix}:{name}", cursor, count=count)
        return int(cursor), {_text(field): _text(said) for field, said in found.items()}

    @_translated
    async def marks(self, fields: Sequence[str]) -> list[bytes | None]:
        """What the gateway's hash says in these fields, in one question."""
        if not fields:
            return []
        async with asyncio.timeout(ASK_S):
            found: list[bytes | None] = await self._redis.hmget(f"{self._prefix}:{GATEWAY}", list(map(_raw, fields)))
        return found

    @_translated
    async def note(self, notes: Sequence[Hit | Seen]) -> None:
        """Note what was stopped or passed, where Rspamd notes it too."""
        pipeline = self._redis.pipeline(transaction=False)
        for one in notes:
            pipeline.xadd(self.stream_of(type(one)), words_of(one), maxlen=NOTES_MAX, approximate=True)
        async with asyncio.timeout(ASK_S):
            await pipeline.execute()

    @_translated
    async def notes_after(self, kind: type[Hit | Seen], position: str, count: int) -> list[tuple[str, Hit | Seen]]:
        """The notes after a place in their stream, with their places."""
        found = await self._redis.xrange(self.stream_of(kind), min=f"({position}" if position else "-", count=count)
        return [(entry_id.decode(), read_note(kind, fields)) for entry_id, fields in found]

    @_translated
    async def drop_notes(self, kind: type[Any], position: str) -> None:
        """Drop the notes up to a place."""
        await self._redis.xtrim(self.stream_of(kind), minid=position)

    def stream_of(self, kind: type[Any]) -> str:
        """The stream of a kind of notes."""
        return f"{self._prefix}:{STREAMS[kind]}"

    async def _some(
        self, found: Iterable[tuple[str, Words]], most: int
    ) -> AsyncIterator[tuple[str, list[bytes | str]]]:
        """Words of commands, each for one hash; lazily, for between two of them others have their turn."""
        words: dict[str, list[bytes | str]] = {}
        for name, more in found:
            some = words.setdefault(name, [])
            some += more
            if len(some) >= most:
                yield f"{self._prefix}:{name}", words.pop(name)
        for name, some in words.items():
            yield f"{self._prefix}:{name}", some


def _raw(field: str) -> bytes:
    return field.encode("utf-8", "surrogateescape")


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")
