"""The store that `LONGSTOP_MAILSTORE_URL` names."""

from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from services.mailboxes.stores.doveadm import DoveadmStore
from services.mailboxes.stores.imap import ImapStore
from services.mailboxes.stores.memory import memory_store
from services.mailboxes.stores.store import MailStore

_PORTS = {"doveadm+http": 8080, "doveadm+https": 8080, "imap": 143, "imaps": 993, "memory": 0}


def open_store(url: str, users: Path | None = None) -> MailStore | None:
    """The store, not yet connected; None when the URL is empty.

    Args:
        url: user and password in it are percent-encoded; `password_file` names a file that holds the password, `separator` is
            Dovecot's `auth_master_user_separator`.
        users: the file of all mailboxes.

    Raises:
        ValueError: it is no such URL; the text never holds a password.
    """
    if not url:
        return None
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError("LONGSTOP_MAILSTORE_URL is no URL: is something in it not percent-encoded?") from None
    if parts.scheme not in _PORTS or not host:
        raise ValueError(
            "LONGSTOP_MAILSTORE_URL: use doveadm+http://HOST:PORT?password_file=PATH or imaps://MASTER@HOST?password_file=PATH"
        )
    if parts.scheme == "memory":
        return memory_store(host)
    options = parse_qs(parts.query)
    password = _password(unquote(parts.password or ""), options)
    if not password:
        raise ValueError("LONGSTOP_MAILSTORE_URL names no password: add ?password_file=PATH")
    port = port or _PORTS[parts.scheme]
    if parts.scheme.startswith("doveadm"):
        bracketed = f"[{host}]" if ":" in host else host
        return DoveadmStore(f"{parts.scheme.removeprefix('doveadm+')}://{bracketed}:{port}/doveadm/v1", password)
    if not parts.username:
        raise ValueError("LONGSTOP_MAILSTORE_URL names no master user: imaps://MASTER@HOST?password_file=PATH")
    return ImapStore(
        host=host,
        port=port,
        tls=parts.scheme == "imaps",
        master=unquote(parts.username),
        password=password,
        separator=options.get("separator", ["*"])[0],
        users=users,
    )


def _password(given: str, options: dict[str, list[str]]) -> str:
    """The password of the URL, or of the file that it names.

    Raises:
        ValueError: the file cannot be read.
    """
    if "password_file" not in options:
        return given
    path = Path(options["password_file"][0])
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ValueError(f"LONGSTOP_MAILSTORE_URL: {path} cannot be read: {error.strerror}") from None
