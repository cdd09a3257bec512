"""The rules in force: read at start, and again when the file changes; a broken file changes nothing."""

from pathlib import Path

import structlog

from services.triage.rules.policy import Policy, PolicyError, default_text, read_policy


class Rulebook:
    """Keeps the policy of one file, or the one that ships."""

    def __init__(self, path: Path | None = None) -> None:
        """Read the file.

        Raises:
            PolicyError: it cannot be used; each fault with its line.
        """
        self._path = path
        self._seen = self._stamp()
        self._log = structlog.stdlib.get_logger("rules")
        self.policy: Policy = self._read()

    async def __call__(self) -> bool:
        """A job: read the file again when it is another."""
        stamp = self._stamp()
        if stamp != self._seen:
            self._seen = stamp
            try:
                self.policy = self._read()
                self._log.info("rules are in force", rules=len(self.policy.rules))
            except PolicyError as error:
                self._log.error("rules cannot be used, the old ones stay", faults=str(error).splitlines())
        return False

    def _read(self) -> Policy:
        if self._path is None:
            return read_policy(default_text())
        try:
            return read_policy(self._path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise PolicyError(f"{self._path.name} cannot be read: {error.__class__.__name__}") from error
        except PolicyError as error:
            raise PolicyError("\n".join(f"{self._path.name} {line}" for line in str(error).splitlines())) from error

    def _stamp(self) -> tuple[int, int]:
        """What tells a file from the one that was read: when it was written, and its size."""
        try:
            told = self._path.stat() if self._path else None
        except OSError:
            return 0, 0
        return (told.st_mtime_ns, told.st_size) if told else (0, 0)
