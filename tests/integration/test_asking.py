"""How every door may be asked: by HEAD where GET is, and with no body that is packed."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.mails import mail
from tests.services import House, house

RAW = {"Content-Type": "message/rfc822"}


@pytest.fixture
async def doors(redis_url: str, prefix: str, data_dir: Path) -> AsyncIterator[House]:
    async with house(("ingest", "blocklist", "console"), redis_url, prefix, data_dir) as made:
        yield made


@pytest.mark.parametrize(
    ("service", "path"),
    [("ingest", "/livez"), ("blocklist", "/readyz"), ("blocklist", "/maps/from"), ("console", "/sign-in")],
)
async def test_head_is_answered_as_get_without_the_body(doors: House, service: str, path: str) -> None:
    async with doors.http(service) as http:
        head, got = await http.head(path), await http.get(path)
    assert (head.status_code, head.headers["content-type"]) == (200, got.headers["content-type"])
    assert head.content == b""
    assert head.headers.get("etag") == got.headers.get("etag")


async def test_head_where_nothing_can_be_got_says_what_can_be_done(doors: House) -> None:
    async with doors.http("ingest") as http:
        answer = await http.head("/v1/reports")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


async def test_head_of_a_stream_that_never_ends_ends(doors: House) -> None:
    token = (doors.data_dir / "api.token").read_text().strip()
    async with doors.http("console") as http:
        head = {"Authorization": f"Bearer {token}"}
        answer = await asyncio.wait_for(http.head("/v1/live", headers=head), 20)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert (await http.get("/v1/me", headers=head)).status_code == 200


@pytest.mark.parametrize("path", ["/v1/reports?category=junk", "/v1/quarantine?rcpt_to=ana@example.org"])
async def test_a_packed_body_is_refused_with_what_to_do(doors: House, path: str) -> None:
    async with doors.http("ingest") as http:
        answer = await http.post(path, content=gzip.compress(mail()), headers={**RAW, "Content-Encoding": "gzip"})
        assert (answer.status_code, answer.headers["accept-encoding"]) == (415, "identity")
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["detail"] == "send it without Content-Encoding"
        plain = await http.post(path, content=mail(), headers={**RAW, "Content-Encoding": "identity"})
        assert plain.status_code == 202
