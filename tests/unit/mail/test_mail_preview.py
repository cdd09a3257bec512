"""Previews: what is left of a hostile mail, how much of a large one, and what one takes that was made to hurt."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.apart import preview_apart
from shared.mail.preview import MARKUP_LEFT, markup_of, preview
from shared.mail.sanitising import sanitised, without_links
from tests.bombs import BOMBS
from tests.hostile_mails import ATTACKS, hostile_letters, letter

ALLOWED = frozenset(
    {
        "p", "br", "div", "span", "b", "i", "strong", "em", "u", "s", "ul", "ol", "li", "dl", "dt", "dd", "table", "thead",
        "tbody", "tfoot", "tr", "td", "th", "caption", "blockquote", "pre", "code", "h1", "h2", "h3", "h4", "h5", "h6", "hr",
        "center", "sub", "sup", "small", "mark",
    }
)  # fmt: skip


def tags(html: str) -> set[str]:
    """Everything between angle brackets."""
    return {piece.partition(">")[0].strip("/ ") for piece in html.split("<")[1:]}


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_is_left_but_elements_without_attributes(attack: str) -> None:
    assert tags(sanitised(attack)) <= ALLOWED


@given(
    st.lists(
        st.sampled_from([*ATTACKS, "<b>", "</p>", "<", ">", '"', "'", "<a href=", "x\u202ey", "&#8238;"]), max_size=6
    ).map("".join)
)
def test_no_mixture_of_attacks_leaves_more(source: str) -> None:
    cleaned = sanitised(source)
    assert tags(cleaned) <= ALLOWED
    assert "\u202e" not in cleaned


def test_a_link_stands_beside_its_words_as_text_and_a_picture_is_named() -> None:
    html = '<a href="https://evil.example/a?b=1&amp;c=<2>">https://bank.example</a><img alt="<b>Pay" src=x>'
    assert sanitised(html) == (
        "https://bank.example <code>→ hxxps://evil[.]example/a?b=1&amp;c=&lt;2&gt;</code>  <code>▧ &lt;b&gt;Pay</code> "
    )


def test_a_mail_cannot_write_our_marks_itself() -> None:
    assert "<code>" not in sanitised("<code>→ https://good.example</code>")
    assert "<mark>" not in sanitised("<mark>fine</mark>")


def test_hidden_words_are_shown() -> None:
    assert "secret" in sanitised('<p style="display:none;font-size:0;color:#fff">secret</p>')


def test_padding_of_a_preview_line_is_left_out() -> None:
    assert "U+" not in sanitised("<p>News" + "&zwnj;&nbsp;&#847; " * 100 + "</p>")


def test_urls_in_plain_text_are_no_links() -> None:
    assert without_links("see https://evil.example/x, www.evil.example or 3.5 e.g.") == (
        "see hxxps://evil[.]example/x, www[.]evil[.]example or 3.5 e.g."
    )


def test_a_preview_names_files_and_fields_and_shows_text() -> None:
    found = preview(letter())
    assert [(one.name, one.real_type) for one in found.attachments] == [("invoice.pdf.exe", "exe")]
    assert found.text.strip() == "Hello, see https://evil.example/pay"
    assert found.has_markup
    assert ("subject", "Free spins") in found.fields


def test_a_long_text_is_cut_and_says_so() -> None:
    found = preview(letter(text="long words " * 20_000))
    assert found.is_cut
    assert len(found.text) == 100_000


@pytest.mark.parametrize("name", BOMBS)
def test_no_bomb_hurts_the_reader_of_text(name: str) -> None:
    began = time.process_time()
    preview(BOMBS[name]())
    assert time.process_time() - began < 10


def test_a_mail_that_is_too_much_for_its_tree_is_shown_as_text() -> None:
    """Unclosed elements that a tree builder copies again and again: the process that reads ends, not the service."""
    bomb = "".join(f"<b id={number}><a><font><i><nobr>" for number in range(4_000)) + "<p>" * 9_000
    found = preview_apart(letter(bomb, "Only words"))
    assert "Only words" in found.text
    assert found.has_markup
    assert len(found.markup) <= MARKUP_LEFT


def test_a_mail_apart_has_its_text_its_markup_and_where_its_links_lead() -> None:
    found = preview_apart(letter('<p>Pay <a href="https://evil.example/pay">here</a></p>'))
    assert found.markup.strip() == "<p>Pay here <code>→ hxxps://evil[.]example/pay</code> </p>"
    assert any("evil.example/pay" in link.url for link in found.links)


def test_hostile_letters_leave_nothing() -> None:
    for name, raw in hostile_letters().items():
        assert tags(markup_of(raw)) <= ALLOWED, name
