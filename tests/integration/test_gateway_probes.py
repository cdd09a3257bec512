"""Gateways are asked whether they obey: an entry that stands while its mail passes is an alarm."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP
from prometheus_client import REGISTRY

from services.blocklist.settings import BlocklistSettings
from tests.services import House, free_port, house
from tests.waiting import until


class Gateway:
    """A mail server that does with every mail what it is told; `refuses` at RCPT or at the end, `{id}` is the probe's entry."""

    def __init__(self, words: str, *, at_end: bool) -> None:
        self.words, self.at_end, self.block_id = words, at_end, ""
        self.taken: list[bytes] = []

    def _answer(self) -> str:
        return self.words.replace("{id}", self.block_id)

    async def handle_RCPT(self, _: Any, __: Any, envelope: Any, address: str, ___: Any) -> str:  # noqa: N802 - aiosmtpd's
        envelope.rcpt_tos.append(address)
        return "250 ok" if self.at_end else self._answer()

    async def handle_DATA(self, _: Any, __: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        self.taken.append(envelope.content)
        return self._answer()


@asynccontextmanager
async def gateway(words: str, *, at_end: bool = True) -> AsyncIterator[tuple[int, Gateway]]:
    handler, port = Gateway(words, at_end=at_end), free_port()
    server = await asyncio.get_running_loop().create_server(partial(SMTP, handler), "127.0.0.1", port)
    yield port, handler
    server.close()


async def probe_of(made: House, wanted: str) -> dict[str, Any]:
    """The only gateway's probe, once its state is as wanted."""

    async def answer() -> dict[str, Any]:
        async with made.http("blocklist") as http:
            found = (await http.get("/v1/probes")).json()["probes"]
        return dict(found[0]) if found and found[0]["state"] == wanted else {}

    found = await until(answer, patience_s=40)
    assert isinstance(found, dict)
    return found


async def entry_of(made: House) -> dict[str, Any]:
    async with made.http("blocklist") as http:
        (entry,) = (await http.get("/v1/blocks", params={"q": "longstop-probe"})).json()["blocks"]
    return dict(entry)


def settings(port: int) -> dict[str, Any]:
    return {
        "probe_gateways": (f"127.0.0.1:{port}",),
        "probe_recipient": "probe@example.org",
        "probe_every_s": 5,
    }


def gauge(port: int) -> float | None:
    return REGISTRY.get_sample_value("longstop_gateway_enforces", {"gateway": f"127.0.0.1:{port}"})


@pytest.mark.parametrize("at_end", [True, False])
async def test_a_gateway_that_forgot_the_block_list_is_an_alarm_until_it_obeys(
    redis_url: str, prefix: str, data_dir: Path, at_end: bool
) -> None:
    async with (
        gateway("250 taken", at_end=True) as (port, handler),
        house(("blocklist",), redis_url, prefix, data_dir, **settings(port)) as made,
    ):
        assert (await probe_of(made, "passes"))["words"] == "250 taken"
        assert gauge(port) == 0
        assert handler.taken
        entry = await entry_of(made)
        assert (entry["expires_at"], entry["origin"]["by"]) == (None, "probe")
        handler.words, handler.block_id, handler.at_end = "554 5.7.1 Blocked, entry {id}", entry["block_id"], at_end
        await probe_of(made, "obeys")
        assert gauge(port) == 1


async def test_a_refusal_for_another_reason_and_silence_are_told_apart_from_obeying(
    redis_url: str, prefix: str, data_dir: Path
) -> None:
    async with (
        gateway("450 4.1.8 Domain\x07 not found", at_end=False) as (port, _),
        house(("blocklist",), redis_url, prefix, data_dir, **settings(port)) as made,
    ):
        assert (await probe_of(made, "unclear"))["words"] == "450 4.1.8 Domain  not found"
        assert gauge(port) is None
    nobody = free_port()
    async with house(("blocklist",), redis_url, f"{prefix}x", data_dir / "2", **settings(nobody)) as made:
        assert "refused" in (await probe_of(made, "silent"))["words"].lower()


@pytest.mark.parametrize("wrong", ["gw.example.org", "gw.example.org:0", "gw:port", ":25"])
def test_a_gateway_is_host_and_port_and_needs_a_recipient(wrong: str) -> None:
    with pytest.raises(ValueError, match="HOST:PORT"):
        BlocklistSettings(probe_gateways=(wrong,), probe_recipient="a@b.example").gateways_to_probe()
    with pytest.raises(ValueError, match="PROBE_RECIPIENT"):
        BlocklistSettings(probe_gateways=("gw:25",)).gateways_to_probe()
    assert BlocklistSettings(
        probe_gateways=("[2001:db8::1]:25",), probe_recipient="a@b.example"
    ).gateways_to_probe() == [("2001:db8::1", 25)]
