"""What pydantic found wrong, in words for people: where and what, never the value, which may be part of somebody's mail."""

from collections.abc import Sequence
from itertools import islice
from typing import Any

#: Faults that are told of one thing that is invalid.
FAULTS_MAX = 5


def said(fault: Any) -> str:
    """What is wrong; pydantic puts its own words before ours."""
    return str(fault["msg"]).removeprefix("Value error, ")


def in_words(faults: Sequence[Any], outer: int = 0, whole: str = "") -> str:
    """The first faults with their places, without the `outer` first steps of each; `whole` is where a fault of all of it is."""
    places = (".".join(map(str, fault["loc"][outer:])) or whole for fault in faults)
    told = zip(places, map(said, faults), strict=True)
    return "; ".join(": ".join(filter(None, words)) for words in islice(told, FAULTS_MAX))
