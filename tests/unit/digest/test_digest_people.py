"""Who is told how: the nearest word counts, and a faulty file is told line by line."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from services.digest.letters.people import Choice, People
from services.digest.letters.schedule import Schedule
from services.digest.letters.settings import LetterSettings
from services.digest.letters.tables import Preference
from shared.checked import FileFault

AT = datetime(2026, 11, 23, tzinfo=UTC)

FILE = """\
groups:
  bangkok: [th.example.org, niran@example.org]
  sales: [ana@example.org, ben@example.org]

digests:
  - for: example.org
    language: de
    zone: Europe/Berlin
    hour: 8
  - for: bangkok
    language: th
    zone: Asia/Bangkok
  - for: [info@example.org, Office@Example.org]
    frequency: hours
    every_hours: 2
    readers: [sales, eva@example.org]
  - for: ben@example.org
    frequency: weekly
    weekday: friday
"""


def people(folder: Path, text: str = FILE, **settings: Any) -> People:
    path = folder / "people.yaml"
    path.write_text(text)
    return People(LetterSettings(digest_people_file=path, **settings))


def test_without_a_file_the_settings_say_it_all() -> None:
    settings = LetterSettings(digest_frequency="weekly", digest_weekday="friday", digest_zone="Asia/Tokyo")
    expected = Choice(Schedule("weekly", "Asia/Tokyo", 9, 4), "en", ("ana@example.org",))
    assert People(settings).of("ana@example.org") == expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("x@other.example", Choice(Schedule(), "en", ("x@other.example",))),
        ("x@example.org", Choice(Schedule("daily", "Europe/Berlin", 8), "de", ("x@example.org",))),
        ("x@th.example.org", Choice(Schedule("daily", "Asia/Bangkok", 9), "th", ("x@th.example.org",))),
        ("niran@example.org", Choice(Schedule("daily", "Asia/Bangkok", 8), "th", ("niran@example.org",))),
        ("ben@example.org", Choice(Schedule("weekly", "Europe/Berlin", 8, 4), "de", ("ben@example.org",))),
        (
            "office@example.org",
            Choice(
                Schedule("hours", "Europe/Berlin", 8, every_hours=2),
                "de",
                ("ana@example.org", "ben@example.org", "eva@example.org"),
            ),
        ),
    ],
)
def test_the_nearest_word_counts_and_leaves_the_rest_as_it_was(tmp_path: Path, address: str, expected: Choice) -> None:
    assert people(tmp_path).of(address) == expected


def test_what_a_person_says_counts_most(tmp_path: Path) -> None:
    said = Preference(address="ben@example.org", at=AT, frequency="daily", language="fr", hour=0)
    assert people(tmp_path).of("Ben@example.org", said) == Choice(
        Schedule("daily", "Europe/Berlin", 0, 4), "fr", ("Ben@example.org",)
    )


def test_for_trials_digests_come_by_seconds(tmp_path: Path) -> None:
    found = people(tmp_path, "{}", digest_every_s=2).of("ana@example.org")
    assert (found.schedule.frequency, found.schedule.pause_s) == ("at_once", 2)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("digests:\n  - for: nowhere\n", ["line 2: digests.for: nowhere is no address, no domain and no group"]),
        (
            "digests:\n  - for: example.org\n    zone: Europe/Belin\n    language: xx\n",
            [
                "line 3: digests.zone: this is no zone: write one such as Europe/Berlin or Asia/Bangkok",
                "line 4: digests.language: digests are written in ",
            ],
        ),
        ("digests:\n  - for: example.org\n    hour: 9:30\n", ["line 3: digests.hour: "]),
        ("digests:\n  - language: de\n", ["line 2: digests.for: Field required"]),
        (
            "digests:\n  - for: a@example.org\n    readers: [example.org]\n",
            ["line 3: digests.readers: example.org is no"],
        ),
        ("groups:\n  a: [x@example.org, '<script>']\n", ["line 2: groups.a: <script> is no address and no domain"]),
        ("digest: []\n", ["line 1: there is no `digest`"]),
    ],
)
def test_a_fault_is_told_with_its_line(tmp_path: Path, text: str, told: list[str]) -> None:
    with pytest.raises(FileFault) as caught:
        people(tmp_path, text)
    lines = str(caught.value).splitlines()
    assert len(lines) == len(told)
    for line, expected in zip(lines, told, strict=True):
        assert line.startswith(f"people.yaml {expected}")


@pytest.mark.parametrize(
    "wrong",
    [{"digest_zone": "Mars/Base"}, {"digest_language": "xx"}, {"digest_hour": 24}, {"digest_frequency": "often"}],
)
def test_a_wrong_setting_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        LetterSettings(**wrong)


def test_a_regional_tag_is_its_language() -> None:
    assert LetterSettings(digest_language="de-AT").digest_language == "de"
