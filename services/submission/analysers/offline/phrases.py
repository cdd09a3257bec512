"""Words that make people act, looked for in folded text: whole words, bounded, linear."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files

from services.submission.analysers.offline.folding import folded

#: The words of a pair stand so near to each other, in characters: within one sentence.
NEAR = 40

#: Places of the first word of a pair that are looked behind; a text that repeats it more often is padding.
PLACES_MAX = 50


@dataclass(frozen=True, slots=True)
class Word:
    """A word or phrase: as it is shown, as it is compared, and whether it may go on."""

    shown: str
    compared: str
    open_end: bool

    @classmethod
    def of(cls, written: str) -> "Word":
        """Read one of the file; `*` at the end stands for any ending."""
        shown = written.removesuffix("*")
        return cls(shown, folded(shown), open_end=written.endswith("*"))

    def places(self, text: str) -> Iterator[int]:
        """The offsets in `text` behind each place where it stands by itself."""
        at = text.find(self.compared)
        while at >= 0:
            end = at + len(self.compared)
            starts = not (self.compared[0].isalnum() and text[at - 1 : at].isalnum())
            ends = self.open_end or not (self.compared[-1].isalnum() and text[end : end + 1].isalnum())
            if starts and ends:
                yield end
            at = text.find(self.compared, at + 1)

    def stands_in(self, text: str) -> bool:
        """Whether it stands anywhere in `text`."""
        return next(self.places(text), None) is not None


@dataclass(frozen=True, slots=True)
class Pair:
    """A word of `first`, and near behind it a word of `then`."""

    first: tuple[Word, ...]
    then: tuple[Word, ...]

    def found(self, text: str) -> str:
        """What stands there, for people; the empty string when nothing does."""
        for word in self.first:
            for _, end in zip(range(PLACES_MAX), word.places(text), strict=False):
                near = text[end : end + NEAR]
                for other in self.then:
                    if other.compared in near and other.stands_in(near):
                        return f"{word.shown} … {other.shown}"
        return ""


@dataclass(frozen=True, slots=True)
class Family:
    """Phrases and pairs that mean the same."""

    phrases: tuple[Word, ...]
    pairs: tuple[Pair, ...]

    def first(self, text: str) -> str:
        """The first that stands in folded `text`, as people read it; the empty string when none does."""
        return next(self._found(text), "")

    def count(self, text: str) -> tuple[str, ...]:
        """All of them, each once."""
        return tuple(self._found(text))

    def _found(self, text: str) -> Iterator[str]:
        yield from (word.shown for word in self.phrases if word.compared in text and word.stands_in(text))
        yield from (found for pair in self.pairs if (found := pair.found(text)))


def _words(table: dict[str, object], name: str) -> tuple[Word, ...]:
    found = table.get(name, [])
    if not isinstance(found, list):
        raise TypeError(f"{name} is no list")
    return tuple(Word.of(str(word)) for word in dict.fromkeys(found))


def _pairs(table: dict[str, object]) -> tuple[Pair, ...]:
    found = table.get("pairs", [])
    if not isinstance(found, list):
        raise TypeError("pairs is no list of tables")
    return tuple(Pair(_words(one, "first"), _words(one, "then")) for one in found)


def _read() -> dict[str, Family]:
    source = tomllib.loads(files(__package__).joinpath("phrases.toml").read_text(encoding="utf-8"))
    return {name: Family(_words(table, "phrases"), _pairs(table)) for name, table in source.items()}


FAMILIES = _read()
