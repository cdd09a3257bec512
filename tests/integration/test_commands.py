"""`longstop block`, `case` and `token` beside running services: what they do, what they print where, and their exit codes."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from shared.events import CaseDecided
from tests.command_line import Told, longstop
from tests.mails import mail
from tests.operators_room import campaign, furnish, verdict
from tests.services import House, house
from tests.waiting import until

FEE = "fee@parcel-fee.example"


@pytest.fixture
async def made(redis_url: str, prefix: str, data_dir: Path) -> AsyncIterator[House]:
    async with house(("blocklist", "console"), redis_url, prefix, data_dir) as one:
        yield one


async def good(made: House, *words: str) -> Told:
    told = await longstop(made, *words)
    assert told.exit_code == 0, told
    return told


async def test_an_entry_is_added_asked_for_and_removed_by_value_or_id(made: House) -> None:
    added = await good(made, "block", "add", FEE, "--expires", "1d", "--note", "seen", "--json")
    (entry,) = added.rows
    assert (entry["value"], entry["note"], entry["origin"]["by"]) == (FEE, "seen", "command line")
    (check,) = (await good(made, "block", "check", "--from", FEE, "--json")).rows
    assert (check["action"], check["entry"]["block_id"]) == ("block", entry["block_id"])
    assert [row["block_id"] for row in (await good(made, "block", "list", "--json")).rows] == [entry["block_id"]]
    removed = await good(made, "block", "remove", FEE)
    assert (removed.stdout, removed.stderr) == ("", f"removed: {entry['block_id']}\n")
    (check,) = (await good(made, "block", "check", "--from", FEE, "--json")).rows
    assert check["action"] == "none"
    (again,) = (await good(made, "block", "add", FEE, "--json")).rows
    assert again["block_id"] in (await good(made, "block", "remove", again["block_id"])).stderr


async def test_what_cannot_be_done_fails_in_one_line_that_says_why(made: House) -> None:
    for words, said in (
        (("remove", "nobody@parcel-fee.example"), "there is no such entry"),
        (("remove", "http://parcel-fee.example/a"), "there is no such entry"),
        (("remove", "nobody@parcel-fee.example", "--deliver"), "there is no such entry"),
        (("victims", "nobody"), "there is no such entry"),
        (("undo", "nobody"), "there is no such entry"),
        (("add", "gmail.com"), "gmail.com is used by everybody"),
        (("add", FEE, "--expires", "yesterday"), "the expiry is not understood"),
        (("add", "two words"), "this is no domain"),
    ):
        told = await longstop(made, "block", *words)
        assert (told.exit_code, told.stdout, told.stderr.count("\n")) == (1, "", 1), (words, told)
        assert said in told.stderr
        assert "/v1/" not in told.stderr
    assert (await longstop(made, "block", "import", "not-there.csv")).exit_code == 2
    assert (await longstop(made, "block", "check", "--recipient", "ana@example.org")).exit_code == 2


async def test_a_list_with_a_bad_line_is_refused_in_the_command_s_own_words(made: House, tmp_path: Path) -> None:
    (tmp_path / "l.txt").write_text("parcel-fee.example\ntwo words\n")
    told = await longstop(made, "block", "import", str(tmp_path / "l.txt"))
    assert (told.exit_code, told.stdout) == (1, "")
    assert told.stderr.splitlines()[-1].endswith("leave them out with --skip-bad")


async def test_a_case_is_listed_shown_noted_owned_tagged_and_decided(made: House) -> None:
    await furnish(made, *campaign(0, 3), *verdict(0))
    (row,) = (await good(made, "case", "list", "--json")).rows
    assert (row["id"], row["report_count"]) == ("case-0", 3)
    await good(made, "case", "assign", "case", "ana", "--by", "ben")
    await good(made, "case", "note", "case-0", "looks \x1b[31mred", "--by", "ben")
    await good(made, "case", "tag", "case-0", "--add", "parcel", "--remove", "bank")

    async def edited() -> bool:
        (story,) = (await good(made, "case", "show", "case-0", "--json")).rows
        case: dict[str, Any] = story["case"]
        return bool(case["notes"]) and (case["owner"], case["tags"]) == ("ana", ["parcel"])

    await until(edited)
    shown = await good(made, "case", "show", "case-0")
    assert "It presses for time." in shown.stdout
    assert "\x1b" not in shown.stdout
    (decided,) = (await good(made, "case", "decide", "case-0", "phishing", "--comment", "sure", "--json")).rows
    assert decided["case_id"] == "case-0"
    (said,) = await made.said(CaseDecided)
    assert (said["category"], said["comment"]) == ("phishing", "sure")
    assert (await longstop(made, "case", "show", "nope")).exit_code == 1
    assert (await longstop(made, "case", "decide", "case-0", "nonsense")).exit_code in (1, 2)


async def test_a_token_is_made_told_once_and_revoked(made: House) -> None:
    (token,) = (await good(made, "token", "create", "siem", "--role", "viewer", "--expires", "30d", "--json")).rows
    async with made.http("console") as http:
        head = {"Authorization": f"Bearer {token['token']}"}
        assert (await http.get("/v1/cases", headers=head)).status_code == 200
        listed = await good(made, "token", "list", "--json")
        assert token["token"] not in listed.stdout
        assert [row["name"] for row in listed.rows] == ["siem"]
        await good(made, "token", "revoke", listed.rows[0]["id"])
        assert (await http.get("/v1/cases", headers=head)).status_code == 401


async def test_a_mail_that_cannot_be_reported_is_one_line_and_several_are_a_line_each(
    redis_url: str, prefix: str, data_dir: Path, tmp_path: Path
) -> None:
    (tmp_path / "good.eml").write_bytes(mail())
    for name in ("notes.eml", "more.eml"):
        (tmp_path / name).write_text("hello\n")
    words = ("report", "--category", "junk")
    async with house(("ingest",), redis_url, prefix, data_dir) as ingest:
        one = await longstop(ingest, *words, str(tmp_path / "good.eml"), str(tmp_path / "notes.eml"))
        assert (one.exit_code, one.stdout.count("\n"), one.stderr.count("\n")) == (1, 1, 1), one
        assert "notes.eml: refused: this is no mail" in one.stderr
        several = await longstop(ingest, *words, str(tmp_path))
        assert (several.exit_code, several.stderr.count("\n")) == (1, 3), several
        assert "2 not reported" in several.stderr
