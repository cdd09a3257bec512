"""Lists in a folder are followed: what a file names is blocked, what leaves it is not, unless somebody else wants it."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.services import House, house
from tests.waiting import until


@pytest.fixture
async def book(redis_url: str, database_url: str, prefix: str, data_dir: Path, tmp_path: Path) -> AsyncIterator[House]:
    (tmp_path / "feeds").mkdir()
    more = {"database_url": database_url, "feed_dir": tmp_path / "feeds"}
    async with house(("blocklist",), redis_url, prefix, data_dir, **more) as made:
        yield made


def put(tmp_path: Path, name: str, *lines: str) -> None:
    fresh = tmp_path / f"{name}.new"
    fresh.write_text("".join(f"{line}\n" for line in lines))
    fresh.replace(tmp_path / "feeds" / name)


async def entries(made: House) -> dict[str, str]:
    """What works now, with who made it."""
    async with made.http("blocklist") as http:
        found = (await http.get("/v1/blocks", params={"limit": 1000})).json()["blocks"]
    return {one["value"]: one["origin"]["by"] for one in found}


async def stands(made: House, *values: str) -> None:
    async def so() -> bool:
        return set(await entries(made)) == set(values)

    await until(so, patience_s=40)


async def told(made: House) -> dict[str, dict[str, Any]]:
    async with made.http("blocklist") as http:
        return {one["name"]: one for one in (await http.get("/v1/feeds")).json()["feeds"]}


async def outcome(of: House, name: str, **wanted: int) -> dict[str, Any]:
    """A feed, once its last reading came to this."""

    async def is_so() -> dict[str, Any]:
        feed = (await told(of)).get(name, {})
        return feed if feed and wanted.items() <= feed.items() else {}

    found = await until(is_so)
    assert isinstance(found, dict)
    return found


async def test_what_a_feed_names_is_blocked_until_it_leaves(book: House, tmp_path: Path) -> None:
    put(tmp_path, "evil.txt", "# a feed", "a@evil.example", "evil.example", "gmail.com", "ceo@example.org")
    await stands(book, "a@evil.example", "evil.example")
    feed = await outcome(book, "evil.txt", lines=2, faults=2, made=2)
    assert feed["first_fault"].startswith("line 4: gmail.com")
    put(tmp_path, "evil.txt", "evil.example", "b@evil.example")
    await stands(book, "evil.example", "b@evil.example")
    await outcome(book, "evil.txt", made=1, ended=1)

    async def written() -> bool:
        return bool(await book.redis.hlen(f"{book.prefix}:gateway") == 2)

    await until(written)


async def test_a_feed_allows_nothing(book: House, tmp_path: Path) -> None:
    put(tmp_path, "evil.csv", "value,action", "a@evil.example,allow", "b@evil.example,block")
    feed = await outcome(book, "evil.csv", lines=1, faults=1, made=1)
    assert feed["first_fault"].startswith("line 2: a feed blocks and does nothing else")


async def test_an_entry_stays_while_another_feed_or_a_person_wants_it(book: House, tmp_path: Path) -> None:
    async with book.http("blocklist") as http:
        assert (await http.post("/v1/blocks", json={"value": "mine@evil.example"})).status_code == 201
    put(tmp_path, "one.txt", "mine@evil.example", "both@evil.example", "one@evil.example")
    put(tmp_path, "two.txt", "both@evil.example")
    await stands(book, "mine@evil.example", "both@evil.example", "one@evil.example")

    async def both_read() -> bool:
        return {"one.txt", "two.txt"} <= set(await told(book))

    await until(both_read)
    put(tmp_path, "one.txt", "other@evil.example")
    await stands(book, "mine@evil.example", "both@evil.example", "other@evil.example")
    put(tmp_path, "two.txt", "third@evil.example")
    await stands(book, "mine@evil.example", "third@evil.example", "other@evil.example")


async def test_an_empty_file_and_one_that_is_gone_end_nothing(book: House, tmp_path: Path) -> None:
    put(tmp_path, "evil.txt", "a@evil.example")
    await stands(book, "a@evil.example")
    put(tmp_path, "evil.txt", "<html>503</html>")

    async def read() -> bool:
        return "no good line" in (await told(book)).get("evil.txt", {}).get("words", "")

    await until(read, patience_s=40)
    assert set(await entries(book)) == {"a@evil.example"}
    (tmp_path / "feeds" / "evil.txt").unlink()
    put(tmp_path, "other.txt", "b@evil.example")
    await stands(book, "a@evil.example", "b@evil.example")


async def test_what_a_person_removed_is_not_listed_again_by_a_feed(book: House, tmp_path: Path) -> None:
    put(tmp_path, "evil.txt", "a@evil.example", "b@evil.example")
    await stands(book, "a@evil.example", "b@evil.example")
    async with book.http("blocklist") as http:
        await http.delete("/v1/blocks", params={"value": "a@evil.example"})
    put(tmp_path, "evil.txt", "a@evil.example", "b@evil.example", "c@evil.example")
    await stands(book, "b@evil.example", "c@evil.example")
    put(tmp_path, "evil.txt", "c@evil.example")
    await stands(book, "c@evil.example")
    put(tmp_path, "evil.txt", "b@evil.example", "c@evil.example")  # the feed itself had let it go
    await stands(book, "b@evil.example", "c@evil.example")


async def test_a_label_of_the_traffic_light_protocol_stays_and_bounds_who_may_read(book: House) -> None:
    event = {
        "Event": {
            "Attribute": [
                {
                    "type": "email-src",
                    "value": f"{label or 'none'}@evil.example",
                    "Tag": [{"name": f"tlp:{label}"}] * bool(label),
                }
                for label in ("red", "green", "white", "")
            ]
        }
    }
    async with book.http("blocklist") as http:
        taken = await http.post("/v1/imports", params={"format": "misp"}, json=event)
        assert taken.json()["made"] == 4

        async def leaving(tlp: str) -> dict[str, str]:
            given = (await http.get("/v1/exports", params={"format": "misp", "tlp": tlp})).json()
            return {one["value"].partition("@")[0]: one["Tag"][0]["name"] for one in given["Event"]["Attribute"]}

        assert await leaving("red") == {
            "red": "tlp:red",
            "green": "tlp:green",
            "white": "tlp:clear",
            "none": "tlp:amber",
        }
        assert set(await leaving("amber")) == {"green", "white", "none"}
        assert set(await leaving("green")) == {"green", "white"}
        assert set(await leaving("clear")) == {"white"}
