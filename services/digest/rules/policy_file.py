"""The policy as a file: named sets of permissions, and policies for reasons and groups of recipients. Reading is pure.

The file is checked as a whole before any of it is used, and every fault is told with its line (shared.checked).
"""

from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationInfo, field_validator

from services.digest.rules.policy import DAYS_MAX, NEVER_SELF_RELEASED, PRESETS, Policies, Policy
from shared.checked import checked
from shared.events.vocabulary import QuarantinePermission, QuarantineReason

#: Limits of a file and of a group file: what people keep in order.
POLICIES_MAX, GROUP_MAX = 200, 100_000

Permissions = tuple[QuarantinePermission, ...]


def _one_of_two(permissions: Permissions) -> Permissions:
    if {"release", "request"} <= set(permissions):
        raise ValueError("a set has `release` or `request`, not both")
    return permissions


def _recipient(word: str, info: ValidationInfo) -> str:
    """An address or domain in lower case; the name of a group file, once the file was found good."""
    if not word.startswith("file:"):
        return _address(word)
    if isinstance(info.context, Groups):
        info.context.read(word.removeprefix("file:"))
    return word


class _Policy(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    reasons: tuple[QuarantineReason, ...] = ()
    recipients: tuple[Annotated[str, AfterValidator(_recipient)], ...] = ()
    permissions: str
    retention_days: int = Field(default=30, ge=1, le=DAYS_MAX)


def _of_file(policy: _Policy, info: ValidationInfo) -> _Policy:
    """A policy that fits the sets of its file, and the floor."""
    sets = {**PRESETS, **info.data.get("permissions", {})}
    if policy.permissions not in sets:
        raise ValueError(f"{policy.permissions} is none of the sets {', '.join(sets)}")
    if "release" in sets[policy.permissions] and (bad := NEVER_SELF_RELEASED & set(policy.reasons)):
        raise ValueError(f"{' and '.join(sorted(bad))} are never released by their recipients: give `request`")
    return policy


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    permissions: Mapping[str, Annotated[Permissions, AfterValidator(_one_of_two)]] = Field(default_factory=dict)
    policies: tuple[Annotated[_Policy, AfterValidator(_of_file)], ...] = Field(min_length=1, max_length=POLICIES_MAX)

    @field_validator("permissions")
    @classmethod
    def _new_names(cls, sets: Mapping[str, Permissions]) -> Mapping[str, Permissions]:
        if taken := PRESETS.keys() & sets.keys():
            raise ValueError(f"{' and '.join(sorted(taken))} are always there and stay what they are")
        return sets

    @field_validator("policies")
    @classmethod
    def _named_once(cls, policies: tuple[_Policy, ...]) -> tuple[_Policy, ...]:
        names = [policy.name for policy in policies]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"several policies have the name {' and '.join(sorted(twice))}")
        return policies


class Groups:
    """The recipients of group files, each read once."""

    def __init__(self, text_of: Callable[[str], str]) -> None:
        """`text_of` gives the text of a group file by the name that the policy calls it by; may raise OSError."""
        self._text_of = text_of
        self._known: dict[str, frozenset[str]] = {}

    def read(self, name: str) -> frozenset[str]:
        """Its addresses and domains.

        Raises:
            ValueError: it cannot be read, or a line of it is neither.
        """
        if name not in self._known:
            try:
                lines = self._text_of(name).splitlines()
            except (OSError, UnicodeDecodeError) as error:
                raise ValueError(f"file:{name} cannot be read: {type(error).__name__}") from error
            if len(lines) > GROUP_MAX:
                raise ValueError(f"file:{name} has more than {GROUP_MAX} lines")
            bare = (line.partition("#")[0].strip() for line in lines)
            self._known[name] = frozenset(_address(line, f"file:{name}: ") for line in bare if line)
        return self._known[name]


def default_text() -> str:
    """The policy that ships."""
    return files(__package__).joinpath("policy.yaml").read_text(encoding="utf-8")


def read_policies(text: str, groups: Groups) -> Policies:
    """The policies in a text.

    Raises:
        FileFault: it is none; every fault is told with its line.
    """
    file = checked(text, _File, context=groups)
    sets = {**PRESETS, **file.permissions}
    return Policies(
        tuple(
            Policy(
                one.name,
                frozenset(one.reasons),
                frozenset().union(*(_expanded(word, groups) for word in one.recipients)),
                sets[one.permissions],
                one.retention_days,
            )
            for one in file.policies
        )
    )


def _expanded(word: str, groups: Groups) -> frozenset[str]:
    return groups.read(word.removeprefix("file:")) if word.startswith("file:") else frozenset({word})


def _address(word: str, where: str = "") -> str:
    _, at, domain = word.rpartition("@")
    if not at or not domain or any(char.isspace() for char in word) or len(word) > 320:
        raise ValueError(f"{where}{word[:80] or 'this'} is neither an address nor a domain as @example.org")
    return word.lower()
