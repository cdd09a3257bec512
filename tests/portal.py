"""Held mails and people with browsers, for tests of people's pages."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from services.digest.settings import DigestSettings
from shared.blobs import FileBlobs
from shared.events import MailEnvelope, QuarantineFiled, QuarantineHeld
from shared.events.vocabulary import QuarantinePermission
from shared.links import Links, links_of
from shared.mail import facts, read_mail
from tests.mails import mail
from tests.services import House
from tests.waiting import until

#: What a browser that people use sends with the forms of a page.
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"

ALL: tuple[QuarantinePermission, ...] = (
    "preview", "headers", "download", "release", "block", "allow", "delete", "submit"
)  # fmt: skip

ANA = "ana@example.org"


def held(
    raw: bytes, held_id: str = "held-1", *, reason: str = "spam", rcpt: tuple[str, ...] = (ANA,)
) -> QuarantineHeld:
    """A mail as ingest tells of it."""
    at = datetime.now(UTC)
    return QuarantineHeld(
        held_id=held_id,
        message=facts(read_mail(raw)),
        envelope=MailEnvelope(mail_from="bounce@lucky.example", rcpt_to=rcpt),
        reason=reason,
        held_at=at,
        expires_at=at + timedelta(days=30),
    )


def filed(
    held_id: str = "held-1",
    recipient: str = ANA,
    *,
    permissions: tuple[QuarantinePermission, ...] = ALL,
    reason: str = "spam",
    days: float = 30,
) -> QuarantineFiled:
    """What the policy bound for a recipient."""
    return QuarantineFiled(
        held_id=held_id,
        recipient=recipient,
        reason=reason,
        policy="default",
        permissions=permissions,
        expires_at=datetime.now(UTC) + timedelta(days=days),
    )


async def hold(house: House, raw: bytes | None = None, held_id: str = "held-1", **more: Any) -> None:
    """Have a mail held for Ana, and wait until portal knows it."""
    raw = raw if raw is not None else mail()
    FileBlobs(house.data_dir / "blobs").put([raw])
    await house.publish(held(raw, held_id, reason=more.get("reason", "spam")))
    await house.publish(filed(held_id, **more))

    async def is_there() -> bool:
        async with browser(house) as http:
            return (await http.get(path_of(links(house).page(held_id, ANA, at=datetime.now(UTC))))).status_code == 200

    await until(is_there)


def links(house: House) -> Links:
    """The links as digest makes them."""
    return links_of(DigestSettings(**house.overrides))


def link(house: House, held_id: str = "held-1", recipient: str = ANA, act: str = "") -> str:
    """The path of a mail's page."""
    return path_of(links(house).action(held_id, recipient, act, at=datetime.now(UTC)))


def path_of(url: str) -> str:
    return url[len("http://127.0.0.1:8083") :]


def browser(house: House, **headers: str) -> httpx.AsyncClient:
    """A browser that keeps its cookies and says where it comes from."""
    base = f"http://127.0.0.1:{house.ports['digest_port']}"
    head = {"user-agent": CHROME, "origin": base, "sec-fetch-site": "same-origin", **headers}
    return httpx.AsyncClient(base_url=base, headers={k: v for k, v in head.items() if v}, timeout=20)


def field(page: str, name: str) -> str:
    """The value of a hidden field."""
    found = re.search(rf'name="{name}" value="([^"]+)"', page)
    return found[1] if found else ""


def number_on(page: str) -> str:
    found = re.search(r'class="number">(\d+)<', page)
    return found[1] if found else ""


async def press(http: httpx.AsyncClient, path: str, act: str) -> httpx.Response:
    """The first step of a person."""
    page = (await http.get(path)).text
    return await http.post(path, data={"button": field(page, "button"), "act": act})


async def confirm(http: httpx.AsyncClient, path: str, asked_back: httpx.Response, **more: str) -> httpx.Response:
    """The second one."""
    data = {"confirm": field(asked_back.text, "confirm"), "number": number_on(asked_back.text), **more}
    return await http.post(f"{path}/confirm", data=data)


async def act_as_a_person(http: httpx.AsyncClient, path: str, act: str) -> httpx.Response:
    """Both steps."""
    return await confirm(http, path, await press(http, path, act))
