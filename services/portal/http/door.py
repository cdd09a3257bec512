"""Who may pass: links that are ours, posts from our own pages, a pace that people have, one browser from step to step."""

import ipaddress
import secrets
import time
from datetime import timedelta
from http import HTTPStatus
from typing import NamedTuple

import structlog
from fastapi import Request, Response
from pydantic import BaseModel, Field

from services.portal.http.pace import Pace
from services.portal.rules.machines import is_from_here, sign_of_a_program
from shared.links import TOKEN_MAX, Capability, Keyring, LinkRefused, Purpose
from shared.metrics import PORTAL_REFUSED
from shared.proxies import TrustedProxies
from shared.work import now

#: What one client and one recipient may post, and how many bad links one client may try, in a minute.
CLIENT_POSTS, RECIPIENT_POSTS, BAD_LINKS = 60, 30, 20

#: How many previews one recipient may open in a minute: each may cost the seconds that a mail may take.
LOOKS = 60

BROWSER, PERSON = "longstop_browser", "longstop_person"

#: How long a browser counts as that of a person who did a second step: the next acts need one step less.
PERSON_LASTS = timedelta(hours=8)


#: How long a person has for the second step.
STEP_LASTS = timedelta(minutes=10)


class Step(NamedTuple):
    """A second step as a page shows it."""

    number: str
    token: str


class StepForm(BaseModel):
    """A second step as a page sends it. `website` is a field that people don't see."""

    confirm: str = Field(default="", max_length=TOKEN_MAX)
    number: str = Field(default="", max_length=20)
    website: str = Field(default="", max_length=200)


class Visit(NamedTuple):
    """Somebody with a good link."""

    request: Request
    token: str
    mine: Capability

    @property
    def browser(self) -> str:
        """The name of their browser; empty before it was given one."""
        return self.request.cookies.get(BROWSER, "")


class Refused(Exception):  # noqa: N818 - a fact
    """A request that is not let through; `word` names the page that says so."""

    def __init__(self, status: HTTPStatus, word: str) -> None:
        super().__init__(word)
        self.status = status
        self.word = word


