"""Whose results are believed, and what they say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events.message import Authentication
from shared.mail.authentication import read_authentication
from shared.mail.fields import Field

OWN = frozenset({"MX.example.org"})


def results(
    *values: str, own: frozenset[str] = frozenset(), spf: str = ""
) -> tuple[str | None, str | None, str | None]:
    fields = [Field("authentication-results", value) for value in values]
    fields += [Field("received-spf", spf)] if spf else []
    found = read_authentication(fields, own)
    return found.spf, found.dkim, found.dmarc


def test_a_header_as_the_standard_writes_it_is_read() -> None:
    value = 'mx.example.org 1; spf=pass smtp.mailfrom=a@b.example; dkim=fail reason="bad; dmarc=pass" header.d=b.example; dmarc = none'
    assert results(value) == ("pass", "fail", "none")


def test_a_header_without_a_name_is_read_as_outlook_writes_it() -> None:
    value = "spf=softfail (sender IP is 192.0.2.1) smtp.mailfrom=b.example; dkim=none (message not signed); dmarc=bestguesspass action=none"
    assert results(value) == ("softfail", "none", "bestguesspass")


def test_a_header_without_a_name_is_not_ours() -> None:
    assert results("spf=pass; dkim=pass; dmarc=pass", own=OWN) == (None, None, None)


def test_only_own_headers_are_believed_wherever_they_stand() -> None:
    assert results("mx.evil.example; dmarc=pass", "mx.example.org; dmarc=fail", own=OWN) == (None, None, "fail")


def test_several_own_headers_complete_each_other_the_topmost_first() -> None:
    assert results("mx.example.org; spf=fail", "mx.example.org; spf=pass; dkim=pass", own=OWN) == ("fail", "pass", None)


@pytest.mark.parametrize("top", ["mx.example.org; none", "mx.example.org", ""])
def test_without_own_names_nothing_below_the_topmost_is_believed(top: str) -> None:
    assert results(top, "mx.example.org; spf=pass; dkim=pass; dmarc=pass") == (None, None, None)


def test_one_valid_signature_is_enough() -> None:
    assert results("x; dkim=fail; dkim=pass; dkim=none")[1] == "pass"
    assert results("x; spf=fail; spf=pass")[0] == "fail"


@pytest.mark.parametrize(
    "value",
    [
        "x; (spf=pass) arc=none",
        'x; reason="; spf=pass"',
        "x; xspf=pass",
        "x; spf=wonderful",
        "x; policy.spf=pass",
        "x; (a (b) ; spf=pass)",
        "x; spf",
    ],
)
def test_what_only_looks_like_a_result_is_none(value: str) -> None:
    assert results(value) == (None, None, None)


@pytest.mark.parametrize(
    ("value", "spf"),
    [("x; spf=hardfail", "fail"), ("x; SPF=Pass", "pass"), ("x; spf/1=neutral", "neutral"), ("x;(c)spf=pass", "pass")],
)
def test_old_and_odd_spellings_are_read(value: str, spf: str) -> None:
    assert results(value)[0] == spf


def test_received_spf_is_a_fallback() -> None:
    assert results(spf="Pass (domain of b.example designates 192.0.2.1)")[0] == "pass"
    assert results("x; spf=fail", spf="pass")[0] == "fail"
    assert results(spf="wonderful")[0] is None


def test_received_spf_of_others_is_not_believed() -> None:
    assert results(spf="pass receiver=mx.evil.example", own=OWN)[0] is None
    assert results(spf="pass client-ip=192.0.2.1; receiver=mx.example.org;", own=OWN)[0] == "pass"


def test_without_headers_nothing_is_known() -> None:
    assert read_authentication([], OWN) == Authentication()


@given(st.text(alphabet='spf=dkimarc;()"\\ /1', max_size=200))
def test_any_value_is_read(value: str) -> None:
    results(value, value, own=OWN, spf=value)
    results(value, spf=value)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("piece", ["(", ")", '"', ";", "spf=", "spf=pass;", '"\\', "receiver=", " "])
def test_endless_values_are_read_in_one_pass(piece: str) -> None:
    results(piece * (80_000 // len(piece)), spf=piece * (80_000 // len(piece)))
