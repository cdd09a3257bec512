"""Words that make people act, looked for in folded text: whole words, bounded, linear.

The files beside say them by language. In each family `phrases` say something alone; `hints` say it by twos; `pairs` stand near
to each other: a word of `first`, then one of `then`.
"""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from services.submission.analysers.offline.folding import folded

#: The words of a pair stand so near to each other, in characters: within one sentence.
NEAR = 40

#: Places of the first word of a pair that are looked behind; a text that repeats it more often is padding.
PLACES_MAX = 50


#: Letters by which a word is looked up before it is looked for: most of thousands of phrases begin with no word of a text.
BEGINNING = 4

_SENTENCE_END = re.compile(r"[;!?|]|[.:] ")
_RUN = re.compile(r"[^\W_]+")


@lru_cache(maxsize=8)
def beginnings(text: str) -> frozenset[str]:
    """How the words of `text` begin; where no spaces divide them, each letter may begin one."""
    letters = () if text.isascii() else (char for char in set(text) if not (char.isascii() or _is_spaced(char)))
    return frozenset((*(run[:BEGINNING] for run in _RUN.findall(text)), *letters))


def _is_spaced(char: str) -> bool:
    """Whether a character is of a word that spaces end. Thai, Chinese and Japanese use none; Arabic and Korean join particles to it."""
    return char.isalnum() and not ("\u0600" <= char <= "\u06ff" or "\u0e00" <= char <= "\u0eff" or char >= "\u3040")


@dataclass(frozen=True, slots=True)
class Word:
    """A word or phrase: as it is shown, as it is compared, and whether it may go on."""

    shown: str
    compared: str
    open_end: bool
    begins: str = ""  # as its first word does; empty where that is not known

    @classmethod
    def of(cls, written: str) -> "Word":
        """Read one of the file; `*` at the end stands for any ending."""
        shown = written.removesuffix("*")
        compared, is_open = folded(shown), written.endswith("*")
        run = _RUN.match(compared)
        whole = run is not None and (not is_open or run.end() < len(compared) or len(run[0]) >= BEGINNING)
        begins = run[0][:BEGINNING] if run and whole and all(map(_is_spaced, run[0])) else ""
        return cls(shown, compared, is_open, begins if compared[:1].isascii() or begins else compared[:1])

    def places(self, text: str) -> Iterator[int]:
        """The offsets in `text` behind each place where it stands by itself, in scripts that put spaces between words."""
        at = text.find(self.compared)
        while at >= 0:
            end = at + len(self.compared)
            starts = not (_is_spaced(self.compared[0]) and text[at - 1 : at].isalnum())
            ends = self.open_end or not (_is_spaced(self.compared[-1]) and text[end : end + 1].isalnum())
            if starts and ends:
                yield end
            at = text.find(self.compared, at + 1)

    def stands_in(self, text: str) -> bool:
        """Whether it stands anywhere in `text`."""
        return self.compared in text and next(self.places(text), None) is not None


def possible(words: tuple[Word, ...], text: str) -> Iterator[Word]:
    """The words that may stand in `text`, by how they begin."""
    known = beginnings(text)
    return (word for word in words if not word.begins or word.begins in known)


@dataclass(frozen=True, slots=True)
class Pair:
    """A word of `first`, and near behind it a word of `then`."""

    first: tuple[Word, ...]
    then: tuple[Word, ...]

    def found(self, text: str) -> str:
        """What stands there, for people; the empty string when nothing does."""
        for word in possible(self.first, text):
            for _, end in zip(range(PLACES_MAX), word.places(text), strict=False):
                near = _SENTENCE_END.split(text[end : end + NEAR], maxsplit=1)[0]
                for other in self.then:
                    if other.stands_in(near):
                        return f"{word.shown} … {other.shown}"
        return ""


@dataclass(frozen=True, slots=True)
class Family:
    """Phrases, hints and pairs that mean the same."""

    phrases: tuple[Word, ...]
    pairs: tuple[Pair, ...]
    hints: tuple[Word, ...] = ()

    def first(self, text: str) -> str:
        """The first that stands in folded `text`, as people read it; the empty string when none does."""
        return next(self._found(text), "")

    def count(self, text: str) -> tuple[str, ...]:
        """All of them, each once."""
        return tuple(self._found(text))

    def _found(self, text: str) -> Iterator[str]:
        yield from _apart(self.phrases, text)
        yield from (found for pair in self.pairs if (found := pair.found(text)))
        hints = _apart(self.hints, text)
        yield from (f"{one} … {other}" for one, other in zip(hints, hints, strict=False))


def _apart(words: tuple[Word, ...], text: str) -> Iterator[str]:
    """The words that stand in `text`, as they are shown, none of them inside another."""
    told: list[str] = []
    for word in possible(words, text):
        if word.stands_in(text):
            if not any(word.compared in other or other in word.compared for other in told):
                yield word.shown
            told.append(word.compared)


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
    families: dict[str, Family] = {}
    here = (one for one in files(__package__).iterdir() if one.name.endswith(".toml"))
    for source in sorted(here, key=lambda one: one.name):
        for name, table in tomllib.loads(source.read_text(encoding="utf-8")).items():
            one = families.get(name, Family((), ()))
            families[name] = Family(
                tuple(dict.fromkeys((*one.phrases, *_words(table, "phrases")))),
                (*one.pairs, *_pairs(table)),
                tuple(dict.fromkeys((*one.hints, *_words(table, "hints")))),
            )
    return families


FAMILIES = _read()
