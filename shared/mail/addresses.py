"""Address fields (RFC 5322, section 3.4) in one bounded pass that never fails: what is no address becomes a name.

The library's own parser recurses on comments (2 kB of parentheses end it) and needs seconds for 4,000 addresses.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from shared.mail import limits
from shared.mail.domains import ascii_host
from shared.mail.model import Address
from shared.mail.words import decode_words, one_line

# Every alternative starts with another character: linear. A bracket needs no end, an open quote stands alone.
_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*+)"|<([^<>]*+)>?|\\(.)|([(),;:])|([^"<>\\(),;:]+)|(.)', re.DOTALL)
_ADDRESS = re.compile(r'("[^"\x00-\x1f]{1,64}"|[^\s"@<>(),;:\\]{1,64})@([^\s"@<>(),;\\]{1,255})\Z')
_LITERAL = re.compile(r"\[[0-9A-Za-z.:]{2,60}\]\Z")


@dataclass(slots=True)
class _Mailbox:
    """What was read of one mailbox since the last comma."""

    words: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    route: str | None = None  # what stood in angle brackets

    def address(self) -> Address:
        words = "".join(self.words).strip()
        if self.route is None:
            bare = parse_address(words)
            if bare.address:
                return Address(_name("".join(self.comments)), bare.address, bare.domain)
        found = parse_address(self.route or "")
        return Address(_name(words or "".join(self.comments)), found.address, found.domain)


def read_addresses(value: str, *, max_chars: int = limits.ADDRESS_FIELD_MAX) -> tuple[Address, ...]:
    """The mailboxes of a raw (undecoded) field value, groups opened, at most `limits.ADDRESSES_MAX`."""
    found: list[Address] = []
    if not value:
        return ()
    for mailbox in _mailboxes(value[:max_chars]):
        address = mailbox.address()
        if address != Address():
            found.append(address)
        if len(found) == limits.ADDRESSES_MAX:
            break
    return tuple(found)


def first_address(value: str) -> Address:
    """The first mailbox that has an address, else the first that has a name."""
    found = read_addresses(value)
    return next((one for one in found if one.address), found[0] if found else Address())


def parse_address(text: str) -> Address:
    """An addr-spec alone, with its domain as A-labels; without `address` when it is none."""
    match = _ADDRESS.match(text.strip()[: 2 * limits.ADDRESS_MAX])
    if not match or not match[1].isprintable():
        return Address()
    if _LITERAL.match(match[2]):
        return Address(address=f"{match[1]}@{match[2].lower()}")
    domain = ascii_host(match[2])
    return Address(address=one_line(f"{match[1]}@{domain}", limits.ADDRESS_MAX), domain=domain) if domain else Address()


def _mailboxes(value: str) -> Iterator[_Mailbox]:
    current, depth, last_end = _Mailbox(), 0, value.rfind(";")
    for match in _TOKEN.finditer(value):
        token = match[0]
        if token == "(" and depth < limits.COMMENT_DEPTH_MAX:
            depth += 1
        elif token == ")" and depth:
            depth -= 1
        elif depth:
            current.comments.append(match[1] or token)
        elif token in {",", ";"}:
            yield current
            current = _Mailbox()
        elif token == ":" and current.route is None and match.end() <= last_end:
            current = _Mailbox()  # what was read is the name of a group
        elif match[2] is not None:
            current.route = match[2]
        else:
            current.words.append(_word(match, current))
    yield current


def _word(match: re.Match[str], current: _Mailbox) -> str:
    """A quoted string loses its quotes in a name but keeps them as the local part of an address."""
    if match[1] is None:
        return match[3] or match[0]
    follows_with_at = match.string.startswith("@", match.end()) and not current.words
    return match[0] if follows_with_at else re.sub(r"\\(.)", r"\1", match[1])


def _name(text: str) -> str:
    return one_line(decode_words(text).strip("'\"<> "), limits.NAME_MAX)
