"""A mail that was forwarded inline, composed anew from what the reporter's mail client quoted of it."""

import re
from itertools import islice

from shared.mail import limits
from shared.mail.words import one_line

#: What mail clients put before it: words of Gmail, Apple Mail and old Outlook, and the rule that Outlook draws today.
_MARKER = re.compile(
    r"[ \t>]{0,20}(?:-{2,20} ?(?:forwarded message|original message) ?-{2,20}|begin forwarded message:|_{20,80})[ \t]{0,20}\Z",
    re.IGNORECASE,
)
_FIELD = re.compile(r"[ \t>*]{0,20}([A-Za-z\u00c0-\u017f]{1,12})\*?[ \xa0]?:[ \t*\xa0]{0,20}(.{0,500})")
#: Names of quoted fields as mail clients write them: English, German, French, Spanish, Italian, Portuguese, Dutch.
_NAMES = {
    **dict.fromkeys(("from", "von", "de", "da", "van"), "From"),
    **dict.fromkeys(("to", "an", "à", "para", "a", "aan"), "To"),
    **dict.fromkeys(("subject", "betreff", "objet", "asunto", "oggetto", "assunto", "onderwerp"), "Subject"),
    **dict.fromkeys(("date", "sent", "datum", "gesendet", "envoyé", "enviado", "inviato", "data", "verzonden"), "Date"),
    "cc": "Cc",
}
_WRAPPED_LINES = 2  # lines over which a long value goes on before the next field


def inline_forward(text: str) -> bytes:
    """A small message (RFC 5322) made of the quoted fields and body; empty when no sender is quoted.

    Args:
        text: the visible text of the report.
    """
    lines = text.split("\n")
    markers = (number for number, line in enumerate(lines) if _MARKER.match(line))
    for number in islice(markers, limits.FORWARD_MARKERS_MAX):
        start = next((at for at in range(number + 1, len(lines)) if lines[at].strip()), len(lines))
        fields, read = _quoted_fields(lines[start : start + limits.FORWARD_LINES_MAX])
        if "From" in fields:
            return _compose(fields, lines[start + read :])
    return b""


def _quoted_fields(lines: list[str]) -> tuple[dict[str, str], int]:
    """The fields by name and how many lines they take."""
    fields: dict[str, str] = {}
    name = ""
    for number, line in enumerate(lines):
        found = _field(line)
        if found:
            name = found[0]
            fields.setdefault(name, found[1])
        elif line.strip(" \t>") and name and any(map(_field, lines[number + 1 : number + 1 + _WRAPPED_LINES])):
            fields[name] += f" {line.strip()}"
        else:
            return fields, number
    return fields, len(lines)


def _field(line: str) -> tuple[str, str] | None:
    match = _FIELD.match(line)
    name = _NAMES.get(match[1].lower()) if match else None
    return (name, match[2].strip()) if match and name else None


def _compose(fields: dict[str, str], body: list[str]) -> bytes:
    head = [f"{name}: {_clean(value)}" for name, value in fields.items()]
    head += ["MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit", ""]
    return "\r\n".join((*head, *(line.removeprefix("> ") for line in body), "")).encode("utf-8", "replace")


def _clean(value: str) -> str:
    """A quoted value as a header's: one line, printable, and no encoded word that a reader would open."""
    return "".join(char for char in one_line(value, limits.SUBJECT_MAX) if char.isprintable()).replace("=?", "= ?")
