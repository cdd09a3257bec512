"""What portal decides: where a copy stands, what may be asked for, who looks like a program, what is marked."""

import unicodedata
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.portal.rules.machines import is_from_here, sign_of_a_program
from services.portal.rules.standing import RANK, Asked, Standing, acts_of, later, permissions_of, standing_of
from shared.mail.visible import pieces, plain
from tests.portal import CHROME

AT = datetime(2026, 11, 23, 10, tzinfo=UTC)
LATER = AT + timedelta(days=1)


def standing(*asks: Asked, status: str = "held", attempts: int = 0, expires_at: datetime = LATER) -> Standing:
    return standing_of(status=status, attempts=attempts, asks=asks, expires_at=expires_at, at=AT)


@pytest.mark.parametrize("order", list(permutations(["release_requested", "denied", "released"])))
def test_the_status_is_the_same_whatever_event_comes_first(order: tuple[str, ...]) -> None:
    status = "held"
    for told in order:
        status = later(known=status, told=told)
    assert status == "released"


@pytest.mark.parametrize(
    ("asks", "status", "attempts", "wanted"),
    [
        ((), "held", 0, "held"),
        ((Asked("release", ""),), "held", 0, "releasing"),
        ((Asked("release", ""),), "held", 2, "trouble"),
        ((Asked("release", "refused"),), "held", 0, "held"),
        ((Asked("request", ""),), "held", 0, "asking"),
        ((Asked("request", ""),), "release_requested", 0, "requested"),
        ((Asked("request", "done"), Asked("delete", "")), "release_requested", 0, "deleting"),
        ((Asked("block", ""), Asked("submit", "")), "held", 0, "held"),
        ((Asked("release", ""),), "released", 3, "released"),
        ((), "denied", 0, "denied"),
    ],
)
def test_where_a_copy_stands(asks: tuple[Asked, ...], status: str, attempts: int, wanted: str) -> None:
    assert standing(*asks, status=status, attempts=attempts) == wanted


def test_what_is_over_is_over_before_anybody_says_so() -> None:
    assert standing(expires_at=AT) == "expired"
    assert standing(status="released", expires_at=AT) == "released"


@given(
    permissions=st.sets(st.sampled_from(["release", "request", "block", "allow", "delete", "submit", "preview"])),
    status=st.sampled_from(sorted(RANK)),
    asks=st.lists(
        st.builds(
            Asked, st.sampled_from(["release", "request", "block", "delete"]), st.sampled_from(["", "done", "refused"])
        ),
        max_size=4,
    ),
)
def test_nothing_is_offered_that_is_not_permitted_or_under_way_or_over(
    permissions: set[str], status: str, asks: list[Asked]
) -> None:
    now = standing(*asks, status=status)
    acts = acts_of(permissions=permissions, standing=now, asks=asks)
    assert set(acts) <= permissions
    assert not ({"release", "request"} <= set(acts))
    if now not in ("held", "requested", "denied", "released"):
        assert acts == ()
    if now != "held":
        assert not {"release", "request"} & set(acts)
    assert not {ask.act for ask in asks if ask.outcome != "refused"} & set(acts)


def test_what_is_known_to_be_dangerous_by_now_is_asked_for_instead_of_released() -> None:
    both = {"release", "request"}
    assert acts_of(permissions=both, standing="held", asks=()) == ("release",)
    assert acts_of(permissions=both, standing="held", asks=(), verdict="phishing") == ("request",)
    refused = Asked("release", "refused", "now_known_bad")
    assert acts_of(permissions=both, standing="held", asks=(refused,)) == ("request",)
    assert acts_of(permissions={"release"}, standing="held", asks=(), verdict="malware") == ()


def test_after_the_end_a_sender_can_still_be_blocked() -> None:
    every = {"release", "request", "block", "delete", "submit"}
    assert acts_of(permissions=every, standing="denied", asks=()) == ("submit", "block", "delete")
    assert acts_of(permissions=every, standing="released", asks=()) == ("submit", "block")
    assert acts_of(permissions=every, standing="expired", asks=()) == ()


