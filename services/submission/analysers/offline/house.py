"""What the local analyser knows of the house it works for: its people, and keys of DKIM signatures. Files, never the network."""

import re
from dataclasses import dataclass, field
from email.utils import parseaddr
from pathlib import Path

from services.submission.analysers.offline.folding import folded

#: Bytes read of one file, files read of one folder, and people or keys that are kept.
FILE_MAX_BYTES, FILES_MAX, ENTRIES_MAX = 4 * 1024 * 1024, 1_000, 100_000

_IN_BRACKETS = re.compile(r"\(([^()]{0,4000})\)")
_RECORD = re.compile(r"(?i)^(\S{1,253}\._domainkey\.\S{1,253})\s+(?:\d+\s+)?(?:IN\s+)?(?:TXT\s+)?(.{1,4000})$")
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class House:
    """The people by their names (`name_key`), each with the addresses they write from; DNS TXT records by their names."""

    people: dict[str, frozenset[str]] = field(default_factory=dict)
    dkim_keys: dict[str, str] = field(default_factory=dict)


def name_key(name: str) -> str:
    """A person's name as it is compared: no case, accents or order; empty for one word, which many people share."""
    words = sorted(_WORD.findall(folded(name)[:200]))
    return " ".join(words) if len(words) > 1 else ""


def read_house(people_file: str, dkim_keys: str) -> House:
    """Read both files; a name that is empty is no file.

    Raises:
        OSError: a file cannot be read.
    """
    return House(_people(people_file), _keys(dkim_keys))


def _people(path: str) -> dict[str, frozenset[str]]:
    """Lines like those of a header: `Karin Lund <karin@example.org>`; several lines of one name are several addresses."""
    found: dict[str, frozenset[str]] = {}
    for line in _lines(Path(path)) if path else ():
        name, address = parseaddr(line)
        key = name_key(name)
        if key and len(found) < ENTRIES_MAX:
            found[key] = found.get(key, frozenset()) | {address.lower()}
    return found


def _keys(path: str) -> dict[str, str]:
    """TXT records as a zone file or `dig` writes them, of one file or of all files of a folder (RFC 6376, section 3.6.2)."""
    if not path:
        return {}
    place = Path(path)
    files = sorted(one for one in place.iterdir() if one.is_file())[:FILES_MAX] if place.is_dir() else [place]
    found: dict[str, str] = {}
    for file in files:
        for line in _lines(file):
            record = _RECORD.match(line.partition(" ;")[0].strip())
            if record and len(found) < ENTRIES_MAX:
                found[record[1].lower().rstrip(".")] = "".join(_STRING.findall(record[2])) or record[2].strip()
    return found


def _lines(path: Path) -> list[str]:
    with path.open("rb") as file:
        text = file.read(FILE_MAX_BYTES).decode("utf-8", "replace")
    joined = _IN_BRACKETS.sub(lambda match: match[1].replace("\n", " "), text)
    return [line for line in joined.splitlines() if line.strip() and not line.lstrip().startswith(("#", ";"))]
