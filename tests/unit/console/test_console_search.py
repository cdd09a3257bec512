"""What a mail is found by: words, beginnings of words, hosts, whatever their case, marks or bytes."""

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.console.rules.mail import entries_for, is_hit, texts_of
from services.console.rules.search import (
    TERMS_MAX,
    WORD_MAX,
    WORDS_MAX,
    fts5,
    likes,
    terms_of,
    tsquery,
    words_in,
    words_of,
)

MESSAGE = {
    "subject": "Rechnung Nr. 7",
    "from_address": "Billing@Evil.example",
    "from_domain": "evil.example",
    "urls": ["https://login.evil.example/a?b", "http://other.example/"],
    "attachments": [{"name": "bill.pdf", "sha256": "f" * 64}],
    "outside_ip": "192.0.2.7",
}


def test_marks_and_case_make_no_difference() -> None:
    assert words_in("Überweisung ÉTÉ under_score") == ["uberweisung", "ete", "under", "score"]


def test_the_words_of_a_row_are_bounded() -> None:
    words = words_of(["x" * 100_000, *(f"w{n}" for n in range(10_000))]).split()
    assert len(words) == WORDS_MAX
    assert max(map(len, words)) <= WORD_MAX
    assert len(terms_of("a " * 1_000)) == TERMS_MAX


def test_a_host_is_looked_for_as_a_phrase_whose_last_word_may_go_on() -> None:
    assert fts5(terms_of("login.evil.exam bill")) == '"login evil exam"* AND "bill"*'
    assert fts5(terms_of("login.evil.exam bill"), whole=True) == '"login evil exam" AND "bill"*'
    assert tsquery(terms_of("login.evil.exam no")) == "'login' & 'evil' & 'exam':* & 'no'"
    assert likes(terms_of("login.evil.exam no")) == ["% login evil exam%"]
    assert likes(terms_of("login.evil.exam no"), whole=True) == ["% login evil exam %"]


@given(st.text(max_size=200))
def test_whatever_is_typed_is_a_query_that_fts5_takes(text: str) -> None:
    terms = terms_of(text)
    if terms:
        database = sqlite3.connect(":memory:")
        database.execute("CREATE VIRTUAL TABLE t USING fts5(words)")
        database.execute("SELECT rowid FROM t WHERE t MATCH ?", (fts5(terms),)).fetchall()
        database.close()


@pytest.mark.parametrize(
    ("kind", "value", "hit"),
    [
        ("address", "billing@evil.example", True),
        ("address", "evil.example", False),
        ("domain", "evil.example", True),
        ("domain", "vil.example", False),
        ("url", "evil.example", True),
        ("url", "https://login.evil.example/a", True),
        ("url", "login.evil.example/b", False),
        ("file", "f" * 64, True),
        ("file", "e" * 64, False),
        ("ip", "192.0.2.7", True),
        ("ip", "", False),
    ],
)
def test_a_preview_tells_what_an_entry_would_have_met(kind: str, value: str, hit: bool) -> None:
    assert is_hit(kind=kind, value=value, message=MESSAGE, envelope=None) is hit


def test_what_a_preview_offers_would_have_met_the_mail() -> None:
    offered = entries_for(MESSAGE)
    assert offered[0] == ("address", "billing@evil.example")
    assert all(is_hit(kind=kind, value=value, message=MESSAGE, envelope=None) for kind, value in offered)


def test_a_mail_is_found_by_sender_recipient_link_and_file() -> None:
    found = words_of(texts_of(MESSAGE, {"rcpt_to": ["ana@example.org"]}))
    assert {"rechnung", "billing", "ana", "login", "pdf"} <= set(found.split())
