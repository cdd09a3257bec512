"""The closed set of words that say what was cut, broken or guessed in a mail."""

from typing import Literal

Defect = Literal[
    # size and structure
    "mail-too-large",
    "header-block-too-long",
    "header-too-long",
    "too-many-headers",
    "bad-header-line",
    "no-header",
    "no-blank-line",
    "mbox-line",
    "crcrlf",
    "bare-cr",
    "nul-bytes",
    "no-boundary",
    "unclosed-multipart",
    "too-many-parts",
    "too-many-delimiters",
    "nested-too-deep",
    # header values
    "no-from",
    "bad-from",
    "repeated-from",
    "bad-date",
    "too-many-addresses",
    "raw-8bit-header",
    # bodies
    "bad-charset",
    "bad-base64",
    "unknown-encoding",
    "text-too-long",
    "html-too-long",
    "too-many-links",
    "script-url",
    "data-url",
    # attachments
    "too-many-attachments",
    "bad-zip",
    "too-many-members",
    # the parser gave up
    "unreadable",
]


class Defects:
    """Collects defects of one mail: each once, in the order in which they were met."""

    def __init__(self) -> None:
        self._seen: dict[str, None] = {}

    def add(self, defect: Defect) -> None:
        self._seen[defect] = None

    def words(self) -> tuple[str, ...]:
        return tuple(self._seen)
