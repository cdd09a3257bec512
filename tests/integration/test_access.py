"""Who is let into the console, for how long, and what they leave in the audit."""

import hashlib
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from services.console.access import Access
from services.console.access.lockout import ACCOUNT_MAX_S, FREE
from services.console.settings import ConsoleSettings
from shared.events import BlockRequested, CaseOpened
from shared.work import Database
from tests.people import OURS, account_of, bootstrap, browser, token_of
from tests.services import House, house
from tests.waiting import until


@pytest.fixture
async def console(redis_url: str, database_url: str, prefix: str, data_dir: Path) -> AsyncIterator[House]:
    async with house(("console",), redis_url, prefix, data_dir, database_url=database_url) as made:
        yield made


async def acts(console: House, **where: str) -> list[str]:
    async with console.http("console") as http:
        page = await http.get("/v1/audit", params={"limit": "500", **where}, headers=bootstrap(console))
    return [f"{one['name']} {one['act']}" for one in page.json()["items"]]


async def test_a_token_works_until_it_is_revoked_and_is_kept_only_as_a_hash(console: House) -> None:
    header = await token_of(console, "viewer")
    async with console.http("console") as http:
        assert (await http.get("/v1/me", headers=header)).json()["name"] == "token/a-viewer"
        (listed,) = (await http.get("/v1/tokens", headers=bootstrap(console))).json()["items"]
        assert listed["used_at"]
        secret = header["Authorization"].rpartition("_")[2]
        assert secret not in str(listed)
        assert (await http.delete(f"/v1/tokens/{listed['id']}", headers=bootstrap(console))).status_code == 204
        assert (await http.get("/v1/me", headers=header)).status_code == 401


async def test_a_token_ends_when_its_time_is_over(console: House) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=2)
    header = await token_of(console, "viewer", expires_at=soon.isoformat())

    async def is_over() -> bool:
        async with console.http("console") as http:
            return (await http.get("/v1/me", headers=header)).status_code == 401

    async with console.http("console") as http:
        assert (await http.get("/v1/me", headers=header)).status_code == 200 or datetime.now(UTC) > soon
    await until(is_over)


async def test_a_token_for_one_area_is_good_for_nothing_else(console: House) -> None:
    blocks = await token_of(console, "analyst", kinds=["blocks"])
    reader = await token_of(console, "analyst", kinds=["read"])
    entry = {"kind": "address", "value": "evil@evil.example"}
    async with console.http("console") as http:
        assert (await http.post("/v1/blocks", json=entry, headers=blocks)).status_code == 202
        assert (await http.get("/v1/reports", headers=blocks)).status_code == 403
        assert (await http.get("/v1/reports", headers=reader)).status_code == 200
        assert (await http.post("/v1/blocks", json=entry, headers=reader)).status_code == 403
        assert (await http.get("/", headers=blocks)).status_code == 403


async def test_nobody_makes_a_token_that_may_more_than_theirs(console: House) -> None:
    maker = await token_of(console, "admin", kinds=["tokens"])
    async with console.http("console") as http:
        for kinds in ([], ["blocks"], ["tokens", "blocks"]):
            wanted = {"name": "more", "role": "admin", "kinds": kinds}
            assert (await http.post("/v1/tokens", json=wanted, headers=maker)).status_code == 403
        same = {"name": "same", "role": "admin", "kinds": ["tokens"]}
        assert (await http.post("/v1/tokens", json=same, headers=maker)).status_code == 201


async def test_a_session_ends_everywhere_when_one_signs_out(console: House) -> None:
    password = await account_of(console, "ana", "analyst")
    async with browser(console, "ana", password) as http:
        copied = dict(http.cookies)
        page = await http.get("/")
        csrf = re.search(r'name="csrf" value="([0-9a-f]+)"', page.text)
        assert csrf
        assert (await http.post("/sign-out", data={"csrf": csrf[1]}, headers=OURS)).status_code == 303
        assert (await http.get("/v1/me")).status_code == 401
    async with console.http("console") as thief:
        thief.cookies.update(copied)
        assert (await thief.get("/v1/me")).status_code == 401


