"""A list on its way in: read in any pieces, each line checked, kept aside, and given out in the order of the indexes."""

import json
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.blocklist.checking import Checker, Outcome, Wanted
from services.blocklist.imports import Making
from services.blocklist.reading import Reading
from services.blocklist.rules.guards import Ours
from services.blocklist.rules.lists_in import Fault, Line
from services.blocklist.staging import Checked, Staged
from services.blocklist.tables import METADATA
from shared.errors import Reject
from tests.databases import quick

AT = datetime(2026, 11, 28, 9, 0, tzinfo=UTC)
LIST = "# täglich\nfee@parcel.example\n\nbücher.example\nhttp://x.example/ä\n203.0.113.7"


def wanted(**more: Any) -> Wanted:
    plain: dict[str, Any] = {
        "format": "text",
        "action": "block",
        "scope": "tenant",
        "expires": "30d",
        "note": "",
        "by": "api",
        "dry_run": False,
        "skip_bad": False,
    }
    return Wanted(**{**plain, **more})


def checked(value: str, kind: str = "domain", note: str = "") -> Checked:
    return Checked(kind, value, "block", "tenant", None, None, note)


def read(reading: Reading, pieces: list[bytes]) -> list[Line | Fault]:
    return [*(line for piece in pieces for line in reading.lines(piece)), *reading.last()]


@given(st.lists(st.integers(0, len(LIST.encode())), max_size=8))
def test_a_list_is_the_same_wherever_its_pieces_are_cut(places: list[int]) -> None:
    raw = LIST.encode()
    cuts = [0, *sorted(places), len(raw)]
    pieces = [raw[start:end] for start, end in pairwise(cuts)]
    assert read(Reading("text"), pieces) == [
        Line(2, "fee@parcel.example"),
        Line(4, "bücher.example"),
        Line(5, "http://x.example/ä"),
        Line(6, "203.0.113.7"),
    ]


def test_a_document_is_read_when_it_is_whole() -> None:
    indicator = {"type": "indicator", "pattern": "[domain-name:value = 'evil.example']"}
    raw = json.dumps({"type": "bundle", "objects": [indicator]}).encode()
    reading = Reading("stix")
    assert list(reading.lines(raw[:20])) == []
    assert list(reading.lines(raw[20:])) == []
    assert list(reading.last()) == [Line(1, "evil.example", "domain")]


@pytest.mark.parametrize(("kind", "words"), [("misp", "document is larger"), ("text", "without an end")])
def test_what_never_ends_is_no_list(monkeypatch: pytest.MonkeyPatch, kind: Any, words: str) -> None:
    monkeypatch.setattr("services.blocklist.reading.DOCUMENT_MAX", 100)
    with pytest.raises(Reject, match=words):
        read(Reading(kind), [b"x" * 60, b"x" * 60])


def test_lines_are_checked_one_by_one_and_each_bad_one_is_named() -> None:
    outcome = Outcome("import")
    check = Checker(wanted(), Ours(domains=("example.org",)), outcome, AT)
    lines: list[Line | Fault] = [
        Line(1, "Fee@Parcel.EXAMPLE"),
        Fault(2, "the line is no JSON"),
        Line(3, "boss@example.org"),
        Line(4, "evil.example", expires="hit+9d", note="seen"),
        Line(5, "other.example", note="\ud800"),
        Line(6, "other.example", note="\0"),
        Line(7, "gmail.com"),
        Line(8, "10.0.0.0/24"),
    ]
    assert [(one.value, one.expires_at, one.idle_days, one.note) for one in check.good(lines)] == [
        ("fee@parcel.example", "2026-12-28T09:00:00+00:00", None, ""),
        ("evil.example", "2026-12-07T09:00:00+00:00", 9, "seen"),
    ]
    assert (outcome.lines, outcome.fault_count) == (2, 6)
    assert [fault["line"] for fault in outcome.faults] == [2, 3, 5, 6, 7, 8]


async def test_lines_come_out_by_value_and_of_equal_ones_the_first_comes_first() -> None:
    async with Staged() as staged:
        await staged.add(iter([checked("c.example"), checked("a.example", note="first")]))
        await staged.add([checked("b.example"), checked("a.example", note="second"), checked("a.example", "address")])
        assert [(one.value, one.kind, one.note) for one in await staged.next(3)] == [
            ("a.example", "address", ""),
            ("a.example", "domain", "first"),
            ("a.example", "domain", "second"),
        ]
        assert [one.value for one in await staged.next(3)] == ["b.example", "c.example"]
        assert await staged.next(3) == []
        assert len(await staged.next(9)) == 5  # from the beginning


async def test_what_a_line_raises_comes_through_and_the_file_goes_on() -> None:
    def broken() -> Any:
        yield checked("a.example")
        raise Reject("no more")

    async with Staged() as staged:
        with pytest.raises(Reject, match="no more"):
            await staged.add(broken())
        await staged.add([checked("b.example")])
        assert "b.example" in {one.value for one in await staged.next(9)}


def test_entries_of_one_import_have_ids_that_sort_as_they_were_made(tmp_path: Any) -> None:
    database = quick(tmp_path, "blocklist", METADATA)
    making = Making("0a7b3c00-0000-4000-8000-00000000cafe", wanted(), AT, room=10**6, is_told=False)
    ids: list[str] = []
    for step in range(3):
        rows = [checked(f"d{step}-{number}.example") for number in range(20_000)]
        ids += [one[0] for one in making.entries(rows, AT)]
    assert ids == sorted(set(ids))
    for one in (ids[0], ids[-1]):
        assert (UUID(one).version, UUID(one).variant) == (7, "specified in RFC 4122")
        assert int(one[:8] + one[9:13], 16) == int(AT.timestamp() * 1_000)
    database.leave()
