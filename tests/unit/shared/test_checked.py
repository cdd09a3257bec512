"""Files that people keep: each fault is told with its line, and nothing of a faulty file is used."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some
from pydantic import BaseModel, ConfigDict, Field

from shared.checked import FileFault, checked, read_checked


class Entry(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    hour: int = Field(default=9, ge=0, le=23)


class File(BaseModel):
    model_config = ConfigDict(extra="forbid")
    entries: list[Entry] = []


def test_a_good_file_is_read_and_an_empty_one_says_the_defaults() -> None:
    assert checked("entries:\n  - name: a\n    hour: 7\n", File).entries == [Entry(name="a", hour=7)]
    assert checked("", File) == checked("# nothing yet\n", File) == File()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("entries:\n  - name: a\n    hour: 24\n", "line 3: entries.hour: Input should be less than or equal to 23"),
        ("entries:\n  - name: a\n    our: 2\n", "line 3: there is no `entries.our`"),
        ("entries:\n  - name: a\n\n  - hour: 2\n", "line 4: entries.name: Field required"),
        ("entries:\n  - name: a\n    name: b\n", "line 3: `name` stands twice"),
        ("entries:\n  - name: [a\n", "line 3: this is no YAML"),
        ("- a\n", "line 1: Input should be a valid dictionary"),
        ("a: &x [*x, *x]\n", "line 1: what has a name"),
        ("[" * 20_000, "line 1: this is nested too deeply"),
        ("!!python/object:os.system {}\n", "line 1: this is no YAML"),
        ("x" * 2_000_000, "line 1: more than 1024 kB"),
    ],
)
def test_a_fault_is_told_with_its_line(text: str, told: str) -> None:
    with pytest.raises(FileFault, match=r".*") as caught:
        checked(text, File)
    assert str(caught.value).startswith(told)


def test_all_faults_are_told_at_once_with_the_name_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "people.yaml"
    path.write_text("entries:\n  - hour: 99\n  - name: b\n    hour: x\n")
    with pytest.raises(FileFault) as caught:
        read_checked(path, File)
    assert [line.split(":")[0] for line in str(caught.value).splitlines()] == [
        "people.yaml line 2",
        "people.yaml line 2",
        "people.yaml line 4",
    ]


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_file_that_cannot_be_read_says_so(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "people.yaml"
    if content:
        path.write_bytes(content)
    with pytest.raises(FileFault, match=r"people\.yaml cannot be read"):
        read_checked(path, File)


@given(some.text())
def test_any_text_is_a_file_or_a_fault_and_nothing_else(text: str) -> None:
    faults: list[str] = []
    try:
        checked(text, File)
    except FileFault as fault:
        faults = str(fault).splitlines()
    assert all(line.startswith("line ") for line in faults)
