"""What speaks for a mail, and what people said about it."""

from typing import Any

import pytest

from tests.unit.submission.specimens import PASSED, evidence, link, mail, on_a_list, opinion, signals

LEAVE: dict[str, Any] = {"list_unsubscribe": "<https://partner.example/u>"}
TIPPING: dict[str, Any] = {"text": "Your tax refund: last warning"}  # two points by itself


def test_a_proven_sender_that_may_be_left_is_bulk() -> None:
    told = opinion(mail(authentication=PASSED, **LEAVE))
    assert (told.category, told.evaluation) == ("bulk", "unknown")
    assert told.confidence > 0.5
    assert "unsubscribe" in told.recommendations[0]


def test_a_header_without_proof_is_words() -> None:
    assert signals(mail(**LEAVE)) == set()
    assert opinion(mail(**LEAVE)).category == "unknown"


def test_bulk_with_a_lure_is_not_called_bulk() -> None:
    assert opinion(mail(authentication=PASSED, text="You have won a prize", **LEAVE)).category == "unknown"


def test_precedence_counts_for_proven_senders_only() -> None:
    assert "precedence" in signals(mail(authentication=PASSED, headers={"precedence": "Bulk"}))
    assert "precedence" not in signals(mail(headers={"precedence": "bulk"}))
    assert "precedence" not in signals(mail(authentication=PASSED, headers={"precedence": "first-class"}))


def test_a_list_needs_both_of_its_headers() -> None:
    answer = {"in-reply-to": "<1@a.example>"}
    assert signals(on_a_list(headers=answer)) == {"list_id"}
    assert signals(mail(list_id="talk.lists.example", headers=answer)) == set()


def test_only_an_answer_on_a_list_speaks_for_itself() -> None:
    assert signals(on_a_list()) == set()


@pytest.mark.parametrize("category", ["phishing", "malware", "junk"])
def test_a_report_is_evidence_that_names_what_was_said(category: str) -> None:
    told = evidence(mail(), category=category)["reported"]
    assert (told.weight, told.where) == (0.5, "report")
    assert category in told.text


@pytest.mark.parametrize(("count", "weight"), [(0, 0.5), (1, 0.5), (2, 0.75), (4, 1.0), (4_000_000, 1.0)])
def test_more_reporters_weigh_more_up_to_a_limit(count: int, weight: float) -> None:
    assert evidence(mail(), count=count)["reported"].weight == weight


def test_a_report_of_honest_mail_weighs_the_other_way() -> None:
    assert evidence(mail(), category="not_junk")["reported_honest"].weight == -0.5


def test_reports_alone_never_make_a_mail_bad() -> None:
    assert opinion(mail(), count=10_000).category == "unknown"


def test_reports_tip_a_doubtful_mail() -> None:
    assert opinion(mail(**TIPPING)).category == "unknown"
    assert opinion(mail(**TIPPING), count=4).category == "phishing"


def test_the_first_report_makes_nobody_surer() -> None:
    bad = mail("DHL <fee@fee.example>", text="Dear customer, pay the customs fee within 24 hours")
    assert opinion(bad).confidence == opinion(bad, category="not_junk").confidence
    assert opinion(bad, count=4).confidence > opinion(bad).confidence


def test_many_reports_keep_an_own_mail_from_being_clean() -> None:
    own = mail("Cy <cy@example.org>", authentication=PASSED)
    assert opinion(own).category == "clean"
    assert opinion(own, count=4).category == "unknown"


SELLS = "Order now and save up to half: no obligation, limited offer, best price."


def test_a_sellers_tone_is_told_the_more_of_it_the_more() -> None:
    some = evidence(mail("", text="A discount, no obligation."))["pitch"]
    more = evidence(mail("", text=SELLS))["pitch"]
    assert 0 < some.weight < more.weight <= 2.0


def test_one_of_its_words_is_no_sellers_tone() -> None:
    assert "pitch" not in signals(mail("", text="I got a discount."))


def test_mail_that_can_be_left_or_leads_to_its_sender_or_is_of_colleagues_may_sell() -> None:
    own = link("https://partner.example/shop")
    assert "pitch" not in signals(mail("", text=SELLS, authentication=PASSED, list_unsubscribe="<https://x.example/u>"))
    assert "pitch" not in signals(mail("Bo <bo@partner.example>", own, text=SELLS))
    assert "pitch" not in signals(mail("Karin <karin@example.org>", text=SELLS, authentication=PASSED))


def test_talks_on_lists_may_sell_a_little() -> None:
    assert "pitch" not in signals(on_a_list(text="A discount, no obligation."))
    assert "pitch" in signals(on_a_list(text=SELLS))
    assert "pitch" not in signals(on_a_list(text=SELLS, headers={"references": "<1@x.example>"}))


def test_the_foot_that_a_list_writes_is_not_the_writers() -> None:
    foot = "\n" + "_" * 47 + "\ntalk mailing list\nlimited offer, no obligation, order now, best price\n"
    assert "pitch" not in signals(on_a_list(text="Hello all, the minutes are done." + foot))
    assert "pitch" in signals(on_a_list(text="Hello." + foot + "order now, limited offer\n" * 20))


def test_words_that_are_quoted_in_an_answer_on_a_list_are_not_the_writers() -> None:
    quoted = "> Verify your account within 24 hours or it will be suspended.\n\nWe see these too."
    assert signals(on_a_list(subject="Re: [talk] wave of fakes", text=quoted)) <= {"list_id", "fake_reply"}
    assert "credentials" in signals(on_a_list(subject="Re: [talk] wave", text=quoted.replace("> ", "")))