async def test_a_form_of_another_page_does_nothing(console: House) -> None:
    password = await account_of(console, "ana", "analyst")
    form = {"decision": "approved"}
    async with browser(console, "ana", password) as http:
        for headers in ({}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "none"}, {"Origin": "null"}, {"Origin": "https://evil.example"}, OURS):  # fmt: skip
            assert (await http.post("/quarantine/act", data=form, headers=headers)).status_code == 403
            assert (await http.delete("/v1/blocks/b", headers=headers)).status_code == 403
            wrong = {**form, "csrf": "0" * 32}
            assert (await http.post("/quarantine/act", data=wrong, headers=headers)).status_code == 403
        page = await http.get("/")
        csrf = re.search(r'name="csrf" value="([0-9a-f]+)"', page.text)
        assert csrf
        right = await http.delete("/v1/blocks/b", headers={**OURS, "X-Csrf-Token": csrf[1]})
        assert right.status_code == 404


async def test_the_cookie_is_kept_from_scripts_and_other_sites_and_tied_to_tls(
    redis_url: str, prefix: str, data_dir: Path
) -> None:
    async with house(("console",), redis_url, prefix, data_dir, trusted_proxies=("127.0.0.0/8",)) as console:
        password = await account_of(console, "ana", "viewer")
        async with console.http("console") as http:
            plain = await http.post("/sign-in", data={"name": "ana", "password": password})
            tls = await http.post(
                "/sign-in", data={"name": "ana", "password": password}, headers={"X-Forwarded-Proto": "https"}
            )
    for word in ("HttpOnly", "SameSite=strict", "Path=/"):
        assert word in plain.headers["set-cookie"]
        assert word in tls.headers["set-cookie"]
    assert "Secure" not in plain.headers["set-cookie"]
    assert tls.headers["set-cookie"].startswith("__Host-longstop_session=")
    assert "Secure" in tls.headers["set-cookie"]
    assert "Domain" not in tls.headers["set-cookie"]


async def test_guessing_takes_longer_and_longer_but_an_account_is_not_locked_for_its_owner(console: House) -> None:
    password = await account_of(console, "ana", "viewer")
    async with console.http("console") as http:
        for _ in range(FREE):
            assert (await http.post("/sign-in", data={"name": "ana", "password": "wrong"})).status_code == 401
        for _ in range(FREE):  # each doubles the wait, so that one of them comes too early on the slowest machine
            last = await http.post("/sign-in", data={"name": "ana", "password": "wrong"})
        assert last.status_code == 429
        right = await http.post("/sign-in", data={"name": "ana", "password": password})
    assert right.status_code == 429
    assert 1 <= int(right.headers["retry-after"]) <= ACCOUNT_MAX_S


async def test_who_asks_for_an_account_that_is_not_there_learns_nothing(console: House) -> None:
    await account_of(console, "ana", "viewer")
    async with console.http("console") as http:
        there = await http.post("/sign-in", data={"name": "ana", "password": "wrong"})
        not_there = await http.post("/sign-in", data={"name": "eve", "password": "wrong"})
    assert (there.status_code, there.text) == (not_there.status_code, not_there.text)


async def test_the_first_account_is_made_once_and_its_password_told_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = ConsoleSettings(data_dir=tmp_path, redis_url="unix:///nowhere")
    for start in range(2):
        access = Access(settings)
        await access.database.create()
        await access.start()
        told = capsys.readouterr().err
        found = re.search(r"`admin`, its password (\S+)", told)
        assert bool(found) == (start == 0)
        if found:
            assert await access.operators.check("admin", found[1])
            kept = b"".join(path.read_bytes() for path in (tmp_path / "db").iterdir())
            assert found[1].encode() not in kept
        await access.database.close()


async def test_a_new_password_ends_the_sessions_that_the_old_one_opened(console: House) -> None:
    password = await account_of(console, "ana", "viewer")
    async with browser(console, "ana", password) as http:
        async with console.http("console") as admin:
            fresh = (await admin.post("/v1/operators/ana/reset", headers=bootstrap(console))).json()["password"]
        assert (await http.get("/v1/me")).status_code == 401
        assert (await http.post("/sign-in", data={"name": "ana", "password": password})).status_code == 401
        assert (await http.post("/sign-in", data={"name": "ana", "password": fresh})).status_code == 303


async def test_a_person_changes_their_own_password_and_stays_signed_in(console: House) -> None:
    password = await account_of(console, "ana", "viewer")
    async with browser(console, "ana", password) as http, browser(console, "ana", password) as elsewhere:
        for old, new, status in (
            (password, "short", 422),
            ("wrong", "long enough now", 403),
            (password, "long enough now", 204),
        ):
            answer = await http.post("/v1/me/password", json={"old": old, "new": new}, headers=OURS)
            assert answer.status_code == status
        assert (await http.get("/v1/me")).status_code == 200
        assert (await elsewhere.get("/v1/me")).status_code == 401


