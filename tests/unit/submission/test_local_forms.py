"""A lure is found in whatever form a mail brings it: charsets, pages only, attachments, calendars, mails in mails."""

from email.message import EmailMessage

import pytest

from services.submission.analysers import Opinion
from services.submission.analysers.offline.analyser import opinion_of
from services.submission.analysers.offline.view import View
from shared.mail import read_mail
from tests.unit.submission.specimens import specimen

LURE = "Dear customer, your mailbox has exceeded its quota. Verify your account within 24 hours: https://login.weebly.com/x"
HEAD = (
    b"Authentication-Results: mx.example.org; spf=none; dkim=none; dmarc=none\r\nFrom: Webmail <x@cargo.test>\r\n"
    b"To: ana@example.org\r\nSubject: Your mailbox\r\nMIME-Version: 1.0\r\nContent-Type: "
)
CALENDAR = (
    "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nSUMMARY:Your account\r\nDESCRIPTION:Dear customer\\, your account has\r\n"
    "  been suspended.\\nVerify your account within 24 hours https://login.weebly.com/x\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)
SMUGGLER = b"<html><script>var x = atob('TVo='); new Blob([x])</script></html>"


def judged(raw: bytes) -> Opinion:
    return opinion_of(View(specimen(read_mail(raw))))


def letter(text: str = "Please see attached.") -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "Office <hr@cargo.test>", "ana@example.org", "For you"
    made.set_content(text)
    return made


@pytest.mark.parametrize(
    "charset",
    ["utf-8", "utf-16", "utf-7", "iso-2022-jp", "koi8-r", "gb18030", "shift_jis", "euc-kr", "tis-620", "cp037"],
)
def test_in_any_charset(charset: str) -> None:
    raw = HEAD + f"text/plain; charset={charset}\r\n\r\n".encode() + LURE.encode(charset)
    assert judged(raw).category == "phishing"


def test_in_a_charset_that_does_not_exist() -> None:
    assert judged(HEAD + b"text/plain; charset=x-none\r\n\r\n" + LURE.encode()).category == "phishing"


def test_in_a_page_alone_whose_words_are_cut_up() -> None:
    page = LURE.replace("Verify", "Ver<!-- x -->if<b></b>y").replace(
        "account", "acc&shy;ount<span style='font-size:0'>zz</span>"
    )
    assert judged(HEAD + b"text/html; charset=utf-8\r\n\r\n" + page.encode()).category == "phishing"


def test_in_a_calendar_alone() -> None:
    made = letter()
    made.add_attachment(CALENDAR.encode(), maintype="text", subtype="calendar", filename="invite.ics")
    told = judged(made.as_bytes())
    assert told.category == "phishing"
    assert any("verify … your account" in one.text for one in told.evidence)


def test_in_an_attached_page_and_what_it_makes_is_malware() -> None:
    lure, smuggler = letter(), letter()
    lure.add_attachment(f"<p>{LURE}</p>".encode(), maintype="text", subtype="html", filename="view.html")
    smuggler.add_attachment(SMUGGLER, maintype="text", subtype="html", filename="view.html")
    assert judged(lure.as_bytes()).category == "phishing"
    told = judged(smuggler.as_bytes())
    assert told.category == "malware"
    assert "html_smuggling" in {one.signal for one in told.evidence}


def test_in_a_mail_inside_a_mail() -> None:
    made = letter()
    made.add_attachment(letter(LURE))
    assert judged(made.as_bytes()).category == "phishing"


def test_what_is_attached_to_a_mail_that_speaks_for_itself_is_not_its_own_word() -> None:
    made = letter("Hello, this is the mail that our customer got, and what we answered to it. " * 6)
    made.add_attachment(letter(LURE))
    assert judged(made.as_bytes()).category == "unknown"
