"""What triage decides."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.triage.rules.decisions import decide, priority
from services.triage.rules.likeness import likeness
from shared.events import MessageFacts
from shared.events.vocabulary import ReportCategory


def message(**facts: object) -> MessageFacts:
    return MessageFacts.model_validate({"sha256": "a" * 64, "size_bytes": 1, **facts})


def decided(category: ReportCategory = "phishing", **facts: object):
    return decide(category=category, message=message(**facts), report_count=1, low_fidelity=False, defaulted=False)


def test_a_borrowed_message_id_shares_a_case_but_never_a_verdict() -> None:
    honest = likeness(message=message(message_id="m@example.org", from_domain="example.org", body_hash="1"))
    phish = likeness(
        message=message(sha256="b" * 64, message_id="m@example.org", from_domain="example.org", body_hash="2")
    )
    assert set(honest.same_case) & set(phish.same_case)
    assert not set(honest.same_mail) & set(phish.same_mail)


def test_the_same_message_id_of_another_domain_shares_nothing() -> None:
    one = likeness(message=message(message_id="m@x", from_domain="example.org"))
    other = likeness(message=message(sha256="b" * 64, message_id="m@x", from_domain="example.net"))
    assert not {*one.same_case, *one.same_mail} & {*other.same_case, *other.same_mail}


def test_mails_without_text_are_not_alike() -> None:
    one, other = likeness(message=message()), likeness(message=message(sha256="b" * 64))
    assert not set(one.same_mail) & set(other.same_mail)


def test_a_reported_phish_is_submitted() -> None:
    assert decided().decision == "submit"


def test_a_simulation_is_dismissed_whatever_else_it_is() -> None:
    decision = decided(header_matches=("X-Drill: 1",), defects=("too-many-parts",))
    assert (decision.decision, decision.priority) == ("dismiss", "low")


@pytest.mark.parametrize(("category", "facts"), [("not_junk", {}), ("phishing", {"defects": ("too-many-parts",)})])
def test_what_a_program_should_not_decide_alone_is_reviewed(category: ReportCategory, facts: dict[str, object]) -> None:
    assert decided(category, **facts).decision == "review"


def test_an_inline_forward_is_reviewed_and_says_why() -> None:
    decision = decide(category="phishing", message=message(), report_count=1, low_fidelity=True, defaulted=True)
    assert decision.decision == "review"
    assert any("without the header" in reason for reason in decision.reasons)
    assert any("named no category" in reason for reason in decision.reasons)


@given(st.sampled_from(["phishing", "malware", "junk", "not_junk"]), st.integers(1, 10_000))
def test_more_reports_never_make_a_case_less_urgent(category: ReportCategory, count: int) -> None:
    order = ("low", "normal", "high", "urgent")
    assert order.index(priority(category=category, report_count=count)) <= order.index(
        priority(category=category, report_count=count + 1)
    )


def test_malware_goes_before_phishing_goes_before_junk() -> None:
    assert priority(category="malware", report_count=1) == "high"
    assert priority(category="phishing", report_count=1) == "normal"
    assert priority(category="junk", report_count=1) == "low"
