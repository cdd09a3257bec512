"""Secrets in files: those that we make ourselves, and those that `LONGSTOP_NAME_FILE` (a variable or a line of `.env`) names."""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from dotenv import dotenv_values

from shared.errors import LongstopError


def variables() -> dict[str, str]:
    """What is said in the environment and in `.env`; the environment wins."""
    return {name: value or "" for name, value in (dotenv_values(".env") | os.environ).items()}


def secret_of(name: str, said: Mapping[str, str]) -> str:
    """The content of the file that these variables name for a secret; nothing when they name none.

    A URL may be empty, for that is how a composition, whose secrets are files that must be there, says that there is none.

    Raises:
        LongstopError: it cannot be read, or it is a key or a password and empty: we would open or sign with something else.
    """
    variable = f"LONGSTOP_{name.upper()}_FILE"
    path = said.get(variable)
    if not path:
        return ""
    try:
        secret = Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise LongstopError(f"{variable}: {path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError:
        raise LongstopError(f"{variable}: {path} is no text (UTF-8)") from None
    if not secret and not name.endswith("_url"):
        raise LongstopError(f"{variable}: {path} is empty")
    return secret


def kept_secret(path: Path) -> str:
    """A random secret of 256 bits in a file that only its owner may read; the first of two racing starts wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()
    secret = secrets.token_urlsafe(32)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secret)
    return secret
