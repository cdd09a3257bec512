"""Guard rails: what is never listed, whoever asks, and that each refusal says what would be accepted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.blocklist.rules.forms import KINDS, canonical
from services.blocklist.rules.guards import EMPTY_FILE, Ours, refusal
from shared.errors import Reject
from shared.events.vocabulary import BlockAction, BlockKind

OWN = ("example.org", "mail.example.com")


def reason(kind: BlockKind, value: str, *, action: BlockAction = "block", automatic: bool = False) -> str:
    form = canonical(kind=kind, value=value)
    return refusal(kind=kind, value=form, action=action, ours=Ours(OWN), automatic=automatic)


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        ("address", "ceo@example.org", "your own domain"),
        ("address", "ceo@hr.example.org", "your own domain"),
        ("domain", "example.org", "your own domain"),
        ("domain", "hr.example.org", "your own domain"),
        ("domain", "example.com", "your own domain"),  # mail.example.com is below it
        ("url", "https://www.example.org/login", "your own domain"),
        ("url", "example.com", "your own domain"),
        ("address", "postmaster@parcel.example", "reachable"),
        ("address", "Abuse@parcel.example", "reachable"),
        ("address", "mailer-daemon@parcel.example", "reachable"),
        ("domain", "gmail.com", "NAME@gmail.com"),
        ("domain", "outlook.com", "NAME@outlook.com"),
        ("domain", "co.uk", "public suffix"),
        ("domain", "example", "public suffix"),
        ("url", "bit.ly", "bit.ly/PATH"),
        ("url", "https://t.co", "t.co/PATH"),
        ("url", "docs.google.com", "docs.google.com/PATH"),
        ("url", "usercontent.google.com", "drive.usercontent.google.com"),  # a shared host is below it
        ("url", "s3.amazonaws.com", "public suffix"),
        ("url", "github.io", "public suffix"),
        ("url", "gmail.com", "everybody uses"),
        ("url", "http://192.168.0.1/admin", "private or reserved"),
        ("url", "http://[::1]/admin", "private or reserved"),
        ("ip", "10.1.2.3", "private or reserved"),
        ("ip", "127.0.0.1", "private or reserved"),
        ("ip", "169.254.169.254", "private or reserved"),
        ("ip", "fd00::/64", "private or reserved"),
        ("ip", "ff02::1", "private or reserved"),
        ("ip", "203.0.0.0/16", "name a network of /24 or smaller"),
        ("ip", "2001:db8::/32", "name a network of /48 or smaller"),
        ("ip", "0.0.0.0/0", "name a network of /24 or smaller"),
        ("file", EMPTY_FILE, "empty file"),
        ("spoof", "bank.example, mail.example.org", "your own domain"),
        ("spoof", "bank.example, 10.1.2.3", "private or reserved"),
        ("spoof", "bank.example, co.uk", "public suffix"),
        ("spoof", "gmail.com, google.com", "name one address of gmail.com"),
        ("spoof", "*, outlook.com", "another infrastructure"),
    ],
)
def test_what_must_not_be_blocked_is_refused_with_a_reason(kind: BlockKind, value: str, words: str) -> None:
    assert words in reason(kind, value)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("address", "fee@parcel-fee.example"),
        ("address", "stranger@gmail.com"),
        ("address", "postmaster1@parcel.example"),
        ("domain", "parcel-fee.example"),
        ("domain", "notexample.org"),
        ("domain", "somebody.github.io"),
        ("url", "https://bit.ly/3xyz"),
        ("url", "https://docs.google.com/forms/d/e/x"),
        ("url", "s3.amazonaws.com/bucket/pay.html"),
        ("url", "bucket.s3.amazonaws.com"),
        ("url", "somebody.github.io"),
        ("url", "login-example.example"),
        ("url", "http://203.0.113.7/pay"),
        ("url", "203.0.113.7"),
        ("file", "0f" * 32),
        ("ip", "203.0.113.0/24"),
        ("ip", "2001:db8:1::/48"),
        ("spoof", "example.org, evil-host.example"),  # who is spoofed
        ("spoof", "ceo@example.org, 203.0.113.0/24"),
        ("spoof", "stranger@gmail.com, google.com"),
    ],
)
def test_what_harms_nobody_else_is_accepted(kind: BlockKind, value: str) -> None:
    assert reason(kind, value) == ""


@pytest.mark.parametrize(
    ("kind", "value"), [("address", "ceo@example.org"), ("domain", "example.org"), ("ip", "10.1.2.3")]
)
def test_what_is_ours_may_be_allowed(kind: BlockKind, value: str) -> None:
    assert reason(kind, value, action="allow") == ""


@pytest.mark.parametrize(("kind", "value"), [("domain", "gmail.com"), ("domain", "co.uk"), ("ip", "0.0.0.0/0")])
def test_a_door_for_strangers_is_not_opened_either(kind: BlockKind, value: str) -> None:
    assert reason(kind, value, action="allow")


@pytest.mark.parametrize(
    ("value", "accepted"), [("203.0.113.0/24", False), ("203.0.113.7", True), ("2001:db8::/64", True)]
)
def test_a_verdict_lists_no_network_wider_than_one_machine(value: str, accepted: bool) -> None:
    assert (reason("ip", value, automatic=True) == "") is accepted


def test_only_a_person_blocks_an_address_that_all_customers_of_a_platform_send_from() -> None:
    assert "an operator can add it" in reason("address", "No-Reply@notify.thinkific.com", automatic=True)
    assert reason("address", "no-reply@notify.thinkific.com") == ""
    assert reason("address", "school@thinkific.com", automatic=True) == ""
    assert reason("address", "no-reply@gmail.com", automatic=True) == ""


@pytest.mark.parametrize(
    ("kind", "value", "refused"),
    [
        ("address", "boss@partner.example", True),
        ("address", "any@bank.example", True),
        ("address", "any@mail.bank.example", True),
        ("domain", "partner.example", True),  # the boss is below it
        ("domain", "mail.bank.example", True),
        ("domain", "bank.example", True),
        ("address", "other@partner.example", False),
        ("domain", "xbank.example", False),
        ("spoof", "boss@partner.example, evil.example", False),
        ("url", "bank.example/pay", False),
    ],
)
def test_protected_senders_are_never_blocked_but_who_forges_them_may_be(
    kind: BlockKind, value: str, refused: bool
) -> None:
    ours = Ours(OWN, frozenset({"boss@partner.example", "bank.example"}))
    form = canonical(kind=kind, value=value)
    said = refusal(kind=kind, value=form, action="block", ours=ours)
    assert bool(said) is refused
    assert not refused or "protected sender" in said
    assert not refusal(kind=kind, value=form, action="allow", ours=ours)


@given(st.sampled_from(KINDS), st.sampled_from(OWN), st.sampled_from(["", "www.", "a.b.", "x@", "x@hr."]))
def test_no_form_of_an_own_domain_passes(kind: BlockKind, own: str, before: str) -> None:
    try:
        assert reason(kind, f"{before}{own}")
    except Reject:
        return  # no form of that kind


@given(st.sampled_from(KINDS), st.text(alphabet="abcz019.@:/-+_", max_size=40))
def test_every_refusal_is_one_clear_line(kind: BlockKind, value: str) -> None:
    try:
        said = reason(kind, value)
    except Reject as error:
        said = str(error)
    assert said == said.strip()
    assert "\n" not in said
