"""A text in the operator's editor."""

import os
import shlex
import subprocess
import tempfile
from pathlib import Path

from shared.errors import LongstopError


def edited(text: str, suffix: str) -> str:
    """Open a text in $VISUAL or $EDITOR, in a file that only its owner may read, and give back what was saved.

    Raises:
        LongstopError: there is no editor, it failed, or it saved nothing new.
    """
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    descriptor, name = tempfile.mkstemp(prefix="longstop-", suffix=suffix)
    path = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(text)
        try:
            subprocess.run([*shlex.split(editor), name], check=True)  # noqa: S603 - the operator's own editor
        except (OSError, subprocess.CalledProcessError) as error:
            raise LongstopError(f"the editor {editor} failed: {error}") from error
        saved = path.read_text(encoding="utf-8", errors="surrogateescape")
    finally:
        path.unlink(missing_ok=True)
    if saved == text:
        raise LongstopError("the editor saved nothing new: nothing was done")
    return saved
