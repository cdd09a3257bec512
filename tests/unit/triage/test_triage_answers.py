"""Answers: every language says everything, and a reported mail's words do nothing in them."""

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from html import unescape
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as some

from services.triage.answers.letter import build
from services.triage.answers.words import LANGUAGES, words
from services.triage.tables import Answer
from shared.events.vocabulary import VerdictCategory
from shared.outgoing import defang

AT = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


def answer(**values: Any) -> Answer:
    made: dict[str, Any] = {
        "answer_id": "a",
        "case_id": "c",
        "reporter": "ana@example.org",
        "subject": "Your parcel",
        "from_address": "fee@parcel-fee.example",
        "reported_at": AT,
    }
    return Answer(**{**made, **values})


def mail_of(row: Answer, language: str = "en", *more: Answer) -> EmailMessage:
    raw = build(
        [row, *more], language=language, mail_from="Longstop <longstop@example.org>", message_id="a.1@longstop", at=AT
    )
    return message_from_bytes(raw, policy=policy.default)


def text_of(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part
    return str(part.get_content())


def keys(value: Any) -> Any:
    return {name: keys(inner) for name, inner in value.items()} if isinstance(value, dict) else None


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_everything(language: str) -> None:
    assert keys(words(language)) == keys(words("en"))
    assert set(words(language)["verdicts"]) == set(get_args(VerdictCategory))
    for category in ("", *get_args(VerdictCategory)):
        mail = mail_of(answer(category=category, told="phishing" if category else ""), language)
        assert "parcel-fee[.]example" in text_of(mail, "plain")
        assert "parcel-fee[.]example" in text_of(mail, "html")
        assert (words(language)["changed"] in text_of(mail, "plain")) is bool(category)


@pytest.mark.parametrize(
    ("reported", "verdict", "is_told"),
    [
        ("phishing", "phishing", True),
        ("phishing", "spam", True),
        ("junk", "bulk", True),
        ("not_junk", "phishing", False),
        ("not_junk", "clean", True),
        ("phishing", "clean", False),
        ("phishing", "unknown", False),
        ("phishing", "simulation", False),
        ("phishing", "", False),
        ("", "clean", False),
    ],
)
def test_only_who_was_right_is_told_so(reported: str, verdict: str, *, is_told: bool) -> None:
    mail = mail_of(answer(reported_as=reported, category=verdict))
    assert all(("You were right." in text_of(mail, kind)) is is_told for kind in ("plain", "html"))


def test_arabic_reads_from_the_right_and_strange_words_keep_their_direction() -> None:
    mail = mail_of(answer(category="phishing"), "ar")
    assert '<html lang="ar" dir="rtl">' in text_of(mail, "html")
    assert "<bdi>fee@parcel-fee[.]example</bdi>" in text_of(mail, "html")
    assert "\u2068fee@parcel-fee[.]example\u2069" in text_of(mail, "plain")
    assert "\u2068" not in text_of(mail_of(answer(category="phishing")), "plain")


def test_a_moment_is_written_as_its_language_has_it() -> None:
    assert [
        text_of(mail_of(answer(), one), "plain").count(day)
        for one, day in (("de", "23. November 2026, 10:00 UTC"), ("pl", "23 listopada 2026, 10:00 UTC"))
    ] == [1, 1]


def test_a_result_and_a_receipt() -> None:
    receipt, result = mail_of(answer()), mail_of(answer(category="phishing", reported_as="phishing"))
    assert receipt["Subject"] == "Your report arrived: Your parcel"
    assert result["Subject"] == "Your report: phishing: Your parcel"
    assert "You were right" in text_of(result, "plain")
    assert result["Auto-Submitted"] == "auto-replied"
    assert result["To"] == "ana@example.org"


@pytest.mark.parametrize("language", LANGUAGES)
def test_several_answers_are_one_mail_that_says_each_the_worst_first(language: str) -> None:
    rows = [answer(subject=f"Mail {number}", category=one) for number, one in enumerate(("", "clean", "phishing"))]
    mail = mail_of(rows[0], language, *rows[1:])
    assert "3" in str(mail["Subject"])
    for kind in ("plain", "html"):
        text = unescape(text_of(mail, kind))
        places = [text.index(f"Mail {number}") for number in (2, 1, 0)]
        assert places == sorted(places)
        assert all(text.count(words(language)["texts"][one]) == 1 for one in ("receipt", "clean", "phishing"))
        assert text.count(words(language)["closing"]) == 1


EVIL = "x\r\nBcc: a@b.example\r\n\r\n<script>alert(1)</script> {{ 7*7 }} {subject} =?utf-8?q?=0ABcc:_y@z?= http://evil.example/x \u202e"


def test_a_stranger_s_words_are_words() -> None:
    mail = mail_of(answer(subject=EVIL, from_address=EVIL, category="spam"))
    assert set(map(str.lower, mail.keys())) >= {"from", "to", "subject"}
    assert "bcc" not in map(str.lower, mail.keys())
    html, text = text_of(mail, "html"), text_of(mail, "plain")
    assert "<script>" not in html
    assert "49" not in html
    assert "http://evil.example" not in html + text + str(mail["Subject"])
    assert "hxxp://evil[.]example/x" in text
    assert "\u202e" not in text


@given(some.text(max_size=200), some.text(max_size=100), some.sampled_from(["", *get_args(VerdictCategory)]))
def test_any_words_make_a_mail(subject: str, sender: str, category: str) -> None:
    mail_of(answer(subject=subject, from_address=sender, category=category))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("see HTTPS://www.a.example/b.c", "see HXXPS://www[.]a[.]example/b[.]c"),
        ("Well. Done... 3.5", "Well. Done... 3[.]5"),
        ("a@b.example", "a@b[.]example"),
    ],
)
def test_defanged_text_has_nothing_to_click(value: str, shown: str) -> None:
    assert defang(value) == shown
