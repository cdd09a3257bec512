"""Why a bad mail was delivered, and what is proposed to do and to block."""

from typing import Any

import pytest

from services.blocklist.rules.guards import Ours, refusal
from shared.events import Authentication
from shared.mail import Attachment, Link
from tests.unit.submission.specimens import PASSED, checks, file, link, mail, opinion, person

BAD: dict[str, Any] = {"text": "Dear customer, final notice: verify your account, you have won a prize"}


def blocked(sender: str = "", *links: Link, **fields: Any) -> list[tuple[str, str]]:
    told = opinion(mail(sender, *links, **{**BAD, **fields}))
    assert told.category in ("phishing", "malware")
    return [(block.kind, block.value) for block in told.blocks]


@pytest.mark.parametrize(
    ("found", "headers", "cause"),
    [
        (PASSED, {}, "authenticated_sender"),
        (checks("pass", "none", "none"), {}, "filter_missed"),
        (checks("fail", "none", "none"), {}, "no_authentication"),
        (checks("none", "none", "none"), {}, "no_authentication"),
        (checks(), {}, "undetermined"),
        (checks(), {"x-spam-status": "No, score=1.2 required=5 tests=HTML_MESSAGE"}, "filter_missed"),
        (PASSED, {"x-spam-status": "No, score=-98 tests=USER_IN_WELCOMELIST,HTML_MESSAGE"}, "allowed_by_user"),
        (PASSED, {"x-forefront-antispam-report": "CIP:192.0.2.7;SFV:SFE;SCL:-1"}, "allowed_by_user"),
        (PASSED, {"x-forefront-antispam-report": "CIP:192.0.2.7;SFV:SKA;SCL:-1"}, "allowed_by_tenant"),
        (
            PASSED,
            {"x-spamd-result": "default: False [-9.0 / 15.0]; WHITELIST_SENDER_DOMAIN(-10)[shop.example]"},
            "allowed_by_tenant",
        ),
        (PASSED, {"x-rspamd-report": "LOCAL_ALLOWLIST(-5.0)"}, "allowed_by_tenant"),
        (PASSED, {"x-spamd-result": "default: False; LONGSTOP_ALLOW(0.00)[01HX]"}, "allowed_by_tenant"),
        (PASSED, {"x-ms-exchange-organization-scl": "-1"}, "allowed_by_tenant"),
        (PASSED, {"x-forefront-antispam-report": "CIP:192.0.2.7;IPV:CAL;SCL:-1"}, "allowed_by_tenant"),
        (PASSED, {"x-forefront-antispam-report": "SFV:NSPM"}, "authenticated_sender"),
    ],
)
def test_the_cause_comes_from_what_the_gateway_noted(
    found: Authentication, headers: dict[str, str], cause: str
) -> None:
    assert opinion(mail(authentication=found, headers=headers, **BAD)).cause == cause


def test_a_mail_that_is_not_bad_has_no_cause() -> None:
    assert opinion(mail(headers={"x-spam-status": "USER_IN_WELCOMELIST"})).cause == "undetermined"


def test_an_override_is_to_be_changed_first_and_another_cause_after_what_is_urgent() -> None:
    told = opinion(mail(authentication=PASSED, headers={"x-rspamd-report": "WHITELIST_IP"}, **BAD))
    assert told.recommendations[0].startswith("Remove the allow entry")
    told = opinion(mail(authentication=PASSED, **BAD))
    assert "really came from partner[.]example" in told.recommendations[1]


