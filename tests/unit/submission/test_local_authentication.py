"""Signals of authentication: weak, never twice in full, and silent where lists break it."""

import pytest

from shared.events import Authentication
from shared.events.vocabulary import AuthResult
from tests.unit.submission.specimens import PASSED, checks, evidence, mail, on_a_list, opinion, person, signals


def test_a_mail_that_passes_has_nothing_against_it() -> None:
    assert signals(mail(authentication=PASSED)) == set()


def test_a_mail_that_nobody_checked_has_nothing_against_it() -> None:
    assert signals(mail()) == set()


@pytest.mark.parametrize(
    ("found", "signal"),
    [
        (checks(dmarc="fail"), "dmarc_fail"),
        (checks(spf="fail"), "spf_fail"),
        (checks(spf="softfail"), "spf_fail"),
        (checks(dkim="fail"), "dkim_fail"),
        (checks("none", "none", "none"), "no_authentication"),
        (checks("neutral", "none", "permerror"), "no_authentication"),
    ],
)
def test_each_failure_is_told(found: Authentication, signal: str) -> None:
    assert signals(mail(authentication=found)) == {signal}


@pytest.mark.parametrize(
    "found",
    [
        checks("none", "pass", "none"),
        checks("pass", "none", "none"),
        checks(dmarc="bestguesspass"),
        checks(spf="temperror"),
    ],
)
def test_any_proof_or_a_check_that_could_not_be_made_is_no_lack_of_it(found: Authentication) -> None:
    assert "no_authentication" not in signals(mail(authentication=found))


def test_spf_and_dkim_weigh_half_beside_dmarc() -> None:
    alone = evidence(mail(authentication=checks(spf="fail", dkim="fail")))
    beside = evidence(mail(authentication=checks("fail", "fail", "fail")))
    assert beside["spf_fail"].weight == alone["spf_fail"].weight / 2
    assert beside["dkim_fail"].weight == alone["dkim_fail"].weight / 2


def test_failed_checks_alone_call_a_mail_bad_only_when_many_people_do() -> None:
    failed = mail(authentication=checks("fail", "fail", "fail"))
    assert opinion(failed).category == "unknown"
    assert opinion(failed, count=100).category == "spam"


def test_lists_break_authentication_and_are_not_blamed() -> None:
    assert signals(on_a_list(authentication=checks("fail", "fail", "fail"))) == set()


@pytest.mark.parametrize(
    ("spf", "told"),
    [("fail", {"spf_fail"}), ("softfail", {"spf_fail"}), ("none", {"no_authentication"}), ("pass", set())],
)
def test_what_a_list_itself_found_of_a_new_writer_counts(spf: AuthResult, told: set[str]) -> None:
    assert signals(on_a_list(authentication=checks(spf))) == told
    assert signals(on_a_list(authentication=checks(spf), headers={"in-reply-to": "<1@x.example>"})) == {"list_id"}
    assert signals(on_a_list(authentication=checks(spf), from_=person("Bo via Talk <talk@lists.example>"))) == set()


def test_an_own_domain_that_fails_is_forged() -> None:
    forged = mail("Ana <ana@example.org>", authentication=checks("fail", "none", "fail"))
    assert "own_domain_forged" in signals(forged)
    assert opinion(forged).category == "phishing"


def test_an_own_domain_below_counts_too() -> None:
    assert "own_domain_forged" in signals(mail("Ana <ana@hr.example.org>", authentication=checks(dmarc="fail")))


def test_an_own_domain_on_a_list_is_not_forged() -> None:
    posted = on_a_list(from_=mail("Ana <ana@example.org>").from_, authentication=checks("fail", "fail", "fail"))
    assert "own_domain_forged" not in signals(posted)


def test_an_own_domain_that_dmarc_proves_speaks_for_the_mail() -> None:
    own = opinion(mail("Cy <cy@example.org>", authentication=PASSED), category="junk")
    assert (own.category, own.evaluation) == ("clean", "clean")
    assert own.evidence[0].signal == "own_sender"
    assert own.evidence[0].weight < 0


def test_an_own_domain_without_dmarc_proves_nothing() -> None:
    assert opinion(mail("Cy <cy@example.org>", authentication=checks("pass", "pass", "none"))).category == "unknown"
