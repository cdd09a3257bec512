"""The local analyser: each signal on a mail that has it and on one that has not."""

import asyncio

import pytest

from services.submission.analysers import Opinion, Specimen
from services.submission.analysers.offline import LocalAnalyser
from services.submission.analysers.offline.weights import WEIGHTS
from services.submission.analysers.stub import StubAnalyser
from shared.errors import Defer, Reject
from shared.events.vocabulary import ReportCategory
from shared.mail import read_mail
from tests.mails import mail

OWN = frozenset({"example.org"})
FAIL = "Authentication-Results: mx.example.org; spf=fail smtp.mailfrom=x; dkim=none; dmarc=fail header.from=x\r\n"
PASS = "Authentication-Results: mx.example.org; spf=pass; dkim=pass header.d=x; dmarc=pass header.from=x\r\n"
HONEST = {
    "sender": "Kim <kim@partner.example>",
    "subject": "Minutes",
    "body": "Here are the minutes of our meeting on Monday.",
}


def look(raw: bytes, category: ReportCategory = "junk", count: int = 1) -> Opinion:
    specimen = Specimen(read_mail(raw), "0" * 64, category, count, OWN)
    return asyncio.run(LocalAnalyser().analyse(specimen))


def signals(raw: bytes) -> set[str]:
    return {one.signal for one in look(raw).evidence}


@pytest.mark.parametrize(
    ("signal", "changes"),
    [
        ("dmarc_fail", {"extra": FAIL}),
        ("spf_fail", {"extra": FAIL}),
        ("no_authentication", {"extra": "Authentication-Results: mx.example.org; spf=none; dkim=none; dmarc=none\r\n"}),
        ("from_unusable", {"sender": "Microsoft"}),
        ("brand_in_name", {"sender": "DHL Express <a@fee.example>"}),
        ("address_in_name", {"sender": '"boss@example.org" <a@fee.example>'}),
        ("own_domain_forged", {"sender": "Ana <ana@example.org>", "extra": FAIL}),
        ("own_domain_lookalike", {"sender": "Ana <ana@examp1e.com>"}),
        ("own_name_foreign_domain", {"sender": "Example IT <it@docs.example>"}),
        ("reply_to_freemail", {"extra": "Reply-To: kim@gmail.com\r\n"}),
        ("reply_to_elsewhere", {"extra": "Reply-To: kim@other.example\r\n"}),
        ("fake_reply", {"subject": "Re: Minutes"}),
        ("hidden_characters", {"subject": "Mi\u200bnutes"}),
        ("mixed_scripts", {"subject": "P\u0430ypal \u0430ccount"}),
        ("recipient_in_subject", {"subject": "Hello ana@example.org"}),
        ("shortener", {"body": "See https://bit.ly/3abc please, it is long enough."}),
        ("free_hosting", {"body": "See https://x.web.app/login please, it is long enough."}),
        ("ip_link", {"body": "See http://192.0.2.1/login please, it is long enough."}),
        ("punycode_link", {"body": "See http://xn--pypal-4ve.example/ please."}),
        ("brand_in_host", {"body": "See http://paypal-login.example/ please."}),
        ("recipient_in_link", {"body": "See http://x.example/?u=ana@example.org please."}),
        ("one_foreign_host", {"body": "See http://elsewhere.test/ please."}),
        ("urgency", {"body": "Your account will be suspended within 24 hours."}),
        ("credentials", {"body": "Please verify your account now."}),
        ("payment", {"body": "An unpaid invoice is due."}),
        ("parcel", {"body": "A shipping fee is due."}),
        ("prize", {"body": "You have won a car."}),
        ("crypto_lure", {"body": "Join the airdrop today."}),
        ("advance_fee", {"body": "I am a barrister, and a beneficiary of an inheritance is wanted."}),
        ("gift_cards", {"body": "Buy gift cards for me."}),
        ("extortion", {"body": "I recorded you with your webcam."}),
        ("generic_greeting", {"body": "Dear customer, hello."}),
        ("casino", {"body": "Our casino is open."}),
        ("money_for_nothing", {"body": "Passive income for you."}),
        ("cold_offer", {"body": "We sell backlinks."}),
        ("own_sender", {"sender": "Ana <ana@example.org>", "extra": PASS}),
        ("list_unsubscribe", {"extra": PASS + "List-Unsubscribe: <https://partner.example/leave>\r\n"}),
    ],
)
def test_a_signal_fires_on_what_it_is_about_and_not_on_an_honest_mail(signal: str, changes: dict[str, str]) -> None:
    assert signal in signals(mail(**{**HONEST, **changes}))
    assert signal not in signals(mail(**HONEST))


