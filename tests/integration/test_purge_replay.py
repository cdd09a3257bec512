"""What a replay of mailboxes brings back: purges with what they moved, so that they can still be undone."""

import asyncio
import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from longstop.__main__ import command_line
from services.mailboxes.stores.memory import memory_store
from tests.purging import PEOPLE, act, ask, box_of, restored, standing
from tests.services import house


@pytest.mark.timeout(180)
async def test_purges_come_back_with_what_they_moved(
    redis_url: str, prefix: str, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = memory_store(prefix)
    store.boxes = {name: box_of(number) for number, name in enumerate(PEOPLE)}
    url = f"memory://{prefix}"
    async with house(("mailboxes",), redis_url, prefix, data_dir, mailstore_url=url) as made:
        waiting, undone, done = [await ask(made, mailboxes=list(PEOPLE[:count])) for count in (4, 1, 3)]
        for purge_id in (undone, done):
            assert await act(made, purge_id, "approval", by="mallory", plan=1) == 202
            await standing(made, purge_id, "finished")
            if purge_id == undone:
                await act(made, purge_id, "restore", by="eve")
                await restored(made, purge_id)
        for name, value in {"redis_url": redis_url, "stream_prefix": prefix, "data_dir": data_dir}.items():
            monkeypatch.setenv(f"LONGSTOP_{name.upper()}", str(value))
        monkeypatch.setenv("LONGSTOP_MAILSTORE_URL", url)
        words = ["replay", "--service", "mailboxes", "--since", "0", "--compare", "--json"]
        told = await asyncio.to_thread(CliRunner().invoke, command_line("replay"), words)
        assert told.exit_code == 0, told.output
        tables = {table["table"]: table for table in json.loads(told.stdout)["tables"]}
        assert json.loads(told.stdout)["dead"] == 0
        for table in ("mailboxes_purge", "mailboxes_box", "mailboxes_restore"):
            assert (tables[table]["only_old"], tables[table]["only_new"]) == (0, 0), table
            assert {one for one in tables[table]["columns"] if not re.search(r"(^|_)at$", one)} == set(), table
        moves = tables["mailboxes_move"]
        assert (moves["only_old"], moves["only_new"], moves["columns"]) == (4, 0, {}), f"those that {waiting} planned"
