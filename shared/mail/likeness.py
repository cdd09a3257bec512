"""What two copies of one campaign share: a hash of the text for equal ones, a sketch of it for like ones."""

import hashlib
import re
from collections.abc import Iterable
from itertools import pairwise
from zlib import crc32

from shared.mail import limits

_DIGITS = re.compile(r"[0-9]+")
_WORDS = re.compile(r"[^\W_]+")

#: Numbers of a sketch. Of two texts, about the share of their pairs of words that they have in common is equal.
SKETCH_SIZE = 30

#: Hexadecimal digits of one number.
SKETCH_DIGITS = 4

_MASK = (1 << 61) - 1


def likeness(text: str, hosts: Iterable[str]) -> str:
    """SHA-256 in hex of the visible words and the hosts that are linked; empty when there is too little to tell.

    Equal for copies that differ in digits, case, spaces, addresses and in all of a URL but its host.
    """
    words = _plain(text, limits.LIKENESS_TEXT_MAX)
    linked = sorted(set(hosts))
    if len(words) < limits.LIKENESS_TEXT_MIN and not linked:
        return ""
    return hashlib.sha256("\n".join((words, *linked)).encode()).hexdigest()


def sketch(text: str) -> str:
    """A text in `SKETCH_SIZE` numbers of 16 bits, as hex; empty when there is too little to tell.

    One-permutation MinHash (Li, Owen and Zhang, 2012) of the pairs of neighbouring words: every pair falls into a bin, and the
    smallest of a bin stands for it; an empty bin takes the next one's. One pass, so that a long text costs no more than
    reading it.
    """
    words = _tokens(_plain(text, limits.SKETCH_TEXT_MAX))
    if len(words) <= limits.SKETCH_WORDS_MIN:
        return ""
    hashes = [crc32(word.encode()) for word in words]
    least = [_MASK] * SKETCH_SIZE
    for first, second in set(pairwise(hashes)):
        mixed = (first * 0x9E3779B97F4A7C15 + second * 0xC2B2AE3D27D4EB4F + 1) & 0xFFFFFFFFFFFFFFFF
        mixed = (mixed ^ (mixed >> 29)) * 0xBF58476D1CE4E5B9 & 0xFFFFFFFFFFFFFFFF
        value, place = divmod(mixed ^ (mixed >> 32), SKETCH_SIZE)
        least[place] = min(least[place], value)
    return "".join(f"{_filled(least, place) & 0xFFFF:04x}" for place in range(SKETCH_SIZE))


def alike(one: str, other: str) -> float:
    """The share of equal numbers of two sketches, 0 to 1: an estimate of what their texts have in common."""
    if not one or len(one) != len(other):
        return 0.0
    places = range(0, len(one), SKETCH_DIGITS)
    return sum(one[at : at + SKETCH_DIGITS] == other[at : at + SKETCH_DIGITS] for at in places) / len(places)


def _filled(least: list[int], place: int) -> int:
    """The number of a bin; for an empty one that of the next that is not, changed by how far away it is."""
    for steps in range(SKETCH_SIZE):
        value = least[(place + steps) % SKETCH_SIZE]
        if value != _MASK:
            return value + steps * 0x9E37
    return 0


def _plain(text: str, most: int) -> str:
    plain = _DIGITS.sub("0", text[:most].lower())
    words = " ".join(plain.split())
    if "@" in words or "://" in words or "www." in words:
        words = " ".join([word if word.isalpha() else _normal(word) for word in words.split(" ")])
    return words


def _tokens(plain: str) -> list[str]:
    """Words without those that number a copy; writing without spaces in threes of letters."""
    tokens: list[str] = []
    for word in _WORDS.findall(plain):
        if word.isascii():
            if "0" not in word:
                tokens.append(word)
        elif len(word) > limits.SKETCH_WORD_MAX:
            tokens += [word[at : at + 3] for at in range(len(word) - 2)]
        else:
            tokens.append(word)
    return tokens


def _normal(word: str) -> str:
    if "://" in word or word.startswith("www."):
        return "<url>"
    return "<address>" if "@" in word else word
