"""Lists come in all or nothing, each bad line named; they go out in every format; a preview tells before."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import insert

from services.blocklist.rules.lists_in import FORMATS
from services.blocklist.rules.traffic import day_of
from services.blocklist.tables import Traffic
from shared.events import BlockCreated, BlockImported, BlockRefused, VerdictIssued
from shared.events.verdicts import ProposedBlock
from shared.work import now
from tests.command_line import longstop
from tests.services import House, house
from tests.waiting import until


@pytest.fixture
async def book(redis_url: str, database_url: str, prefix: str, data_dir: Path) -> AsyncIterator[House]:
    async with house(("blocklist",), redis_url, prefix, data_dir, database_url=database_url) as made:
        yield made


async def take(made: House, text: str, **query: Any) -> httpx.Response:
    async with made.http("blocklist") as http:
        return await http.post("/v1/imports", params=query, content=text.encode())


async def listed(made: House) -> set[str]:
    async with made.http("blocklist") as http:
        return {one["value"] for one in (await http.get("/v1/blocks", params={"limit": 1000})).json()["blocks"]}


async def test_a_list_is_taken_in_and_works(book: House) -> None:
    answer = await take(
        book, "# evil\nfee@parcel.example\nevil.example\n203.0.113.7\nhttp://x.example/a\n", note="feed"
    )
    assert answer.status_code == 201
    assert (answer.json()["made"], answer.json()["known"]) == (4, 0)
    assert await listed(book) == {"fee@parcel.example", "evil.example", "203.0.113.7", "x.example/a"}
    (told,) = await book.said(BlockImported)
    assert (told["entry_count"], told["note"]) == (4, "feed")
    assert len(await book.said(BlockCreated)) == 4

    async def written() -> bool:
        return bool(await book.redis.hlen(f"{book.prefix}:gateway") == 4)

    await until(written)
    again = await take(book, "fee@parcel.example\nnew@parcel.example\nnew@parcel.example")
    assert (again.json()["made"], again.json()["known"]) == (1, 2)


async def test_one_bad_line_and_nothing_is_listed(book: House) -> None:
    text = "fee@parcel.example\ngmail.com\nboss@example.org\nnothing at all\n"
    answer = await take(book, text)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert [fault["line"] for fault in answer.json()["faults"]] == [2, 3, 4]
    assert "own domain" in answer.json()["faults"][1]["reason"]
    assert await listed(book) == set()
    answer = await take(book, text, skip_bad="true")
    assert (answer.status_code, answer.json()["made"], answer.json()["fault_count"]) == (201, 1, 3)
    assert await listed(book) == {"fee@parcel.example"}


async def test_a_dry_run_lists_nothing(book: House) -> None:
    answer = await take(book, "fee@parcel.example", dry_run="true")
    assert (answer.status_code, answer.json()["lines"], answer.json()["made"]) == (200, 1, 0)
    assert await listed(book) == set()


async def test_lines_say_more_than_the_import(book: House) -> None:
    text = "value,action,scope,expires\na@x.example,allow,ana@example.org,never\nb@x.example,,,hit+9d\n"
    assert (await take(book, text, format="csv", expires="7d")).status_code == 201
    async with book.http("blocklist") as http:
        found = {one["value"]: one for one in (await http.get("/v1/blocks")).json()["blocks"]}
    one, other = found["a@x.example"], found["b@x.example"]
    assert (one["action"], one["scope"], one["expires_at"]) == ("allow", "ana@example.org", None)
    assert (other["action"], other["idle_days"]) == ("block", 9)


async def test_what_kind_a_list_is_of_is_said_for_lines_that_say_none_and_defenders_senders_stay_senders(
    book: House,
) -> None:
    """In Defender's list of URLs a bare host is a URL; in its list of senders `*.HOST` is a domain."""
    text = "value,kind\nevil.example,\n~worse.example,\n203.0.113.7,\n*.sender.example,domain\n"
    assert (await take(book, text, format="csv", kind="url")).status_code == 201
    async with book.http("blocklist") as http:
        blocks = (await http.get("/v1/blocks")).json()["blocks"]
    assert {(one["kind"], one["value"]) for one in blocks} == {
        ("url", "evil.example"),
        ("url", "worse.example"),
        ("url", "203.0.113.7"),
        ("domain", "sender.example"),
    }
    assert (await take(book, "a.example\n", kind="host")).status_code == 422


@pytest.mark.parametrize("query", [{"expires": "soon"}, {"scope": "everybody"}, {"format": "xml"}, {"more": "x"}])
async def test_a_wrong_import_is_refused_in_words(book: House, query: dict[str, str]) -> None:
    answer = await take(book, "fee@parcel.example", **query)
    assert answer.status_code == 422
    assert answer.json()["title"]


