"""The policy in force: read at start, and again when one of its files changes; a broken file changes nothing."""

from pathlib import Path

import structlog

from services.digest.rules.policy import Policies
from services.digest.rules.policy_file import Groups, default_text, read_policies
from shared.checked import FileFault

#: Largest group file, in bytes.
GROUP_MAX_BYTES = 16 * 1024 * 1024


class PolicyBook:
    """Keeps the policies of one file and the groups that it names, or those that ship."""

    def __init__(self, path: Path | None = None) -> None:
        """Read the file.

        Raises:
            FileFault: it cannot be used; each fault with its line.
        """
        self._path = path
        self._groups: set[Path] = set()
        self._log = structlog.stdlib.get_logger("policy")
        self.policies: Policies = self._read()
        self._seen = self._stamps()

    async def __call__(self) -> bool:
        """A job: read the files again when one is another."""
        stamps = self._stamps()
        if stamps != self._seen:
            try:
                self.policies = self._read()
                self._log.info("quarantine policy is in force", policies=len(self.policies.policies))
            except FileFault as error:
                self._log.error("quarantine policy cannot be used, the old one stays", faults=str(error).splitlines())
            self._seen = self._stamps()
        return False

    def _read(self) -> Policies:
        if self._path is None:
            return read_policies(default_text(), Groups(self._group))
        self._groups = set()
        try:
            return read_policies(self._path.read_text(encoding="utf-8"), Groups(self._group))
        except (OSError, UnicodeDecodeError) as error:
            raise FileFault(f"{self._path.name} cannot be read: {type(error).__name__}") from error
        except FileFault as error:
            raise FileFault("\n".join(f"{self._path.name} {line}" for line in str(error).splitlines())) from error

    def _group(self, name: str) -> str:
        path = (self._path or Path()).parent / name
        self._groups.add(path)
        with path.open(encoding="utf-8") as file:
            return file.read(GROUP_MAX_BYTES)

    def _stamps(self) -> dict[Path, tuple[int, int]]:
        """What tells files from those that were read: when they were written, and their sizes."""
        stamps = {}
        for path in {*self._groups, *([self._path] if self._path else [])}:
            try:
                told = path.stat()
            except OSError:
                continue
            stamps[path] = (told.st_mtime_ns, told.st_size)
        return stamps
