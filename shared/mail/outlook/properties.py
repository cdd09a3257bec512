"""Items of MAPI: what `.msg` files and TNEF have in common (MS-OXPROPS)."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from shared.mail.charsets import decode

# Property ids (MS-OXPROPS, section 2).
SUBJECT = 0x0037
SUBMITTED, DELIVERED = 0x0039, 0x0E06
TRANSPORT_HEADERS = 0x007D
REPRESENTING_NAME, REPRESENTING_ADDRESS, REPRESENTING_SMTP = 0x0042, 0x0065, 0x5D02
SENDER_NAME, SENDER_ADDRESS, SENDER_SMTP = 0x0C1A, 0x0C1F, 0x5D01
TO = 0x0E04
MESSAGE_ID = 0x1035
BODY, RTF, HTML = 0x1000, 0x1009, 0x1013
MESSAGE_CODEPAGE, INTERNET_CODEPAGE = 0x3FFD, 0x3FDE
ATTACH_DATA = 0x3701
ATTACH_SHORT_NAME, ATTACH_NAME, ATTACH_TYPE, DISPLAY_NAME = 0x3704, 0x3707, 0x370E, 0x3001

# Property types (MS-OXCDATA, section 2.11.1).
INTEGER, OBJECT, STRING8, UNICODE, TIME, BINARY = 0x0003, 0x000D, 0x001E, 0x001F, 0x0040, 0x0102

#: Items in items, attachments and properties of one that are read.
DEPTH_MAX, ATTACHMENTS_MAX, PROPERTIES_MAX = 2, 100, 2_000

_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)  # of FILETIME, in units of 100 ns (MS-DTYP, section 2.3.3)
_CODEPAGES = {
    65001: "utf-8",
    20127: "ascii",
    28591: "iso-8859-1",
    50220: "iso-2022-jp",
    51949: "euc-kr",
    936: "gb18030",
}


@dataclass(slots=True)
class Attachment:
    """One attachment: bytes, or an item when a mail is attached."""

    name: str = ""
    content_type: str = ""
    data: bytes = b""
    item: "Item | None" = None


@dataclass(slots=True)
class Item:
    """A mail: its properties by id, and its attachments."""

    values: dict[int, object] = field(default_factory=dict)
    attachments: list[Attachment] = field(default_factory=list)

    def text(self, *ids: int) -> str:
        """The first of these properties that is there and no empty string."""
        for number in ids:
            value = self.values.get(number)
            if isinstance(value, bytes):
                value = decode(value, self.charset())[0]
            if isinstance(value, str) and (text := value.strip("\0")):
                return text
        return ""

    def data(self, number: int) -> bytes:
        """The bytes of a property."""
        value = self.values.get(number, b"")
        return value if isinstance(value, bytes) else value.encode() if isinstance(value, str) else b""

    def number(self, number: int) -> int:
        """The value of a number; 0 when there is none."""
        value = self.values.get(number)
        return value if isinstance(value, int) else 0

    def time(self, *ids: int) -> datetime | None:
        """The first of these times that is there."""
        for number in ids:
            if ticks := self.number(number):
                try:
                    return _EPOCH + timedelta(microseconds=ticks // 10)
                except OverflowError:
                    continue
        return None

    def charset(self) -> str:
        """The charset of strings that are not Unicode."""
        page = self.number(INTERNET_CODEPAGE) or self.number(MESSAGE_CODEPAGE) or 1252
        return _CODEPAGES.get(page, f"cp{page}")


def attachment_of(values: Item, item: Item | None) -> Attachment:
    """An attachment from its own properties."""
    return Attachment(
        name=values.text(ATTACH_NAME, ATTACH_SHORT_NAME, DISPLAY_NAME),
        content_type=values.text(ATTACH_TYPE),
        data=b"" if item else values.data(ATTACH_DATA),
        item=item,
    )
