"""What is attached, by its bytes and its names."""

import re

from services.submission.analysers.offline.folding import folded
from services.submission.analysers.offline.phrases import FAMILIES
from services.submission.analysers.offline.view import Seen, Signals, View, quoted
from shared.mail import Attachment

WHERE = "attachment"

_PROGRAMS = (
    "exe|scr|pif|bat|cmd|ps1|psm1|vbs|vbe|jse|wsf|wsh|hta|lnk|msi|msp|jar|cpl|reg|chm|appx|appxbundle|msix|application"
    "|iqy|slk|xll|url|scf|mobileconfig|apk|dmg"
)
PROGRAM_NAME = re.compile(rf"(?i)\.(?:{_PROGRAMS})$")
DOUBLE_NAME = re.compile(
    rf"(?i)\.(?:pdf|docx?|xlsx?|pptx?|rtf|jpe?g|png|gif|txt|csv|zip|mp[34])[\s._-]{{0,40}}\.(?:{_PROGRAMS}|com|js|iso|img)$"
)
_PAGE_POSING = re.compile(r"(?i)\.(?:pdf|docx?|xlsx?|pptx?|jpe?g|png)[\s._-]{0,40}\.(?:x?html?|shtml?|svg)$")
_PAGE_NAME = re.compile(r"(?i)\.(?:x?html?|shtml?|mht|mhtml|svg)$")
_IMAGE_NAME = re.compile(r"(?i)\.(?:iso|img|vhdx?|udf)$")
_ODD_NAME = re.compile(
    r"(?i)\.(?:one|onepkg|ace|arj|uue?|lzh|z|r\d\d|daa|wim|library-ms|search-ms|settingcontent-ms|msc|diagcab|xlam|ppam|wll)$"
)
_PASSWORD = re.compile(
    r"\b(?:password|passcode|passwort|kennwort|mot de passe|contrasena|clave|senha|wachtwoord|haslo|heslo|losenord|пароль)\b"
    rf"[^.|:=]{{0,30}}[:=]\s?\S|(?:{folded('密码|密碼|パスワード|비밀번호')})[^.|:=]{{0,10}}[:=]\s?\S"
)
_MACRO_NAME = re.compile(r"(?i)\.(?:doc|xls|ppt|dot|xlt|pot)m$|\.xlsb$")

_SVG_RUNS = re.compile(r"(?i)<svg\b[^<>]{0,2000}\bonload\s{0,5}=|<script\b|javascript:")

#: How a page makes a file out of itself, so that no gateway ever saw that file.
_SMUGGLING = ("atob(", "new blob", "createobjecturl", "mssaveoropenblob", "string.fromcharcode")

#: Attachments of one mail, and members of one archive, that are looked at.
ATTACHMENTS_MAX, MEMBERS_MAX = 50, 200


def signals(view: View) -> Signals:
    """What each attachment is; each kind is told once."""
    told: set[str] = set()
    for attachment in view.mail.attachments[:ATTACHMENTS_MAX]:
        for seen in (*_programs(attachment, view), *_carriers(attachment, view)):
            if seen.signal not in told:
                told.add(seen.signal)
                yield seen
    pages = f"{view.mail.html if view.mail.has_script else ''}\n{view.mail.attached_html}".lower()
    if any(word in pages for word in _SMUGGLING):
        text = "Its page makes a file out of itself when it is opened, past every filter (HTML smuggling)."
        yield Seen("html_smuggling", text, "HTML")
    if _is_lonely(view):
        yield Seen("lonely_attachment", "It has hardly any text: all it wants to say is in a document.", WHERE)


def is_program(attachment: Attachment) -> bool:
    """Whether opening it runs something, by its bytes, its name, or a name inside."""
    if attachment.real_type in {"exe", "iso", "ooxml-macro", "ole-macro"}:
        return True
    return any(map(_runs, (attachment.name, *attachment.members[:MEMBERS_MAX])))


def is_odd(attachment: Attachment) -> bool:
    """Whether its name is of a kind that hides programs, and that offices hardly send."""
    return bool(_ODD_NAME.search(attachment.name))


def _runs(name: str) -> bool:
    return bool(PROGRAM_NAME.search(name) or DOUBLE_NAME.search(name))


def _programs(attachment: Attachment, view: View) -> Signals:
    name = quoted(attachment.name) or "without a name"
    if DOUBLE_NAME.search(attachment.name):
        yield Seen("double_extension", f"The file {name} is made to look like a document, but is not one.", WHERE)
    if attachment.real_type == "exe" or PROGRAM_NAME.search(attachment.name):
        yield Seen("program_attached", f"The file {name} is a program.", WHERE)
    elif attachment.real_type == "script" and not view.is_list:
        yield Seen("script_attached", f"The file {name} is a script.", WHERE)
    if any(map(_runs, attachment.members[:MEMBERS_MAX])):
        yield Seen("archive_with_program", f"The archive {name} carries a program.", WHERE)


def _carriers(attachment: Attachment, view: View) -> Signals:
    name = quoted(attachment.name) or "without a name"
    if attachment.real_type == "iso" or _IMAGE_NAME.search(attachment.name):
        text = f"The file {name} is a disk image, which hides what it carries from the system's checks."
        yield Seen("disk_image", text, WHERE)
    if is_odd(attachment) and not view.is_plausibly_own:
        text = f"The file {name} is of a kind that hides programs from checks, and that offices hardly send."
        yield Seen("odd_container", text, WHERE)
    if attachment.real_type in {"ooxml-macro", "ole-macro"} or _MACRO_NAME.search(attachment.name):
        yield Seen("macro_document", f"The document {name} carries a program (macros).", WHERE)
    if attachment.encrypted and (FAMILIES["password_in_text"].first(view.text) or _PASSWORD.search(view.text)):
        if attachment.real_type in {"zip", "rar", "7z", "archive"}:
            yield Seen("locked_archive", f"The archive {name} is locked, and its password stands in the mail.", WHERE)
        else:
            yield Seen("locked_document", f"The document {name} is locked, and its password stands in the mail.", WHERE)
    if attachment.real_type == "html" or _PAGE_NAME.search(attachment.name):
        text = f"The file {name} is a web page to open from the disk, past every filter of links."
        yield Seen("html_attachment", text, WHERE, 1.5 if _PAGE_POSING.search(attachment.name) else 1.0)
        if attachment.name.lower().endswith(".svg") and _SVG_RUNS.search(view.mail.attached_html):
            yield Seen("picture_runs", f"The picture {name} carries a program that runs when it is opened.", WHERE)


def _is_lonely(view: View) -> bool:
    if not view.says_little or not (view.is_freemail or not view.is_authenticated):
        return False
    return any(one.real_type in {"pdf", "ole", "ooxml"} for one in view.mail.attachments[:ATTACHMENTS_MAX])
