"""Signals of identity: who it says it is, and who it is."""

import pytest

from shared.mail import Address
from tests.unit.submission.specimens import PASSED, evidence, link, mail, on_a_list, opinion, person, signals


@pytest.mark.parametrize("sender", ["Support <>", "Support <support@localhost>", "Support <support@>"])
def test_a_sender_that_cannot_be_answered_is_told(sender: str) -> None:
    assert "from_unusable" in signals(mail(sender))


def test_a_name_that_shows_another_address_is_told() -> None:
    found = evidence(mail("boss@example.net <x@login.example>"))["address_in_name"]
    assert "boss[@]example[.]net" in found.text


def test_a_name_that_shows_its_own_address_is_not() -> None:
    assert "address_in_name" not in signals(mail("bo@mail.partner.example <bo@partner.example>"))


@pytest.mark.parametrize(
    "domain",
    [
        "northwlnd.example",
        "nortwind.example",
        "northwindd.example",
        "notrhwind.example",
        "n0rthwind.example",
        "northvvind.example",
        "northwind.org.login.example",
        "northwind-org.example",
        "northwind.top",
        "xn--nrthwind-nbh.example",
    ],
)
def test_a_domain_that_looks_like_the_own_one_is_told(domain: str) -> None:
    assert "own_domain_lookalike" in signals(mail(f"Ana <ana@{domain}>"), own=("northwind.org",))


@pytest.mark.parametrize(
    "domain",
    ["southwind.example", "northwind.org", "mail.northwind.org", "north.example", "northwind.net", "partner.example"],
)
def test_other_domains_and_the_own_one_are_not(domain: str) -> None:
    assert "own_domain_lookalike" not in signals(mail(f"Ana <ana@{domain}>"), own=("northwind.org",))


def test_short_own_domains_are_not_compared_by_their_letters() -> None:
    assert "own_domain_lookalike" not in signals(mail("Ana <ana@abd.example>"), own=("abc.org",))


def test_a_broken_international_domain_is_compared_as_it_stands() -> None:
    assert "own_domain_lookalike" not in signals(mail("Ana <ana@xn--99999999999.example>"), own=("northwind.org",))


@pytest.mark.parametrize("name", ["Northwind IT Helpdesk", "helpdesk at northwind.org", "NORTHW\u00ccND Payroll"])
def test_the_own_name_on_a_stranger_is_told(name: str) -> None:
    assert "own_name_foreign_domain" in signals(mail(f"{name} <it@login.example>"), own=("northwind.org",))


def test_the_own_name_without_any_address_is_told() -> None:
    found = evidence(mail("Northwind IT <>"), own=("northwind.org",))
    assert "no domain at all" in found["own_name_foreign_domain"].text


def test_the_own_name_at_the_own_domain_or_on_a_list_is_not() -> None:
    assert "own_name_foreign_domain" not in signals(mail("Northwind IT <it@northwind.org>"), own=("northwind.org",))
    posted = on_a_list(from_=Address("Northwind IT", "it@lists.example", "lists.example"))
    assert "own_name_foreign_domain" not in signals(posted, own=("northwind.org",))


@pytest.mark.parametrize(
    ("sender", "answer", "signal"),
    [
        ("Bo <bo@partner.example>", "Bo <bo.berg@gmail.com>", "reply_to_freemail"),
        ("Bo <bo@gmail.com>", "Bo <bo2@gmail.com>", "reply_to_other_mailbox"),
        ("Bo <bo@gmail.com>", "Bo <bo@outlook.com>", "reply_to_other_mailbox"),
        ("Bo <bo@partner.example>", "Bo <bo@elsewhere.example>", "reply_to_elsewhere"),
        ("Bo <bo@gmail.com>", "Bo <bo@elsewhere.example>", "reply_to_elsewhere"),
    ],
)
def test_answers_that_go_elsewhere_are_told_once(sender: str, answer: str, signal: str) -> None:
    found = signals(mail(sender, reply_to=person(answer)))
    assert {name for name in found if name.startswith("reply_to")} == {signal}


