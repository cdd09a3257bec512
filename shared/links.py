"""Signed links: what digest writes into mails and portal accepts.

A token is `KEY.CLAIMS.MAC`: the id of the key that signed, what it is good for (base64url of JSON, RFC 4648 section 5), and
HMAC-SHA-256 (RFC 2104) over both. The key of the MAC is made of the secret, the installation and the purpose, so a token is
good for nothing but the purpose it was made for, here. The first secret signs, all are accepted: that is how they rotate.
The MAC is compared as text in constant time; every refusal costs one MAC.
"""

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Literal

from shared.settings import LinkSettings

#: How long links to mails work, and those to the preferences of who left; a mail that says how to leave may lie a while.
MAIL_LINK, PERSON_LINK = timedelta(days=7), timedelta(days=90)

#: Longest token looked at, in characters: claims with the longest address, all of it escaped.
TOKEN_MAX = 3_000

Purpose = Literal["mail", "mails", "preferences", "unsubscribe", "button", "confirm", "person"]


class LinkRefused(Exception):  # noqa: N818 - said as a fact, like a refusal of SMTP
    """A token that is not accepted. `why` is for the log; whoever holds it is never told which it was."""

    def __init__(self, why: str, capability: "Capability | None" = None) -> None:
        super().__init__(why)
        self.why = why
        self.capability = capability


@dataclass(frozen=True, slots=True)
class Capability:
    """What a token lets its bearer do. `nonce` ties it to something besides: a browser, a page."""

    recipient: str
    held_id: str = ""
    act: str = ""
    nonce: str = ""
    made_at: datetime | None = None


class Keyring:
    """Signs and reads tokens of one installation."""

    def __init__(self, keys: Sequence[str], installation: str) -> None:
        if not keys:
            raise ValueError("there is no key to sign links with")
        self._keys = {_text(sha256(b"longstop key " + key.encode()).digest()[:6]): key for key in reversed(keys)}
        self._first = _text(sha256(b"longstop key " + keys[0].encode()).digest()[:6])
        self._installation = installation

    def sign(self, purpose: Purpose, given: Capability, *, at: datetime, lasts: timedelta) -> str:
        """A token, good from `at` on."""
        made = int(at.timestamp())
        claims = [given.recipient, given.held_id, given.act, given.nonce, made, made + int(lasts.total_seconds())]
        body = f"{self._first}.{_text(json.dumps(claims, separators=(',', ':')).encode())}"
        return f"{body}.{self._mac(self._first, purpose, body)}"

    def read(self, purpose: Purpose, token: str, *, at: datetime) -> Capability:
        """What a token is good for.

        Raises:
            LinkRefused: it is changed, foreign, made for something else, or too old.
        """
        if len(token) > TOKEN_MAX or not token.isascii():
            raise LinkRefused("malformed")
        body, _, given = token.rpartition(".")
        name, _, claims = body.partition(".")
        known = name in self._keys
        wanted = self._mac(name if known else self._first, purpose, body)
        if not hmac.compare_digest(wanted, given) or not known:
            raise LinkRefused("changed or foreign")
        recipient, held_id, act, nonce, made, ends = json.loads(urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
        found = Capability(recipient, held_id, act, nonce, datetime.fromtimestamp(made, UTC))
        if not made <= at.timestamp() + 1 or at.timestamp() >= ends:
            raise LinkRefused("expired", found)
        return found

    def _mac(self, name: str, purpose: Purpose, body: str) -> str:
        label = f"longstop link {self._installation} {purpose}"
        key = hmac.digest(self._keys[name].encode(), label.encode(), sha256)
        return _text(hmac.digest(key, body.encode(), sha256))


class Links:
    """The links that stand in mails. `at` is when the mail is made: the same mail made again has the same links."""

    def __init__(self, keyring: Keyring, public_url: str) -> None:
        self._keyring = keyring
        self._base = public_url.rstrip("/")

    def page(self, held_id: str, recipient: str, *, at: datetime) -> str:
        """The page of one recipient's copy of a held mail."""
        return self.action(held_id, recipient, "", at=at)

    def action(self, held_id: str, recipient: str, act: str, *, at: datetime) -> str:
        """The same page with one act brought forward. It still asks: a link never acts."""
        token = self._keyring.sign("mail", Capability(recipient, held_id, act), at=at, lasts=MAIL_LINK)
        return f"{self._base}/q/{token}"

    def mails(self, recipient: str, *, at: datetime) -> str:
        """The list of all held mails of one recipient."""
        return self._of_person("mails", "m", recipient, at, MAIL_LINK)

    def preferences(self, recipient: str, *, at: datetime) -> str:
        """The page on which a recipient says how often and in which language they want digests."""
        return self._of_person("preferences", "p", recipient, at, PERSON_LINK)

    def unsubscribe(self, recipient: str, *, at: datetime) -> str:
        """What stands in `List-Unsubscribe` (RFC 8058): a POST ends digests at once, a GET shows a page with a button."""
        return self._of_person("unsubscribe", "unsubscribe", recipient, at, PERSON_LINK)

    def _of_person(self, purpose: Purpose, path: str, recipient: str, at: datetime, lasts: timedelta) -> str:
        return f"{self._base}/{path}/{self._keyring.sign(purpose, Capability(recipient), at=at, lasts=lasts)}"


def keyring_of(settings: LinkSettings) -> Keyring:
    """The keys of this installation, whose name among others with the same secret is its prefix of streams."""
    return Keyring(settings.link_keys(), settings.stream_prefix)


def links_of(settings: LinkSettings) -> Links:
    """The links of this installation."""
    return Links(keyring_of(settings), settings.public_url)


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
