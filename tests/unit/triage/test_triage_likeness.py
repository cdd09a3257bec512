"""Which mails are alike."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from services.triage.rules.likeness import Look, holds, likeness, link_form, skeleton
from shared.events import AttachmentFacts, MessageFacts
from shared.mail.likeness import SKETCH_DIGITS, SKETCH_SIZE, alike, sketch

TEXT = "We could not deliver your parcel today because nobody was there. Please pay the small fee on our page before Friday."
OTHER = "The meeting of the working group moves to the large room, and everybody who has slides should send them by Thursday."


def message(**facts: object) -> MessageFacts:
    return MessageFacts.model_validate({"sha256": "a" * 64, "size_bytes": 1, **facts})


def test_like_texts_have_like_sketches() -> None:
    assert alike(sketch(TEXT), sketch(TEXT.replace("Friday", "Sunday").replace("today", "yesterday"))) > 0.6
    assert alike(sketch(TEXT), sketch(OTHER)) < 0.2


def test_what_numbers_a_copy_changes_no_sketch() -> None:
    assert sketch(f"{TEXT} Case 4711a, 12.50 EUR, ana@example.org, https://a.example/1") == sketch(
        f"{TEXT} Case 9x, 3.75 EUR, bob@example.org, https://b.example/2"
    )


def test_a_few_words_are_not_sketched() -> None:
    assert sketch("Please see the attached file") == ""
    assert alike("", "") == 0.0


def test_writing_without_spaces_is_sketched() -> None:
    long = "お客様のアカウントは停止されました下のリンクから本人確認をお願いいたしますご不明な点はお問い合わせください"
    assert alike(sketch(long * 2), sketch(long * 2 + "さようなら")) > 0.6


@given(some.text(max_size=3000))
def test_any_text_has_a_sketch_of_one_size_or_none(text: str) -> None:
    assert len(sketch(text)) in {0, SKETCH_SIZE * SKETCH_DIGITS}


@pytest.mark.parametrize(
    ("url", "form"),
    [
        ("evil.example/verify?id=1&t=2", "evil.example/verify?id&t"),
        ("a1b2.evil.example/verify?t=2&id=9", "evil.example/verify?id&t"),
        ("evil.example/u/8a7f/login.php", "evil.example/*/*/login.php?"),
        ("evil.example/kJhGfDsA", "evil.example/*?"),
        ("evil.example", "evil.example/?"),
        ("bit.ly/3xYz", "bit.ly/3xYz"),
        ("bit.ly", ""),
        ("docs.google.com/forms/d/1AbC/viewform", "docs.google.com/forms/d/1AbC/viewform"),
        ("kit.web.app", "kit.web.app/"),
        ("www.paypal.com/help", ""),
        ("www.w3.org/1999/xhtml", ""),
        ("sender.example", ""),
        ("sender.example/parcel", "sender.example/parcel?"),
        ("www.example.org/intranet", ""),
    ],
)
def test_the_form_of_a_link(url: str, form: str) -> None:
    assert link_form(url, "mail.sender.example", frozenset({"example.org"})) == form


@given(some.text(max_size=400), some.text(max_size=50))
def test_any_link_has_a_form_or_none(url: str, domain: str) -> None:
    link_form(url, domain, frozenset())


@pytest.mark.parametrize(
    ("subject", "words"),
    [
        ("Re: AW: Your invoice INV-2291 of 12.3.", ("your", "invoice", "inv", "of")),
        ("ana@example.org, your parcel 4711 waits", ("your", "parcel", "waits")),
        ("", ()),
    ],
)
def test_the_skeleton_of_a_subject(subject: str, words: tuple[str, ...]) -> None:
    assert skeleton(subject) == words


def test_an_attached_file_makes_mails_alike_but_a_picture_does_not() -> None:
    def attached(sha256: str, kind: str) -> MessageFacts:
        return message(attachments=[AttachmentFacts(sha256=sha256, content_type=kind, size_bytes=5000)])

    assert f"file:{'c' * 64}" in likeness(message=attached("c" * 64, "application/zip")).same_case
    assert likeness(message=attached("c" * 64, "image/png")).same_case == ()


def look(text: str, **facts: object) -> Look:
    return Look.of(message(sketch=sketch(text), **facts))


def test_like_text_needs_something_else_in_common_unless_it_is_nearly_the_same() -> None:
    half = "We could not deliver your parcel today because nobody was there. Answer three questions and win a telephone soon."
    one, other = look(TEXT, from_domain="a.example"), look(half, from_domain="b.example")
    assert not holds(trait="band:1:x", one=one, other=other)
    assert holds(trait="band:1:x", one=one, other=look(TEXT + " Bye.", from_domain="b.example"))
    same = look(half, from_domain="b.example", urls=("x.a.example/1",))
    assert holds(trait="band:1:x", one=one, other=same) == (alike(one.sketch, same.sketch) >= 0.4)


def test_a_look_is_the_same_from_its_row() -> None:
    one = look(TEXT, from_domain="a.example", from_name="DHL", subject="Your parcel", urls=("b.example/x",))
    assert Look.read(one.sketch, one.written()) == one
