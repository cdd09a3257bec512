"""People of a console in tests: tokens of every role, and browsers that have signed in."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from tests.services import House

#: What a browser says of a request that its own page made.
OURS = {"Sec-Fetch-Site": "same-origin"}


def bootstrap(console: House) -> dict[str, str]:
    """The header of who holds the data dir's token."""
    return {"Authorization": f"Bearer {(console.data_dir / 'api.token').read_text()}"}


async def token_of(console: House, role: str, **more: Any) -> dict[str, str]:
    """The header of a new token."""
    async with console.http("console") as http:
        made = await http.post(
            "/v1/tokens", json={"name": f"a-{role}", "role": role, **more}, headers=bootstrap(console)
        )
    assert made.status_code == 201, made.text
    return {"Authorization": f"Bearer {made.json()['token']}"}


async def account_of(console: House, name: str, role: str) -> str:
    """The password of a new account."""
    async with console.http("console") as http:
        made = await http.post("/v1/operators", json={"name": name, "role": role}, headers=bootstrap(console))
    assert made.status_code == 201, made.text
    return str(made.json()["password"])


@asynccontextmanager
async def browser(console: House, name: str, password: str, **headers: str) -> AsyncIterator[httpx.AsyncClient]:
    """A browser in which somebody has signed in."""
    async with console.http("console") as http:
        http.headers.update(headers)
        answer = await http.post("/sign-in", data={"name": name, "password": password})
        assert answer.status_code == 303, answer.text
        yield http
