"""One form for each value, and nothing but a Reject for what has none."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.blocklist.rules.forms import (
    KINDS,
    TENANT,
    VALUE_MAX,
    canonical,
    canonical_scope,
    kind_of,
    scope_width,
    scopes_of,
)
from shared.errors import Reject
from shared.events.vocabulary import BlockKind

SHA256 = "0f" * 32


@pytest.mark.parametrize(
    ("kind", "given_value", "form"),
    [
        ("address", " Fee@Parcel-Fee.Example ", "fee@parcel-fee.example"),
        ("address", "fee+Tag@parcel.example", "fee+tag@parcel.example"),
        ("address", "info@bücher.example", "info@xn--bcher-kva.example"),
        ("address", "a@[203.0.113.7]", "a@[203.0.113.7]"),
        ("domain", "Login-Example.NET.", "login-example.net"),
        ("domain", "@login-example.net", "login-example.net"),
        ("domain", "*.login-example.net", "login-example.net"),
        ("domain", "BÜCHER.example", "xn--bcher-kva.example"),
        ("url", "https://Login.Example:443/Pay?a=1#top", "login.example/Pay?a=1"),
        ("url", "http://login.example:8080/pay", "login.example/pay"),
        ("url", "http://user:secret@login.example/pay", "login.example/pay"),
        ("url", "login.example", "login.example"),
        ("url", "https://login.example", "login.example"),
        ("url", "https://login.example:8443#top", "login.example"),
        ("url", "https://login.example/", "login.example/"),
        ("url", "https://login.example?pay=1", "login.example/?pay=1"),
        ("url", "hTTp:\\\\login.example\\pay", "login.example/pay"),
        ("url", "http://login.example/%70ay/../fee", "login.example/fee"),
        ("url", "http://0xCB007107/x", "203.0.113.7/x"),
        ("url", "http://[2001:DB8::1]:80/x", "[2001:db8::1]/x"),
        ("url", "http://bücher.example/ü", "xn--bcher-kva.example/%C3%BC"),
        ("file", SHA256.upper(), SHA256),
        ("ip", "203.0.113.7/32", "203.0.113.7"),
        ("ip", "203.0.113.7/24", "203.0.113.0/24"),
        ("ip", "2001:0DB8:0:0::1", "2001:db8::1"),
        ("ip", "2001:db8::1/48", "2001:db8::/48"),
        ("ip", "::ffff:203.0.113.7", "203.0.113.7"),
        ("ip", "::ffff:203.0.113.0/120", "203.0.113.0/24"),
    ],
)
def test_a_value_has_one_form(kind: BlockKind, given_value: str, form: str) -> None:
    assert canonical(kind=kind, value=given_value) == form
    assert canonical(kind=kind, value=form) == form


@pytest.mark.parametrize(
    ("kind", "given_value", "words"),
    [
        ("address", "", "null sender"),
        ("address", "<>", "null sender"),
        ("address", "parcel-fee.example", "NAME@DOMAIN"),
        ("address", "a@b@c.example", "NAME@DOMAIN"),
        ("domain", "203.0.113.7", "no domain"),
        ("domain", "no domain", "no domain"),
        ("domain", "a.*.example", "no domain"),
        ("url", "mailto:fee@parcel-fee.example", "no web URL"),
        ("url", "javascript:alert(1)", "no web URL"),
        ("url", "/only/a/path", "no web URL"),
        ("file", "md5:aa", "SHA-256"),
        ("file", "g" * 64, "SHA-256"),
        ("ip", "203.0.113", "no IP address"),
        ("ip", "fe80::1%eth0", "no IP address"),
        ("ip", "203.0.113.0/33", "no IP address"),
        ("url", "http://login.example/" + "a" * VALUE_MAX, "too long"),
    ],
)
def test_what_is_none_of_its_kind_is_refused_with_what_would_be_accepted(
    kind: BlockKind, given_value: str, words: str
) -> None:
    with pytest.raises(Reject, match=words):
        canonical(kind=kind, value=given_value)


@given(st.sampled_from(KINDS), st.text(max_size=80))
def test_any_text_has_a_form_that_stays_or_is_rejected(kind: BlockKind, value: str) -> None:
    try:
        form = canonical(kind=kind, value=value)
    except Reject:
        return
    assert canonical(kind=kind, value=form) == form
    assert form
    assert form.isprintable()


PIECES = st.lists(
    st.sampled_from(
        [
            *"aZ0.@:/\\?#%[]|+-_ \t",
            "http",
            "HTTPS://",
            "//",
            "www.",
            ".example",
            "ü",
            "xn--",
            "%41",
            "%",
            "..",
            "İ",
            "ß",
            "'",
        ]
    ),
    max_size=14,
).map("".join)


@given(st.sampled_from(KINDS), PIECES)
def test_what_looks_like_a_value_has_a_form_that_stays_or_is_rejected(kind: BlockKind, value: str) -> None:
    try:
        form = canonical(kind=kind, value=value)
    except Reject:
        return
    assert canonical(kind=kind, value=form) == form


@given(st.ip_addresses(), st.integers(0, 128))
def test_every_address_in_a_network_gives_the_same_form_of_it(address: object, prefix: int) -> None:
    try:
        form = canonical(kind="ip", value=f"{address}/{prefix}")
    except Reject:
        return
    start = form.partition("/")[0]
    assert canonical(kind="ip", value=form) == form
    assert canonical(kind="ip", value=start) == start


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("fee@parcel-fee.example", "address"),
        ("@parcel-fee.example", "domain"),
        ("parcel-fee.example", "domain"),
        ("http://parcel-fee.example", "url"),
        ("parcel-fee.example/pay", "url"),
        ("user@parcel-fee.example/pay", "url"),
        ("parcel-fee.example?pay", "url"),
        (SHA256.upper(), "file"),
        ("203.0.113.7", "ip"),
        ("203.0.113.0/24", "ip"),
        ("2001:db8::/48", "ip"),
    ],
)
def test_a_value_tells_its_kind(value: str, kind: BlockKind) -> None:
    assert kind_of(value) == kind


@given(st.text(max_size=60))
def test_every_text_is_told_some_kind(value: str) -> None:
    assert kind_of(value) in get_args(BlockKind)


def test_a_scope_is_the_tenant_or_one_address() -> None:
    assert canonical_scope(TENANT) == TENANT
    assert canonical_scope("Ana@Example.ORG") == "ana@example.org"


@pytest.mark.parametrize("scope", ["", "everybody", "203.0.113.7", "a|b@example.org", "Tenant", "@"])
def test_any_other_scope_is_refused(scope: str) -> None:
    with pytest.raises(Reject, match="scope"):
        canonical_scope(scope)


def test_mail_to_a_tagged_address_is_in_its_persons_scopes_the_narrowest_first() -> None:
    scopes = scopes_of("Ana+News@Example.ORG")
    assert scopes == ("ana+news@example.org", "ana@example.org", "example.org")
    assert [scope_width(scope) for scope in (*scopes, TENANT)] == [0, 1, 2, 3]
    assert scopes_of("ana@example.org") == ("ana@example.org", "example.org")
    assert scopes_of("+news@example.org") == ("+news@example.org", "example.org")
    assert scopes_of("nobody") == scopes_of("") == ()


def test_a_hostile_url_is_read_in_linear_time() -> None:
    """Each of these made a careless expression take seconds; under the suite's time limit that would show."""
    for piece in ("/", "\\", ":", "@", "http:", "%", "/../", "?#", "[", "a."):
        try:
            canonical(kind="url", value=(piece * VALUE_MAX)[:VALUE_MAX])
        except Reject:
            continue
