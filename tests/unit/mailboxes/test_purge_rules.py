"""What may be purged, what a mail has in common with it, and where mails are found again."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from services.mailboxes.rules.likeness import Found, Key, Wanted, is_meant, key_of, to_purge, to_restore
from services.mailboxes.rules.policy import fresh_until, needs_second, retry_delay, takes_back, undone, wants, why_not
from shared.events import AnalyserAnswer, PurgeMatch
from shared.mail import read_mail
from tests.mails import mail

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
MAIL = read_mail(mail())
WHOLE = PurgeMatch(
    message_id=MAIL.message_id,
    from_address=MAIL.from_.address,
    subject=MAIL.subject,
    body_hash=MAIL.body_hash,
    sketch=MAIL.sketch,
)


def refusal(*, force: Any = False, **match: Any) -> str:
    found = why_not(match=PurgeMatch.model_validate(match), own_domains=("example.org",), force=force)
    return found.partition(":")[0]


@pytest.mark.parametrize("second", ["from_address", "subject", "body_hash", "sketch"])
def test_a_message_id_needs_a_second_property(second: str) -> None:
    assert refusal(message_id="1@x") == "a Message-ID alone is not enough, senders reuse them"
    assert refusal(message_id="1@x", since=AT) == "a Message-ID alone is not enough, senders reuse them"
    assert refusal(**{"message_id": "1@x", second: "a@b.example"}) == ""


def test_without_a_message_id_sender_text_and_time_are_needed() -> None:
    whole: dict[str, Any] = {"from_address": "a@b.example", "subject": "s", "since": AT}
    assert refusal(**whole) == ""
    for left_out in whole:
        assert refusal(**{name: value for name, value in whole.items() if name != left_out})


@pytest.mark.parametrize("sender", ["ana@example.org", "ana@sub.EXAMPLE.org"])
def test_an_own_sender_must_be_forced(sender: str) -> None:
    assert refusal(message_id="1@x", from_address=sender).endswith("is an own domain")
    assert refusal(message_id="1@x", from_address=sender, force=True) == ""
    assert refusal(message_id="1@x", from_address="a@notexample.org") == ""


def test_a_window_that_is_none_is_refused() -> None:
    assert refusal(message_id="1@x", subject="s", since=AT, until=AT) == "the window ends before it begins"
    assert PurgeMatch(since=datetime(2026, 11, 23)).since == datetime(2026, 11, 23, tzinfo=UTC)  # noqa: DTZ001


def test_only_confident_harmful_verdicts_purge_and_only_when_they_may() -> None:
    assert wants(policy="ask", category="phishing", confidence=0.9)
    assert wants(policy="confident", category="malware", confidence=0.85)
    assert not wants(policy="off", category="malware", confidence=1)
    assert not wants(policy="confident", category="malware", confidence=0.84)
    assert not wants(policy="confident", category="spam", confidence=1)


def test_a_verdict_of_nobody_takes_nothing_back() -> None:
    down = AnalyserAnswer(name="local", evaluation="error")
    assert takes_back(category="clean", analysers=())
    assert not takes_back(category="unknown", analysers=(down,))
    assert not takes_back(category="spam", analysers=())


def test_bounds_are_where_they_are_said_to_be() -> None:
    assert [needs_second(hit_count=count, above=20) for count in (20, 21)] == [False, True]
    assert fresh_until(planned_at=AT, minutes=60) == AT + timedelta(minutes=60)
    delays = [retry_delay(attempts=count, base_ms=1000).total_seconds() for count in (1, 2, 8, 9, 10_000)]
    assert delays == [2, 4, 256, 300, 300]


@pytest.mark.parametrize(
    ("states", "under_way", "word"),
    [
        ({}, False, ""),
        ({"moved": 2, "gone": 1}, False, ""),
        ({"moved": 1, "restored": 1}, False, "partly"),
        ({"restored": 1, "kept": 1}, False, "restored"),
        ({"kept": 2}, False, ""),
        ({"moved": 2}, True, "restoring"),
    ],
)
def test_a_purge_is_undone_when_nothing_that_it_moved_is_left_there(
    states: dict[str, int], under_way: bool, word: str
) -> None:
    assert undone(states=states, under_way=under_way) == word


@pytest.mark.parametrize(
    ("copy", "meant"),
    [
        (mail(), True),
        (mail(extra="Received: from x by y; Mon, 23 Nov 2026 09:00:00 +0000\r\n", to="ben@example.org"), True),
        (mail(sender="Bank <FEE@parcel-fee.example>"), True),
        (mail(subject="Your  parcel is  waiting"), True),
        (mail(sender="Ben <ben@example.com>"), False),
        (mail(subject="Your parcel"), False),
        (mail(message_id="2@parcel-fee.example"), False),
        (mail(body="Lunch at one? I have a table at the place round the corner, bring the figures with you."), False),
    ],
)
def test_a_copy_is_meant_when_everything_that_was_given_is_equal(copy: bytes, meant: bool) -> None:
    assert is_meant(match=WHOLE, mail=read_mail(copy)) is meant


def test_text_of_which_bytes_are_lost_says_nothing_but_the_rest_must_be_equal() -> None:
    other = read_mail(mail(body="quite another text than that, and it is long enough to be compared"))
    assert is_meant(match=WHOLE, mail=other, legible=False)
    assert not is_meant(match=WHOLE.model_copy(update={"subject": ""}), mail=other, legible=False)


def test_a_key_can_be_kept_in_a_database_whatever_a_message_id_is() -> None:
    key = key_of(message_id="<a\r\n\tb\x00\ud800>" + "x" * 2000, received_at=AT.replace(microsecond=5), size_bytes=1)
    assert key.message_id.startswith("<a b??>x")
    assert len(key.message_id) == 998
    assert key.received_at == AT
    key.message_id.encode()


KEYS = [Key("<1@x>", AT, size) for size in (1, 2)]
PLACES = some.lists(
    some.tuples(some.sampled_from(KEYS), some.sampled_from(["INBOX", "Work", "Quarantine"])), max_size=6
)


def at_places(places: list[tuple[Key, str]]) -> list[Found]:
    return [Found(key, folder, uid, "") for uid, (key, folder) in enumerate(places)]


@given(PLACES, PLACES)
def test_settling_never_takes_a_mail_twice_nor_one_that_is_not_wanted(
    places: list[tuple[Key, str]], found: list[tuple[Key, str]]
) -> None:
    wanted = [Wanted(*place) for place in places]
    for settle in (to_purge, to_restore):
        settled = settle(wanted=wanted, found=at_places(found), quarantine="Quarantine")
        moved = list(settled.move.values())
        assert len({one.uid for one in moved}) == len(moved)
        assert all(one.key == wanted[number].key for number, one in settled.move.items())
        numbers = [*settled.move, *settled.there, *settled.gone]
        assert sorted(numbers) == list(range(len(wanted)))


@given(PLACES)
def test_a_purge_and_a_restore_end_where_they_began(places: list[tuple[Key, str]]) -> None:
    wanted = [Wanted(key, folder) for key, folder in places if folder != "Quarantine"]
    purge = to_purge(wanted=wanted, found=at_places(places), quarantine="Quarantine")
    assert len(purge.move) == len(wanted)
    moved = [(key, "Quarantine") for key, _ in places]
    restore = to_restore(wanted=wanted, found=at_places(moved), quarantine="Quarantine")
    assert len(restore.move) == len(wanted)
    again = to_purge(wanted=wanted, found=at_places(moved), quarantine="Quarantine")
    assert len(again.there) == len(wanted), "what was moved is not moved again"


def test_a_copy_that_its_user_put_back_is_taken_out_again() -> None:
    found = at_places([(KEYS[0], "Quarantine"), (KEYS[0], "INBOX")])
    settled = to_purge(wanted=[Wanted(KEYS[0], "INBOX")], found=found, quarantine="Quarantine")
    assert [one.folder for one in settled.move.values()] == ["INBOX"]


def test_what_its_user_took_out_of_quarantine_is_not_touched() -> None:
    settled = to_restore(
        wanted=[Wanted(KEYS[0], "INBOX")], found=at_places([(KEYS[0], "Work")]), quarantine="Quarantine"
    )
    assert (settled.move, settled.gone) == ({}, frozenset({0}))


def test_of_two_copies_each_goes_back_where_it_was_by_its_flags() -> None:
    seen = frozenset({"\\Seen"})
    wanted = [Wanted(KEYS[0], "INBOX"), Wanted(KEYS[0], "Work", seen)]
    found = [Found(KEYS[0], "Quarantine", 1, "", seen), Found(KEYS[0], "Quarantine", 2, "", frozenset({"$Other"}))]
    settled = to_restore(wanted=wanted, found=found, quarantine="Quarantine")
    assert {wanted[number].home: one.uid for number, one in settled.move.items()} == {"Work": 1, "INBOX": 2}
