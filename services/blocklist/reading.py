"""The lines of a list that comes in pieces."""

import codecs
from collections.abc import Iterator

from services.blocklist.rules.lists_in import BY_LINE, Fault, Format, Line, LineReader, read_document
from shared.errors import Reject

#: Largest document of the formats that are read as a whole, in characters.
DOCUMENT_MAX = 64 * 1024 * 1024


class Reading:
    """One list. Its pieces may be cut anywhere, inside a character too."""

    def __init__(self, kind: Format) -> None:
        self._kind = kind
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._reader = LineReader(kind)
        self._rest = ""
        self._parts: list[str] = []
        self._length = 0

    def lines(self, piece: bytes) -> Iterator[Line | Fault]:
        """The lines that end in this piece; of a format that is read as a whole none.

        Raises:
            Reject: it is too large.
        """
        text = self._decoder.decode(piece)
        if self._kind not in BY_LINE:
            self._parts.append(text)
            self._length += len(text)
            if self._length > DOCUMENT_MAX:
                raise Reject(f"the document is larger than {DOCUMENT_MAX} characters: split it, or use jsonl")
            return
        *whole, self._rest = (self._rest + text).split("\n")
        if len(self._rest) > DOCUMENT_MAX:
            raise Reject("a line without an end is no list")
        yield from filter(None, map(self._reader.read, whole))

    def last(self) -> Iterator[Line | Fault]:
        """What is left when all pieces have come."""
        if self._kind not in BY_LINE:
            yield from read_document(self._kind, "".join(self._parts))
        elif line := self._reader.read(self._rest):
            yield line
