"""A stranger's text made fit for a mail or a page of ours. Escaping for HTML is the template's work."""

import re
import unicodedata

#: Longest value shown, in characters.
SHOWN_MAX = 200

#: What an address may look like before it is put into an SMTP command (RFC 5321, section 4.1.2, without quoted strings).
_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9.-]{1,253}\Z|\Z")


_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def clean(value: str, limit: int = SHOWN_MAX) -> str:
    """One line without control, direction and invisible characters, and no encoded word that a reader would open.

    Python before 3.11.10 turns an encoded word with a line feed in it into a header of its own (CVE-2024-6923).
    """
    shown = "".join(
        " " if char in "\r\n\t" else char
        for char in value
        if char in "\r\n\t" or unicodedata.category(char) not in _HIDDEN
    )
    shown = " ".join(shown.split()).replace("=?", "= ?")
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def is_address(value: str) -> bool:
    """Whether a value may stand in an SMTP command; the null sender is the empty string."""
    return bool(_ADDRESS.match(value))