def test_every_signal_has_a_weight_and_a_sentence() -> None:
    for one in look(
        mail(sender="DHL <a@fee.example>", extra=FAIL, body="Dear customer, pay within 24 hours: http://192.0.2.1/")
    ).evidence:
        assert one.signal in WEIGHTS
        assert one.text.endswith(".")
        assert "http://" not in one.text


def test_words_inside_other_words_are_no_signal() -> None:
    assert "casino" not in signals(mail(body="A specialist in socialism looked at it."))


def test_an_honest_mail_is_not_called_clean_for_want_of_evidence() -> None:
    assert look(mail(**HONEST)).category == "unknown"


def test_a_proven_colleague_is_clean() -> None:
    assert look(mail(sender="Ben <ben@example.org>", extra=PASS, subject="Lunch", body="At noon?")).category == "clean"


def test_a_report_alone_accuses_nobody() -> None:
    assert look(mail(**HONEST), category="phishing", count=1000).category == "unknown"


def test_a_forged_sender_is_not_proposed_for_blocking() -> None:
    raw = mail(
        sender="PayPal <service@victim.example>",
        extra=FAIL,
        body="Dear customer, verify your account: http://evil.test/x",
    )
    opinion = look(raw)
    assert opinion.category == "phishing"
    assert [block.kind for block in opinion.blocks] == ["url"]


def test_neither_own_domains_nor_shared_hosts_are_proposed() -> None:
    raw = mail(
        sender="IT <it@example.org>",
        extra="Authentication-Results: mx.example.org; spf=fail; dkim=none; dmarc=none\r\n",
        body="Dear user, verify your account within 24 hours: https://bit.ly/x https://a.web.app/y http://evil.test/z",
    )
    assert [(block.kind, block.value) for block in look(raw).blocks] == [("url", "a.web.app"), ("url", "evil.test")]


def test_the_cause_names_the_allow_list_that_the_filter_noted() -> None:
    raw = mail(
        sender="DHL <a@fee.example>",
        extra=FAIL + "X-Spam-Status: No, tests=USER_IN_WELCOMELIST\r\n",
        body="Dear customer, act now.",
    )
    assert look(raw).cause == "allowed_by_user"


@pytest.mark.parametrize(
    "junk", [b"", b"\0" * 1000, b"From: " + b"(" * 5000, b"Subject: =?utf-8?q?" + b"=0A" * 500 + b"?=\r\n\r\n"]
)
def test_no_mail_can_make_it_raise(junk: bytes) -> None:
    assert look(junk).name == "local"


def script(words: str) -> Opinion:
    specimen = Specimen(read_mail(mail(extra=f"X-Longstop-Stub: {words}\r\n")), "0" * 64, "phishing")
    return asyncio.run(StubAnalyser().analyse(specimen))


def test_the_stub_says_what_the_mail_tells_it() -> None:
    opinion = script("category=malware; confidence=0.7; delay_ms=1")
    assert (opinion.category, opinion.confidence, opinion.evaluation) == ("malware", 0.7, "malicious")
    assert script("category=nonsense").evaluation == "error"
    assert script("").evaluation == "not_checked"
    with pytest.raises(Defer):
        script("fail=defer")
    with pytest.raises(Reject):
        script("fail=reject")
