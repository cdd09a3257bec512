"""What pages and lists for spreadsheets make of a stranger's text."""

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.console.http.pages.cases import grouped
from services.console.http.pages.showing import back
from services.console.rules.drawing import bars
from services.console.rules.sheet import cell, sheet
from services.console.rules.text import ago, defanged, escaped, query, seen, size, sure
from services.console.tables import Case
from shared.work import now


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("pay\u202egpj.exe", "pay⟨U+202E⟩gpj.exe"),
        ("a\u200b\u200b\u200bb", "a⟨U+200B⟩b"),
        ("one\r\ntwo\tthree", "one two three"),
        ("\U0001f468\u200d\U0001f4bb", "\U0001f468\u200d\U0001f4bb"),
        ("x" * 400, "x" * 299 + "…"),
    ],
)
def test_what_nobody_would_see_is_named(text: str, shown: str) -> None:
    assert seen(text) == shown


@given(st.text(max_size=400))
def test_no_text_hides_a_direction_or_a_line_end(text: str) -> None:
    for shown in (seen(text), defanged(text)):
        assert not set(shown) & set("\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u2069\u200b\u200e\u200f\r\n\0")


@given(st.text(st.characters(max_codepoint=127), max_size=300))
def test_plain_text_is_shown_as_if_it_was_looked_at_letter_by_letter(text: str) -> None:
    assert seen(text) == " ".join("".join(char if char.isprintable() else " " for char in text).split())


@given(st.text(max_size=200))
def test_what_is_escaped_for_editing_means_the_same(text: str) -> None:
    data = json.dumps({"text": text}, ensure_ascii=False)
    assert json.loads(escaped(data)) == {"text": text}
    assert "\u202e" not in escaped(data)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "|", "%", "\t=", "\r=", "\n@", "\uff1d", " ="])
def test_no_cell_is_a_formula(start: str) -> None:
    assert cell(f"{start}cmd|'/c calc'!A1").startswith("'")


@given(st.lists(st.text(max_size=50), min_size=1, max_size=5))
def test_a_list_has_a_line_a_row_whatever_is_in_it(texts: list[str]) -> None:
    assert len(sheet(["a"], [[text] for text in texts]).splitlines()) == len(texts) + 1


@pytest.mark.parametrize(
    "path", ["//evil.example/", "/\\evil.example", "https://evil.example", "javascript:alert(1)", ""]
)
def test_a_form_leads_to_our_own_pages_only(path: str) -> None:
    assert back(path, "edited").headers["location"] == "/?done=edited"


def test_a_page_is_come_back_to_as_it_was_with_one_word_about_what_was_done() -> None:
    assert (
        back("/cases?view=mine&done=taken%3A1", "decided:3").headers["location"] == "/cases?view=mine&done=decided%3A3"
    )


def test_bars_stand_on_each_other_and_fill_the_height() -> None:
    drawn, highest = bars({"phishing": [1, 3], "spam": [0, 1]}, 100, 40)
    assert highest == 4
    assert [(bar.word, bar.day, bar.n) for bar in drawn] == [("phishing", 0, 1), ("phishing", 1, 3), ("spam", 1, 1)]
    assert sum(bar.height for bar in drawn if bar.day == 1) == 40
    assert bars({}, 100, 40) == ([], 0)


def test_cases_are_grouped_the_largest_group_first() -> None:
    rows = [Case(id=str(n), at=now(), from_address=sender) for n, sender in enumerate("abb")]
    assert [(key, len(some)) for key, some in grouped(rows, "from_address")] == [("b", 2), ("a", 1)]
    assert grouped(rows, "") == [("", rows)]


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "0 s ago"),
        (59, "59 s ago"),
        (61, "1 min ago"),
        (5_400, "2 h ago"),
        (365 * 86_400, "365 d ago"),
        (-59 * 60, "in 59 min"),
        (-30 * 86_400 + 5, "in 30 d"),
    ],
)
def test_a_moment_is_told_in_one_unit_rounded(seconds: int, told: str) -> None:
    at = now()
    assert ago(at - timedelta(seconds=seconds), at) == told
    assert ago(None, at) == ""


@pytest.mark.parametrize(
    ("n", "told"),
    [
        (1, "1 byte"),
        (999, "999 bytes"),
        (4_321, "4.3 kB"),
        (54_321, "54 kB"),
        (999_999, "1.0 MB"),
        (12_345_678, "12 MB"),
    ],
)
def test_a_size_is_told_in_one_unit(n: int, told: str) -> None:
    assert size(n) == told


def test_a_verdict_that_cannot_tell_is_not_sure_of_anything() -> None:
    assert (sure("unknown", 0.5), sure("phishing", 0.979), sure("clean", 1.0)) == ("", "97 % sure", "100 % sure")


def test_a_link_leaves_out_what_is_empty() -> None:
    assert query(view="all", q="", before=0, name="a&b") == "view=all&name=a%26b"
