"""A digest as a mail: every language, like rows folded, tricks shown, nothing of a stranger in headers or markup."""

import re
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from services.digest.letters.letter import Letter, Letters
from services.digest.letters.rows import Row, fold, skeleton
from services.digest.letters.schedule import Schedule
from services.digest.letters.showing import told_when
from services.digest.letters.words import LANGUAGES, words
from services.digest.settings import DigestSettings
from shared.links import links_of

AT = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20
HEADERS = {
    "from", "to", "subject", "date", "message-id", "auto-submitted", "x-auto-response-suppress", "mime-version", "content-type",
    "list-id", "list-unsubscribe", "list-unsubscribe-post",
}  # fmt: skip


def row(number: int = 1, **values: Any) -> Row:
    made: dict[str, Any] = {
        "held_id": f"held-{number}",
        "name": "Lucky",
        "address": "bonus@lucky.example",
        "subject": "Free spins",
        "reason": "spam",
        "held_at": AT - timedelta(hours=number),
        "expires_at": AT + timedelta(days=30),
    }
    return Row(**{**made, **values})


def letters(**values: Any) -> Letters:
    made: dict[str, Any] = {
        "public_url": "https://q.example.org",
        "mail_from": "Post <post@example.org>",
        "secret_key": "k",
    }
    chosen = DigestSettings(**{**made, **values})
    return Letters(chosen, links_of(chosen))


def letter(*rows: Row, language: str = "en", zone: str = "UTC", **values: Any) -> Letter:
    made: dict[str, Any] = {"mail_id": "m-1", "reader": "ana@example.org", "mailbox": "ana@example.org", "at": AT}
    return Letter(**{**made, "language": language, "zone": zone, "schedule": Schedule(), "rows": rows, **values})


def mail_of(given: Letter, **values: Any) -> EmailMessage:
    return message_from_bytes(letters(**values).build(given), policy=policy.default)


def part(mail: EmailMessage, kind: str) -> str:
    found = mail.get_body((kind,))
    assert found
    return str(found.get_content())


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_makes_a_letter_whose_two_parts_tell_the_same(language: str) -> None:
    rows = [row(n, reason=reason, subject=f"Mail {reason}") for n, reason in enumerate(words(language)["reasons"])]
    mail = mail_of(letter(*rows, language=language, zone="Asia/Bangkok"))
    html, text = part(mail, "html"), part(mail, "plain")
    assert f'lang="{language}"' in html
    assert ('dir="rtl"' in html) is (language == "ar")
    for one in rows:
        assert (one.subject in html) is (one.subject in text) is (one.reason != "blocked_sender")
    assert re.findall(r"https://q\.example\.org/\S{10,}", text)
    assert {link in html for link in re.findall(r"https://q\.example\.org/[\w/.~-]+", text)} == {True}
    assert mail["auto-submitted"] == "auto-generated"


def test_one_click_ends_digests_as_rfc_8058_says() -> None:
    mail = mail_of(letter(row()))
    assert re.fullmatch(r"<https://q\.example\.org/unsubscribe/[\w.~-]+>", mail["list-unsubscribe"])
    assert mail["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
    assert mail["list-id"] == "<quarantine-digest.example.org>"
    plain = mail_of(letter(row()), public_url="http://127.0.0.1:8083")
    assert plain["list-unsubscribe"]
    assert plain["list-unsubscribe-post"] is None, "RFC 8058 wants HTTPS"


def test_the_same_letter_again_is_the_same_mail() -> None:
    first, again = letters().build(letter(row())), letters().build(letter(row()))
    blank = re.compile(rb"={15}\d+=+")  # the boundary
    assert blank.sub(b"", first) == blank.sub(b"", again)
    assert b"Message-ID: <m-1@longstop>" in first


def test_times_are_those_of_the_reader() -> None:
    late = datetime(2026, 11, 23, 20, 30, tzinfo=UTC)
    text = part(mail_of(letter(row(held_at=late), language="de", zone="Asia/Bangkok")), "plain")
    assert "Zurückgehalten: Di. 24 Nov., 03:30" in text
    assert "(in 30 Tagen)" in text


def test_like_mails_are_one_row_with_a_link_to_each() -> None:
    rows = [row(n, subject=f"Re: Free SPINS #{n}!") for n in range(5)]
    groups, blocked = fold([*rows, row(9, subject="Other"), row(10, reason="blocked_sender")])
    assert [(group.first.held_id, len(group.others)) for group in groups] == [("held-0", 4), ("held-9", 0)]
    assert [one.held_id for one in blocked] == ["held-10"]
    text = part(mail_of(letter(*rows)), "plain")
    assert "4 more like it" in text
    assert len(set(re.findall(r"/q/\S+", text))) == 5


def test_mails_of_other_senders_or_reasons_are_never_folded() -> None:
    groups, _ = fold([row(1), row(2, address="x@other.example"), row(3, reason="malware")])
    assert len(groups) == 3


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("Invoice 1001", "invoice  2002", True),
        ("AW: Re: Invoice 1", "Invoice 1", True),
        ("Inv\u200boice 1", "Invoice 1", True),
        ("Invoice", "Offer", False),
        ("", "Offer", False),
    ],
)
def test_subjects_are_alike_but_for_digits_signs_and_prefixes(one: str, other: str, *, alike: bool) -> None:
    assert (skeleton(one) == skeleton(other)) is alike


