"""The mailbox that `LONGSTOP_IMAP_URL` names (RFC 5092)."""

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

_PORTS = {"imaps": 993, "imap": 143}
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Account:
    """Where a mailbox is, and who reads it."""

    host: str
    port: int
    user: str
    password: str
    folder: str
    tls: bool

    @property
    def on_loopback(self) -> bool:
        return self.host in _LOOPBACK


def account_of(url: str) -> Account:
    """The account in a URL; user and password are percent-encoded.

    Raises:
        ValueError: it is no IMAP URL with a user and a password; the text never holds the password.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError("no imap:// or imaps:// URL: is something in the password not percent-encoded?") from None
    if parts.scheme not in _PORTS or not host or not parts.username or parts.password is None:
        raise ValueError("use imaps://USER:PASSWORD@HOST/FOLDER, with user and password percent-encoded")
    return Account(
        host=host,
        port=port or _PORTS[parts.scheme],
        user=unquote(parts.username),
        password=unquote(parts.password),
        folder=unquote(parts.path.strip("/")) or "INBOX",
        tls=parts.scheme == "imaps",
    )
