"""The parts of a mail as ranges of its bytes: one linear scan that reading and byte-exact cutting share.

Why not the `email` package: it gives no offsets, so a reported mail could only be cut out by re-serialising it; it
recurses on nesting and needs 15 s for 100,000 empty parts. Here a part is a pair of offsets, parents bound their children,
and every limit leaves a readable rest. The tests compare the result with the `email` package on well-formed mails.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from shared.mail import limits
from shared.mail.defects import Defects
from shared.mail.fields import Block, read_block
from shared.mail.parameters import main_value, media_type, parameters
from shared.mail.transfer import is_identity, undo


@dataclass(frozen=True, slots=True)
class Part:
    """One entity (RFC 2045, section 2.4); the body is `raw[body_start:end]`, without the line end of the delimiter."""

    block: Block
    end: int
    media_type: str
    parameters: dict[str, str]
    disposition: str
    file_name: str
    encoding: str
    children: tuple["Part", ...] = ()

    @property
    def body_start(self) -> int:
        return self.block.body_start

    def leaves(self) -> Iterator["Part"]:
        """The parts that hold no other parts, in order; an attached mail is one leaf."""
        if not self.children:
            yield self
        for child in self.children:
            yield from child.leaves()


@dataclass(frozen=True, slots=True)
class Structure:
    """A scanned mail: its bytes, the view with readable line ends, and the tree of parts."""

    raw: bytes
    view: bytes
    root: Part

    def content(self, part: Part, defects: Defects, *, max_bytes: int = limits.MAIL_MAX_BYTES) -> bytes:
        """The decoded body of a part, from at most `max_bytes` of its encoded bytes; unencoded ones are exact."""
        source = self.raw if is_identity(part.encoding) else self.view
        return undo(source[part.body_start : min(part.end, part.body_start + max_bytes)], part.encoding, defects)


@dataclass(slots=True)
class _Scan:
    view: bytes
    defects: Defects
    parts: int = 0
    delimiters: int = 0
    open: set[bytes] = field(default_factory=set)


def line_view(raw: bytes, defects: Defects) -> bytes:
    r"""The mail with `\n` at every line end and every offset unchanged.

    A lone CR is a line end, as in files of old Macs. `\r\r\n`, which careless exports write, is one line end and stays:
    the scan takes CRs before an LF for a part of it.
    """
    if b"\0" in raw[: limits.HEADER_BLOCK_MAX_BYTES]:
        defects.add("nul-bytes")
    doubled = raw.count(b"\r\r\n")
    if doubled:
        defects.add("crcrlf")
    if raw.count(b"\r") == raw.count(b"\r\n") + doubled:
        return raw
    defects.add("bare-cr")
    # Line ends are put aside under NULs, so that what remains of CR is alone; a regular expression needs seconds here.
    view = raw.replace(b"\r\r\n", b"\0\0\n").replace(b"\r\n", b"\0\n").replace(b"\r", b"\n")
    return view.replace(b"\0\0\n", b"\r\r\n").replace(b"\0\n", b"\r\n")


def scan(raw: bytes, defects: Defects) -> Structure:
    """Find the parts. Linear in the size of the mail times the depth of its nesting; never raises."""
    view = line_view(raw, defects)
    head = view[: limits.BLANK_LINES_SKIPPED]
    start = len(head) - len(head.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n"))
    root = _part(_Scan(view, defects), start, min(len(view), limits.MAIL_MAX_BYTES), 0, "text/plain")
    return Structure(raw, view, root)


def _part(scan: _Scan, start: int, end: int, depth: int, default_type: str) -> Part:
    scan.parts += 1
    if depth:
        max_bytes, max_lines = limits.PART_HEADER_MAX_BYTES, limits.PART_HEADER_LINES_MAX
    else:
        max_bytes, max_lines = limits.HEADER_BLOCK_MAX_BYTES, limits.HEADER_LINES_MAX
    block = read_block(scan.view, start, end, max_bytes=max_bytes, max_lines=max_lines, defects=scan.defects)
    content_type, content_disposition = block.first("content-type"), block.first("content-disposition")
    found = parameters(content_type)
    kind = media_type(content_type, default_type)
    children: tuple[Part, ...] = ()
    if kind.startswith("multipart/"):
        children = tuple(_children(scan, block.body_start, end, depth, kind, found.get("boundary", "")))
    return Part(
        block=block,
        end=end,
        media_type=kind,
        parameters=found,
        disposition=main_value(content_disposition),
        file_name=parameters(content_disposition).get("filename") or found.get("name", ""),
        encoding=main_value(block.first("content-transfer-encoding")),
        children=children,
    )


def _children(  # noqa: PLR0913, PLR0917 - a range and what its header says
    scan: _Scan, start: int, end: int, depth: int, kind: str, boundary: str
) -> Iterator[Part]:
    marker = boundary.rstrip().encode("utf-8", "replace")
    if depth >= limits.DEPTH_MAX:
        scan.defects.add("nested-too-deep")
        return
    if not marker or len(marker) > limits.BOUNDARY_MAX or marker in scan.open:
        scan.defects.add("no-boundary")
        return
    scan.open.add(marker)
    default_type = "message/rfc822" if kind == "multipart/digest" else "text/plain"  # RFC 2046, section 5.1.5
    for part_start, part_end in _ranges(scan, start, end, b"\n--" + marker):
        yield _part(scan, part_start, part_end, depth + 1, default_type)
    scan.open.discard(marker)


def _ranges(scan: _Scan, start: int, end: int, needle: bytes) -> Iterator[tuple[int, int]]:
    """Where the parts of one multipart lie; the last one reaches to `end` when it is not closed or a limit is met."""
    opened = 0
    at = start - 1  # the line end before the body, in case the delimiter is its first line
    while (at := scan.view.find(needle, at, end)) >= 0:
        scan.delimiters += 1
        if scan.delimiters > limits.DELIMITERS_MAX:
            scan.defects.add("too-many-delimiters")
            break
        line_end, closing = _delimiter(scan.view, at + len(needle), end)
        if line_end:
            if opened:
                yield opened, max(opened, _before(scan.view, at, line_end))
            opened = line_end
            if closing:
                return
            if scan.parts >= limits.PARTS_MAX:
                scan.defects.add("too-many-parts")
                break
            at = line_end - 1
        else:
            at += len(needle)
    scan.defects.add("unclosed-multipart" if opened else "no-boundary")
    if opened:
        yield opened, end


def _delimiter(view: bytes, after: int, end: int) -> tuple[int, bool]:
    """The offset behind a delimiter line, 0 when it is none, and whether it closes (RFC 2046, section 5.1.1)."""
    found = view.find(b"\n", after, end)
    line_end = found + 1 if found >= 0 else end
    rest = view[after : min(line_end, after + limits.BOUNDARY_MAX)].rstrip(b" \t\r\n")
    if rest not in {b"", b"--"} or line_end - after > limits.BOUNDARY_MAX:
        return 0, False
    return line_end, rest == b"--"


def _before(view: bytes, at: int, line_end: int) -> int:
    r"""Where a part ends: the line end before a delimiter belongs to the delimiter, `\r\r\n` where its own is one."""
    for _ in range(2 if view[max(line_end - 3, 0) : line_end] == b"\r\r\n" else 1):
        at -= view[at - 1 : at] == b"\r"
    return at
