"""A hash that two copies of one campaign share."""

import hashlib
import re
from collections.abc import Iterable

from shared.mail import limits

_DIGITS = re.compile(r"[0-9]+")


def likeness(text: str, hosts: Iterable[str]) -> str:
    """SHA-256 in hex of the visible words and the hosts that are linked; empty when there is too little to tell.

    Equal for copies that differ in digits, case, spaces, addresses and in all of a URL but its host.
    """
    plain = _DIGITS.sub("0", text[: limits.LIKENESS_TEXT_MAX].lower())
    words = " ".join(plain.split())
    if "@" in words or "://" in words or "www." in words:
        words = " ".join([word if word.isalpha() else _normal(word) for word in words.split(" ")])
    linked = sorted(set(hosts))
    if len(words) < limits.LIKENESS_TEXT_MIN and not linked:
        return ""
    return hashlib.sha256("\n".join((words, *linked)).encode()).hexdigest()


def _normal(word: str) -> str:
    if "://" in word or word.startswith("www."):
        return "<url>"
    return "<address>" if "@" in word else word