async def test_there_is_always_an_admin(console: House) -> None:
    async with console.http("console") as http:
        http.headers.update(bootstrap(console))
        assert (await http.delete("/v1/operators/admin")).status_code == 422
        assert (await http.patch("/v1/operators/admin", json={"role": "viewer"})).status_code == 422
        await account_of(console, "eve", "admin")
        assert (await http.delete("/v1/operators/admin")).status_code == 204


@pytest.mark.parametrize("trusted", [(), ("10.0.0.0/8",)])
async def test_a_proxys_word_counts_only_from_its_network(
    trusted: tuple[str, ...], redis_url: str, prefix: str, data_dir: Path
) -> None:
    settings: dict[str, Any] = {"proxy_user_header": "X-User", "trusted_proxies": trusted} if trusted else {}
    settings["default_role"] = "admin"
    async with house(("console",), redis_url, prefix, data_dir, **settings) as console, console.http("console") as http:
        answer = await http.get("/v1/me", headers={"X-User": "eve", "X-Forwarded-For": "10.0.0.1"})
    assert answer.status_code == 401


async def test_a_proxy_names_who_signed_in_and_groups_give_roles(redis_url: str, prefix: str, data_dir: Path) -> None:
    settings = {
        "trusted_proxies": ("127.0.0.0/8", "::1"),
        "proxy_user_header": "X-User",
        "proxy_groups_header": "X-Groups",
        "proxy_secret": "between us",
        "analyst_groups": ("soc", "csirt"),
        "admin_groups": ("root",),
    }
    async with house(("console",), redis_url, prefix, data_dir, **settings) as console, console.http("console") as http:
        known = {"X-User": "ana@example.org", "X-Longstop-Proxy-Secret": "between us"}
        me = await http.get("/v1/me", headers={**known, "X-Groups": "staff, soc"})
        assert me.json() == {"name": "ana@example.org", "role": "analyst", "via": "proxy", "kinds": []}
        assert (await http.get("/v1/me", headers={**known, "X-Groups": "staff"})).status_code == 401
        unproven = {"X-User": "eve", "X-Groups": "root"}
        assert (await http.get("/v1/me", headers=unproven)).status_code == 401
        foreign = await http.post(
            "/v1/me/password",
            data={"old": "x"},
            headers={**known, "X-Groups": "soc", "Sec-Fetch-Site": "cross-site"},
        )
        assert foreign.status_code in (403, 422)
        act = await http.delete("/v1/blocks/b", headers={**known, "X-Groups": "soc", "Sec-Fetch-Site": "cross-site"})
        assert act.status_code == 403


async def test_the_client_behind_proxies_is_the_last_that_no_proxy_of_ours_is(
    redis_url: str, prefix: str, data_dir: Path
) -> None:
    settings = {"trusted_proxies": ("127.0.0.0/8", "10.0.0.0/8")}
    async with house(("console",), redis_url, prefix, data_dir, **settings) as console, console.http("console") as http:
        told = {"X-Forwarded-For": "192.0.2.66, 198.51.100.7, 10.0.0.3"}
        await http.post(
            "/v1/blocks", json={"kind": "domain", "value": "evil.example"}, headers={**bootstrap(console), **told}
        )
        (entry,) = (await http.get("/v1/audit", params={"act": "block.requested"}, headers=bootstrap(console))).json()[
            "items"
        ]
    assert entry["address"] == "198.51.100.7"


async def test_a_mail_is_seen_only_by_who_said_why_and_each_look_is_written_down(console: House) -> None:
    raw = b"From: eve@evil.example\r\nSubject: pay\r\n\r\nnow\r\n"
    sha256 = hashlib.sha256(raw).hexdigest()
    blobs = console.data_dir / "blobs" / sha256[0]
    blobs.mkdir(parents=True, exist_ok=True)
    (blobs / sha256).write_bytes(raw)
    ana, bob = await token_of(console, "analyst"), await token_of(console, "admin")
    path = f"/v1/mails/{sha256}"
    async with console.http("console") as http:
        assert (await http.get(path, headers=ana)).status_code == 403
        assert (await http.post(f"{path}/access", json={"reason": "  "}, headers=ana)).status_code == 422
        assert (await http.post(f"{path}/access", json={"reason": "case 12"}, headers=ana)).status_code == 201
        mail = await http.get(path, headers=ana)
        assert (mail.content, mail.headers["content-type"]) == (raw, "message/rfc822")
        assert "attachment" in mail.headers["content-disposition"]
        assert (await http.get(path, headers=bob)).status_code == 403
        unknown = f"/v1/mails/{'0' * 64}/access"
        assert (await http.post(unknown, json={"reason": "case 12"}, headers=ana)).status_code == 404
    assert await acts(console, about=sha256) == ["token/a-analyst body.looked", "token/a-analyst body.asked"]


