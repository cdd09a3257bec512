"""The milter protocol on the wire, version 6, as `libmilter/mfdef.h` of Sendmail has it and Postfix speaks it. Pure.

A packet is its length (four bytes, the largest first), one byte of command, and data.
"""

import struct
from dataclasses import dataclass, field

#: From the mail server.
OPTNEG, MACRO, CONNECT, HELO, MAIL, RCPT = b"O", b"D", b"C", b"H", b"M", b"R"
DATA, HEADER, END_OF_HEADERS, BODY, END_OF_MESSAGE = b"T", b"L", b"N", b"B", b"E"
ABORT, QUIT, QUIT_NEW, UNKNOWN = b"A", b"Q", b"K", b"U"

#: To the mail server.
CONTINUE, ACCEPT, TEMPFAIL, REPLY, SKIP, DELETE_RECIPIENT = b"c", b"a", b"t", b"y", b"s", b"-"

VERSION, VERSION_MIN = 6, 2

#: What we may do: delete recipients (SMFIF_DELRCPT).
ACTIONS = 0x08

#: Steps that are left out (SMFIP_NOHELO, SMFIP_NOUNKNOWN, SMFIP_NODATA), headers that need no answer (SMFIP_NR_HDR), bodies
#: that need not be sent to their end (SMFIP_SKIP), and header values with the space before them (SMFIP_HDR_LEADSPC).
NO_HELO, NO_UNKNOWN, NO_DATA, QUIET_HEADERS, MAY_SKIP, LEADING_SPACE = 0x02, 0x100, 0x200, 0x80, 0x400, 0x100000
STEPS = NO_HELO | NO_UNKNOWN | NO_DATA | QUIET_HEADERS | MAY_SKIP | LEADING_SPACE

_LENGTH = struct.Struct(">I")
_NEGOTIATION = struct.Struct(">III")


@dataclass(frozen=True, slots=True)
class Terms:
    """What both sides agreed on."""

    version: int = VERSION
    actions: int = 0
    steps: int = 0

    def has(self, step: int) -> bool:
        """Whether a step is among them."""
        return bool(self.steps & step)


@dataclass(slots=True)
class Message:
    """One mail as it comes."""

    sender: str = ""
    recipients: list[str] = field(default_factory=list)  # as given, without angle brackets
    raw: bytearray = field(default_factory=bytearray)
    is_cut: bool = False


def packet(command: bytes, data: bytes = b"") -> bytes:
    """One packet."""
    return _LENGTH.pack(len(data) + 1) + command + data


def length_of(head: bytes) -> int:
    """The length that four bytes say."""
    return int(_LENGTH.unpack(head)[0])


def agreed(data: bytes) -> Terms:
    """What is agreed on with a mail server that offers this.

    Raises:
        ValueError: it speaks another protocol.
    """
    if len(data) < _NEGOTIATION.size:
        raise ValueError("no negotiation")
    version, actions, steps = _NEGOTIATION.unpack_from(data)
    if version < VERSION_MIN:
        raise ValueError("a version of the protocol that is too old")
    return Terms(min(version, VERSION), actions & ACTIONS, steps & STEPS)


def negotiation(terms: Terms) -> bytes:
    """The answer to it."""
    return packet(OPTNEG, _NEGOTIATION.pack(terms.version, terms.actions, terms.steps))


def reply(code: str, words: str) -> bytes:
    """An SMTP reply in our own words; a per cent sign would be a format to some servers."""
    text = "".join(char for char in words if " " <= char <= "~").replace("%", "")
    return packet(REPLY, f"{code} {text}".encode("ascii") + b"\0")


def without_recipient(recipient: str) -> bytes:
    """Takes one recipient off."""
    return packet(DELETE_RECIPIENT, f"<{recipient}>".encode("utf-8", "surrogateescape") + b"\0")


def client_of(data: bytes) -> str:
    """The client's address of a CONNECT; empty for sockets of the machine and unknown ones."""
    _, _, rest = data.partition(b"\0")
    if rest[:1] not in (b"4", b"6"):
        return ""
    address = rest[3:].partition(b"\0")[0].decode("ascii", "replace")
    return address[5:] if address.lower().startswith("ipv6:") else address


def client_name_of(data: bytes) -> str:
    """The client's host name of a CONNECT; Postfix says `unknown` for one that forward and reverse DNS do not confirm."""
    name = data.partition(b"\0")[0].decode("ascii", "replace")
    return "" if name == "unknown" or name.startswith("[") else name


def path_of(data: bytes) -> str:
    """The address of MAIL or RCPT (RFC 5321, section 4.1.2), without angle brackets."""
    first = data.partition(b"\0")[0].decode("utf-8", "surrogateescape").strip()
    return first[1:-1] if first.startswith("<") and first.endswith(">") else first


def header_of(data: bytes, *, has_leading_space: bool) -> bytes:
    """A header field as it stood in the mail. The protocol folds with bare line feeds."""
    name, _, rest = data.partition(b"\0")
    value = rest.removesuffix(b"\0").replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return name + (b":" if has_leading_space else b": ") + value + b"\r\n"
