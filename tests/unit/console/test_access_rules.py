"""Who may do what: the rules."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.console.access.lockout import ACCOUNT_MAX_S, CLIENT_MAX_S, FREE, REMEMBERED_MAX, Lockout
from services.console.rules.access import (
    KINDS,
    NO_ENTRY,
    ROLES,
    Person,
    Role,
    actor,
    chained,
    covers,
    is_within,
    may,
    role_of,
)

GROUPS: dict[Role, tuple[str, ...]] = {"viewer": ("all",), "analyst": ("soc",), "admin": ("root", "soc-leads")}


def test_a_role_may_what_those_before_it_may_and_nothing_more() -> None:
    for index, role in enumerate(ROLES):
        assert [may(role, needed) for needed in ROLES] == [place <= index for place in range(len(ROLES))]


@pytest.mark.parametrize("role", ["", "root", "Admin", "admin "])
def test_a_role_that_does_not_exist_may_nothing(role: str) -> None:
    assert not any(may(role, needed) for needed in ROLES)
    assert not any(may(one, role) for one in ROLES)


@pytest.mark.parametrize(
    ("groups", "default", "role"),
    [
        (["all"], None, "viewer"),
        (["all", "soc"], None, "analyst"),
        (["soc-leads", "soc"], None, "admin"),
        (["other"], None, None),
        ([], "viewer", "viewer"),
        (["SOC"], None, None),
    ],
)
def test_the_highest_group_gives_the_role(groups: list[str], default: Role | None, role: Role | None) -> None:
    assert role_of(groups, GROUPS, default) == role


@pytest.mark.parametrize(
    ("kinds", "method", "path", "good"),
    [
        ((), "DELETE", "/v1/tokens/x", True),
        (("read",), "GET", "/v1/cases/x", True),
        (("read",), "POST", "/v1/cases/x/decision", False),
        (("cases",), "POST", "/v1/cases/x/decision", True),
        (("cases",), "GET", "/v1/casesx", False),
        (("cases",), "GET", "/v1/reports", False),
        (("read", "blocks"), "POST", "/v1/blocks", True),
        (("read", "blocks"), "GET", "/v1/audit", True),
        (("blocks",), "GET", "/v1/me", True),
        (("blocks",), "GET", "/", False),
    ],
)
def test_a_token_is_good_for_its_kinds(kinds: tuple[str, ...], method: str, path: str, *, good: bool) -> None:
    assert is_within(kinds, method=method, path=path) == good


@given(st.lists(st.sampled_from(KINDS)), st.lists(st.sampled_from(KINDS)))
def test_nobody_gives_what_they_do_not_have(own: list[str], wanted: list[str]) -> None:
    assert covers(own, wanted) == (not own or (wanted != [] and set(wanted) <= set(own)))


def test_only_the_token_of_the_data_dir_says_on_whose_behalf() -> None:
    assert actor(Person("operator", "admin", via="bootstrap"), "eve") == "eve"
    assert actor(Person("operator", "admin", via="bootstrap"), "") == "operator"
    assert actor(Person("token/ci", "admin", via="token"), "eve") == "token/ci"
    assert actor(Person("ana", "admin", via="password"), "eve") == "ana"


@given(st.dictionaries(st.text(), st.text(), min_size=1))
def test_every_word_of_an_entry_and_what_was_before_it_is_in_its_hash(entry: dict[str, str]) -> None:
    whole = chained(NO_ENTRY, entry)
    assert whole == chained(NO_ENTRY, dict(reversed(entry.items())))
    assert whole != chained("1" * 64, entry)
    for name, value in entry.items():
        assert whole != chained(NO_ENTRY, {**entry, name: f"{value}x"})


class Clock:
    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


def test_a_clients_wait_doubles_to_its_limit_and_an_accounts_stays_short() -> None:
    clock = Clock()
    lockout, waits = Lockout(clock), []
    for _ in range(FREE + 12):
        lockout.wrong("192.0.2.1", "ana")
        waits.append(lockout.wait_s("192.0.2.1"))
    assert waits[: FREE - 1] == [0.0] * (FREE - 1)
    assert waits[FREE - 1 :] == [min(float(2**step), CLIENT_MAX_S) for step in range(13)]
    assert lockout.wait_s("198.51.100.1", "ana") == ACCOUNT_MAX_S
    assert lockout.wait_s("198.51.100.1", "eve") == 0.0
    clock.at += ACCOUNT_MAX_S
    assert lockout.wait_s("198.51.100.1", "ana") == 0.0


def test_who_gets_in_is_forgiven() -> None:
    lockout = Lockout(Clock())
    for _ in range(FREE):
        lockout.wrong("192.0.2.1", "ana")
    lockout.right("192.0.2.1", "ana")
    assert lockout.wait_s("192.0.2.1", "ana") == 0.0


def test_a_million_clients_take_no_more_memory_than_ten_thousand() -> None:
    lockout = Lockout(Clock())
    for number in range(3 * REMEMBERED_MAX):
        lockout.wrong(f"client {number}")
    assert len(lockout._wrong) == REMEMBERED_MAX