async def test_an_act_is_in_the_audit_with_who_did_it_and_events_say_so_too(console: House) -> None:
    await console.publish(
        CaseOpened(case_id="c1", report_id="r1", category="phishing", subject="s", from_address="e@evil.example")
    )
    password = await account_of(console, "ana", "analyst")
    async with browser(console, "ana", password) as http:

        async def there() -> bool:
            return (await http.get("/v1/cases/c1")).status_code == 200

        await until(there)
        entry = {"kind": "address", "value": "evil@evil.example", "note": "seen"}
        await http.post("/v1/blocks", json=entry, headers=OURS)
        await http.patch("/v1/cases/c1", json={"note": "mine", "by": "somebody else"}, headers=OURS)
        await http.post("/v1/cases/c1/decision", json={"category": "phishing", "by": "eve"}, headers=OURS)
    assert [event["origin"]["by"] for event in await console.said(BlockRequested)] == ["ana"]
    assert [event["by"] for event in await console.said("case.edited.v1")] == ["ana"]
    assert [event["by"] for event in await console.said("case.decided.v1")] == ["ana"]
    done = await acts(console, name="ana")
    assert done == ["ana case.decided", "ana case.edited", "ana block.requested", "ana signed.in"]


async def execute(database: Database, statement: str) -> None:
    await database.run(lambda work: work.session.connection().execute(text(statement)))


def doctored(kind: str) -> list[str]:
    drop = {
        "sqlite": ["DROP TRIGGER access_audit_no_update", "DROP TRIGGER access_audit_no_delete"],
        "postgresql": ["DROP TRIGGER access_audit_append_only ON access_audit"],
    }
    return drop[kind]


TAMPERING = [
    ("UPDATE access_audit SET name = 'nobody' WHERE seq = 3", 3),
    ("UPDATE access_audit SET at = '2020-01-01 00:00:00' WHERE seq = 2", 2),
    ("UPDATE access_audit SET detail = '{}' WHERE seq = 4", 4),
    ("DELETE FROM access_audit WHERE seq = 3", 3),
    ("UPDATE access_audit SET hash = previous WHERE seq = 5", 5),
]


@pytest.mark.parametrize(("statement", "broken_at"), TAMPERING)
async def test_an_entry_that_was_changed_or_taken_out_is_found(
    console: House, database_url: str, statement: str, broken_at: int
) -> None:
    async with console.http("console") as http:
        http.headers.update(bootstrap(console))
        for number in range(5):
            await http.post("/v1/blocks", json={"kind": "domain", "value": f"evil{number}.example"})
        whole = (await http.get("/v1/audit/verify")).json()
        assert (whole["is_whole"], whole["entries"], whole["broken_at"]) == (True, 5, 0)
        database = Access(ConsoleSettings(data_dir=console.data_dir, database_url=database_url)).database
        with pytest.raises(Exception, match="append-only"):
            await execute(database, statement)
        for one in (*doctored(database_url.partition(":")[0]), statement):
            await execute(database, one)
        await database.close()
        told = (await http.get("/v1/audit/verify")).json()
    assert (told["is_whole"], told["broken_at"]) == (False, broken_at)


async def test_entries_taken_off_the_end_are_missed_by_who_noted_the_head(console: House, database_url: str) -> None:
    async with console.http("console") as http:
        http.headers.update(bootstrap(console))
        for number in range(3):
            await http.post("/v1/blocks", json={"kind": "domain", "value": f"evil{number}.example"})
        head = (await http.get("/v1/audit/verify")).json()["head"]
        database = Access(ConsoleSettings(data_dir=console.data_dir, database_url=database_url)).database
        for one in (*doctored(database_url.partition(":")[0]), "DELETE FROM access_audit WHERE seq = 3"):
            await execute(database, one)
        await database.close()
        assert (await http.get("/v1/audit/verify")).json()["is_whole"]
        told = (await http.get("/v1/audit/verify", params={"head": head})).json()
    assert (told["is_whole"], told["has_noted"]) == (False, False)
