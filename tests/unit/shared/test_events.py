"""Events: same fact, same id; plain fields on the wire."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from pydantic import ValidationError

from shared.events import EVENTS, Event, MailHeld, MessageByValue, ReportResolved, ReportSubmitted, fact_id, rfc3339

AT = datetime(2026, 11, 23, 10, 0, 0, 123456, tzinfo=UTC)


def resolved(**changes: object) -> ReportResolved:
    fields = {"report_id": "r1", "case_id": "c1", "category": "phishing", "confidence": 0.9, "version": 1}
    return ReportResolved.model_validate({**fields, "inherited": False, **changes})


def test_the_same_fact_has_the_same_id_whatever_else_it_says() -> None:
    assert resolved().event_id() == resolved(confidence=0.1, category="spam").event_id()


def test_another_fact_has_another_id() -> None:
    assert len({one.event_id() for one in (resolved(), resolved(version=2), resolved(case_id="c2"))}) == 3
    assert fact_id("a", "b") != fact_id("ab")
    assert fact_id("a", "") != fact_id("a")


def test_an_event_is_frozen() -> None:
    event: Any = resolved()
    with pytest.raises(ValidationError):
        event.version = 2


def test_the_fields_on_the_wire_are_cloudevents_as_text() -> None:
    fields = resolved().fields(source="longstop/triage", time=AT, traceparent="00-abc")
    assert fields["specversion"] == "1.0"
    assert fields["type"] == "longstop.report.resolved.v1"
    assert fields["time"] == "2026-11-23T10:00:00.123Z"
    assert fields["subject"] == "r1"
    assert fields["traceparent"] == "00-abc"
    assert json.loads(fields["data"])["category"] == "phishing"
    assert all(isinstance(value, str) for value in fields.values())


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        rfc3339(datetime(2026, 11, 23))  # noqa: DTZ001 - that is the point


def test_a_moment_of_another_zone_is_written_in_utc() -> None:
    bangkok = timezone(timedelta(hours=7))
    assert rfc3339(AT.astimezone(bangkok)) == "2026-11-23T10:00:00.123Z"


def test_a_publisher_may_say_null_for_what_it_leaves_out() -> None:
    message: dict[str, Any] = {"rfc822_base64": "eA=="}
    envelope: dict[str, Any] = {"mail_from": "a@b.example", "rcpt_to": ["ana@example.org"]}
    nulls = dict.fromkeys(("reporter", "folder", "reported_at", "comment", "idempotency_key"))
    report = {"category": "junk", "message": {**message, "sha256": None}, "envelope": {**envelope, "client_ip": None}}
    assert ReportSubmitted.of_data(json.dumps(report | nulls).encode()) == ReportSubmitted.model_validate(
        {"category": "junk", "message": message, "envelope": envelope}
    )
    held = {"message": message, "envelope": envelope}
    assert MailHeld.of_data(json.dumps({**held, "reason": None, "symbols": None, "queue_id": None}).encode()) == (
        MailHeld.model_validate(held)
    )
    with pytest.raises(ValidationError, match="category"):
        ReportSubmitted.of_data(json.dumps({"category": None, "message": message}).encode())


def test_unknown_fields_are_left_aside_so_that_v1_can_grow() -> None:
    assert resolved(invented_later="x") == resolved()


@pytest.mark.parametrize("message", [{}, {"rfc822_base64": "eA==", "sha256": "0" * 64}, {"sha256": "../../etc/passwd"}])
def test_a_message_comes_by_value_or_by_reference(message: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        MessageByValue.model_validate(message)


def test_a_foreign_report_needs_a_category_and_a_message_only() -> None:
    report = ReportSubmitted.model_validate({"category": "junk", "message": {"rfc822_base64": "eA=="}})
    assert report.reporter == ""


@pytest.mark.parametrize("kind", EVENTS)
def test_every_event_has_a_stream_of_its_own_with_a_version(kind: type[Event]) -> None:
    assert kind.STREAM.endswith(".v1")
    assert [other.STREAM for other in EVENTS].count(kind.STREAM) == 1
    assert kind.__doc__
