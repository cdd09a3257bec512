"""The life of entries: told a week before their end, listed when they end soon or stopped nothing, kept as files."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import dns.zone
import pytest
from sqlalchemy import update
from sqlmodel import col

from services.blocklist.jobs import WarnBeforeEnd
from services.blocklist.mapfiles import WriteMaps, fresh
from services.blocklist.settings import BlocklistSettings
from services.blocklist.tables import Entry
from shared.blobs import open_blobs
from shared.bus import connect
from shared.errors import Defer
from shared.events import BlockExpiring
from shared.run import Room
from shared.work import now
from tests.cdb import everything_in_cdb
from tests.services import House, house
from tests.waiting import until


@pytest.fixture
async def blocks(redis_url: str, database_url: str, prefix: str, data_dir: Path) -> AsyncIterator[House]:
    more = {"database_url": database_url, "map_dir": data_dir / "maps"}
    async with house(("blocklist",), redis_url, prefix, data_dir, **more) as made:
        yield made


async def add(made: House, value: str, **more: Any) -> str:
    async with made.http("blocklist") as http:
        answer = await http.post("/v1/blocks", json={"value": value, **more})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["block_id"])


async def values(made: House, **query: str) -> set[str]:
    async with made.http("blocklist") as http:
        return {one["value"] for one in (await http.get("/v1/blocks", params=query)).json()["blocks"]}


async def age(made: House, days: int, **columns: Any) -> None:
    """Let every entry be so many days older."""
    older = {"created_at": now() - timedelta(days=days), **columns}
    await made.database("blocklist").run(lambda work: work.session.execute(update(Entry).values(**older)))


async def test_an_entry_is_told_once_a_week_before_its_end_and_again_when_that_moved(blocks: House) -> None:
    settings = BlocklistSettings(**blocks.overrides)
    room = Room(settings, blocks.database("blocklist"), open_blobs(settings.blobs_at()), connect(settings.redis_url))
    warn = WarnBeforeEnd(room)
    await add(blocks, "a@long.example", expires="30d")
    await add(blocks, "b@idle.example", expires="hit+30d")
    await add(blocks, "c@never.example", expires="never")
    short = await add(blocks, "d@short.example", expires="7d")
    await warn()
    assert await blocks.said(BlockExpiring) == []
    await age(blocks, 25, expires_at=now() + timedelta(days=6))
    await blocks.database("blocklist").run(
        lambda work: work.session.execute(
            update(Entry).where(col(Entry.block_id) == short).values(created_at=now() - timedelta(days=1))
        )
    )
    await blocks.database("blocklist").run(
        lambda work: work.session.execute(
            update(Entry).where(col(Entry.value) == "c@never.example").values(expires_at=None)
        )
    )
    await warn()
    await warn()
    assert [one["value"] for one in await blocks.said(BlockExpiring)] == ["a@long.example"]
    await age(blocks, 25, expires_at=now() + timedelta(days=5))
    await warn()
    assert len(await blocks.said(BlockExpiring)) > 1


async def test_entries_that_end_soon_and_those_that_stopped_nothing_are_listed(blocks: House) -> None:
    await add(blocks, "a@soon.example", expires="3d")
    await add(blocks, "b@later.example", expires="60d")
    assert await values(blocks, expiring_days="7") == {"a@soon.example"}
    assert await values(blocks, unused_days="30") == set()  # too young to say
    await age(blocks, 40)
    assert await values(blocks, unused_days="30") == {"a@soon.example", "b@later.example"}
    await age(blocks, 40, last_hit_at=now() - timedelta(days=2))
    assert await values(blocks, unused_days="30") == set()


async def test_maps_and_zones_are_kept_as_files_and_served_as_they_are(blocks: House, data_dir: Path) -> None:
    folder = data_dir / "maps"
    removed = await add(blocks, "fee@parcel.example")
    await add(blocks, "evil.example", kind="url")
    await add(blocks, "198.51.100.0/24")
    await add(blocks, "own@parcel.example", scope="ana@example.org")

    async def written() -> bool:
        wanted = {
            "from.map": "fee@",
            "urlhost.map": "evil",
            "rpz.zone": "evil",
            "dnsbl-ip.zone": "198",
            "ip.map": "198",
        }
        return all((folder / name).exists() and words in (folder / name).read_text() for name, words in wanted.items())

    await until(written)
    assert (folder / "from.map").read_text() == "fee@parcel.example\n"
    async with blocks.http("blocklist") as http:
        assert (await http.get("/maps/rpz")).text == (folder / "rpz.zone").read_text()
        tag = (await http.get("/maps/dnsbl-ip")).headers["ETag"]
        assert (await http.get("/maps/dnsbl-ip", headers={"If-None-Match": tag})).status_code == 304
        assert (await http.delete(f"/v1/blocks/{removed}")).status_code == 200
    assert dns.zone.from_text((folder / "rpz.zone").read_text(), origin="rpz.example.org").get_node("evil.example")

    async def gone() -> bool:
        return (folder / "from.map").read_text() == ""

    await until(gone)


async def test_the_gateways_hashes_are_kept_as_files_for_rspamd(blocks: House, data_dir: Path) -> None:
    folder = data_dir / "maps" / "rspamd"
    removed = await add(blocks, "fee@parcel.example")
    stays = {
        "tenant|address|good@parcel.example": await add(blocks, "good@parcel.example", action="allow"),
        "tenant|domain|parcel.example": await add(blocks, "parcel.example"),
        "tenant|ip|198.51.100.0/24": await add(blocks, "198.51.100.0/24"),
        "ana@example.org|address|own@parcel.example": await add(blocks, "own@parcel.example", scope="ana@example.org"),
    }

    def table(name: str) -> dict[str, str]:
        path = folder / f"{name}.cdb"
        found = everything_in_cdb(path.read_bytes()) if path.exists() else {b"made": b"0"}
        return {key.decode(): said.decode() for key, said in found.items()}

    def book() -> dict[str, Any]:
        lines = table("gateway")
        assert int(lines.pop("made")) <= now().timestamp()
        return {key: json.loads(said) for key, said in lines.items()}

    async def written() -> bool:
        return {key: mark["id"] for key, mark in book().items()} == {
            "tenant|address|fee@parcel.example": removed,
            **stays,
        } and (folder / "ip.map").exists()

    await until(written, patience_s=60)
    assert book()["tenant|address|good@parcel.example"]["action"] == "allow"
    said = f"LONGSTOP_REJECT:1 {stays['tenant|domain|parcel.example']}"
    assert table("domain") == {"parcel.example": said}
    assert list(table("pair")) == ["own@parcel.example|ana@example.org"]
    assert (
        folder / "ip.map"
    ).read_text() == f"198.51.100.0/24 LONGSTOP_REJECT:1 {stays['tenant|ip|198.51.100.0/24']}\n"
    cdbs = {f"{name}.cdb" for name in ("gateway", "from", "domain", "urlhost", "urlsha256", "sha256", "pair")}
    assert {path.name for path in folder.iterdir()} == {*cdbs, "ip.map"}
    async with blocks.http("blocklist") as http:
        assert (await http.delete(f"/v1/blocks/{removed}")).status_code == 200

    async def gone() -> bool:
        return ({key: mark["id"] for key, mark in book().items()}, table("from")) == (stays, {})

    await until(gone, patience_s=60)  # the files rest ten times as long as they took to write


async def test_a_folder_of_maps_that_cannot_be_written_is_told_and_leaves_the_old_files(
    blocks: House, data_dir: Path
) -> None:
    settings = BlocklistSettings(**{**blocks.overrides, "map_dir": data_dir / "file" / "maps"})
    (data_dir / "file").write_text("in the way")
    room = Room(settings, blocks.database("blocklist"), open_blobs(settings.blobs_at()), connect(settings.redis_url))
    with pytest.raises(Defer, match="LONGSTOP_MAP_DIR cannot be written"):
        await WriteMaps(room)()
    folder = data_dir / "half"
    folder.mkdir()
    (folder / "a.map").write_text("old")

    def half() -> None:
        with fresh(folder, ("a.map",)) as (file,):
            file.write(b"new")
            raise Defer("the database is locked")

    with pytest.raises(Defer, match="locked"):
        half()
    assert (folder / "a.map").read_text() == "old"
