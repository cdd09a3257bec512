"""Sign-in by OpenID Connect, against a provider that is as strict as a real one, and against one that lies."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.oidc_provider import CLIENT_ID, CLIENT_SECRET, OidcProvider, oidc_provider
from tests.people import bootstrap
from tests.services import House, house

BACK = "/sign-in/provider/return"


@pytest.fixture
async def provider() -> AsyncIterator[OidcProvider]:
    async with oidc_provider() as made:
        yield made


@pytest.fixture
async def console(provider: OidcProvider, redis_url: str, prefix: str, data_dir: Path) -> AsyncIterator[House]:
    settings: dict[str, Any] = {
        "oidc_issuer": provider.issuer,
        "oidc_client_id": CLIENT_ID,
        "oidc_client_secret": CLIENT_SECRET,
        "analyst_groups": ("soc",),
        "admin_groups": ("root",),
    }
    async with house(("console",), redis_url, prefix, data_dir, **settings) as made:
        provider.redirect_uri = f"http://127.0.0.1:{made.ports['console_port']}{BACK}"
        yield made


async def sent_back(browser: httpx.AsyncClient) -> str:
    """Go to the provider and sign in there; where it sends the browser."""
    to_provider = await browser.get("/sign-in/provider")
    assert to_provider.status_code == 302, to_provider.text
    async with httpx.AsyncClient() as elsewhere:
        back = await elsewhere.get(to_provider.headers["location"])
    assert back.status_code == 302, back.text
    return str(back.headers["location"])


async def test_who_signs_in_at_the_provider_is_known_by_name_and_has_the_role_of_their_group(console: House) -> None:
    async with console.http("console") as browser:
        page = await browser.get(await sent_back(browser))
        assert page.status_code == 200
        assert 'content="0; url=/"' in page.text
        me = (await browser.get("/v1/me")).json()
        assert me == {"name": "ana", "role": "analyst", "via": "oidc", "kinds": []}
        (entry,) = (await browser.get("/v1/audit", headers=bootstrap(console))).json()["items"]
    assert (entry["name"], entry["act"], entry["via"]) == ("ana", "signed.in", "oidc")


@pytest.mark.parametrize(
    "claims",
    [{"groups": ["staff"]}, {"groups": []}, {"groups": "staff"}, {"preferred_username": "a\nb"}, {"preferred_username": "a" * 101}],
)  # fmt: skip
async def test_who_has_no_role_or_no_name_is_not_let_in(
    console: House, provider: OidcProvider, claims: dict[str, Any]
) -> None:
    provider.claims |= claims
    async with console.http("console") as browser:
        page = await browser.get(await sent_back(browser))
        assert page.status_code == 401
        assert (await browser.get("/v1/me")).status_code == 401


@pytest.mark.parametrize("lie", ["issuer", "audience", "time", "nonce", "signature", "no signature"])
async def test_an_answer_that_is_wrong_in_one_way_lets_nobody_in(
    console: House, provider: OidcProvider, lie: str
) -> None:
    provider.lie = lie
    async with console.http("console") as browser:
        assert (await browser.get(await sent_back(browser))).status_code == 401
        assert (await browser.get("/v1/me")).status_code == 401


async def test_another_issuers_metadata_is_not_used(console: House, provider: OidcProvider) -> None:
    provider.lie = "issuer of the metadata"
    async with console.http("console") as browser:
        assert (await browser.get("/sign-in/provider")).status_code == 422


async def test_an_answer_works_once_and_only_in_the_browser_that_asked(console: House) -> None:
    async with console.http("console") as browser, console.http("console") as other:
        back = await sent_back(browser)
        assert (await other.get(back)).status_code == 401
        forged = back.replace(f"state={parse_qs(urlsplit(back).query)['state'][0]}", "state=forged")
        assert (await browser.get(forged)).status_code == 401
        assert (await browser.get(back)).status_code == 200
        browser.cookies.clear()
        assert (await browser.get(back)).status_code == 401


async def test_a_provider_that_says_no_is_told_as_that(console: House) -> None:
    async with console.http("console") as browser:
        await browser.get("/sign-in/provider")
        page = await browser.get(f"{BACK}?error=access_denied&state=x")
    assert page.status_code == 401
    assert "identity provider" in page.text


async def test_a_provider_that_is_away_is_a_503(redis_url: str, prefix: str, data_dir: Path) -> None:
    settings = {"oidc_issuer": "http://127.0.0.1:9", "oidc_client_id": "x"}
    async with house(("console",), redis_url, prefix, data_dir, **settings) as made, made.http("console") as browser:
        assert (await browser.get("/sign-in/provider")).status_code == 503
