"""The local analyser as a whole: whole mails, hostile ones, and what every opinion keeps to."""

import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.submission.analysers import Analyser
from services.submission.analysers.offline import LocalAnalyser
from shared.events import AnalyserAnswer, VerdictIssued
from shared.mail import Address, Link, Mail, read_mail
from tests.mails import mail as raw_mail
from tests.unit.submission.specimens import HONEST, PASSED, SHA256, checks, file, link, mail, opinion, specimen

PARCEL = mail(
    "DHL Express <fee@parcel-fee.example>",
    link("https://parcel-fee.example/pay?to=ana.lind@example.org", "Pay now"),
    subject="Your parcel is on hold",
    text="Dear customer, your parcel is waiting. Pay the customs fee within 24 hours.",
    authentication=checks("none", "none", "none"),
)
BOSS = mail(
    "Northwind CEO <ceo.office@gmail.com>",
    subject="Quick task",
    text="Are you there? Buy some gift cards and send me the codes.",
)
LOGIN = mail(
    "Microsoft account team <security@rnicrosoft-login.example>",
    link("https://tenant.web.app/login", "login.microsoft.com"),
    subject="Unusual sign-in activity",
    text="Please verify your account or your mailbox will be deactivated.",
)
INVOICE = mail(
    "Bo <bo@partner.example>", text="The password is 4711", attachments=(file("invoice.zip", "zip", encrypted=True),)
)
CASINO = mail(
    "Lucky <win@lucky.top>",
    link("https://lucky.top/"),
    text="Online casino, free spins, slot games. Click here to remove yourself.",
)
NEWS = mail(
    "Shop <news@shop.example>",
    link("https://click.shop.example/"),
    list_unsubscribe="<https://shop.example/u>",
    authentication=PASSED,
    text="New chairs in our shop, 20 % off this week.",
)


@pytest.mark.parametrize(
    ("of", "category"),
    [
        (PARCEL, "phishing"),
        (BOSS, "phishing"),
        (LOGIN, "phishing"),
        (INVOICE, "malware"),
        (CASINO, "spam"),
        (NEWS, "bulk"),
        (HONEST, "unknown"),
        (mail(authentication=PASSED), "unknown"),
    ],
)
def test_plain_cases_get_plain_answers(of: Mail, category: str) -> None:
    assert opinion(of, own=("northwind.org",)).category == category


@pytest.mark.parametrize("of", [PARCEL, LOGIN])
def test_it_does_not_take_a_report_to_see_plain_phishing(of: Mail) -> None:
    assert opinion(of, category="not_junk").category == "phishing"


def test_it_is_an_analyser() -> None:
    analyser: Analyser = LocalAnalyser()
    assert analyser.name == "local"


async def test_it_answers_without_waiting_for_anything() -> None:
    answer = LocalAnalyser().analyse(specimen(PARCEL))
    with pytest.raises(StopIteration) as done:
        answer.send(None)
    assert done.value.value == opinion(PARCEL)


def test_the_same_mail_gets_the_same_opinion() -> None:
    assert opinion(LOGIN) == opinion(replace(LOGIN))


def test_own_domains_in_any_case_and_order_give_one_opinion() -> None:
    assert opinion(LOGIN, own=("Example.ORG", "a.example")) == opinion(LOGIN, own=("a.example", "example.org"))


def test_evidence_is_told_the_heaviest_first() -> None:
    weights = [abs(one.weight) for one in opinion(PARCEL).evidence]
    assert weights == sorted(weights, reverse=True)
    assert len(weights) > 5


def test_no_signal_is_told_twice() -> None:
    for of in (PARCEL, LOGIN, INVOICE, CASINO, NEWS):
        names = [one.signal for one in opinion(of).evidence]
        assert len(names) == len(set(names))


@pytest.mark.parametrize("of", [PARCEL, LOGIN, INVOICE, CASINO, NEWS])
def test_every_sentence_is_for_people_and_makes_no_links(of: Mail) -> None:
    told = opinion(of)
    for text in (*(one.text for one in told.evidence), *told.recommendations):
        assert text[0].isupper()
        assert text.endswith(".")
        assert "http" not in text
        assert "parcel-fee.example" not in text


