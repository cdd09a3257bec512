"""Rspamd learns released mail as ham, as far as the setting says; and the quarantine from the command line."""

import asyncio
import json
import stat
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from longstop.__main__ import command_line
from longstop.where import Endpoints
from shared.events import QuarantineFiled, QuarantineReleased, ReleaseRequested
from tests.integration.test_quarantine import ANA, BEN, RAW, ask, held, post, said
from tests.release_gateway import ReleaseGateway
from tests.services import House, free_port, house
from tests.waiting import until


@dataclass
class Controller:
    """Rspamd's controller: knows its password, and is away at first when it is told to be."""

    answers: list[int] = field(default_factory=lambda: [200])
    port: int = field(default_factory=free_port)
    heard: list[tuple[str, str, bytes]] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        fields = dict(line.lower().split(": ", 1) for line in head.splitlines()[1:] if ": " in line)
        body = await reader.readexactly(int(fields["content-length"]))
        self.heard.append((head.split()[1], fields.get("password", ""), body))
        status = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        writer.write(f"HTTP/1.1 {status} x\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}".encode())
        await writer.drain()
        writer.close()


@pytest.fixture
async def controller() -> AsyncIterator[Controller]:
    made = Controller()
    async with await asyncio.start_server(made.serve, "127.0.0.1", made.port):
        yield made


@pytest.fixture
async def gateway() -> AsyncIterator[ReleaseGateway]:
    async with ReleaseGateway() as made:
        yield made


@pytest.mark.parametrize(("learns", "taught"), [(("approved",), 1), (("self",), 0)])
async def test_what_an_operator_released_is_learned_once_when_the_setting_says_so(  # noqa: PLR0917
    redis_url: str,
    prefix: str,
    data_dir: Path,
    controller: Controller,
    gateway: ReleaseGateway,
    learns: Any,
    taught: int,
) -> None:
    settings: dict[str, Any] = {
        "reinject_url": gateway.url,
        "rspamd_learn_url": f"http://127.0.0.1:{controller.port}",
        "rspamd_learn_password": "secret",
        "learn_released": learns,
    }
    async with house(("digest",), redis_url, prefix, data_dir, **settings) as digest:
        await digest.publish(held(data_dir=data_dir, rcpt=(ANA, BEN)))
        await said(digest, QuarantineFiled, 2)
        for recipient in (ANA, BEN):
            await post(digest, "release", recipient)
        await said(digest, QuarantineReleased, 2)
        if taught:

            async def is_heard() -> bool:
                return bool(controller.heard)

            await until(is_heard)
    assert controller.heard == [("/learnham", "secret", RAW)] * taught


@pytest.fixture
async def running(
    redis_url: str, prefix: str, data_dir: Path, gateway: ReleaseGateway, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[House]:
    async with house(("digest",), redis_url, prefix, data_dir, reinject_url=gateway.url) as made:
        Endpoints(redis_url, prefix, digest=f"http://127.0.0.1:{made.ports['quarantine_port']}").save(data_dir)
        monkeypatch.setenv("LONGSTOP_DATA_DIR", str(data_dir))
        yield made


async def run(*words: str) -> Any:
    return await asyncio.to_thread(CliRunner().invoke, command_line("quarantine"), ["quarantine", *words])


async def test_the_command_line_lists_shows_and_decides(running: House, data_dir: Path, tmp_path: Path) -> None:
    await running.publish(held(data_dir=data_dir, subject="\u202egnp \x1b[31mred", rcpt=(ANA, BEN)))
    await said(running, QuarantineFiled, 2)
    await running.publish(ask("request"))
    await said(running, ReleaseRequested)
    listed = await run("list", "--status", "release_requested", "--json")
    assert [json.loads(line)["recipient"] for line in listed.stdout.splitlines()] == [ANA]
    for words in (("list",), ("show", "h")):
        shown = await run(*words)
        assert shown.exit_code == 0, shown.output
        assert not {"\u202e", "\x1b"} & set(shown.output)
    path = tmp_path / "mail.eml"
    assert (await run("show", "h1", "--save", str(path))).exit_code == 0
    assert path.read_bytes() == RAW
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (await run("show", "h1", "--save", str(path))).exit_code == 1  # nothing is overwritten
    unclear = await run("release", "h1")
    assert "2 recipients" in str(unclear.exception)
    assert (await run("release", "h1", "--recipient", ANA, "--comment", "fine")).exit_code == 0
    await said(running, QuarantineReleased)
    again = await run("release", "h1", "--recipient", ANA)
    assert "already_released" in str(again.exception)
    denied = await run("deny", "h1", "--recipient", BEN, "--json")
    assert json.loads(denied.stdout)["act"] == "deny"
    assert (await run("submit", "h1")).exit_code == 0
    assert (await run("delete", "h1", "--recipient", BEN)).exit_code == 0
    assert "no held mails begin with zz" in str((await run("show", "zz")).exception)
