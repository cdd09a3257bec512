"""Purges over the console's API: who may, what is said, and what is refused before anything is said."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.events import (
    PlannedMailbox,
    PurgeApproved,
    PurgedMailbox,
    PurgeFinished,
    PurgeMatch,
    PurgePlanned,
    PurgeRequested,
    PurgeWithdrawn,
    RestoreRequested,
)
from shared.work import now
from tests.operators_room import campaign, furnish
from tests.people import bootstrap, token_of
from tests.services import House, house
from tests.waiting import until

MAIL = f"{0:064x}"
SINCE = "2026-11-01T00:00:00Z"
ANA = "ana@example.org"
MATCH = PurgeMatch(message_id="1@x", from_address="a@evil.example")


@pytest.fixture
async def console(redis_url: str, prefix: str, data_dir: Path) -> AsyncIterator[House]:
    async with house(("console",), redis_url, prefix, data_dir) as made:
        yield made


async def plan(console: House, *, second: bool = False, fresh: bool = True, force: bool = False) -> None:
    """A purge `p` of Ana's mailbox that eve has asked for, planned."""
    until_ = now() + timedelta(hours=1 if fresh else -1)
    box = (PlannedMailbox(mailbox=ANA, found=1),)
    planned = PurgePlanned(
        purge_id="p", plan=1, mailbox_count=1, hit_count=1, message_count=1, needs_second=second, approve_until=until_, mailboxes=box
    )  # fmt: skip
    asked = PurgeRequested(purge_id="p", by="eve", match=MATCH, mailboxes=(ANA,), case_id="case-0", force=force)
    await furnish(console, asked, planned)


async def done(console: House) -> None:
    moved = ({"folder": "INBOX", "message_id": "1@x", "received_at": now(), "size_bytes": 1},)
    box = PurgedMailbox.model_validate({"mailbox": ANA, "result": "success", "moved": moved})
    await furnish(
        console, PurgeApproved(purge_id="p", plan=1, by="ben"),
        PurgeFinished(purge_id="p", outcome="done", folder="Quarantine", mailboxes=(box,)),
    )  # fmt: skip


async def post(console: House, path: str, headers: dict[str, str] | None = None, **body: Any) -> Any:
    async with console.http("console") as http:
        return await http.post(f"/v1/purges{path}", json=body, headers=headers or bootstrap(console))


async def said(console: House, kind: Any) -> dict[str, Any]:
    found: Any = await until(lambda: console.said(kind))
    return dict(found[0])


async def test_a_purge_of_a_cases_mail_looks_where_it_is_known_to_be(console: House) -> None:
    await furnish(console, *campaign(0, 3))
    answer = await post(console, "", mail=MAIL, which="like", since=SINCE, case_id="case-0", reason="a kit", by="ana")
    assert answer.status_code == 202, answer.text
    asked = await said(console, PurgeRequested)
    assert asked["purge_id"] == answer.json()["purge_id"]
    assert (asked["by"], asked["case_id"], asked["reason"], asked["go"]) == ("ana", "case-0", "a kit", False)
    assert sorted(asked["mailboxes"]) == ["user0@example.org", "user1@example.org", "user2@example.org"]
    assert (asked["match"]["from_address"], asked["match"]["message_id"]) == ("service@bank0.example", "")
    assert asked["match"]["since"] == SINCE

    async def listed() -> list[Any]:
        async with console.http("console") as http:
            rows = await http.get("/v1/purges", params={"case_id": "case-0"}, headers=bootstrap(console))
        return list(rows.json()["items"])

    found: Any = await until(listed)
    assert [(row["status"], row["by"]) for row in found] == [("planning", "ana")]


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"mail": "f" * 64}, 404, "not known"),
        ({"mail": MAIL, "which": "like"}, 422, "which mails"),
        ({"match": {"message_id": "1@x"}, "where": "all"}, 422, "which mails"),
        ({"where": "all"}, 422, "which mails"),
        ({"match": {"message_id": "1@x", "subject": "s"}}, 422, "where"),
        ({"match": {"message_id": "1@x", "subject": "s"}, "where": "named"}, 422, "where"),
    ],
)
async def test_what_names_no_mails_or_no_mailboxes_is_not_asked_for(
    console: House, body: dict[str, Any], status: int, words: str
) -> None:
    await furnish(console, *campaign(0, 1))
    answer = await post(console, "", **body)
    assert (answer.status_code, words in answer.json()["title"]) == (status, True), answer.text
    assert await console.said(PurgeRequested) == []


