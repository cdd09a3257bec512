"""Bytes to text under whatever charset a mail claims, true or not.

Labels mean what browsers and mail clients take them for (WHATWG Encoding Standard: `iso-8859-1` is Windows-1252, `gb2312`
is GB 18030), because that is what the reader of the mail saw.
"""

import codecs
import encodings
import pkgutil
import re
from encodings.aliases import aliases
from functools import lru_cache

from shared.mail.limits import CHARSET_NAME_MAX

_NAME = re.compile(r"[a-z0-9][a-z0-9_:.()+-]*\Z")
_MEANT = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "tis-620": "cp874",
}
_ALIASES = {
    "ks_c_5601-1987": "cp949",
    "iso-8859-8-i": "iso8859-8",
    "iso-8859-6-i": "iso8859-6",
    "x-sjis": "cp932",
    "x-gbk": "gb18030",
    "unicode-1-1-utf-8": "utf-8",
    "utf8mb4": "utf-8",
    "windows-874": "cp874",
}
# What Python can be asked for. It imports modules to look for any other name, 0.1 ms each, and remembers it for ever.
_KNOWN = frozenset({module.name for module in pkgutil.iter_modules(encodings.__path__)} | set(aliases))
# Text codecs that no mail is written in: quadratic (punycode, idna) or of Python's own making.
_REFUSED = frozenset({"punycode", "idna", "unicode-escape", "raw-unicode-escape"})


def decode(data: bytes, charset: str) -> tuple[str, bool]:
    """Text of `data`, and whether the charset was known and true.

    Without a charset, UTF-8 is tried and Windows-1252 taken else, which is no defect.
    """
    name = charset.strip().strip("\"'").lower()
    codec = _codec(name)
    if codec and codec != "cp1252":
        return _decode_as(data, codec)
    if data.isascii():
        return data.decode("ascii"), bool(codec) or not name
    try:
        return data.decode(), not name
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace"), bool(codec) or not name


def _decode_as(data: bytes, codec: str) -> tuple[str, bool]:
    try:
        return data.decode(codec), True
    except UnicodeError:
        pass
    try:
        return data.decode(), False
    except UnicodeDecodeError:
        text = data.decode(codec, "replace")
    # A few bad bytes spoil themselves only; where no letter was good, it is the usual lie of Windows-1252.
    if codec == "utf-8" and text.replace("\ufffd", "").isascii():
        text = data.decode("cp1252", "replace")
    return text, False


@lru_cache(maxsize=256)  # mails use a few dozen; the bound keeps invented names from piling up
def _codec(name: str) -> str:
    """Python's name for a charset, or the empty string for an unknown or unwanted one."""
    if len(name) > CHARSET_NAME_MAX or not _NAME.match(name):
        return ""
    name = encodings.normalize_encoding(_ALIASES.get(name, name))
    if name not in _KNOWN and name.replace(".", "_") not in _KNOWN:
        return ""
    try:
        found = codecs.lookup(name).name
        b" ".decode(found, "ignore")  # refuses codecs that make no text, such as zip and rot13
    except (LookupError, UnicodeError):
        return ""
    return "" if found in _REFUSED else _MEANT.get(found, found)
