"""A sender is new when our own history, which is long enough, has not seen it before today."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session, create_engine

from services.submission.history import FIRST_DAY, HISTORY_MIN, History, sender_key
from services.submission.tables import METADATA, Item
from tests.unit.submission.specimens import checks, mail, opinion_of_new

AT = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def session() -> Iterator[Session]:
    engine = create_engine("sqlite://")
    METADATA.create_all(engine)
    with Session(engine) as opened:
        yield opened
    engine.dispose()


def item(name: str, sender: str, at: datetime) -> Item:
    return Item(
        submission_id=name,
        case_id="c",
        message_sha256="a" * 64,
        category="phishing",
        report_count=1,
        sender=sender_key(sender),
        due_at=at,
        asked_at=at,
    )


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("Bo@Mail.Partner.example", "partner.example"),
        ("Bo@Gmail.com", "bo@gmail.com"),
        ("bo@localhost", ""),
        ("", ""),
        ("x@" + "a" * 400 + ".example", ("a" * 400 + ".example")[:320]),
    ],
)
def test_a_sender_is_known_by_its_organisation_and_a_private_mailbox_by_itself(address: str, key: str) -> None:
    assert sender_key(address) == key


def test_all_mails_of_a_senders_first_day_are_new_and_later_ones_are_not(session: Session) -> None:
    first = item("first", "a@one.example", AT)
    same_day = item("same day", "b@one.example", AT + FIRST_DAY / 2)
    later = item("later", "a@one.example", AT + 2 * FIRST_DAY)
    session.add_all([item("old", "x@old.example", AT - HISTORY_MIN), first, same_day, later])
    assert History().new_senders([first, same_day, later], session) == {"first", "same day"}


def test_a_short_history_calls_nobody_new(session: Session) -> None:
    fresh = item("fresh", "a@one.example", AT)
    session.add_all([item("old", "x@old.example", AT - HISTORY_MIN + timedelta(seconds=1)), fresh])
    assert History().new_senders([fresh], session) == frozenset()
    assert History().new_senders([], session) == frozenset()


def test_a_mail_without_a_sender_is_not_new(session: Session) -> None:
    nobody = item("nobody", "", AT)
    session.add_all([item("old", "x@old.example", AT - HISTORY_MIN), nobody])
    assert History().new_senders([nobody], session) == frozenset()


def test_a_new_sender_is_told_and_is_the_cause_where_nothing_else_is() -> None:
    bad = mail(
        authentication=checks("pass", "none", "none"),
        text="Dear customer, final notice: verify your account, you have won a prize",
    )
    told = opinion_of_new(bad)
    assert told.cause == "new_sender"
    assert any("was ever looked at here before today" in one.text for one in told.evidence)
    assert any("first mails of a sender" in words for words in told.recommendations)
