"""Lists in every format: what is read, what is refused by line, and that what is written is read again as it was."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.blocklist.rules.lists_in import (
    BY_LINE,
    FORMATS,
    Fault,
    Format,
    Line,
    LineReader,
    format_of,
    from_defender,
    read_document,
)
from services.blocklist.rules.lists_out import Listed, frame, row

ENTRIES = [
    Listed(
        "b-1",
        "address",
        "fee@parcel.example",
        "block",
        "tenant",
        "2026-11-24T10:00:00Z",
        "2026-12-24T10:00:00Z",
        "a, \"b\" 'c'",
    ),
    Listed("b-2", "domain", "parcel.example", "allow", "tenant", "2026-11-24T10:00:00Z", "", "=cmd()"),
    Listed("b-3", "url", "evil.example/it's?a=1,2", "block", "ana@example.org", "2026-11-24T10:00:00Z", "", ""),
    Listed("b-4", "file", "0f" * 32, "block", "tenant", "2026-11-24T10:00:00Z", "", "two\nlines"),
    Listed("b-5", "ip", "2001:db8::/64", "block", "tenant", "2026-11-24T10:00:00Z", "", ""),
    Listed("b-6", "address", "+tag@parcel.example", "block", "tenant", "2026-11-24T10:00:00Z", "", ""),
]


def written(kind: Format, entries: list[Listed]) -> str:
    head, between, foot = frame(kind)
    return head + between.join(row(kind, one) for one in entries) + foot


def read(kind: Format, text: str) -> list[Line | Fault]:
    if kind not in BY_LINE:
        return list(read_document(kind, text))
    reader = LineReader(kind)
    return [found for line in text.split("\n") if (found := reader.read(line)) is not None]


@pytest.mark.parametrize("kind", FORMATS)
def test_what_is_written_is_read_again(kind: Format) -> None:
    blocks = [one for one in ENTRIES if kind in BY_LINE or one.action == "block"]
    found = read(kind, written(kind, blocks))
    assert [one.value for one in found if isinstance(one, Line)] == [one.value for one in blocks]
    if kind != "text":
        assert [one.kind for one in found if isinstance(one, Line)] == [one.kind for one in blocks]
    if kind in ("csv", "jsonl"):
        assert [(one.action, one.scope) for one in found if isinstance(one, Line)] == [
            (one.action, one.scope) for one in blocks
        ]


def test_no_cell_is_a_formula() -> None:
    assert "'=cmd()" in written("csv", ENTRIES)
    assert ",=cmd" not in written("csv", ENTRIES)


def test_an_empty_list_is_a_document_all_the_same() -> None:
    assert json.loads(written("stix", []))["objects"] == []
    assert json.loads(written("misp", []))["Event"]["Attribute"] == []


def test_bad_lines_are_named_by_number() -> None:
    faults = [
        one for one in read("jsonl", '{"value": "a@b.example"}\nno\n[1]\n{"value": 7}\n{}') if isinstance(one, Fault)
    ]
    assert [one.number for one in faults] == [2, 3, 4, 5]
    assert isinstance(read("csv", "address,kind\na@b.example,address")[0], Fault)
    assert [one.number for one in read("text", "x" * 9_000) if isinstance(one, Fault)] == [1]


def test_comments_marks_and_empty_lines_are_left_out() -> None:
    assert read("text", "\ufeff# a list\n\na.example # why\nb.example\t2026\r") == [
        Line(3, "a.example"),
        Line(4, "b.example"),
    ]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("[url:value = 'http://a.example/x']", [("url", "http://a.example/x")]),
        (
            "[ipv4-addr:value = '192.0.2.1'] OR [domain-name:value='b.example']",
            [("ip", "192.0.2.1"), ("domain", "b.example")],
        ),
        (f"[file:hashes.'SHA-256' = '{'0f' * 32}']", [("file", "0f" * 32)]),
        ("[url:value = 'a.example/it\\'s']", [("url", "a.example/it's")]),
    ],
)
def test_stix_patterns_are_read(pattern: str, expected: list[tuple[str, str]]) -> None:
    bundle = {"type": "bundle", "objects": [{"type": "indicator", "pattern": pattern}, {"type": "malware"}]}
    assert [(one.kind, one.value) for one in read("stix", json.dumps(bundle)) if isinstance(one, Line)] == expected


def test_a_benign_indicator_is_an_allow() -> None:
    one = {"type": "indicator", "pattern": "[url:value = 'a.example']", "indicator_types": ["benign"]}
    (found,) = read("stix", json.dumps({"type": "bundle", "objects": [one]}))
    assert isinstance(found, Line)
    assert found.action == "allow"


@pytest.mark.parametrize(
    "pattern",
    [
        "[url:value LIKE '%x%']",
        "[file:hashes.MD5 = 'x']",
        "[url:value = 'a'] AND [url:value = 'b']",
        "x",
        "[url:value = 'a'] OR",
    ],
)
def test_stix_patterns_that_say_more_than_an_entry_are_faults(pattern: str) -> None:
    bundle = {"type": "bundle", "objects": [{"type": "indicator", "pattern": pattern}]}
    assert [type(one) for one in read("stix", json.dumps(bundle))] == [Fault]


def test_misp_takes_what_is_meant_for_detection_with_its_tlp() -> None:
    event = {
        "Event": {
            "Attribute": [
                {"type": "email-src", "value": "a@b.example", "to_ids": True, "Tag": [{"name": "tlp:red"}]},
                {"type": "url", "value": "http://c.example/x", "to_ids": False},
                {"type": "text", "value": "no"},
            ],
            "Object": [{"Attribute": [{"type": "filename|sha256", "value": "a.exe|" + "0f" * 32, "to_ids": True}]}],
        }
    }
    found = read("misp", json.dumps(event))
    assert [(one.kind, one.value, one.note) for one in found if isinstance(one, Line)] == [
        ("address", "a@b.example", "tlp:red"),
        ("file", "0f" * 32, ""),
    ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("~contoso.com", ("url", "contoso.com")),
        ("~contoso.com~", ("url", "contoso.com")),
        ("*.contoso.com", ("url", "contoso.com")),
        ("*.contoso.com/*", ("url", "contoso.com")),
        ("contoso.com/*", ("url", "contoso.com/*")),
        ("contoso.com/a/*", ("url", "contoso.com/a/*")),
        ("a*b.contoso.com", ("", "")),
        ("contoso.com/a*b", ("", "")),
    ],
)
def test_the_patterns_of_defender_are_read(value: str, expected: tuple[str, str]) -> None:
    assert from_defender(value) == expected


@pytest.mark.parametrize(
    ("name", "kind"), [("a.csv", "csv"), ("a.JSONL", "jsonl"), ("a.json", "stix"), ("a.txt", "text"), ("feed", "text")]
)
def test_a_name_says_the_format(name: str, kind: str) -> None:
    assert format_of(name) == kind


@given(st.sampled_from(FORMATS), st.text(max_size=500))
def test_no_text_breaks_a_reader(kind: Format, text: str) -> None:
    assert all(isinstance(one, Line | Fault) for one in read(kind, text))


@given(
    st.recursive(
        st.none() | st.booleans() | st.text(max_size=5),
        lambda some: (
            st.lists(some, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["type", "objects", "Event", "Attribute", "Object", "Tag", "value", "pattern", "to_ids"]
                ),
                some,
                max_size=4,
            )
        ),
    )
)
def test_no_document_breaks_a_reader(document: object) -> None:
    for kind in ("stix", "misp"):
        assert all(isinstance(one, Line | Fault) for one in read(kind, json.dumps(document)))
