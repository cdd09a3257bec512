"""Signed links: good for what they were made for, here, until they end; any change makes them nothing."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.links import Capability, Keyring, LinkRefused, Links, Purpose, links_of
from shared.settings import LinkSettings

AT = datetime(2026, 11, 23, 10, tzinfo=UTC)
KEYRING = Keyring(["one"], "longstop")
GIVEN = Capability("ana@example.org", "held-1", "release")
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."


def token(keyring: Keyring = KEYRING, lasts: timedelta = timedelta(days=7)) -> str:
    return keyring.sign("mail", GIVEN, at=AT, lasts=lasts)


def why(made: str, keyring: Keyring = KEYRING, at: datetime = AT) -> str:
    with pytest.raises(LinkRefused) as refused:
        keyring.read("mail", made, at=at)
    return refused.value.why


def test_a_token_says_what_it_was_made_for() -> None:
    read = KEYRING.read("mail", token(), at=AT)
    assert (read.recipient, read.held_id, read.act, read.made_at) == ("ana@example.org", "held-1", "release", AT)


@given(position=st.integers(0, len(token()) - 1), char=st.sampled_from(ALPHABET))
def test_any_changed_character_makes_it_nothing(position: int, char: str) -> None:
    good = token()
    changed = good[:position] + char + good[position + 1 :]
    if changed != good:
        assert why(changed) == "changed or foreign"


def test_the_last_character_has_one_form_only() -> None:
    """Base64 of 32 bytes has two bits to spare: four spellings of one MAC, three of which are refused."""
    good = token()
    assert [char for char in ALPHABET if good[:-1] + char != good and accepted(good[:-1] + char)] == []


def accepted(made: str) -> bool:
    try:
        KEYRING.read("mail", made, at=AT)
    except LinkRefused:
        return False
    return True


@given(st.text(max_size=400))
def test_no_text_is_taken_for_a_token_or_breaks_the_reader(text: str) -> None:
    assert why(text) in ("changed or foreign", "malformed")


@given(
    recipient=st.text(max_size=320),
    held_id=st.text(max_size=64),
    act=st.sampled_from(["", "release", "delete"]),
)
def test_whatever_is_signed_is_read_as_it_was(recipient: str, held_id: str, act: str) -> None:
    made = KEYRING.sign("mail", Capability(recipient, held_id, act), at=AT, lasts=timedelta(days=1))
    if len(made) <= 3_000:
        read = KEYRING.read("mail", made, at=AT)
        assert (read.recipient, read.held_id, read.act) == (recipient, held_id, act)


@pytest.mark.parametrize("other", ["mails", "preferences", "unsubscribe", "button", "confirm", "person"])
def test_a_token_for_one_purpose_is_good_for_no_other(other: Purpose) -> None:
    with pytest.raises(LinkRefused):
        KEYRING.read(other, token(), at=AT)


def test_a_token_of_another_installation_or_key_is_foreign() -> None:
    assert why(token(Keyring(["one"], "other"))) == "changed or foreign"
    assert why(token(Keyring(["two"], "longstop"))) == "changed or foreign"


def test_a_token_works_from_its_making_to_its_end_and_no_second_longer() -> None:
    made = token(lasts=timedelta(hours=1))
    assert why(made, at=AT + timedelta(hours=1)) == "expired"
    assert why(made, at=AT - timedelta(minutes=5)) == "expired"
    KEYRING.read("mail", made, at=AT + timedelta(minutes=59, seconds=59))


def test_keys_rotate_the_first_signs_and_all_are_accepted() -> None:
    old, both, new = Keyring(["old"], "x"), Keyring(["new", "old"], "x"), Keyring(["new"], "x")
    both.read("mail", token(old), at=AT)
    new.read("mail", token(both), at=AT)
    assert why(token(old), new) == "changed or foreign"
    assert token(both).partition(".")[0] == token(new).partition(".")[0] != token(old).partition(".")[0]


def test_the_name_of_a_key_tells_nothing_of_it() -> None:
    assert "one" not in token()
    assert len(token().partition(".")[0]) == 8


def test_without_a_key_nothing_is_signed() -> None:
    with pytest.raises(ValueError, match="no key"):
        Keyring([], "longstop")


def test_the_same_mail_made_again_has_the_same_links_and_each_its_own_path() -> None:
    links = Links(KEYRING, "https://mail.example.org/q/")
    made = [
        links.page("held-1", "a@b.example", at=AT),
        links.action("held-1", "a@b.example", "release", at=AT),
        links.mails("a@b.example", at=AT),
        links.preferences("a@b.example", at=AT),
        links.unsubscribe("a@b.example", at=AT),
    ]
    assert links.page("held-1", "a@b.example", at=AT) == made[0]
    assert len(set(made)) == 5
    assert [url.removeprefix("https://mail.example.org/q/").partition("/")[0] for url in made] == [
        "q", "q", "m", "p", "unsubscribe"
    ]  # fmt: skip


def test_a_key_of_links_alone_takes_the_place_of_the_secret() -> None:
    apart = LinkSettings(link_key="only links", secret_key="everything")
    assert apart.link_keys() == ["only links"]
    assert LinkSettings(secret_key="a,b").link_keys() == ["a", "b"]
    assert links_of(apart).page("h", "r", at=AT) != links_of(LinkSettings(secret_key="everything")).page(
        "h", "r", at=AT
    )
