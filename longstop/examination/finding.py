"""One line of the doctor's: what was looked at, how it is, and how it can be mended."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Cure:
    """Something that mends a finding and can do no harm; `words` say what it does."""

    words: str
    apply: Callable[[], Coroutine[None, None, None]]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was checked, how it is, and what to do."""

    what: str
    level: Level
    words: str
    cure: Cure | None = None
