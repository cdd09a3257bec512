"""Who is told how: what settings, the file of people, and people themselves say; the nearest to a person counts."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, LiteralString

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, ValidationInfo, field_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from services.digest.letters.schedule import Schedule
from services.digest.letters.settings import WEEKDAYS, LetterSettings, Weekday, known_language, known_zone
from services.digest.letters.tables import Preference, said
from shared.checked import read_checked
from shared.events.vocabulary import DigestFrequency
from shared.outgoing import is_address

#: Readers of one address, words of one group, and entries.
READERS_MAX, GROUP_MAX, ENTRIES_MAX = 100, 10_000, 10_000

Word = Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True, min_length=1, max_length=320)]


@dataclass(frozen=True, slots=True)
class Choice:
    """How an address is told: when, in which language, and who reads its digests: the address itself, or others."""

    schedule: Schedule
    language: str
    readers: tuple[str, ...]


class Entry(BaseModel):
    """What the file says for some addresses, domains or groups; what it leaves out comes from what is less near."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    whom: list[Word] = Field(alias="for", min_length=1, max_length=GROUP_MAX)
    frequency: DigestFrequency | None = None
    every_hours: int | None = Field(default=None, ge=1, le=168)
    hour: int | None = Field(default=None, ge=0, le=23)
    weekday: Weekday | None = None
    zone: str | None = None
    language: str | None = None
    readers: list[Word] = Field(default=[], max_length=READERS_MAX)

    @field_validator("whom", mode="before")
    @classmethod
    def _one_or_more(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @field_validator("zone")
    @classmethod
    def _zone(cls, zone: str | None) -> str | None:
        return zone and known_zone(zone)

    @field_validator("language")
    @classmethod
    def _language(cls, language: str | None) -> str | None:
        return language and known_language(language)


class PeopleFile(BaseModel):
    """The file: groups by name, then the entries."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    groups: dict[Word, Annotated[list[Word], Field(max_length=GROUP_MAX)]] = {}
    digests: list[Entry] = Field(default=[], max_length=ENTRIES_MAX)

    @field_validator("groups")
    @classmethod
    def _members(cls, groups: dict[str, list[str]]) -> dict[str, list[str]]:
        faults = [
            _fault((name, place), word, "{word} is no address and no domain")
            for name, words in groups.items()
            for place, word in enumerate(words)
            if not (is_address(word) or _is_domain(word))
        ]
        _tell(faults)
        return groups

    @field_validator("digests")
    @classmethod
    def _known(cls, entries: list[Entry], info: ValidationInfo) -> list[Entry]:
        groups = info.data.get("groups", {})
        faults = []
        for place, entry in enumerate(entries):
            faults += [
                _fault((place, "for"), word, "{word} is no address, no domain and no group")
                for word in entry.whom
                if not (word in groups or is_address(word) or _is_domain(word))
            ]
            faults += [
                _fault((place, "readers"), word, "{word} is no address and no group of addresses")
                for word in entry.readers
                if not all(map(is_address, groups.get(word, [word])))
            ]
        _tell(faults)
        return entries


class People:
    """What is said for whom."""

    def __init__(self, settings: LetterSettings) -> None:
        """Read the file.

        Raises:
            FileFault: it cannot be used; each fault with its line.
        """
        path: Path | None = settings.digest_people_file
        file = read_checked(path, PeopleFile) if path else PeopleFile()
        self._schedule, self._language = settings.schedule, settings.digest_language
        self._groups = file.groups
        self._entries: dict[str, list[Entry]] = {}
        for entry in file.digests:
            for word in entry.whom:
                self._entries.setdefault(word, []).append(entry)
        self._memberships: dict[str, list[str]] = {}
        for name, words in file.groups.items():
            for word in words:
                self._memberships.setdefault(word, []).append(name)

    def of(self, address: str, preferred: Preference | None = None) -> Choice:
        """How an address is told. An address is nearer than its groups, they than its domain, that than the settings."""
        choice = Choice(self._schedule, self._language, (address,))
        for entry in self._said(address.lower()):
            values = entry.model_dump(exclude_none=True, exclude={"whom", "readers"})
            choice = _with(choice, {**values, **({"readers": self._readers(entry)} if entry.readers else {})})
        return _with(choice, said(preferred)) if preferred else choice

    def _said(self, address: str) -> Iterator[Entry]:
        domain = address.rpartition("@")[2]
        for word in (domain, *self._memberships.get(domain, ()), *self._memberships.get(address, ()), address):
            yield from self._entries.get(word, ())

    def _readers(self, entry: Entry) -> tuple[str, ...]:
        return tuple(dict.fromkeys(one for word in entry.readers for one in self._groups.get(word, [word])))


def _with(choice: Choice, values: dict[str, Any]) -> Choice:
    """A choice in which some is otherwise."""
    of_letters = {name: values.pop(name) for name in ("language", "readers") if name in values}
    if "weekday" in values:
        values["weekday"] = WEEKDAYS.index(values["weekday"])
    return replace(choice, schedule=replace(choice.schedule, **values), **of_letters)


def _is_domain(word: str) -> bool:
    return "@" not in word and is_address(f"a@{word}") and "." in word


def _fault(where: tuple[int | str, ...], word: str, words: LiteralString) -> InitErrorDetails:
    return InitErrorDetails(type=PydanticCustomError("unknown", words, {"word": word}), loc=where, input=word)


def _tell(faults: list[InitErrorDetails]) -> None:
    """Raise faults that lie deeper than the field that is checked: each keeps its own place."""
    if faults:
        raise ValidationError.from_exception_data("people", faults)
