"""Answers to those who asked: in every language, and nothing of a stranger's mail acts in them."""

from datetime import UTC, datetime
from email import message_from_bytes, policy
from typing import Any

import pytest

from services.digest.decisions.letter import WORDS, build
from services.digest.tables import Answer, Held

AT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


def letter(language: str, outcome: str, *, subject: str = "Invoice", comment: str = "") -> Any:
    held = Held(
        held_id="h", sha256="a" * 64, from_address="x@lucky.example", subject=subject, reason="spam", held_at=AT, expires_at=AT
    )  # fmt: skip
    answer = Answer(answer_id="a1", held_id="h", recipient="ana@example.org", outcome=outcome, comment=comment, at=AT)
    raw = build(
        answer, held, language=language, zone="Asia/Bangkok", mail_from="Longstop <q@example.org>", message_id="a1@longstop", at=AT
    )  # fmt: skip
    return message_from_bytes(raw, policy=policy.default)


def keys(value: Any) -> Any:
    return {name: keys(inner) for name, inner in value.items()} if isinstance(value, dict) else None


@pytest.mark.parametrize("language", WORDS.languages)
def test_every_language_says_everything(language: str) -> None:
    assert {"en", "de", "fr", "es", "th", "ar"} <= set(WORDS.languages)
    assert keys(WORDS.of(language)) == keys(WORDS.of("en"))


@pytest.mark.parametrize("outcome", ["approved", "denied", "refused"])
@pytest.mark.parametrize("language", WORDS.languages)
def test_every_outcome_is_told_in_text_and_html(language: str, outcome: str) -> None:
    mail = letter(language, outcome, comment="Ask the sender\nto use the portal.")
    for kind in ("plain", "html"):
        body = mail.get_body((kind,)).get_content()
        assert "to use the portal." in body
        assert "lucky[.]example" in body
    assert ('dir="rtl"' in body) == (language == "ar")


def test_a_hostile_subject_or_comment_becomes_no_header_markup_or_link() -> None:
    hostile = "x\r\nBcc: evil@x.example <script>alert(1)</script> https://evil.example/ \u202egnp.exe"
    mail = letter("en", "denied", subject=hostile, comment=hostile)
    assert "bcc" not in {name.lower() for name in mail.keys()}  # noqa: SIM118
    html = mail.get_body(("html",)).get_content()
    for forbidden in ("<script>", "https://", "\u202e"):
        assert forbidden not in html
