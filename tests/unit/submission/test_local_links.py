"""Signals of links: where they go, and what they say about it."""

from typing import Any

import pytest

from shared.mail import Link
from tests.unit.submission.specimens import PASSED, evidence, link, mail, on_a_list, signals

NEWSLETTER: dict[str, Any] = {"list_unsubscribe": "<https://partner.example/u>", "authentication": PASSED}


@pytest.mark.parametrize(
    ("url", "signal"),
    [
        ("https://bit.ly/3x", "shortener"),
        ("https://l.tinyurl.com/3x", "shortener"),
        ("https://prize.web.app/", "free_hosting"),
        ("https://storage.googleapis.com/b/o.html", "free_hosting"),
        ("https://prize.click/", "cheap_link"),
        ("http://192.0.2.7/login", "ip_link"),
        ("http://[2001:db8::7]/login", "ip_link"),
        ("http://3221225991/login", "ip_link"),
        ("https://xn--pypal-4ve.example/", "punycode_link"),
        ("https://example-org.login.example/", "own_domain_in_link"),
        ("https://example.org.login.example/", "own_domain_in_link"),
        ("https://elsewhere.example/", "one_foreign_host"),
    ],
)
def test_each_kind_of_target_is_told(url: str, signal: str) -> None:
    assert signal in signals(mail("", link(url)))


def test_a_link_home_speaks_for_its_sender() -> None:
    assert signals(mail("", link("https://www.partner.example/minutes"))) == {"own_link"}


def test_links_of_attachments_are_not_links_of_the_body() -> None:
    inside = Link("https://bit.ly/3x", "bit.ly/3x", "bit.ly", place="attachment")
    assert signals(mail("", inside)) == set()


def test_links_to_several_strangers_are_not_links_to_one() -> None:
    assert "one_foreign_host" not in signals(mail("", link("https://a.example/"), link("https://b.example/")))


def test_the_own_domain_is_a_fine_target() -> None:
    assert "own_domain_in_link" not in signals(mail("", link("https://wiki.example.org/page")))


def test_lists_are_not_told_about_strangers_hosts() -> None:
    links = (link("https://prize.web.app/"), link("https://prize.click/", "www.bank.example"))
    assert signals(on_a_list(links=links, headers={"references": "<1@x.example>"})) == {"list_id"}
    assert signals(on_a_list(links=links)) == {"free_hosting", "cheap_link"}


@pytest.mark.parametrize("path", ["setup.exe", "Setup.MSI?x=1", "a/b/tool.iso"])
def test_a_link_to_a_program_is_told_but_not_of_a_maker_that_can_be_left(path: str) -> None:
    url = f"https://files.partner.example/{path}"
    assert "program_link" in signals(mail("Bo <bo@partner.example>", link(url)))
    left: dict[str, Any] = {"list_unsubscribe": "<https://partner.example/u>", "authentication": PASSED}
    assert "program_link" not in signals(mail("Bo <bo@partner.example>", link(url), **left))
    assert "program_link" not in signals(mail("Bo <bo@partner.example>", link("https://partner.example/exe")))


@pytest.mark.parametrize("text", ["www.bank.example", "https://bank.example/login", "bank.example"])
def test_a_text_that_shows_another_domain_is_told_with_both(text: str) -> None:
    found = evidence(mail("", link("https://login.example/", text)))["text_hides_target"]
    assert found.text == "A link shows bank[.]example, but goes to login[.]example."


@pytest.mark.parametrize(
    "text", ["login.example", "sub.login.example/x", "Click here", "Version 1.2.3", "Read more at bank.example today"]
)
def test_a_text_that_shows_its_target_or_none_is_not(text: str) -> None:
    assert "text_hides_target" not in signals(mail("", link("https://www.login.example/", text)))


def test_trackers_of_known_mailers_hide_no_target() -> None:
    assert "text_hides_target" not in signals(mail("", link("https://u1.ct.sendgrid.net/ls", "partner.example")))


def test_newsletters_that_may_be_left_track_their_links_and_readers() -> None:
    tracked = (
        link("https://click.mailer.example/?to=ana.lind@example.org", "www.partner.example"),
        link("https://partner.example/"),
    )
    assert signals(mail("", *tracked, **NEWSLETTER)) == {"list_unsubscribe", "own_link"}


def test_unproven_mail_cannot_be_left_whatever_its_header_says() -> None:
    tracked = link("https://click.mailer.example/", "www.partner.example")
    assert "text_hides_target" in signals(mail("", tracked, list_unsubscribe="<https://partner.example/u>"))


@pytest.mark.parametrize("form", ["ana.lind@example.org", "ana.lind%40example.org", "ANA.LIND@EXAMPLE.ORG"])
def test_the_recipients_address_in_a_link_is_told(form: str) -> None:
    assert "recipient_in_link" in signals(mail("", link(f"https://login.example/?e={form}")))


@pytest.mark.parametrize("defect", ["script-url", "data-url"])
def test_a_link_that_is_a_program_or_page_is_told_without_any_other_link(defect: str) -> None:
    assert signals(mail(defects=(defect,))) == {"script_url"}


def test_hosts_are_quoted_so_that_nothing_makes_links_of_them() -> None:
    told = evidence(mail("", link("https://bit.ly/3x"), link("http://192.0.2.7/"), link("https://prize.web.app/")))
    assert all("." not in one.text.replace("[.]", "").removesuffix(".") for one in told.values())
