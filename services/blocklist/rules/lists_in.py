"""Reading lists of entries: plain text, CSV, JSON lines, STIX 2.1, MISP. Pure.

Readers yield a `Line` for each entry and a `Fault` for what they cannot read; whether a value may be listed is asked later.
"""

import csv
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

from shared.events.vocabulary import BlockKind

Format: TypeAlias = Literal["text", "csv", "jsonl", "stix", "misp"]
FORMATS: tuple[Format, ...] = get_args(Format)

#: Formats whose lines stand for themselves, so that a file of any size is read as it comes.
BY_LINE: tuple[Format, ...] = ("text", "csv", "jsonl")

#: Longest line, in characters: a URL of 2,048 with everything that may stand beside it.
LINE_MAX = 8_192

#: How cells begin that spreadsheets take for formulas.
FORMULAS = ("=", "+", "-", "@")

COLUMNS = ("value", "kind", "action", "scope", "expires", "note")

#: STIX 2.1 (OASIS), section 9: the comparisons that say what an entry can say.
_STIX_PATHS: Mapping[str, BlockKind] = {
    "email-addr:value": "address",
    "email-message:from_ref.value": "address",
    "email-message:sender_ref.value": "address",
    "domain-name:value": "domain",
    "url:value": "url",
    "file:hashes.'SHA-256'": "file",
    'file:hashes."SHA-256"': "file",
    "ipv4-addr:value": "ip",
    "ipv6-addr:value": "ip",
}
_COMPARISON = re.compile(r"\s*\[\s*([a-z0-9-]{1,40}:[^=\s]{1,60})\s*=\s*'((?:[^'\\]|\\.){1,4096})'\s*\]\s*(OR\b|\Z)")

#: Types of MISP attributes; of those of two parts the one that is listed.
_MISP_TYPES: Mapping[str, tuple[BlockKind, int]] = {
    "email": ("address", 0),
    "email-src": ("address", 0),
    "domain": ("domain", 0),
    "hostname": ("url", 0),
    "url": ("url", 0),
    "sha256": ("file", 0),
    "filename|sha256": ("file", 1),
    "ip-src": ("ip", 0),
    "ip-dst": ("ip", 0),
    "domain|ip": ("domain", 0),
}


@dataclass(frozen=True, slots=True)
class Line:
    """An entry as a file has it; what is empty is as the import says."""

    number: int
    value: str
    kind: str = ""
    action: str = ""
    scope: str = ""
    expires: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a line is none."""

    number: int
    reason: str


Read: TypeAlias = Iterator[Line | Fault]


def format_of(name: str) -> Format:
    """What a file's name says; plain text when it says nothing."""
    ending = name.rpartition(".")[2].lower()
    endings: dict[str, Format] = {"csv": "csv", "jsonl": "jsonl", "ndjson": "jsonl", "stix": "stix", "json": "stix"}
    return endings.get(ending, "text")


class LineReader:
    """Reads the formats that are lines, one after the other."""

    def __init__(self, kind: Format) -> None:
        self._kind = kind
        self._number = 0
        self._columns: list[str] = []

    def read(self, text: str) -> Line | Fault | None:
        """The entry of the next line; None for comments, headings and empty ones."""
        self._number += 1
        if self._number == 1:
            text = text.removeprefix("\ufeff")
        text = text.strip()
        if len(text) > LINE_MAX:
            return Fault(self._number, f"the line is longer than {LINE_MAX} characters")
        if not text or (text.startswith("#") and self._kind != "jsonl"):
            return None
        if self._kind == "text":
            return Line(self._number, text.partition(" #")[0].split("\t", 1)[0].strip())
        return self._json(text) if self._kind == "jsonl" else self._csv(text)

    def _csv(self, text: str) -> Line | Fault | None:
        try:
            cells = next(csv.reader([text]))
        except (csv.Error, StopIteration):
            return Fault(self._number, "the line is no CSV")
        if not self._columns:
            names = [cell.strip().lower() for cell in cells]
            if "value" not in names:
                return Fault(
                    self._number, f"the first line names the columns, and `value` among them: {', '.join(COLUMNS)}"
                )
            self._columns = names
            return None
        plain = (cell[1:] if cell.startswith("'") and cell[1:].startswith(FORMULAS) else cell for cell in cells)
        return _line(self._number, dict(zip(self._columns, plain, strict=False)))

    def _json(self, text: str) -> Line | Fault:
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            return Fault(self._number, "the line is no JSON")
        return (
            _line(self._number, found) if isinstance(found, dict) else Fault(self._number, "the line is no JSON object")
        )