async def test_only_an_admin_forces_and_only_an_analyst_acts(console: House) -> None:
    await plan(console, force=True)
    viewer, analyst = await token_of(console, "viewer"), await token_of(console, "analyst")
    forced: dict[str, Any] = {"match": {"message_id": "1@x", "subject": "s"}, "where": "all", "force": True}
    assert (await post(console, "", analyst, **forced)).status_code == 403
    assert (await post(console, "/p/again", analyst)).status_code == 403
    acts: dict[str, dict[str, Any]] = {"": forced, "/p/approval": {"plan": 1}, "/p/withdrawal": {}, "/p/restore": {}}
    for path, body in acts.items():
        assert (await post(console, path, viewer, **body)).status_code == 403
    assert await console.said(PurgeApproved) == []
    assert (await post(console, "", **forced)).status_code == 202


async def test_a_plan_is_approved_under_the_name_of_who_asks(console: House) -> None:
    await plan(console)
    analyst = await token_of(console, "analyst")
    assert (await post(console, "/p/approval", analyst, plan=1, by="somebody else")).status_code == 202
    assert (await said(console, PurgeApproved))["by"] == "token/a-analyst", "only the data dir's token names others"


async def test_a_second_person_is_somebody_else_and_no_token(console: House) -> None:
    await plan(console, second=True)
    answer = await post(console, "/p/approval", plan=1, by="eve")
    assert (answer.status_code, "somebody else" in answer.json()["detail"]) == (409, True)
    assert (await post(console, "/p/approval", await token_of(console, "admin"), plan=1)).status_code == 409
    assert await console.said(PurgeApproved) == []
    assert (await post(console, "/p/approval", plan=1, by="mallory")).status_code == 202
    assert (await said(console, PurgeApproved))["by"] == "mallory"


async def test_another_plan_an_old_one_and_a_changed_purge_are_not_approved(console: House) -> None:
    await plan(console)
    assert "its plan is 1" in (await post(console, "/p/approval", plan=2)).json()["detail"]
    stale = await post(console, "/p/approval", {**bootstrap(console), "If-Match": '"old"'}, plan=1)
    assert stale.status_code == 412
    async with console.http("console") as http:
        etag = (await http.get("/v1/purges/p", headers=bootstrap(console))).headers["etag"]
    assert (await post(console, "/p/approval", {**bootstrap(console), "If-Match": etag}, plan=1)).status_code == 202


async def test_a_plan_that_is_too_old_is_planned_again_and_withdrawn(console: House) -> None:
    await plan(console, fresh=False)
    assert "too old" in (await post(console, "/p/approval", plan=1)).json()["detail"]
    answer = await post(console, "/p/again", by="ben")
    assert answer.status_code == 202
    anew = [one for one in await console.said(PurgeRequested) if one["purge_id"] == answer.json()["purge_id"]]
    assert [(one["by"], one["mailboxes"], one["match"]["message_id"]) for one in anew] == [("ben", [ANA], "1@x")]
    assert (await said(console, PurgeWithdrawn))["purge_id"] == "p"


async def test_what_was_moved_is_put_back_and_what_was_not_is_not(console: House) -> None:
    await plan(console)
    assert (await post(console, "/p/restore", mailboxes=[ANA])).status_code == 409
    await done(console)
    assert (await post(console, "/p/withdrawal")).status_code == 409
    answer = await post(console, "/p/restore", mailboxes=[ANA], reason="real", by="ben")
    assert answer.status_code == 202
    restore = await said(console, RestoreRequested)
    assert (restore["restore_id"], restore["by"], restore["mailboxes"]) == (answer.json()["restore_id"], "ben", [ANA])


async def test_the_same_key_asks_once(console: House) -> None:
    await plan(console)
    headers = {**bootstrap(console), "Idempotency-Key": "k"}
    answers = [await post(console, "/p/again", headers, by="ben") for _ in range(2)]
    assert [answer.json() for answer in answers] == [answers[0].json()] * 2
    assert len(await console.said(PurgeRequested)) == 2, "the first one, and one more"


async def test_a_purge_tells_its_mailboxes_page_by_page(console: House) -> None:
    await plan(console)
    await done(console)
    async with console.http("console") as http:
        http.headers.update(bootstrap(console))
        story = (await http.get("/v1/purges/p")).json()
        page = (await http.get("/v1/purges/p/mailboxes", params={"limit": 1})).json()
        audit = (await http.get("/audit", params={"act": "purge.approved"})).text
    assert [(one["mailbox"], one["result"], one["folders"]) for one in story["mailboxes"]] == [
        (ANA, "success", ["INBOX"])
    ]
    assert [one["mailbox"] for one in page["items"]] == [ANA]
    assert {line["kind"] for line in story["activity"]} >= {"purge.requested", "purge.planned", "purge.finished"}
    assert "<tbody>" in audit