@pytest.mark.parametrize(
    ("headers", "named"),
    [
        ({"x-spam-status": "No, tests=USER_IN_WELCOMELIST"}, ("USER_IN_WELCOMELIST", "SpamAssassin")),
        ({"x-forefront-antispam-report": "SFV:SFE;SCL:-1"}, ("SFV:SFE", "safe senders")),
        ({"x-forefront-antispam-report": "SFV:SKA"}, ("SFV:SKA", "anti-spam policy")),
        ({"x-ms-exchange-organization-scl": "-1"}, ("-1", "mail flow rule")),
        ({"x-spamd-result": "LONGSTOP_ALLOW(0.00)[01HX]"}, ("LONGSTOP_ALLOW(0[.]00)[01HX]", "longstop block remove")),
    ],
)
def test_an_override_is_named_with_what_takes_it_away(headers: dict[str, str], named: tuple[str, str]) -> None:
    first = opinion(mail(authentication=PASSED, headers=headers, **BAD)).recommendations[0]
    assert all(words in first for words in named)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "I recorded you with your webcam. Send bitcoins to this bitcoin address, all your contacts will see it.",
            "Nobody needs to pay",
        ),
        (
            "Are you available? I need you to handle a quick task discreetly, can't take calls. Verify your account",
            "telephone number that you already had",
        ),
        ("Final notice: verify your account, dear customer", "change it now"),
    ],
)
def test_what_to_do_at_once_fits_what_the_mail_wants(text: str, said: str) -> None:
    told = opinion(mail("Someone <x@gmail.com>", text=text))
    assert told.category == "phishing"
    assert any(said in words for words in told.recommendations)


def test_signals_say_what_else_to_change_and_each_advice_is_a_sentence() -> None:
    told = opinion(mail("DHL <x@fee.example>", link("https://bit.ly/3"), attachments=(file("a.exe"),), **BAD))
    text = " ".join(told.recommendations)
    for word in ("who opened the attachment", "programs", "well-known name", "full link"):
        assert word in text
    assert all(words[0].isupper() and words.endswith(".") and len(words) <= 200 for words in told.recommendations)
    assert len(set(told.recommendations)) == len(told.recommendations)


def test_an_unknown_mail_is_for_a_person_to_look_at() -> None:
    assert "have a person look" in opinion(mail()).recommendations[0]


def test_nothing_is_blocked_because_of_a_mail_that_is_not_bad() -> None:
    assert opinion(mail("", link("https://login.example/"), attachments=(file("notes.pdf", "pdf"),))).blocks == ()


def test_the_sender_and_the_strangers_hosts_are_proposed() -> None:
    assert blocked(
        "", link("https://login.example/a?b"), link("https://login.example/c"), link("https://x.example:8443/")
    ) == [
        ("address", "bo@partner.example"),
        ("url", "login.example"),
        ("url", "x.example"),
    ]


@pytest.mark.parametrize(
    ("sender", "proposed"),
    [
        ("no-reply@notify.thinkific.com", False),
        ("notifications@zendesk.com", False),
        ("school@thinkific.com", True),
        ("noreply@thief.web.app", True),
        ("noreply@thief.example", True),
    ],
)
def test_the_address_that_a_platform_sends_all_its_customers_mail_from_is_not_proposed(
    sender: str, *, proposed: bool
) -> None:
    assert (("address", sender) in blocked(f"X <{sender}>", link("https://login.example/"))) is proposed


@pytest.mark.parametrize(
    "host",
    [
        "bit.ly",
        "web.app",
        "login.weebly.com",
        "s3.amazonaws.com",
        "docs.google.com",
        "www.google.co.uk",
        "u1.ct.sendgrid.net",
        "www.facebook.com",
        "www.dhl.de",
        "intranet.example.org",
        "shop.recipient.example",
        "gmail.com",
        "localhost",
    ],
)
def test_hosts_that_others_use_are_never_proposed(host: str) -> None:
    to = (person("Ana <ana.lind@example.org>"), person("Di <di@recipient.example>"))
    assert blocked("", link(f"https://{host}/x"), to=to) == [("address", "bo@partner.example")]


@pytest.mark.parametrize("host", ["prize.web.app", "prize.eu.pages.dev", "prize.github.io"])
def test_of_a_free_host_the_customers_own_name_is_proposed(host: str) -> None:
    assert ("url", host) in blocked("", link(f"https://{host}/x"))
    assert refusal(kind="url", value=host, action="block", ours=Ours(), automatic=True) == ""


def test_a_domain_by_itself_is_never_proposed() -> None:
    assert {kind for kind, _ in blocked("", link("https://login.example/"))} == {"address", "url"}