@pytest.mark.parametrize("form", FORMATS)
async def test_what_goes_out_comes_in_again(book: House, form: str) -> None:
    await take(book, "fee@parcel.example\nevil.example\n203.0.113.7\nhttp://x.example/it's/*\n2001:db8::/64\n")
    values = await listed(book)
    async with book.http("blocklist") as http:
        text = (await http.get("/v1/exports", params={"format": form})).text
        for value in values:
            assert (await http.delete("/v1/blocks", params={"value": value})).status_code == 200
    assert await listed(book) == set()
    answer = await take(book, text, format=form)
    assert answer.status_code == 201, answer.text
    assert await listed(book) == values


@pytest.mark.parametrize("form", FORMATS)
async def test_what_goes_out_never_comes_in_as_more_than_it_was(book: House, form: str) -> None:
    """An allow is no block where it is read again, and a recipient's own entry not everybody's."""
    text = "value,action,scope\ngood@x.example,allow,\nbad@x.example,,\nown@x.example,,ana@example.org\n"
    assert (await take(book, text, format="csv")).status_code == 201
    async with book.http("blocklist") as http:
        exported = (await http.get("/v1/exports", params={"format": form})).text
        for value in ("good", "bad", "own"):
            await http.delete("/v1/blocks", params={"value": f"{value}@x.example"})
        assert (await take(book, exported, format=form)).status_code == 201
        blocks = (await http.get("/v1/blocks")).json()["blocks"]
    found = {one["value"]: (one["action"], one["scope"]) for one in blocks}
    assert found["bad@x.example"] == ("block", "tenant")
    assert found.get("good@x.example", ("allow", "tenant")) == ("allow", "tenant")
    assert found.get("own@x.example", ("block", "ana@example.org")) == ("block", "ana@example.org")
    if form in ("csv", "jsonl"):
        assert len(found) == 3


async def test_a_long_list_is_told_at_once(book: House) -> None:
    answer = await take(
        book, "".join(json.dumps({"value": f"s{one}@x.example"}) + "\n" for one in range(5_000)), format="jsonl"
    )
    assert answer.json()["made"] == 5_000
    assert await book.said(BlockCreated) == []
    assert [one["entry_count"] for one in await book.said(BlockImported)] == [5_000]
    listed = await longstop(book, "block", "list", "--limit", "4999", "--json")
    assert len({entry["block_id"] for entry in listed.rows}) == 4_999
    assert "there are more" in listed.stderr
    whole = await longstop(book, "block", "list", "--limit", "5000", "--json")
    assert (len({entry["value"] for entry in whole.rows}), whole.stderr) == (5_000, "")


async def passed(made: House, kind: str, value: str, mails: int, days_ago: int) -> None:
    row = {"kind": kind, "value": value, "mails": mails, "day": day_of(now() - timedelta(days=days_ago))}
    await made.database("blocklist").run(lambda work: work.session.connection().execute(insert(Traffic), [row]))


async def test_a_verdict_never_cuts_off_who_has_written_for_long(book: House) -> None:
    await passed(book, "address", "sales@partner.example", 40, 9)
    await passed(book, "address", "fee@parcel.example", 40, 0)
    proposals = [
        ProposedBlock(kind="address", value=value) for value in ("sales@partner.example", "fee@parcel.example")
    ]
    await book.publish(
        VerdictIssued(
            submission_id="s",
            case_id="c",
            message_sha256="0" * 64,
            version=1,
            category="phishing",
            confidence=0.95,
            cause="undetermined",
            blocks=tuple(proposals),
        )
    )

    async def done() -> bool:
        return bool(await book.said(BlockRefused))

    await until(done)
    (refused,) = await book.said(BlockRefused)
    assert refused["value"] == "sales@partner.example"
    assert "40 mails on 1 of the last 30 days" in refused["reason"]
    assert await listed(book) == {"fee@parcel.example"}
    async with book.http("blocklist") as http:
        told = (await http.post("/v1/preview", json={"value": "sales@partner.example"})).json()
        assert (told["accepted"], told["accepted_of_verdicts"], told["mails_passed"]) == (True, False, 40)
        assert (await http.post("/v1/blocks", json={"value": "sales@partner.example"})).status_code == 201


@pytest.mark.parametrize("value", ["gmail.com", "boss@example.org", "example.org", "bit.ly", "co.uk", "10.0.0.1"])
async def test_a_preview_tells_why_an_entry_would_be_refused(book: House, value: str) -> None:
    async with book.http("blocklist") as http:
        told = (
            await http.post("/v1/preview", json={"value": value, **({"kind": "url"} if value == "bit.ly" else {})})
        ).json()
    assert not told["accepted"]
    assert told["reason"]
    assert await listed(book) == set()
