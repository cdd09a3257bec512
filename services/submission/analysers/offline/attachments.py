"""What is attached, by its bytes and its names."""

import re

from services.submission.analysers.offline.lists import phrase
from services.submission.analysers.offline.view import Seen, Signals, View, quoted
from shared.mail import Attachment

WHERE = "attachment"

PROGRAM_NAME = re.compile(
    r"(?i)\.(?:exe|scr|com|pif|bat|cmd|ps1|vbs|vbe|js|jse|wsf|wsh|hta|lnk|msi|jar|cpl|reg|chm|appx|msix|iqy|xll|mobileconfig)$"
)
DOUBLE_NAME = re.compile(
    r"(?i)\.(?:pdf|docx?|xlsx?|pptx?|jpe?g|png|txt|zip|mp3)[\s._-]{0,40}\.(?:exe|scr|com|pif|bat|cmd|ps1|vbs|js|jse|wsf|hta|lnk|msi|jar|html?)$"
)


def signals(view: View) -> Signals:
    """What each attachment is; each kind is told once."""
    told: set[str] = set()
    for attachment in view.mail.attachments:
        for seen in _of_one(attachment, view):
            if seen.signal not in told:
                told.add(seen.signal)
                yield seen


def _of_one(attachment: Attachment, view: View) -> Signals:
    name = quoted(attachment.name) or "without a name"
    if DOUBLE_NAME.search(attachment.name):
        yield Seen("double_extension", f"The file {name} is made to look like a document, but is not one.", WHERE)
    if attachment.real_type == "exe" or PROGRAM_NAME.search(attachment.name):
        yield Seen("program_attached", f"The file {name} is a program.", WHERE)
    if attachment.real_type == "iso" or attachment.name.lower().endswith((".iso", ".img", ".vhd", ".vhdx")):
        yield Seen(
            "disk_image",
            f"The file {name} is a disk image, which hides what it carries from the system's checks.",
            WHERE,
        )
    if attachment.real_type == "ooxml-macro" or attachment.name.lower().endswith((".docm", ".xlsm", ".pptm", ".dotm")):
        yield Seen("macro_document", f"The document {name} carries a program (macros).", WHERE)
    if any(PROGRAM_NAME.search(member) for member in attachment.members):
        yield Seen("archive_with_program", f"The archive {name} carries a program.", WHERE)
    if attachment.encrypted and attachment.real_type in ("zip", "rar", "7z") and phrase(view.text, "password_in_text"):
        yield Seen("locked_archive", f"The archive {name} is locked, and its password stands in the mail.", WHERE)
    if attachment.real_type == "html" or attachment.name.lower().endswith((".html", ".htm", ".shtml", ".svg")):
        yield Seen(
            "html_attachment",
            f"The file {name} is a web page to open from the disk, past every filter of links.",
            WHERE,
        )