def test_few_hosts_are_proposed_of_a_padded_mail() -> None:
    many = [link(f"https://h{n}.example/") for n in range(200)]
    assert len(blocked("", *many)) == 6


@pytest.mark.parametrize(
    ("sender", "found", "is_proposed"),
    [
        ("Bo <bo@partner.example>", checks(), True),
        ("Bo <bo@partner.example>", PASSED, True),
        ("Bo <bo@partner.example>", checks("none", "none", "none"), True),
        ("Bo <bo@partner.example>", checks("fail", "none", "none"), False),
        ("Bo <bo@partner.example>", checks(dmarc="fail"), False),
        ("Bo <bo@partner.example>", checks("none", "pass", "fail"), False),
        ("Bo <bo@gmail.com>", checks(), True),
        ("Bo <bo@gmail.com>", PASSED, True),
        ("Bo <bo@gmail.com>", checks("none", "none", "none"), False),
        ("DHL <info@dhl.de>", PASSED, False),
        ("DHL <info@dhl.de>", checks(), False),
        ("Cy <cy@example.org>", checks(), False),
        ("Cy <cy@hr.example.org>", checks(), False),
        ("Ana <Ana.Lind@other.example>", checks(), True),
        ("Bo <bo@localhost>", checks(), False),
        ("Bo <>", checks(), False),
    ],
)
def test_an_address_is_proposed_unless_it_is_forged_or_shared_by_honest_people(
    sender: str, found: Authentication, is_proposed: bool
) -> None:
    assert ("address" in {kind for kind, _ in blocked(sender, authentication=found)}) is is_proposed


def test_the_recipients_own_address_is_never_proposed() -> None:
    to = (person("Di <di@recipient.example>"),)
    assert blocked("Di <di@recipient.example>", to=to) == []


def test_an_envelope_that_passed_spf_proves_its_own_domain_only() -> None:
    passed = checks("pass", "none", "none")
    assert blocked("Bo <bo@gmail.com>", authentication=passed, return_path="bo@gmail.com") == [
        ("address", "bo@gmail.com")
    ]
    assert blocked("Bo <bo@gmail.com>", authentication=passed, return_path="x@mailer.example") == []


@pytest.mark.parametrize(
    "attachment",
    [
        file("a.exe", "exe"),
        file("a.iso", "iso"),
        file("a.docm", "ooxml-macro"),
        file("a.html", "html"),
        file("a.zip", "zip", members=("b.js.exe",)),
    ],
)
def test_files_that_carry_the_harm_are_proposed(attachment: Attachment) -> None:
    assert ("file", "b" * 64) in blocked(attachments=(attachment,))


def test_other_files_are_not() -> None:
    assert "file" not in {kind for kind, _ in blocked(attachments=(file("a.pdf", "pdf"),))}


@pytest.mark.parametrize(
    ("sender", "words"),
    [
        ("Bo <bo@gmail.com>", "Block the address bo[@]gmail[.]com, not its domain"),
        ("service@paypal.com <service@paypal.com>", "Report this to paypal[.]com as abuse rather than block it"),
        ("Bo <bo@partner.example>", "Block the sender: this mail really came from partner[.]example"),
    ],
)
def test_a_proven_sender_is_to_be_blocked_only_where_that_hits_nobody_else(sender: str, words: str) -> None:
    told = opinion(mail(sender, authentication=PASSED, **BAD))
    assert [one for one in told.recommendations if one.startswith(words)]
    assert not {block.value for block in told.blocks} & {"gmail.com", "paypal.com", "service@paypal.com"}


def test_who_follows_a_parcel_is_told_of_the_card() -> None:
    text = (
        "Dear customer, your parcel could not be delivered. Pay the customs fee within 24 hours. Verify your account."
    )
    assert "card stopped" in opinion(mail(text=text)).recommendations[0]


def test_an_odd_file_is_proposed_and_its_opening_asked_about() -> None:
    told = opinion(mail(attachments=(file("order.one"),)))
    assert [block.kind for block in told.blocks if block.kind == "file"] == ["file"]
    assert "opened the attachment" in told.recommendations[0]
