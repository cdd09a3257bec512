"""What a purge is asked to look for, where it stands, and who may stand for it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.console.rules.access import Person
from services.console.rules.purging import (
    box_word,
    is_enough,
    match_of,
    may_restore,
    may_withdraw,
    own,
    purge_status,
    why_not_approved,
)
from shared.events import PurgeMatch

AT = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
MESSAGE = {
    "message_id": "1@parcel", "from_address": "fee@parcel.example", "subject": "A parcel", "body_hash": "b", "sketch": "c",
}  # fmt: skip
ANA, PROGRAM = Person("ana", "analyst", "password"), Person("token/ci", "analyst", "token")


def test_copies_of_a_mail_have_everything_in_common_and_like_mails_sender_and_text() -> None:
    assert match_of(MESSAGE, which="same", since=None).model_dump() == {**MESSAGE, "since": None, "until": None}
    like = match_of(MESSAGE, which="like", since=AT)
    assert (like.message_id, like.subject, like.from_address, like.body_hash, like.since) == (
        "", "", "fee@parcel.example", "b", AT,
    )  # fmt: skip


def test_a_mail_without_text_is_like_others_by_its_subject() -> None:
    bare = {**MESSAGE, "body_hash": "", "sketch": None}
    assert match_of(bare, which="like", since=AT).subject == "A parcel"


@pytest.mark.parametrize(
    ("match", "enough"),
    [
        ({"message_id": "1@x"}, False),
        ({"message_id": "1@x", "from_address": "a@x"}, True),
        ({"message_id": "1@x", "subject": "s"}, True),
        ({"from_address": "a@x", "subject": "s"}, False),
        ({"from_address": "a@x", "sketch": "s", "since": AT}, True),
        ({"from_address": "a@x", "since": AT}, False),
        ({"subject": "s", "body_hash": "b", "since": AT}, False),
    ],
)
def test_one_property_names_no_mails(match: dict[str, Any], *, enough: bool) -> None:
    assert is_enough(PurgeMatch.model_validate(match)) is enough


NOTHING: dict[str, Any] = {
    "outcome": "", "approved": False, "planned": False, "hits": 3, "needs_second": False, "moved": 0, "back": 0, "restored": 0,
    "undoing": False,
}  # fmt: skip
MOVED = {"outcome": "done", "approved": True, "planned": True, "moved": 2}


@pytest.mark.parametrize(
    ("known", "status"),
    [
        ({}, "planning"),
        ({"planned": True}, "planned"),
        ({"planned": True, "needs_second": True}, "second"),
        ({"planned": True, "hits": 0, "needs_second": True}, "nothing"),
        ({"planned": True, "approved": True}, "running"),
        ({"outcome": "refused"}, "refused"),
        ({"outcome": "done", "approved": True, "undoing": True}, "done"),
        (MOVED, "done"),
        ({**MOVED, "undoing": True}, "restoring"),
        ({**MOVED, "restored": 1, "back": 1}, "part_restored"),
        ({**MOVED, "restored": 1, "back": 2}, "restored"),
        ({**MOVED, "back": 2}, "done"),
    ],
)
def test_a_purge_stands_where_what_is_known_says(known: dict[str, Any], status: str) -> None:
    assert purge_status(**{**NOTHING, **known}) == status


def test_what_has_begun_is_restored_and_what_has_not_is_withdrawn() -> None:
    assert [may_restore(status=one, moved=1) for one in ("running", "done", "part_restored", "restored")] == [
        True, True, True, False,
    ]  # fmt: skip
    assert may_restore(status="running", moved=0)
    assert not may_restore(status="done", moved=0)
    assert [may_withdraw(status=one) for one in ("planning", "planned", "second", "running", "done")] == [
        True, True, True, False, False,
    ]  # fmt: skip


PLAN: dict[str, Any] = {
    "status": "second", "by": "eve", "hits": 30, "until": AT, "person": ANA, "name": "ana", "at": AT,
}  # fmt: skip


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, ""),
        ({"name": "eve"}, "somebody else"),
        ({"person": PROGRAM, "name": "token/ci"}, "a token is none"),
        ({"status": "planned", "name": "eve"}, ""),
        ({"status": "planned", "person": PROGRAM, "name": "token/ci"}, ""),
        ({"at": AT + timedelta(seconds=1)}, "too old"),
        ({"hits": 0}, "no mailbox"),
        ({"status": "running"}, "not planned"),
        ({"until": None}, ""),
    ],
)
def test_a_plan_is_approved_while_it_is_fresh_by_a_second_person_where_one_is_needed(
    more: dict[str, Any], words: str
) -> None:
    why = why_not_approved(**{**PLAN, **more})
    assert words in why
    assert bool(why) is bool(words)


@pytest.mark.parametrize(
    ("known", "word"),
    [
        ({}, "nothing"),
        ({"reason": "no such mailbox"}, "failure"),
        ({"found": 1}, "found"),
        ({"found": 1, "late": "purge"}, "delayed"),
        ({"found": 1, "result": "success"}, "success"),
        ({"found": 1, "result": "success", "undo": "success"}, "restored"),
        ({"found": 1, "result": "success", "undo": "failure"}, "not_restored"),
        ({"found": 1, "result": "success", "undo": "success", "late": "restore"}, "delayed"),
    ],
)
def test_a_mailbox_tells_the_newest_that_became_of_it(known: dict[str, Any], word: str) -> None:
    bare: dict[str, Any] = {"found": 0, "result": "", "late": "", "undo": "", "reason": ""}
    assert box_word(**{**bare, **known}) == word


def test_only_people_of_the_organisation_have_mailboxes_and_each_has_one() -> None:
    found = own(["Ana@example.org", "ana@example.org", "x@else.example", "nobody"], ("example.org",))
    assert found == ["ana@example.org"]
    assert own(["x@else.example"], ()) == ["x@else.example"]
