"""Signed links: a capability for one recipient's copy of one held mail, good for seven days.

A link only opens a page. What the page's button sends carries a second, short-lived signature, so that following a link,
however often and by whatever scanner, changes nothing.
"""

from dataclasses import dataclass
from hashlib import sha256

from itsdangerous import BadData, URLSafeTimedSerializer

#: How long a link works, and how long a page's button, in seconds.
LINK_MAX_AGE_S, BUTTON_MAX_AGE_S = 7 * 86_400, 3_600

#: Longest token looked at, in characters: a signed pair of an id and an address.
TOKEN_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Links:
    """Makes and reads tokens. The first key signs, all are accepted: that is how keys rotate."""

    keys: list[str]

    def token(self, held_id: str, recipient: str) -> str:
        """A link's token."""
        return str(self._signer("link").dumps([held_id, recipient]))

    def read(self, token: str) -> tuple[str, str] | None:
        """Held id and recipient; None for a token that is forged, changed or too old."""
        return self._read("link", token, LINK_MAX_AGE_S)

    def button(self, held_id: str, recipient: str) -> str:
        """The token of a page's buttons."""
        return str(self._signer("button").dumps([held_id, recipient]))

    def is_button_of(self, token: str, held_id: str, recipient: str) -> bool:
        """Whether a button's token belongs to this copy and is fresh."""
        return self._read("button", token, BUTTON_MAX_AGE_S) == (held_id, recipient)

    def _read(self, purpose: str, token: str, max_age_s: int) -> tuple[str, str] | None:
        if len(token) > TOKEN_MAX:
            return None
        try:
            held_id, recipient = self._signer(purpose).loads(token, max_age=max_age_s)
        except (BadData, ValueError, TypeError):
            return None
        return str(held_id), str(recipient)

    def _signer(self, purpose: str) -> URLSafeTimedSerializer:
        keys = list(reversed(self.keys))  # itsdangerous signs with the last
        return URLSafeTimedSerializer(
            keys, salt=f"longstop.digest.{purpose}", signer_kwargs={"key_derivation": "hmac", "digest_method": sha256}
        )
