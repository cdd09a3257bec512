"""Signals of content: what the words ask for, in mail that speaks for itself."""

from typing import Any

import pytest

from tests.unit.submission.specimens import evidence, link, mail, on_a_list, opinion, signals


@pytest.mark.parametrize(
    ("text", "signal"),
    [
        ("Final notice: your account will be suspended", "urgency"),
        ("Please verify your billing details", "credentials"),
        ("A secure document has been shared", "documents"),
        ("We have new bank details for the outstanding invoice", "payment"),
        ("Your parcel is on hold, pay the customs fee", "parcel"),
        ("You have been randomly selected, claim your reward", "prize"),
        ("Please buy some gift cards and send me the codes", "gift_cards"),
        ("Claim your airdrop: connect wallet", "crypto_lure"),
        ("You received 0.44 BTC", "crypto_lure"),
        ("Best online casino, 50 free spins", "casino"),
        ("A loan offer with guaranteed returns", "money_for_nothing"),
        ("We offer SEO services and backlinks", "cold_offer"),
        ("Click here to remove yourself from our emails list", "remove_me"),
    ],
)
def test_each_lure_is_told(text: str, signal: str) -> None:
    assert signals(mail(text=text)) == {signal}


def test_words_count_in_the_subject_and_the_senders_name() -> None:
    assert "urgency" in signals(mail(subject="FINAL NOTICE"))
    assert "prize" in signals(mail("You are eligible <x@partner.example>"))


def test_the_html_text_is_read_when_it_says_more_than_the_plain_one() -> None:
    assert "urgency" in signals(mail(text="See HTML.", html_text="This is your last warning before we close it."))


def test_what_stands_far_behind_is_not_read() -> None:
    assert signals(mail(text="x " * 10_000 + "last warning")) == set()


def test_answers_on_a_list_are_other_peoples_words() -> None:
    text = "> Your account has been suspended, verify your account"
    assert signals(on_a_list(text=text, headers={"in-reply-to": "<1@a.example>"})) == {"list_id"}
    assert "urgency" in signals(on_a_list(text=text))


def test_junk_weighs_more_the_more_of_it_stands_there() -> None:
    texts = ["casino", "casino with free spins", "casino with free spins and slot games"]
    weights = [evidence(mail(text=text))["casino"].weight for text in texts]
    assert weights == [1.5, 2.25, 3.0]


EXTORTION = "I have full access to your device and a video of you. Send bitcoins to this bitcoin address."
FEE = "I am a barrister. My late client died without a next of kin; the inheritance is for you, strictly confidential."


def test_blackmail_alone_is_phishing() -> None:
    assert opinion(mail(text=EXTORTION), category="junk").category == "phishing"


def test_one_word_of_blackmail_is_none() -> None:
    assert signals(mail(text="The adult websites filter blocks too much.")) == set()


def test_the_story_of_a_strangers_money_is_told() -> None:
    found = evidence(mail(text=FEE))["advance_fee"]
    assert found.weight == 3
    assert "barrister" in found.text


def test_two_words_of_that_story_are_none() -> None:
    assert signals(mail(text="The lottery fund gave to the charity.")) == set()


@pytest.mark.parametrize("text", ["Dear Customer, your tax refund", "Hello ana.lind@example.org, your tax refund"])
def test_a_greeting_of_nobody_is_told(text: str) -> None:
    assert "generic_greeting" in signals(mail(text=text))


def test_a_greeting_by_name_is_not() -> None:
    assert signals(mail(text="Dear Ana, all customers were happy. " + "x" * 700 + " dear customer")) == set()


@pytest.mark.parametrize(
    "text", ["Hi +$4,811 ok.example/rCQE1, one last step", "Hello WIN https://login.example welcome"]
)
def test_a_link_where_a_name_would_stand_is_told(text: str) -> None:
    assert "stuffed_greeting" in signals(mail(text=text))


BILL = "Your subscription was renewed and $399.00 has been charged. To cancel this call our helpline {}."


@pytest.mark.parametrize("number", ["+1 (888) 555-0100", "888-555-0100", "+1 888 555 0100", "1.888.555.0100"])
def test_a_bill_for_nothing_with_a_number_to_call_is_told(number: str) -> None:
    assert "callback" in signals(mail(text=BILL.format(number)))


def test_a_bill_with_links_home_or_without_a_number_is_not() -> None:
    assert "callback" not in signals(mail(text=BILL.format("soon")))
    assert "callback" not in signals(mail("", link("https://partner.example/bills"), text=BILL.format("888-555-0100")))


def test_a_password_asked_inside_the_mail_is_told_before_the_form() -> None:
    assert signals(mail(has_form=True, has_password_field=True)) == {"password_form"}
    assert signals(mail(has_form=True)) == {"form"}


def test_a_picture_that_speaks_alone_is_told() -> None:
    picture: dict[str, Any] = {"text": "View online", "image_count": 1}
    home = link("https://partner.example/")
    assert signals(mail("", home, **picture)) == {"image_only", "own_link"}
    assert signals(mail(**picture)) == set()
    assert signals(mail("", home, image_count=1, text="Hello Ana, " + "here is what we said. " * 20)) == {"own_link"}


def test_every_evidence_of_content_quotes_what_was_found() -> None:
    told = evidence(mail(text="Last warning: your card expires. Click here to remove yourself"))
    assert "“last warning”" in told["urgency"].text
    assert "“click here to remove yourself”" in told["remove_me"].text
