"""The quarantine: permissions bound when mail is held, one release for each copy judged by today's verdict, and search."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest

from services.digest.releasing.jobs import end_over
from shared.blobs import FileBlobs
from shared.events import (
    BlockRequested,
    MailEnvelope,
    MessageFacts,
    NotificationSent,
    QuarantineAsked,
    QuarantineDeleted,
    QuarantineExpired,
    QuarantineFiled,
    QuarantineHeld,
    QuarantineRefused,
    QuarantineReleased,
    QuarantineReleaseFailed,
    ReleaseDecided,
    ReleaseRequested,
    SubmissionRequested,
    VerdictIssued,
)
from tests.command_line import longstop
from tests.mails import mail
from tests.release_gateway import ReleaseGateway
from tests.services import House, house
from tests.waiting import until

ANA, BEN = "ana@example.org", "ben@example.org"
RAW = mail(extra="X-Odd:  folded\r\n value\r\n", body=".leading dot\r\nM\u00fche")


@pytest.fixture
async def gateway() -> AsyncIterator[ReleaseGateway]:
    async with ReleaseGateway() as made:
        yield made


@pytest.fixture
async def digest(
    redis_url: str, database_url: str, prefix: str, data_dir: Path, gateway: ReleaseGateway
) -> AsyncIterator[House]:
    settings: dict[str, Any] = {"database_url": database_url, "reinject_url": gateway.url, "digest_frequency": "never"}
    async with house(("digest",), redis_url, prefix, data_dir, **settings) as made:
        yield made


def held(
    name: str = "h1",
    *,
    reason: Any = "spam",
    rcpt: tuple[str, ...] = (ANA,),
    data_dir: Path | None = None,
    **facts: Any,
) -> QuarantineHeld:
    sha256 = FileBlobs(data_dir / "blobs").put([RAW])[0] if data_dir else f"{abs(hash(name)):064x}"
    at = facts.pop("at", datetime.now(UTC))
    message = {"size_bytes": len(RAW), "from_address": "bonus@lucky.example", "subject": "Free spins", **facts}
    return QuarantineHeld(
        held_id=name,
        message=MessageFacts(sha256=sha256, **message),
        envelope=MailEnvelope(
            mail_from="bounce+1@lucky.example", rcpt_to=rcpt, client_ip="203.0.113.9", helo="mx.lucky.example"
        ),
        reason=reason,
        queue_id="4F1D+2",
        held_at=at,
        expires_at=at + timedelta(days=30),
    )


def ask(act: Any, ask_id: str = "ask-1", recipient: str = ANA, **more: Any) -> QuarantineAsked:
    return QuarantineAsked(ask_id=ask_id, held_id="h1", recipient=recipient, act=act, by=recipient, **more)


def verdict(event: QuarantineHeld, category: Any, version: int = 1) -> VerdictIssued:
    return VerdictIssued(
        submission_id="s", case_id="c", message_sha256=event.message.sha256, version=version, category=category,
        confidence=1, cause="undetermined",
    )  # fmt: skip


async def said(house: House, kind: Any, count: int = 1) -> list[dict[str, Any]]:
    async def enough() -> bool:
        return len(await house.said(kind)) >= count

    await until(enough)
    found: list[dict[str, Any]] = await house.said(kind)
    return found


async def copies(digest: House, **asked: Any) -> dict[str, Any]:
    async with digest.http("digest") as http:
        answer = await http.get("/v1/quarantine", params=asked)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def post(digest: House, act: str, recipient: str = ANA, **body: Any) -> Any:
    async with digest.http("digest") as http:
        return await http.post(f"/v1/quarantine/h1/{recipient}/{act}", json=body)


async def test_what_a_recipient_may_do_is_bound_and_said_when_mail_is_held(digest: House) -> None:
    event = held(rcpt=(ANA, BEN, ANA))
    await digest.publish(event)
    first, second = await said(digest, QuarantineFiled, 2)
    assert {first["recipient"], second["recipient"]} == {ANA, BEN}
    assert "release" in first["permissions"]
    assert datetime.fromisoformat(first["expires_at"]) == event.held_at + timedelta(days=15)


async def test_a_recipient_does_what_is_permitted_and_is_told_why_not_otherwise(digest: House) -> None:
    await digest.publish(held(reason="malware"))
    await said(digest, QuarantineFiled)
    for number, act in enumerate(("release", "allow", "request", "request", "block", "submit", "delete", "request")):
        await digest.publish(ask(act, f"ask-{number}", comment="I need it"))
        await said(digest, QuarantineRefused, [1, 2, 2, 3, 3, 3, 3, 4][number])
    await digest.publish(ask("delete", "ask-x", recipient="nobody@example.org"))
    refused = {one["ask_id"]: one["code"] for one in await said(digest, QuarantineRefused, 5)}
    assert refused == {
        "ask-0": "not_permitted", "ask-1": "not_permitted", "ask-3": "already_requested", "ask-7": "already_deleted",
        "ask-x": "unknown_mail",
    }  # fmt: skip
    (requested,) = await said(digest, ReleaseRequested)
    assert requested["comment"] == "I need it"
    assert datetime.fromisoformat(requested["due_at"]) > datetime.now(UTC)
    (blocked,) = await said(digest, BlockRequested)
    assert (blocked["value"], blocked["scope"], blocked["action"]) == ("bonus@lucky.example", ANA, "block")
    (asked,) = await said(digest, SubmissionRequested)
    assert (asked["sender"], asked["subject"]) == ("bonus@lucky.example", "Free spins")
    assert len(await said(digest, QuarantineDeleted)) == 1


@pytest.mark.parametrize("recipient", ["a/b@example.org", "a?b#c%2Fd@example.org"])
async def test_any_address_that_mail_can_have_is_answered_by_its_name(digest: House, recipient: str) -> None:
    await digest.publish(held(rcpt=(recipient, BEN)))
    await said(digest, QuarantineFiled, 2)
    done = await longstop(digest, "quarantine", "deny", "h1", "--recipient", recipient, "--json")
    assert (done.exit_code, done.stderr) == (0, "")
    assert (await copies(digest, status="denied"))["quarantine"][0]["recipient"] == recipient


async def test_a_release_goes_out_once_with_its_envelope_and_origin(
    digest: House, gateway: ReleaseGateway, data_dir: Path
) -> None:
    await digest.publish(held(data_dir=data_dir, rcpt=(ANA, BEN)))
    await said(digest, QuarantineFiled, 2)
    assert (await post(digest, "release")).status_code == 200
    (released,) = await said(digest, QuarantineReleased)
    assert (released["recipient"], released["by"]) == (ANA, "operator")
    assert (await post(digest, "release")).json()["title"] == "already_released"
    assert gateway.mails == [RAW]
    assert "MAIL FROM:<bounce+1@lucky.example> BODY=8BITMIME" in gateway.said
    assert [line for line in gateway.said if line.startswith("RCPT")] == [f"RCPT TO:<{ANA}> NOTIFY=NEVER"]
    assert "XFORWARD ADDR=203.0.113.9 HELO=mx.lucky.example IDENT=4F1D+2B2" in gateway.said
    assert [one["status"] for one in (await copies(digest, recipient=BEN))["quarantine"]] == ["held"]


async def test_a_lost_answer_is_told_and_nothing_is_sent_twice(
    digest: House, gateway: ReleaseGateway, data_dir: Path
) -> None:
    gateway.answers = ["lost", "250 2.0.0 Ok"]
    await digest.publish(held(data_dir=data_dir))
    await said(digest, QuarantineFiled)
    await post(digest, "release")
    (failed,) = await said(digest, QuarantineReleaseFailed)
    assert failed["final"]
    assert "may have delivered" in failed["reason"]
    (copy,) = (await copies(digest))["quarantine"]
    assert (copy["status"], copy["release_at"], len(gateway.mails)) == ("held", None, 1)
    await post(digest, "release")  # a person looked, and says so
    await said(digest, QuarantineReleased)


async def test_a_refused_release_is_final_and_a_busy_gateway_is_tried_again(
    digest: House, gateway: ReleaseGateway, data_dir: Path
) -> None:
    gateway.answers = ["451 4.3.0 busy", "554 5.7.1 no"]
    await digest.publish(held(data_dir=data_dir))
    await said(digest, QuarantineFiled)
    await post(digest, "release")
    (failed,) = await said(digest, QuarantineReleaseFailed)
    assert not failed["final"]
    (copy,) = (await copies(digest, status="held"))["quarantine"]
    assert copy["release_at"]
    assert (await post(digest, "delete")).json()["title"] == "in_progress"


async def test_a_mail_known_to_be_bad_by_now_needs_an_override(
    digest: House, gateway: ReleaseGateway, data_dir: Path
) -> None:
    event = held(data_dir=data_dir)
    await digest.publish(event)
    await digest.publish(verdict(event, "phishing"))
    await said(digest, QuarantineFiled)

    async def is_known() -> bool:
        async with digest.http("digest") as http:
            return bool((await http.get("/v1/quarantine/h1")).json()["verdict"])

    await until(is_known)
    await digest.publish(ask("release"))
    await digest.publish(ReleaseDecided(held_id="h1", recipient=ANA, decision="approved", by="op", decision_id="d1"))
    refused = await said(digest, QuarantineRefused, 2)
    assert {one["code"] for one in refused} == {"now_known_bad"}
    assert (await post(digest, "release")).json()["title"] == "now_known_bad"
    assert gateway.mails == []
    assert (await post(digest, "release", override=True)).status_code == 200
    await said(digest, QuarantineReleased)
    assert [one["override"] for one in await said(digest, ReleaseDecided, 2)] == [False, True]


@pytest.mark.parametrize(("category", "released"), [("clean", 1), ("malware", 0)])
async def test_a_recipients_release_waits_for_todays_verdict(
    digest: House, gateway: ReleaseGateway, data_dir: Path, category: str, released: int
) -> None:
    event = held(data_dir=data_dir)
    await digest.publish(event)
    await said(digest, QuarantineFiled)
    await digest.publish(ask("release"))
    (asked,) = await said(digest, SubmissionRequested)
    assert asked["message_sha256"] == event.message.sha256
    assert gateway.mails == []
    await digest.publish(verdict(event, category))
    await said(digest, QuarantineReleased if released else QuarantineRefused)
    assert len(gateway.mails) == released
    if not released:
        (told,) = await said(digest, NotificationSent)
        assert (told["kind"], told["recipient"]) == ("decision", ANA)


async def test_an_operators_answer_reaches_who_asked_and_nobody_else(digest: House) -> None:
    await digest.publish(held(rcpt=(ANA, BEN), reason="phishing"))
    await said(digest, QuarantineFiled, 2)
    await digest.publish(ask("request"))
    await said(digest, ReleaseRequested)
    (waiting,) = (await copies(digest, status="release_requested"))["quarantine"]
    assert waiting["due_at"]
    assert (await copies(digest, overdue=True))["quarantine"] == []
    for recipient in (ANA, BEN):
        assert (await post(digest, "deny", recipient, comment="Call the sender.", by="kim")).status_code == 200
    (told,) = await said(digest, NotificationSent)
    assert (told["kind"], told["recipient"]) == ("decision", ANA)
    (path,) = (digest.data_dir / "outbox").glob("*decision*.eml")
    body = message_from_bytes(path.read_bytes(), policy=policy.default).get_body(("plain",))
    assert body is not None
    assert "Call the sender." in body.get_content()
    assert [one["by"] for one in await said(digest, ReleaseDecided, 2)] == ["kim", "kim"]


async def test_copies_expire_by_their_policy(digest: House) -> None:
    await digest.publish(held("h1", at=datetime.now(UTC) - timedelta(days=16)))
    await digest.publish(held("h2", at=datetime.now(UTC) - timedelta(days=16), reason="policy"))
    await said(digest, QuarantineFiled, 2)
    assert (await post(digest, "release")).json()["title"] == "expired"  # whether or not it was marked so
    await digest.database("digest").run(end_over)
    (over,) = await said(digest, QuarantineExpired)
    assert over["held_id"] == "h1"


FOUND = {
    "subject=invoice": {"a", "c"},
    "subject=INV": {"a", "c"},
    "text=invoice": {"a", "b", "c"},
    "text=bonus": {"b"},
    "text=invoice bill": {"c"},
    "sender=bill@acme.example": {"c"},
    "sender=acme.example": {"a", "c"},
    "sender=@acme.example": {"a", "c"},
    "recipient=ben@EXAMPLE.org": {"b"},
    "reason=malware": {"c"},
    "text=invoice&reason=malware": {"c"},
    "subject=invoice&recipient=ana@example.org&status=held": {"a", "c"},
    "text=nothing&status=held": set(),
    "status=held": {"a", "b", "c"},
    "status=deleted": set(),
    "text=nothing": set(),
    "text=%": set(),
    "text=' OR 1 --": set(),
    "id=a": {"a"},
    "id=%": set(),
}


async def test_held_mail_is_found_by_what_is_known_of_it(digest: House) -> None:
    await digest.publish(held("a", subject="Your Inv\u00f6ice", from_address="pay@acme.example"))
    await digest.publish(held("b", subject="Spins", from_name="Invoice department", rcpt=(BEN,)))
    await digest.publish(held("c", subject="invoice 7", from_address="bill@acme.example", reason="malware"))
    await said(digest, QuarantineFiled, 3)
    for asked, ids in FOUND.items():
        words = dict(word.split("=", 1) for word in asked.split("&"))
        found = {one["held_id"] for one in (await copies(digest, **words))["quarantine"]}
        assert found == ids, asked


async def test_pages_hold_every_copy_once_the_newest_first(digest: House) -> None:
    start = datetime.now(UTC) - timedelta(hours=1)
    for number in range(7):
        await digest.publish(held(f"h{number}", rcpt=(ANA, BEN), at=start + timedelta(minutes=number // 2)))
    await said(digest, QuarantineFiled, 14)
    for asked in ({}, {"text": "spins"}, {"reason": "spam"}, {"text": "spins", "status": "held"}):
        seen: list[dict[str, Any]] = []
        after = ""
        while True:
            page = await copies(digest, limit=3, after=after, **asked)
            seen += page["quarantine"]
            after = page["next"]
            if not after:
                break
        keys = [(one["held_id"], one["recipient"]) for one in seen]
        assert len(keys) == len(set(keys)) == 14
        assert [one["held_at"] for one in seen] == sorted((one["held_at"] for one in seen), reverse=True)
    late = (start + timedelta(minutes=2)).isoformat()
    assert (
        len((await copies(digest, since=late))["quarantine"]) + len((await copies(digest, until=late))["quarantine"])
        == 14
    )
    async with digest.http("digest") as http:
        assert (await http.get("/v1/quarantine", params={"after": "nonsense"})).status_code == 400
        assert (await http.get("/v1/quarantine", params={"nonsense": "x"})).status_code == 422


async def test_the_raw_mail_is_a_file_that_no_browser_shows(digest: House, data_dir: Path) -> None:
    await digest.publish(held(data_dir=data_dir))
    await said(digest, QuarantineFiled)
    async with digest.http("digest") as http:
        answer = await http.get("/v1/quarantine/h1/raw")
        assert (await http.get("/v1/quarantine/none/raw")).status_code == 404
    assert answer.content == RAW
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment")


async def test_lmtp_is_spoken_as_it_should_be(redis_url: str, prefix: str, data_dir: Path) -> None:
    async with (
        ReleaseGateway(lmtp=True) as gateway,
        house(("digest",), redis_url, prefix, data_dir, reinject_url=gateway.url) as digest,
    ):
        await digest.publish(held(data_dir=data_dir))
        await said(digest, QuarantineFiled)
        await post(digest, "release")
        await said(digest, QuarantineReleased)
    assert gateway.said[0] == "LHLO longstop"
    assert gateway.mails == [RAW]
