"""Wrapped links lead where their wrapper says; what it does not say stays as it is."""

import base64
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as some

from shared.mail import facts, read_mail
from shared.mail.urls import canonical_url
from shared.mail.wrappers import unwrap
from tests.mails import mail

PAGE = "https://fee.example/pay?id=7&x=a%20b"
QUOTED = quote(PAGE, safe="")
BASE64 = base64.b64encode(PAGE.encode()).decode()

WRAPPED = {
    "Safe Links": f"https://eur01.safelinks.protection.outlook.com/?url={QUOTED}&data=05%7C02&sdata=x&reserved=0",
    "Safe Links, Government": f"https://gcc02.safelinks.protection.office365.us/?url={QUOTED}&data=x",
    "Proofpoint 1": f"https://urldefense.proofpoint.com/v1/url?u={QUOTED}&k=x%0A&r=y",
    "Proofpoint 2": "https://urldefense.proofpoint.com/v2/url?u=https-3A__fee.example_pay-3Fid-3D7-26x-3Da-2520b&d=DwMF&c=x",
    "Proofpoint 3": "https://urldefense.com/v3/__https://fee.example/pay?id=7&x=a*20b__;JQ!!x!y$",
    "Proofpoint 3, one slash": "https://urldefense.com/v3/__https:/fee.example/pay?id=7&x=a*20b__;JQ!!x!y$",
    "Barracuda": f"https://linkprotect.cudasvc.com/url?a={QUOTED}&c=E,1,x&typo=1",
    "Cisco": f"https://secure-web.cisco.com/1Abc_-x/{QUOTED}",
    "Sophos": f"https://eu-central-1.protection.sophos.com/?d=fee.example&u={BASE64}&i=x&t=y",
    "Trend Micro": f"https://ddec1-0-en-ctp.trendmicro.com:443/wis/clicktime/v1/query?url={QUOTED}&umid=x",
    "Trellix": f"https://protect2.fireeye.com/v1/url?k=x&q=1&e=y&u={QUOTED}",
    "Symantec": f"https://clicktime.symantec.com/15tStd?h=x&u={QUOTED}",
    "Avanan": f"https://url.avanan.click/v2/r01/___{PAGE}___.YXAzOmV4",
    "Check Point": f"https://protect.checkpoint.com/v2/___{PAGE}___.YzJlOng",
    "Google": f"https://www.google.com/url?q={QUOTED}&sa=D",
    "Google, elsewhere": f"https://www.google.co.uk/url?sa=t&url={QUOTED}",
    "Bing": f"https://www.bing.com/ck/a?!&&p=x&u=a1{BASE64.rstrip('=')}&ntb=1",
    "Facebook": f"https://l.facebook.com/l.php?u={QUOTED}&h=x",
    "GMX": f"https://deref-gmx.net/mail/client/x/dereferrer/?redirectUrl={QUOTED}",
    "two gateways": f"https://eur01.safelinks.protection.outlook.com/?url={quote(f'https://linkprotect.cudasvc.com/url?a={QUOTED}', safe='')}&data=x",
}


@pytest.mark.parametrize("wrapper", WRAPPED)
def test_a_wrapped_link_leads_to_its_page(wrapper: str) -> None:
    assert canonical_url(unwrap(WRAPPED[wrapper])) == canonical_url(PAGE)


def test_proofpoint_replaces_runs() -> None:
    assert unwrap("https://urldefense.com/v3/__https://fee.example/**A__;w7zDpA!!x!y$") == "https://fee.example/üä"


def test_mimecast_says_the_domain_only() -> None:
    assert unwrap("https://protect-eu.mimecast.com/s/AbCd?domain=fee.example") == "https://fee.example/"


@pytest.mark.parametrize(
    "url",
    [
        PAGE,
        "https://www.google.com/search?q=https%3A%2F%2Ffee.example",
        "https://evil.example/safelinks.protection.outlook.com/?url=https%3A%2F%2Fgood.example",
        "https://safelinks.protection.outlook.com.evil.example/?url=https%3A%2F%2Fgood.example",
        "https://eur01.safelinks.protection.outlook.com/?url=javascript%3Aalert(1)",
        "https://eur01.safelinks.protection.outlook.com/?data=x",
        "https://urldefense.com/v3/__https://fee.example",
        "https://protect.checkpoint.com/v2/______.x",
        "https://bing.com/ck/a?u=a1%%%",
        "https://[broken?safelinks",
    ],
)
def test_what_is_not_wrapped_stays(url: str) -> None:
    assert unwrap(url) == url


def test_the_facts_of_a_mail_name_the_page() -> None:
    found = read_mail(mail(body=f"Pay {WRAPPED['Safe Links']} now"))
    assert facts(found).urls == (canonical_url(PAGE),)
    assert found.links[0].url == WRAPPED["Safe Links"]
    assert found.links[0].host == "fee.example"


@given(some.text(max_size=200), some.sampled_from(sorted(WRAPPED)), some.integers(0, 120))
def test_any_damage_is_read(noise: str, wrapper: str, at: int) -> None:
    unwrap(WRAPPED[wrapper][:at] + noise + WRAPPED[wrapper][at:])
