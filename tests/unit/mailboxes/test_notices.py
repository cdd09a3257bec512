"""What a notice says, in every language, whatever the mail was."""

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from services.mailboxes.notices.letter import WORDS, build
from shared.events import PurgeMatch

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def notice(language: str, match: PurgeMatch, count: int = 1) -> EmailMessage:
    raw = build(
        match,
        to="ana@example.org",
        count=count,
        language=language,
        mail_from="Longstop <longstop@example.org>",
        message_id="1@longstop",
        at=AT,
    )
    return message_from_bytes(raw, policy=policy.default)


def parts(made: EmailMessage) -> list[str]:
    return [str(part.get_content()) for part in made.iter_parts() if isinstance(part, EmailMessage)]


@pytest.mark.parametrize("language", WORDS.languages)
def test_every_language_says_everything(language: str) -> None:
    assert WORDS.of(language).keys() == WORDS.of("en").keys()
    made = notice(language, PurgeMatch(from_address="fee@parcel.example", subject="Your parcel"), count=3)
    assert "Your parcel" in made["subject"]
    assert made["auto-submitted"] == "auto-generated"
    for text in parts(made):
        assert "Your parcel" in text
        assert "fee@parcel[.]example" in text
        assert WORDS.of(language)["opened"] in text
        assert f"{WORDS.of(language)['count']}: 3" in text


def test_nothing_of_the_mail_can_be_clicked_run_or_become_a_header() -> None:
    subject = "<script>x</script>\r\nBcc: all@example.org =?utf-8?q?=0aX:_y?= http://evil.example/ \u202egnp.exe"
    made = notice("en", PurgeMatch(from_address="<b>@evil.example", subject=subject))
    assert made["bcc"] is None
    assert made["x"] is None
    text, html = parts(made)
    assert "<script>" not in html
    assert "<b>" not in html
    for part in (text, html):
        assert "evil.example" not in part
        assert "\u202e" not in part
