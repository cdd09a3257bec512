"""Lists of entries as they leave, in every format. Pure."""

import csv
import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

from services.blocklist.rules.lists_in import COLUMNS, FORMULAS, Format
from shared.events.vocabulary import BlockAction, BlockKind

_STIX_NAMES: Mapping[BlockKind, str] = {
    "address": "email-addr:value",
    "domain": "domain-name:value",
    "url": "url:value",
    "file": "file:hashes.'SHA-256'",
    "ip": "ipv4-addr:value",
}
_MISP_NAMES: Mapping[BlockKind, str] = {
    "address": "email-src",
    "domain": "domain",
    "url": "url",
    "file": "sha256",
    "ip": "ip-src",
}


#: The labels of the Traffic Light Protocol 2.0 (FIRST), the widest first.
Tlp = Literal["clear", "green", "amber", "amber+strict", "red"]
TLP: tuple[Tlp, ...] = get_args(Tlp)
_LABEL = re.compile(r"\btlp:(clear|white|green|amber\+strict|amber|red)\b")


@dataclass(frozen=True, slots=True)
class Listed:
    """An entry as it leaves."""

    block_id: str
    kind: BlockKind
    value: str
    action: BlockAction
    scope: str
    created_at: str
    expires_at: str
    note: str


def label_of(note: str) -> Tlp:
    """How widely an entry may be shared, as its note says (Traffic Light Protocol 2.0); amber when it says nothing."""
    found = _LABEL.search(note.lower())
    return cast("Tlp", {"white": "clear"}.get(found[1], found[1])) if found else "amber"


def may_leave(note: str, tlp: Tlp) -> bool:
    """Whether an entry may go to readers of a label: it is labelled so, or wider."""
    return TLP.index(label_of(note)) <= TLP.index(tlp)


def frame(kind: Format) -> tuple[str, str, str]:
    """What stands before, between and after the entries of a format."""
    return _FRAMES.get(kind, ("", "", ""))


def row(kind: Format, one: Listed) -> str:
    """An entry in a format; empty for what STIX and MISP have no single value for."""
    if one.kind == "spoof" and kind in ("stix", "misp"):
        return ""
    if kind == "text":
        return f"{one.value}\n"
    if kind == "stix":
        return json.dumps(_as_stix(one))
    if kind == "misp":
        return json.dumps(_as_misp(one))
    cells = (one.value, one.kind, one.action, one.scope, one.expires_at or "never", one.note)
    if kind == "jsonl":
        return json.dumps(dict(zip(COLUMNS, cells, strict=True))) + "\n"
    line = io.StringIO()
    csv.writer(line).writerow(map(_tame, cells))
    return line.getvalue()


_FRAMES: Mapping[Format, tuple[str, str, str]] = {
    "csv": (",".join(COLUMNS) + "\r\n", "", ""),
    "stix": (
        '{"type": "bundle", "id": "bundle--5f5a9d8c-2d0c-4b7e-9d0c-1d5b3a6f7e21", "objects": [\n',
        ",\n",
        "\n]}\n",
    ),
    "misp": ('{"Event": {"info": "Longstop block list", "analysis": "2", "Attribute": [\n', ",\n", "\n]}}\n"),
}


def _tame(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    text = " ".join(cell.split())
    return f"'{text}" if text.startswith(FORMULAS) else text


def _as_stix(one: Listed) -> dict[str, Any]:
    path = "ipv6-addr:value" if one.kind == "ip" and ":" in one.value else _STIX_NAMES[one.kind]
    value = one.value.replace("\\", "\\\\").replace("'", "\\'")
    made = {
        "type": "indicator",
        "spec_version": "2.1",
        "id": f"indicator--{one.block_id}",
        "created": one.created_at,
        "modified": one.created_at,
        "valid_from": one.created_at,
        "name": one.note or f"{one.action} {one.kind}",
        "pattern_type": "stix",
        "pattern": f"[{path} = '{value}']",
        "indicator_types": ["malicious-activity" if one.action == "block" else "benign"],
    }
    return {**made, "valid_until": one.expires_at} if one.expires_at else made


def _as_misp(one: Listed) -> dict[str, Any]:
    return {
        "uuid": one.block_id,
        "type": _MISP_NAMES[one.kind],
        "category": "Payload delivery",
        "value": one.value,
        "to_ids": one.action == "block",
        "comment": one.note,
        "Tag": [{"name": f"tlp:{label_of(one.note)}"}],
    }
