"""Signals on what people at work are asked, and where answers, payments and calls would go."""

from dataclasses import replace
from typing import Any

import pytest

from shared.mail import Link
from tests.unit.submission.specimens import PASSED, evidence, link, mail, on_a_list, opinion, person, signals

IBAN = "DE89 3704 0044 0532 0130 00"
CODE = replace(link("https://enrol.example/x"), place="code")
OWN: dict[str, Any] = {"from_": person("Karin <karin@example.org>"), "authentication": PASSED}


@pytest.mark.parametrize(
    "sender",
    [
        "Billing Dept <a@gmail.com>",
        "IT Support <x@outlook.com>",
        "Buchhaltung Krause <x@gmx.de>",
        "Managing Director <a@proton.me>",
    ],
)
def test_a_department_at_a_private_mailbox_is_told(sender: str) -> None:
    assert "office_on_freemail" in signals(mail(sender))


def test_a_department_that_is_answered_at_a_private_mailbox_is_told() -> None:
    asked = mail("Finance Department <share@google.com>", reply_to=person("F <f@gmail.com>"))
    assert "office_on_freemail" in signals(asked)


@pytest.mark.parametrize(
    "sender", ["Lotta Ek <lotta@gmail.com>", "Billing <billing@partner.example>", "Directory Ltd <x@gmail.com>"]
)
def test_people_and_firms_are_no_department_at_a_private_mailbox(sender: str) -> None:
    assert "office_on_freemail" not in signals(mail(sender))


def test_a_department_at_a_private_mailbox_is_not_bad_for_that_alone() -> None:
    assert opinion(mail("Buchhaltung Krause <x@gmx.de>"), count=50).category == "unknown"


def test_another_private_mailbox_in_the_text_is_told() -> None:
    assert "mailbox_in_text" in signals(mail("Bo <bo@partner.example>", text="Write to my lawyer, barr.x@gmail.com."))


@pytest.mark.parametrize(
    "text", ["Write to bo@gmail.com.", "Write to ana.lind@example.org.", "Write to x@firm.example."]
)
def test_the_senders_the_readers_and_a_firms_mailbox_are_not(text: str) -> None:
    assert "mailbox_in_text" not in signals(mail("Bo <bo@gmail.com>", text=text))


NOTE = (
    "You have a money request. Note from Desk: your account has been charged 699 USD. If you did not make this, call the helpline at "
    "+1 (805) 555-0119. Pay now"
)


def test_a_strangers_bill_inside_a_platforms_own_mail_is_told_and_the_platform_is_not_praised() -> None:
    found = signals(
        mail(
            "service@paypal.com <service@paypal.com>",
            link("https://www.paypal.com/x"),
            text=NOTE,
            authentication=PASSED,
        )
    )
    assert "stranger_note" in found
    assert not found & {"brand_sender", "own_link"}


@pytest.mark.parametrize(
    "text", [NOTE.replace("Note from Desk", "Hello"), NOTE.replace("805", "8"), "Note: call +1 (805) 555-0119"]
)
def test_a_platforms_own_words_or_a_friends_number_are_not(text: str) -> None:
    found = signals(
        mail(
            "service@paypal.com <service@paypal.com>",
            link("https://www.paypal.com/x"),
            text=text,
            authentication=PASSED,
        )
    )
    assert "stranger_note" not in found
    assert "brand_sender" in found


@pytest.mark.parametrize("text", ["Verify your account: scan the code with your phone.", ""])
def test_a_code_that_leads_to_a_stranger_and_is_all_there_is_or_lures_is_told(text: str) -> None:
    assert "code_to_scan" in signals(mail("Bo <bo@partner.example>", CODE, text=text))


@pytest.mark.parametrize("code", [CODE, replace(CODE, url="https://partner.example/t", host="partner.example")])
def test_a_ticket_is_not(code: Link) -> None:
    text = "Scan the code at the entrance." if code is CODE else "Verify your account: scan the code with your phone."
    assert "code_to_scan" not in signals(mail("Bo <bo@partner.example>", code, text=text))


def test_another_account_for_a_bill_is_told_without_the_whole_of_its_number() -> None:
    told = evidence(mail("", text=f"Please pay to our new account {IBAN} from today."))["new_account"]
    assert "0532" not in told.text


def test_another_account_is_told_once_and_is_not_bad_for_that_alone() -> None:
    asked = mail("", text=f"Neue Bankverbindung: {IBAN}")
    assert sum(one.weight for one in opinion(asked).evidence if one.signal in {"new_account", "payment"}) == 2.0
    assert opinion(asked).category == "unknown"


@pytest.mark.parametrize("text", ["Please pay to our new account.", f"Our account is {IBAN} as always."])
def test_an_account_as_always_is_not(text: str) -> None:
    assert "new_account" not in signals(mail("", text=text))


def test_colleagues_and_talks_on_lists_are_not_asked() -> None:
    words = f"new account {IBAN}, write to x@gmail.com, verify your account, scan the code with your phone"
    assert not {
        name
        for name in signals(mail("", CODE, text=words, **OWN))
        if name in {"new_account", "mailbox_in_text", "code_to_scan"}
    }
    answer = on_a_list(text=words, from_=person("CEO <a@gmail.com>"), headers={"references": "<1@x.example>"})
    assert signals(answer) <= {"list_id", "reply_to_freemail"}
