"""Signals of brands: their names on strangers, and their own proof."""

from typing import Any

import pytest

from services.submission.analysers.offline.brand_list import disguised, named, owner, worn
from tests.unit.submission.specimens import PASSED, checks, evidence, link, mail, on_a_list, opinion, signals


@pytest.mark.parametrize(
    ("name", "brand"),
    [
        ("paypal", "paypal"),
        ("paypal customer service", "paypal"),
        ("your microsoft 365 team", "microsoft 365"),
        ("crédit agricole".replace("é", "e"), "credit agricole"),
        ("dhl express", "dhl"),
        ("apple support", "apple"),
        ("ups delivery 4711", "ups"),
        ("amazon.co.jp", "amazon"),
    ],
)
def test_a_name_that_is_a_brands_is_recognised(name: str, brand: str) -> None:
    found = named(name)
    assert found is not None
    assert found.name == brand


@pytest.mark.parametrize(
    "name",
    ["chase miller", "orange county library", "market outlook weekly", "hermes da silva", "paypalooza", "sups", "ana"],
)
def test_people_and_words_are_no_brands(name: str) -> None:
    assert named(name) is None


@pytest.mark.parametrize("name", ["paypai security", "rnicrosoft", "micr0soft account", "\u0430mazon prime", "netf1ix"])
def test_a_brand_in_look_alike_characters_is_recognised(name: str) -> None:
    assert disguised(name) is not None


@pytest.mark.parametrize("name", ["paypal", "amazon", "ana lind", "ledgers", "microsofty"])
def test_plain_names_are_not_disguised(name: str) -> None:
    assert disguised(name) is None


@pytest.mark.parametrize(
    "host",
    [
        "paypal-login.example",
        "secure-dhl.example",
        "mypaypal.example",
        "paypa1.example",
        "amazon.co.uk.login.example",
        "www.paypal.com.login.example",
        "paypal.top",
        "dhl.parcel.sbs",
        "netflix.web.app",
        "docusign-view.netlify.app",
    ],
)
def test_a_strangers_host_that_wears_a_brand_is_recognised(host: str) -> None:
    assert worn(host) is not None


@pytest.mark.parametrize(
    "host",
    [
        "www.paypal.com",
        "paypal.se",
        "amazon.com.mx",
        "images-na.ssl-images-amazon.com",
        "royalmail.eu.qualtrics.com",
        "orange-county.example",
        "pineapple.example",
        "localhost",
        "192.0.2.7",
        "",
    ],
)
def test_a_brands_own_hosts_and_customers_names_are_not_worn(host: str) -> None:
    assert worn(host) is None


def test_an_own_host_is_told_by_domain_or_by_its_name() -> None:
    hosts = ("mail.dhl.de", "dhl.ie", "dhl.top", "dhl.web.app", "dhl", "a.example")
    assert [getattr(owner(host), "name", "") for host in hosts] == ["dhl", "dhl", "", "", "", ""]


def test_a_brands_name_on_a_strangers_address_is_told_with_both() -> None:
    found = evidence(mail("DHL Express <fee@parcel-fee.example>"))["brand_in_name"]
    assert found.text == "It calls itself DHL Express, but comes from parcel-fee[.]example."


def test_a_brands_name_without_an_address_is_told() -> None:
    assert "no domain at all" in evidence(mail("PayPal <>"))["brand_in_name"].text


def test_a_disguised_brand_alone_is_phishing() -> None:
    assert opinion(mail("PaypaI Service <x@login.example>")).category == "phishing"


def test_a_partner_whose_every_link_goes_to_the_brand_may_use_its_name() -> None:
    assert "brand_in_name" not in signals(
        mail("DHL via Shop <ship@shop.example>", link("https://www.dhl.de/track?1"), link("https://dhl.com/help"))
    )


def test_one_link_elsewhere_is_enough_to_doubt_it() -> None:
    assert "brand_in_name" in signals(
        mail("DHL via Shop <ship@shop.example>", link("https://www.dhl.de/track?1"), link("https://pay.example/"))
    )


def test_a_list_keeps_the_posters_name_beside_its_own_address() -> None:
    munged = on_a_list(from_=mail("Amazon Kid via Talk <talk@lists.example>").from_)
    assert "brand_in_name" not in signals(munged)


def test_a_stranger_on_a_list_is_still_told() -> None:
    assert "brand_in_name" in signals(on_a_list(from_=mail("Amazon <x@login.example>").from_))


def test_a_sender_whose_domain_borrows_a_brand_is_told() -> None:
    assert "brand_lookalike" in signals(mail("Service <info@paypal-billing.example>"))


def test_a_subject_about_a_brand_that_nothing_belongs_to_is_told() -> None:
    about: dict[str, Any] = {"subject": "Your Netflix membership"}
    assert "brand_in_subject" in signals(mail("", link("https://pay.example/"), **about))
    assert "brand_in_subject" not in signals(
        mail("", link("https://pay.example/"), link("https://www.netflix.com/"), **about)
    )
    assert "brand_in_subject" not in signals(mail(**about))


def test_a_newsletter_may_speak_of_brands() -> None:
    offer = mail(
        "Shop <news@shop.example>",
        link("https://shop.example/"),
        subject="20 % with PayPal",
        list_unsubscribe="<https://shop.example/u>",
        authentication=PASSED,
    )
    assert signals(offer) == {"list_unsubscribe", "own_link"}


def test_a_link_that_borrows_a_brand_is_told_but_not_in_the_brands_own_mail() -> None:
    survey = link("https://paypal-survey.example/")
    assert "brand_in_host" in signals(mail("", survey))
    assert "brand_in_host" not in signals(mail("PayPal <service@paypal.com>", survey))


def test_a_brand_that_dmarc_disowns_is_forged_and_one_that_it_proves_is_not() -> None:
    sender = "PayPal <service@paypal.com>"
    assert "brand_forged" in signals(mail(sender, authentication=checks(dmarc="fail")))
    assert evidence(mail(sender, authentication=PASSED))["brand_sender"].weight < 0
    assert not {"brand_forged", "brand_sender"} & signals(mail(sender))


def test_freemail_is_its_users_not_the_brands() -> None:
    assert "brand_sender" not in signals(mail("Bo <bo@gmail.com>", authentication=PASSED))


def test_a_proven_brand_is_never_clean_for_its_services_are_abused() -> None:
    assert (
        opinion(mail("PayPal <service@paypal.com>", authentication=PASSED), category="not_junk").category == "unknown"
    )