def test_other_headers_change_nothing() -> None:
    """Only normalised facts count: what a collection of mails happens to carry does not."""
    noise = {
        "x-ms-exchange-organization-scl": "9",
        "x-eopattributedmessage": "0",
        "x-mailer": "y",
        "received": "from a",
        "dkim-signature": "v=1",
    }
    for of in (PARCEL, LOGIN, CASINO, NEWS):
        noisy = replace(
            of, headers=(*of.headers, *noise.items()), date="2002-01-01T00:00:00Z", size_bytes=9, message_id=""
        )
        assert opinion(noisy) == opinion(of)


def test_a_parsed_mail_is_understood() -> None:
    told = opinion(read_mail(raw_mail(sender="PaypaI <x@login.example>", body="Dear customer, verify your account")))
    assert (told.category, told.evaluation) == ("phishing", "malicious")


words = st.text(max_size=60)
hosts = st.sampled_from(
    [
        "a.example",
        "xn--99999.example",
        "",
        "..",
        "[::1]",
        "192.0.2.7",
        "a" * 300,
        "bit.ly",
        "paypal-x.top",
        "\u0430.example",
    ]
)
addresses = st.builds(Address, name=words, address=words, domain=hosts)
mails = st.builds(
    Mail,
    sha256=st.just(SHA256),
    size_bytes=st.integers(0, 10**9),
    headers=st.lists(
        st.tuples(st.sampled_from(["list-post", "in-reply-to", "precedence", "x-spam-status"]), words), max_size=4
    ).map(tuple),
    from_=addresses,
    reply_to=addresses,
    to=st.lists(addresses, max_size=3).map(tuple),
    return_path=words,
    subject=words,
    text=st.text(max_size=400),
    html_text=st.text(max_size=400),
    list_id=words,
    list_unsubscribe=words,
    authentication=st.sampled_from([PASSED, checks("fail", "fail", "fail"), checks()]),
    image_count=st.integers(0, 3),
    has_script=st.booleans(),
    html=words,
    links=st.lists(st.builds(Link, url=words, canonical=words, host=hosts, text=words), max_size=4).map(tuple),
    attachments=st.lists(words.map(lambda name: file(name, "zip", members=(name, name))), max_size=2).map(tuple),
)


@given(of=mails, own=st.lists(hosts.filter(bool), max_size=2))
@settings(max_examples=150)
def test_no_mail_at_all_breaks_it_and_every_opinion_can_be_issued(of: Mail, own: list[str]) -> None:
    told = opinion(of, own=tuple(own))
    issued = VerdictIssued(
        submission_id="s",
        case_id="c",
        message_sha256=of.sha256,
        version=1,
        category=told.category,
        confidence=told.confidence,
        cause=told.cause,
        evidence=told.evidence,
        recommendations=told.recommendations,
        blocks=told.blocks,
        analysers=(AnalyserAnswer(name=told.name, evaluation=told.evaluation),),
    )
    assert VerdictIssued.model_validate_json(issued.model_dump_json()) == issued
    assert all(char.isprintable() for one in told.evidence for char in one.text)


HOSTILE = {
    "first words of pairs": "your account " * 80_000,
    "nearly phrases": "verify you " * 90_000,
    "greetings": "dear dear hello hi " * 50_000,
    "digits": "1 (234) 567 " * 80_000,
    "combining marks": "e\u0301\u0315\u05b0" * 250_000,
    "invisible characters": "a\u200b" * 500_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_megabyte_of_padding_costs_little_more_than_a_page_of_it(name: str) -> None:
    def seconds(size: int) -> float:
        of = mail("Bo <bo@partner.example>", text=HOSTILE[name][:size])
        start = time.process_time()
        opinion(of)
        return time.process_time() - start

    seconds(20_000)
    page = min(seconds(20_000) for _ in range(3))
    assert min(seconds(1_000_000) for _ in range(3)) < 20 * page + 0.05


def test_five_hundred_links_and_recipients_are_looked_at_in_bounds() -> None:
    many = tuple(link(f"https://h{n}.login.example/{'a' * 1_900}") for n in range(500))
    to = tuple(Address("", f"r{n}@example.org", "example.org") for n in range(50))
    assert opinion(mail("", *many, to=to)).evidence