@pytest.mark.parametrize(
    ("sender", "answer"),
    [
        ("Bo <bo@partner.example>", "Bo <bo@mail.partner.example>"),
        ("Bo <bo@gmail.com>", "Bo <Bo@gmail.com>"),
        ("Shop <news@shop.example>", "Shop <re-12@bounces.sendgrid.net>"),
        ("Bo <>", "Bo <bo@gmail.com>"),
    ],
)
def test_answers_that_go_to_the_sender_or_his_mailer_are_not(sender: str, answer: str) -> None:
    assert not {name for name in signals(mail(sender, reply_to=person(answer))) if name.startswith("reply_to")}


@pytest.mark.parametrize(
    ("sender", "headers"),
    [
        ("Bo <bo@partner.example>", {"in-reply-to": "<1@x.example>"}),
        ("Bo via Talk <talk@lists.example>", {}),
        ("Talk <talk@lists.example>", {}),
    ],
)
def test_a_list_may_take_the_answers(sender: str, headers: dict[str, str]) -> None:
    posted = on_a_list(from_=person(sender), reply_to=person("Bo <bo@gmail.com>"), headers=headers)
    assert signals(posted) <= {"list_id"}


def test_who_opens_a_talk_on_a_list_and_is_answered_at_a_private_mailbox_is_told() -> None:
    assert signals(on_a_list(reply_to=person("Bo <bo@gmail.com>"))) == {"reply_to_freemail"}


def test_the_recipients_name_as_the_sender_is_told() -> None:
    assert "recipient_as_sender" in signals(mail("ana.lind@example.org <no-reply@login.example>"))
    assert "recipient_as_sender" in signals(mail("Documents <ana.lind@login.example>"))


@pytest.mark.parametrize("local", ["info", "ana"])
def test_local_parts_that_many_have_are_not_copied(local: str) -> None:
    copied = mail(f"Bo <{local}@partner.example>", to=(person(f"Ana <{local}@example.org>"),))
    assert "recipient_as_sender" not in signals(copied)


def test_a_mail_to_nobody_is_told_but_not_on_a_list() -> None:
    assert "to_nobody" in signals(mail(to=()))
    assert "to_nobody" not in signals(on_a_list(to=()))


@pytest.mark.parametrize(
    ("sender", "signal"),
    [
        ("Bo <noreply@project-x.firebaseapp.com>", "free_host_sender"),
        ("Bo <info@tenant.onmicrosoft.com>", "free_host_sender"),
        ("Bo <info@prize.top>", "cheap_sender"),
        ("Bo <info@prize.sa.com>", "cheap_sender"),
        ("Bo <nz7oa@ni0q28l5k6q.example>", "jumbled_sender"),
        ("Bo <a1b2c3d@partner.example>", "jumbled_sender"),
    ],
)
def test_addresses_made_by_the_thousand_are_told(sender: str, signal: str) -> None:
    assert signal in signals(mail(sender))


@pytest.mark.parametrize(
    "sender", ["Bo <bo.berg1980@partner.example>", "Bo <team-2026@4you.example>", "Bo <b2b@3m.example>"]
)
def test_addresses_with_a_number_are_not(sender: str) -> None:
    assert signals(mail(sender)) == set()


def test_a_look_alike_domain_alone_is_phishing() -> None:
    told = opinion(
        mail("Ana <ana@n0rthwind.example>", link("https://n0rthwind.example/"), authentication=PASSED),
        own=("northwind.org",),
    )
    assert told.category == "phishing"
    assert any("look-alike domain" in words for words in told.recommendations)


def test_an_address_in_the_name_that_all_links_lead_to_was_relayed() -> None:
    sender = "news@shop.example <x1@relay.example>"
    assert "address_in_name" not in signals(mail(sender, link("https://www.shop.example/a")))
    assert "address_in_name" in signals(
        mail(sender, link("https://www.shop.example/a"), link("https://thief.example/"))
    )
    assert "address_in_name" in signals(mail(sender))