def read_document(kind: Format, text: str) -> Read:
    """The entries of a STIX bundle or a MISP event; they are numbered from 1."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        yield Fault(1, "the file is no JSON")
        return
    if not isinstance(found, dict):
        yield Fault(1, "the file is no JSON object")
        return
    yield from _stix(found) if kind == "stix" else _misp(found)


def _line(number: int, found: Mapping[str, Any]) -> Line | Fault:
    words = {name: found.get(name) for name in COLUMNS}
    if any(word is not None and not isinstance(word, str) for word in words.values()):
        return Fault(number, "value, kind, action, scope, expires and note are texts")
    made = Line(number, **{name: (word or "").strip() for name, word in words.items()})
    return made if made.value else Fault(number, "there is no value")


def _stix(bundle: Mapping[str, Any]) -> Read:
    objects = bundle.get("objects")
    if bundle.get("type") != "bundle" or not isinstance(objects, list):
        yield Fault(1, "this is no STIX bundle: it has a type `bundle` and a list `objects`")
        return
    for number, one in enumerate(objects, 1):
        if not isinstance(one, dict) or one.get("type") != "indicator" or one.get("revoked") is True:
            continue
        found = list(_comparisons(str(one.get("pattern", ""))))
        if not found:
            yield Fault(number, "the pattern is not understood: comparisons with = of one value, joined by OR")
        types = one.get("indicator_types")
        action = "allow" if isinstance(types, list) and "benign" in types else ""
        ends, name = str(one.get("valid_until") or ""), str(one.get("name") or "")[:200]
        for kind, value in found:
            yield Line(number, value, kind, action=action, expires=ends, note=name)


def _comparisons(pattern: str) -> Iterator[tuple[BlockKind, str]]:
    at, found = 0, []
    while match := _COMPARISON.match(pattern, at):
        kind = _STIX_PATHS.get(match[1])
        if kind is None:
            return
        found.append((kind, re.sub(r"\\(.)", r"\1", match[2])))
        at = match.end()
        if not match[3]:
            yield from found
            return


def _misp(document: Mapping[str, Any]) -> Read:
    event = document.get("Event", document)
    attributes = [*_dicts(event, "Attribute")]
    for one in _dicts(event, "Object"):
        attributes += _dicts(one, "Attribute")
    if not attributes:
        yield Fault(1, "this is no MISP event: it has a list `Attribute` or `Object`")
    for number, one in enumerate(attributes, 1):
        listed = _MISP_TYPES.get(str(one.get("type")))
        if listed is None or one.get("to_ids") is False:
            continue
        parts = str(one.get("value", "")).split("|")
        tlp = [tag for tag in (str(tag.get("name", "")) for tag in _dicts(one, "Tag")) if tag.startswith("tlp:")]
        note = " ".join(filter(None, (str(one.get("comment") or ""), *tlp)))[:200]
        yield Line(number, parts[listed[1]] if len(parts) > listed[1] else "", listed[0], note=note)


def _dicts(found: Any, name: str) -> list[Any]:
    values = found.get(name) if isinstance(found, dict) else None
    return [value for value in values if isinstance(value, dict)] if isinstance(values, list) else []


def from_defender(value: str) -> tuple[str, str]:
    """A URL entry in the syntax of Defender's Tenant Allow/Block List, as (kind, value) of ours; empty when it is none.

    `~host` and `~host~` are a host with its subdomains, which `*.host` is told as, too; `host/*` is everything below a path.
    A left `*` elsewhere, and one in the middle, has no equal.
    """
    plain = value.strip().strip("~").removeprefix("*.")
    if "*" in plain.removesuffix("/*") or (plain == value.strip() and not plain.endswith("/*")):
        return "", ""
    is_host_and_all = value.strip().startswith(("~", "*.")) and plain.endswith("/*") and plain.count("/") == 1
    return "url", plain.removesuffix("/*") if is_host_and_all else plain
