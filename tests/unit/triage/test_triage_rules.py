"""What the rules that ship decide, and what a file may say."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.triage.handlers.deciding import facts_of
from services.triage.rules.likeness import likeness
from services.triage.rules.policy import FACTS, Decision, PolicyError, default_text, read_policy
from services.triage.rules.reputation import Reputation
from services.triage.tables import Case
from shared.events import MessageFacts, ReportReceived
from shared.events.vocabulary import ReportCategory
from shared.work import now

POLICY = read_policy(default_text())


def message(**facts: object) -> MessageFacts:
    return MessageFacts.model_validate({"sha256": "a" * 64, "size_bytes": 1, **facts})


def facts(
    category: ReportCategory = "phishing", count: int = 1, report: dict[str, object] | None = None, **of_mail: object
) -> dict[str, object]:
    event = ReportReceived.model_validate(
        {
            "report_id": "r",
            "category": category,
            "source": "http",
            "message": message(**of_mail),
            "received_at": now(),
            **(report or {}),
        }
    )
    return facts_of(event, Case(case_id="c", opened_at=now(), report_count=count), Reputation())


def decided(
    category: ReportCategory = "phishing", count: int = 1, report: dict[str, object] | None = None, **of_mail: object
) -> Decision:
    return POLICY.decide(facts(category, count, report, **of_mail))


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


def test_conditions_may_ask_what_reports_are_asked() -> None:
    assert facts().keys() == FACTS.keys()


def test_a_reported_phish_is_submitted() -> None:
    assert decided().decision == "submit"
    assert decided().reasons == ("Reported as phishing.",)


def test_a_simulation_is_dismissed_whatever_else_it_is() -> None:
    decision = decided(count=50, header_matches=("X-Drill: 1",), defects=("too-many-parts",))
    assert (decision.decision, decision.priority) == ("dismiss", "low")
    assert len(decision.reasons) == 1


@pytest.mark.parametrize(("category", "of_mail"), [("not_junk", {}), ("phishing", {"defects": ("too-many-parts",)})])
def test_what_a_program_should_not_decide_alone_is_reviewed(category: ReportCategory, of_mail: dict[str, Any]) -> None:
    assert decided(category, **of_mail).decision == "review"


def test_an_inline_forward_is_reviewed_and_says_why() -> None:
    decision = decided(report={"low_fidelity": True, "defaulted": True})
    assert decision.decision == "review"
    assert any("without the header" in reason for reason in decision.reasons)
    assert any("named no category" in reason for reason in decision.reasons)


@given(st.sampled_from(["phishing", "malware", "junk", "not_junk"]), st.integers(1, 10_000))
def test_more_reports_never_make_a_case_less_urgent(category: ReportCategory, count: int) -> None:
    order = ("low", "normal", "high", "urgent")
    assert order.index(decided(category, count).priority) <= order.index(decided(category, count + 1).priority)


def test_malware_goes_before_phishing_goes_before_junk() -> None:
    assert [decided(one).priority for one in ("malware", "phishing", "junk")] == ["high", "normal", "low"]
    assert [decided("phishing", count).priority for count in (1, 3, 10)] == ["normal", "high", "urgent"]


OWN = """
rules:
  - name: the bank
    when: from_domain.endsWith("bank.example") && dmarc != "pass" && hosts.exists(h, h.startsWith("login."))
    priority: urgent
    tags: [bank, bec]
    block: domain
    reason: Our bank signs all its mail.
  - name: never true
    when: urls[99] == "x"
    decision: dismiss
"""


def test_rules_of_one_s_own() -> None:
    policy = read_policy(OWN)
    decision = policy.decide(facts(from_domain="mail.bank.example", urls=("login.evil.example/x",)))
    assert decision == Decision(
        "submit",
        "urgent",
        ("Reported as phishing.", "Our bank signs all its mail."),
        ("bank", "bec"),
        ("domain",),
        ("the bank",),
    )
    assert policy.decide(facts(from_domain="other.example")).rules == ()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "line 1: a rules file has one key"),
        ("rules: 3", "line 1: `rules` is a list"),
        ("rules:\n  - [", "is no YAML"),
        ("rules:\n  - when: simulation", "line 2: a rule needs `name`"),
        ("rules:\n  - name: a\n    when: simulatoin", "line 3: 1:1: undeclared reference to 'simulatoin'"),
        ("rules:\n  - name: a\n    when: subject", "line 3: a condition is true or false"),
        ("rules:\n  - name: a\n    when: reports > 'x'", "line 3: 1:9: found no matching overload"),
        (
            "rules:\n  - name: a\n    when: simulation\n    decision: burn",
            "line 4: burn is none of submit, review, dismiss",
        ),
        ("rules:\n  - name: a\n    when: simulation\n    then: x", "line 4: a rule has no `then`"),
        (
            "rules:\n  - {name: a, when: simulation}\n  - {name: a, when: simulation}",
            "line 3: another rule has the name a",
        ),
        ("rules:\n  - name: a\n    when: simulation\n    raise: 9", "line 4: priorities are raised by 1 to 3"),
        ("a" * 300_000, "more than"),
    ],
)
def test_a_fault_is_told_with_its_line(text: str, fault: str) -> None:
    with pytest.raises(PolicyError) as caught:
        read_policy(text)
    assert fault in str(caught.value)


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(PolicyError) as caught:
        read_policy("rules:\n  - {name: a, when: x}\n  - {name: b, when: y}")
    assert len(str(caught.value).splitlines()) == 2


@given(st.text(max_size=300))
def test_any_text_is_a_policy_or_says_why_not(text: str) -> None:
    with pytest.raises(PolicyError, match=r"\Aline [0-9]+: "):
        read_policy(f"rules: [{text}, x]")