class Door:
    """Looks at every request before a page does."""

    def __init__(self, keyring: Keyring, public_url: str, pause_s: float, proxies: TrustedProxies) -> None:
        self._keyring = keyring
        self._public_url = public_url
        self._proxies = proxies
        self._pause = timedelta(seconds=pause_s)
        self._is_secure = public_url.startswith("https:")
        self._clients, self._recipients, self._bad = Pace(CLIENT_POSTS), Pace(RECIPIENT_POSTS), Pace(BAD_LINKS)
        self._looks = Pace(LOOKS)
        self._log = structlog.stdlib.get_logger("portal")

    def open(self, purpose: Purpose, token: str, request: Request) -> Capability:
        """What a link lets its bearer do.

        Raises:
            Refused: 404, the same page for every reason; 429 after too many.
        """
        client, at = network_of(self._proxies.client(request)), time.monotonic()
        if self._bad.is_full(client, at):
            raise Refused(HTTPStatus.TOO_MANY_REQUESTS, "slow")
        try:
            return self._keyring.read(purpose, token, at=now())
        except LinkRefused as refused:
            self._bad.count(client, at)
            held_id = refused.capability.held_id if refused.capability else ""
            self._tell("link refused", refused.why, held_id)
            raise Refused(HTTPStatus.NOT_FOUND, "no_link") from None

    def pass_post(self, request: Request, recipient: str) -> None:
        """Let a POST through that a person sent from a page of ours.

        Raises:
            Refused: 403 from elsewhere or by a program; 429 too many.
        """
        client, at = network_of(self._proxies.client(request)), time.monotonic()
        if self._clients.is_full(client, at) or self._recipients.is_full(recipient, at):
            self._tell("post refused", "too many", "")
            raise Refused(HTTPStatus.TOO_MANY_REQUESTS, "slow")
        self._clients.count(client, at)
        self._recipients.count(recipient, at)
        if not is_from_here(request.headers, self._public_url):
            self._tell("post refused", "from elsewhere", "")
            raise Refused(HTTPStatus.FORBIDDEN, "elsewhere")
        if sign := sign_of_a_program(request.headers):
            self._tell("post refused", sign, "")
            raise Refused(HTTPStatus.FORBIDDEN, "program")

    def pass_look(self, request: Request, recipient: str) -> None:
        """Let somebody look into a mail.

        Raises:
            Refused: 403 a program asks that says so; 429 too many.
        """
        at = time.monotonic()
        if self._looks.is_full(recipient, at):
            raise Refused(HTTPStatus.TOO_MANY_REQUESTS, "slow")
        self._looks.count(recipient, at)
        if sign := sign_of_a_program(request.headers):
            self._tell("look refused", sign, "")
            raise Refused(HTTPStatus.FORBIDDEN, "program")

    def browser(self, request: Request) -> str:
        """The name of this browser: what its cookie says, or a new one, for the first page."""
        given = request.cookies.get(BROWSER, "")
        return given if given.isascii() and len(given) == 22 else secrets.token_urlsafe(16)

    def remember(self, response: Response, name: str, value: str) -> None:
        """Set a cookie that no script reads and no other site's post carries (SameSite: RFC 6265bis)."""
        response.set_cookie(
            name,
            value,
            max_age=int(PERSON_LASTS.total_seconds()),
            httponly=True,
            secure=self._is_secure,
            samesite="lax",
        )

    def button(self, capability: Capability, browser: str) -> str:
        """What the buttons of a page send: good for an hour, for this copy, in this browser."""
        given = Capability(capability.recipient, capability.held_id, nonce=browser)
        return self._keyring.sign("button", given, at=now(), lasts=timedelta(hours=1))

    def check_button(self, token: str, capability: Capability, request: Request) -> None:
        """Whether a button of this page was pressed in the browser that was shown it.

        Raises:
            Refused: 400, whatever is wrong.
        """
        self._check("button", token, capability, request.cookies.get(BROWSER, ""))

    def new_step(self, capability: Capability, act: str, browser: str) -> Step:
        """A second step for one act: a number to type, and the token that goes with it, good in this browser."""
        number = f"{secrets.randbelow(900) + 100}"
        given = Capability(capability.recipient, capability.held_id, act, f"{browser}.{number}")
        return Step(number, self._keyring.sign("confirm", given, at=now(), lasts=STEP_LASTS))

    def check_step(self, done: StepForm, capability: Capability, browser: str) -> tuple[str, str]:
        """What a second step is about, and a word for what is wrong with it, if anything is.

        Raises:
            Refused: 400, it belongs to another page or browser, or is too old.
        """
        claimed = self._check("confirm", done.confirm, capability, browser)
        if done.website or now() - (claimed.made_at or now()) < self._pause:
            return claimed.act, "quick"
        wanted = claimed.nonce.rpartition(".")[2]
        is_right = secrets.compare_digest(wanted.encode(), done.number.strip().encode())
        return claimed.act, "" if is_right else "number"

    def _check(self, purpose: Purpose, token: str, capability: Capability, browser: str) -> Capability:
        try:
            found = self._keyring.read(purpose, token, at=now())
        except LinkRefused as refused:
            self._tell("button refused", refused.why, capability.held_id)
            raise Refused(HTTPStatus.BAD_REQUEST, "again") from None
        same = (found.recipient, found.held_id) == (capability.recipient, capability.held_id)
        if (
            not same
            or not browser
            or not secrets.compare_digest(found.nonce.partition(".")[0].encode(), browser.encode())
        ):
            self._tell("button refused", "of another browser or page", capability.held_id)
            raise Refused(HTTPStatus.BAD_REQUEST, "again")
        return found

    def sign(self, purpose: Purpose, given: Capability, lasts: timedelta) -> str:
        """A token of ours."""
        return self._keyring.sign(purpose, given, at=now(), lasts=lasts)

    def remember_person(self, response: Response, recipient: str, browser: str) -> None:
        """Somebody did a second step in this browser."""
        self.remember(response, PERSON, self.sign("person", Capability(recipient, nonce=browser), PERSON_LASTS))

    def remember_browser(self, response: Response, browser: str) -> None:
        """Know this browser again."""
        self.remember(response, BROWSER, browser)

    def is_person(self, request: Request, recipient: str) -> bool:
        """Whether this browser did a second step for this recipient lately."""
        try:
            found = self._keyring.read("person", request.cookies.get(PERSON, ""), at=now())
        except LinkRefused:
            return False
        return (found.recipient, found.nonce) == (recipient, request.cookies.get(BROWSER, ""))

    def _tell(self, what: str, why: str, held_id: str) -> None:
        PORTAL_REFUSED.labels(why).inc()
        self._log.info(what, why=why, held_id=held_id)


def network_of(host: str) -> str:
    """A client's address, an IPv6 one as its network: whoever has one address there has 2^64."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    return host if address.version == 4 else str(ipaddress.ip_network((address, 64), strict=False))
