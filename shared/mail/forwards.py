"""A mail that was forwarded inline, composed anew from what the reporter's mail client quoted of it."""

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeAlias

from shared.mail import limits
from shared.mail.model import Link
from shared.mail.words import one_line

#: What mail clients put before it: words between dashes in any language (Gmail, Outlook, Thunderbird), Apple Mail's
#: sentence, and the rule that Outlook draws today.
_MARKER = re.compile(
    r"[ \t>]{0,20}(?:- )?(?:-{2,20} ?[^-\n]{3,60}? ?-{2,20}|[^:\n]{5,60} ?[:\uff1a]|_{20,80})[ \t]{0,20}\Z",
)
_FIELD = re.compile(
    r"[ \t>*\u200e\u200f]{0,20}([^\W\d_][^\W\d_ ]{0,15}(?: [^\W\d_]{1,12})?)\*?[ \xa0]?[:\uff1a][ \t*\xa0]{0,20}(.{0,500})"
)

#: Names of quoted fields as mail clients write them. English, German, French, Spanish, Italian, Portuguese, Dutch; Swedish,
#: Danish and Norwegian, Finnish; Polish, Czech, Slovak, Hungarian, Romanian; Turkish, Greek, Russian, Ukrainian; Japanese,
#: Chinese (both scripts), Korean; Arabic, Hebrew.
_WORDS: dict[str, str] = {
    "From": "from von de da van från fra lähettäjä od feladó kimden gönderen από от від 差出人 发件人 寄件者 보낸사람 من מאת",
    "To": "to an à para a aan till til vastaanottaja do komu címzett către kime alıcı προς кому 宛先 收件人 收件者 받는사람 إلى אל",
    "Cc": "cc kopie copie copia kopia kopi cópia копия копія 抄送 副本 参照 참조",
    "Subject": "subject betreff objet asunto oggetto assunto onderwerp ämne emne aihe temat předmět predmet tárgy subiect konu θέμα "
    "тема 件名 主题 主旨 제목 الموضوع נושא",
    "Date": "date sent datum gesendet envoyé enviado inviato data verzonden fecha skickat sendt dato lähetetty päivämäärä wysłano "
    "odesláno odoslané dátum elküldve trimis tarih gönderildi ημερομηνία στάλθηκε дата отправлено надіслано 日付 送信日時 送信日 "
    "日期 发送时间 发送日期 寄件日期 날짜 보낸날짜 التاريخ תאריך נשלח",
}
_NAMES = {word: name for name, words in _WORDS.items() for word in words.split()} | {"de la": "From"}
#: Quoted fields that tell a forward from a sentence with a colon: behind a beginning, and where no beginning is.
FIELDS_MIN, BARE_FIELDS_MIN = 2, 3

#: The fields of a quoted mail by name, and the lines of its body.
Quoted: TypeAlias = tuple[dict[str, str], list[str]]

_WRAPPED_LINES = 2  # lines over which a long value goes on before the next field


def inline_forward(text: str, links: Iterable[Link] = ()) -> bytes:
    """A small message (RFC 5322) made of the quoted fields and body; empty when no sender is quoted.

    Args:
        text: the visible text of the report.
        links: its links. Those whose words stand in the quoted body, but not where they lead, are written below it: a mail
            client that forwards HTML alone says nowhere else what a button did.
    """
    found = _quoted(text.split("\n"))
    if not found:
        return b""
    fields, body = found
    return _compose(fields, [*body, *_targets("\n".join(body), links)])


def _quoted(lines: list[str]) -> Quoted | None:
    behind_markers = (number + 1 for number, line in enumerate(lines) if _MARKER.match(line))
    for number in islice(behind_markers, limits.FORWARD_MARKERS_MAX):
        start = next((at for at in range(number, len(lines)) if lines[at].strip()), len(lines))
        if found := _forward_at(lines, start, FIELDS_MIN):
            return found
    bare = (number for number, line in enumerate(lines) if (_field(line) or ("",))[0] == "From")
    for number in islice(bare, limits.FORWARD_MARKERS_MAX):
        if found := _forward_at(lines, number, BARE_FIELDS_MIN):
            return found
    return None


def _forward_at(lines: list[str], start: int, fields_min: int) -> Quoted | None:
    fields, read = _quoted_fields(lines[start : start + limits.FORWARD_LINES_MAX])
    return (fields, lines[start + read :]) if "From" in fields and len(fields) >= fields_min else None


def _targets(body: str, links: Iterable[Link]) -> Iterator[str]:
    """A line for each link of the body that the body does not spell out."""
    said: set[str] = set()
    body = body[: limits.FORWARD_LINKED_MAX]
    for link in links:
        target = "".join(char for char in link.url if char.isprintable() and char not in "<> ")
        if link.text and link.text in body and target not in body and target not in said:
            said.add(target)
            yield f"{link.text} <{target}>"


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
    word = match[1].lower() if match else ""
    name = _NAMES.get(word) or _NAMES.get(word.replace(" ", ""))
    return (name, match[2].strip()) if match and name else None


def _compose(fields: dict[str, str], body: list[str]) -> bytes:
    head = [f"{name}: {_clean(value)}" for name, value in fields.items()]
    head += ["MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit", ""]
    return "\r\n".join((*head, *(line.removeprefix("> ") for line in body), "")).encode("utf-8", "replace")


def _clean(value: str) -> str:
    """A quoted value as a header's: one line, printable, and no encoded word that a reader would open."""
    return "".join(char for char in one_line(value, limits.SUBJECT_MAX) if char.isprintable()).replace("=?", "= ?")