def test_a_sender_is_shown_as_seen_and_as_it_is() -> None:
    tricky = row(name="service@paypal.com", address="x@xn--pypal-4ve.com", subject="Invoice \u202efdp.exe")
    text = part(mail_of(letter(tricky)), "plain")
    assert "service@paypal[.]com <x@xn--pypal-4ve[.]com>" in text
    assert "Invoice [U+202E]fdp[.]exe" in text
    warnings = words("en")["warnings"]
    for warning in (
        warnings["hidden"],
        warnings["scripts"],
        warnings["address"],
        "The domain reads as p\u0430ypal[.]com",
    ):
        assert warning in text
    assert "!" not in part(mail_of(letter(row())), "plain")


def test_a_mail_program_finds_no_link_or_address_of_a_stranger_to_open() -> None:
    words_of_it = "Pay at http://evil.example/pay or www.evil.example, or ask it@evil.example"
    mail = mail_of(letter(row(name=words_of_it, subject=words_of_it, address="fee@evil.example")))
    for shown in (part(mail, "plain"), part(mail, "html")):
        assert "evil[.]example" in shown
        assert "evil.example" not in shown
        assert set(re.findall(r"https?://[^/\s\"<]+", shown)) == {"https://q.example.org"}


anything = some.text(max_size=300) | some.sampled_from(
    ["</style><script>alert(1)</script>", "x\r\nBcc: evil@x.example", "=?utf-8?q?x=0ABcc:_e@x.example?=", '"><img src=x onerror=1>', "{{ 7*7 }}"]
)  # fmt: skip

MAKER = letters()


@settings(max_examples=60)
@given(anything, anything, anything, some.sampled_from(LANGUAGES))
def test_whatever_a_stranger_writes_becomes_no_header_and_no_markup(
    name: str, address: str, subject: str, language: str
) -> None:
    raw = MAKER.build(letter(row(name=name, address=address, subject=subject), language=language))
    mail = message_from_bytes(raw, policy=policy.default)
    assert {header.lower() for header in mail.keys()} == HEADERS  # noqa: SIM118
    plain = part(mail_of(letter(row(), language=language)), "html")
    tags = re.findall(r"<[a-z/!][^>]*", part(mail, "html"))
    assert len(tags) <= len(re.findall(r"<[a-z/!][^>]*", plain)) + 8, "no tag but those of the template"
    assert not [tag for tag in tags if tag.startswith(("<script", "<img", "<iframe", "<svg"))]
    assert "\u202e" not in part(mail, "plain") + part(mail, "html")


def test_a_shared_mailbox_is_named_and_links_are_those_of_the_mailbox() -> None:
    mail = mail_of(letter(row(), mailbox="info@example.org"))
    assert mail["subject"] == "1 mail waits in your quarantine (info@example.org)"
    assert mail["to"] == "ana@example.org"
    assert "info@example.org, whose digests you get" in part(mail, "plain")


def test_what_comes_next_is_said() -> None:
    mail = mail_of(letter(row(), rest=3))
    assert mail["subject"] == "4 mails wait in your quarantine"
    assert "3 more wait: they come with your next digest." in part(mail, "plain")


@pytest.mark.parametrize("language", LANGUAGES)
def test_how_often_is_said_in_words(language: str) -> None:
    for frequency in ("at_once", "hours", "daily", "weekly"):
        assert told_when(Schedule(frequency), language, AT)
    assert told_when(Schedule("never"), language, AT) == ""


def test_how_often_in_english() -> None:
    weekly = told_when(Schedule("weekly", "Europe/Berlin", 7, weekday=4), "en", AT)
    assert (
        weekly.replace("\u202f", " ") == "You get this on Friday at 07:00 (Europe/Berlin), when there is something new."
    )
    assert "every 4 hours" in told_when(Schedule("hours"), "en", AT)


def test_logo_sender_and_disclaimer_are_those_of_the_settings(tmp_path: Path) -> None:
    logo = tmp_path / "logo.png"
    logo.write_bytes(PNG)
    given = {"digest_logo": logo, "digest_from": "Help desk <help@example.org>", "digest_disclaimer": "Call <4242>"}
    mail = mail_of(letter(row()), **given)
    assert mail["from"] == "Help desk <help@example.org>"
    assert 'src="cid:logo"' in part(mail, "html")
    assert "Call &lt;4242&gt;" in part(mail, "html")
    assert [one.get_content_type() for one in mail.walk()][-1] == "image/png"


@pytest.mark.parametrize("content", [b"<svg/>", PNG + b"\0" * 100_000, None])
def test_a_logo_that_is_none_is_told_at_start(tmp_path: Path, content: bytes | None) -> None:
    logo = tmp_path / "logo.png"
    if content:
        logo.write_bytes(content)
    with pytest.raises(ValueError, match="LONGSTOP_DIGEST_LOGO"):
        letters(digest_logo=logo)


def test_a_folder_of_templates_takes_the_place_of_those_that_ship(tmp_path: Path) -> None:
    (tmp_path / "digest.txt").write_text("Own: {{ items|length }} {{ title }}")
    mail = mail_of(letter(row()), digest_templates=tmp_path)
    assert part(mail, "plain").strip() == "Own: 1 1 mail waits in your quarantine"
    assert "<h1" in part(mail, "html")


@pytest.mark.parametrize("text", ["{{ nonsense }}", "{% if %}", "{{ items[99].subject }}"])
def test_a_template_that_cannot_be_used_is_told_at_start(tmp_path: Path, text: str) -> None:
    (tmp_path / "digest.txt").write_text(text)
    with pytest.raises(ValueError, match="LONGSTOP_DIGEST_TEMPLATES"):
        letters(digest_templates=tmp_path)


def test_a_folder_without_templates_is_told_at_start(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"neither digest\.html nor digest\.txt"):
        letters(digest_templates=tmp_path)