@pytest.mark.parametrize("reason", ["malware", "phishing_high"])
def test_dangerous_mail_is_asked_for_whatever_the_policy_says(reason: str) -> None:
    assert permissions_of(policy="p", permissions="release preview", reason=reason) == {"request", "preview"}


def test_before_it_is_filed_nothing_of_a_mail_is_shown() -> None:
    found = permissions_of(policy="", permissions="", reason="spam")
    assert not found & {"preview", "headers", "download", "release"}
    assert permissions_of(policy="closed", permissions="", reason="spam") == frozenset()


@pytest.mark.parametrize(
    "agent",
    [
        "", "curl/8.5", "python-httpx/0.28", "Mozilla/5.0 (compatible; bingbot/2.0)", "Barracuda Sentinel (EE)",
        "Mozilla/5.0 HeadlessChrome/142.0", "ProofpointURLDefense", "Mimecast-URL-Scan", "WhatsApp Preview", "Go-http-client/2.0",
    ],
)  # fmt: skip
def test_programs_that_say_who_they_are_are_known(agent: str) -> None:
    assert sign_of_a_program({"user-agent": agent})


@pytest.mark.parametrize(
    "agent",
    [
        CHROME,
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
        "Mozilla/5.0 (Linux; Android 15; CUBOT X70) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Mobile Safari/537.36",
    ],
)
def test_people_s_browsers_are_not_taken_for_programs(agent: str) -> None:
    assert sign_of_a_program({"user-agent": agent}) == ""


def test_prefetching_is_known() -> None:
    assert sign_of_a_program({"user-agent": CHROME, "sec-purpose": "prefetch;prerender"})


PUBLIC = "https://mail.example.org"


@pytest.mark.parametrize(
    ("headers", "wanted"),
    [
        ({"origin": PUBLIC, "sec-fetch-site": "same-origin"}, True),
        ({"origin": PUBLIC}, True),
        ({"origin": "http://10.0.0.1:8083", "host": "10.0.0.1:8083"}, True),
        ({"origin": PUBLIC, "sec-fetch-site": "cross-site"}, False),
        ({"origin": PUBLIC, "sec-fetch-site": "none"}, False),
        ({"origin": "http://mail.example.org"}, False),
        ({"origin": "https://mail.example.org.evil.example", "host": "mail.example.org"}, False),
        ({"origin": "null", "sec-fetch-site": "same-origin"}, False),
        ({"sec-fetch-site": "same-origin"}, False),
        ({}, False),
    ],
)
def test_a_post_comes_from_our_own_page_or_from_elsewhere(headers: dict[str, str], wanted: bool) -> None:
    assert is_from_here(headers, PUBLIC) is wanted


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("report\u202egnp.exe", "report[U+202E]gnp.exe"),
        ("\u2066a\u2069", "[U+2066]a[U+2069]"),
        ("pay\u200bpal", "pay[U+200B]pal"),
        ("pay\u00adpal", "pay[U+00AD]pal"),
        ("a\u200cb", "a[U+200C]b"),
        ("a\U000e0041b", "a[U+E0041]b"),
        ("a\u3164b", "a[U+3164]b"),
        ("\ufeffHello \u200b \u200c world\u200b", "Hello   world"),
        ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"),
        ("\U0001f468\u200d\U0001f469", "\U0001f468\u200d\U0001f469"),
        ("Grüße, 你好, สวัสดี", "Grüße, 你好, สวัสดี"),
        ("two\nlines", "two\nlines"),
    ],
)
def test_what_nobody_sees_is_marked_where_it_misleads_and_stays_where_it_is_needed(text: str, shown: str) -> None:
    assert "".join(piece.text for piece in pieces(text)) == shown


@given(st.text(max_size=300))
def test_nothing_that_reorders_or_controls_is_left(text: str) -> None:
    shown = plain(text, 1_000)
    left = {char for char in shown if unicodedata.category(char) in ("Cc", "Cs", "Co", "Cn", "Zl", "Zp")}
    assert not left
    assert not set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\ufeff") & set(shown)


def test_marks_are_bounded() -> None:
    assert plain("a\u202e" * 10_000, 100_000).count("[U+202E]") == 200
