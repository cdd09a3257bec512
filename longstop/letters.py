"""Which dead letters: by id, by filter, and counted."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from shared.bus.letters import Letter, Letters
from shared.errors import LongstopError

Pages = AsyncIterator[Sequence[Letter]]

#: Letters that are fetched at once by their ids.
FETCH = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which letters. `first` and `last` are entry ids in their stream, which begin with the time."""

    stream: str = ""
    group: str = ""
    reason: str = ""
    first: str = "-"
    last: str = "+"

    def matches(self, letter: Letter) -> bool:
        """Whether a letter is meant; the stream may be given without its prefix and version."""
        name = letter.stream.partition(":")[2]
        return (
            self.stream in ("", letter.stream, name, name.removesuffix(".v1"))
            and self.group in ("", letter.group)
            and self.reason.casefold() in letter.reason.casefold()
        )


async def matching(letters: Letters, chosen: Filter) -> Pages:
    """The letters that a filter means, page by page, so that memory is bounded. What dies meanwhile is not among them."""
    last = chosen.last if chosen.last != "+" else str(await letters.now_ms())
    async for page in letters.pages(first=chosen.first, last=last):
        if found := [letter for letter in page if chosen.matches(letter)]:
            yield found


async def named(letters: Letters, ids: Sequence[str]) -> Pages:
    """The letters of these ids, or of the only ids that start so.

    Raises:
        LongstopError: one of them means no letter, or more than one; nothing was given.
    """
    found: dict[str, dict[str, list[str]]] = {wanted: {} for wanted in ids}
    async for page in letters.pages():
        for letter in page:
            for wanted, matches in found.items():
                if letter.id.startswith(wanted):  # a letter may be there twice: published again after a crash
                    matches.setdefault(letter.id, []).append(letter.entry)
    for wanted, matches in found.items():
        if wanted not in matches and len(matches) != 1:
            raise LongstopError(f"{len(matches) or 'no'} dead letters start with {wanted}")
    chosen = [matches.get(wanted) or next(iter(matches.values())) for wanted, matches in found.items()]
    entries = list(dict.fromkeys(entry for matches in chosen for entry in matches))
    for start in range(0, len(entries), FETCH):
        yield await letters.get(entries[start : start + FETCH])


@dataclass(frozen=True, slots=True)
class Kind:
    """Letters of one stream, reader and reason; the times of the first and of the last."""

    letters: int
    stream: str
    group: str
    reason: str
    first: str
    last: str


async def summary(letters: Letters, chosen: Filter) -> list[Kind]:
    """How many there are of each kind, the most frequent first."""
    counts: Counter[tuple[str, str, str]] = Counter()
    times: dict[tuple[str, str, str], tuple[str, str]] = {}
    async for page in matching(letters, chosen):
        for letter in page:
            kind = (letter.stream, letter.group, letter.reason)
            counts[kind] += 1
            times[kind] = (times.get(kind, (letter.time,))[0], letter.time)
    return [Kind(many, *kind, *times[kind]) for kind, many in counts.most_common()]
