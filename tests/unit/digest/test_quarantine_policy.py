"""The policy file: the first policy that fits binds, the floor holds, and every fault is told with its line."""

from pathlib import Path

import pytest

from services.digest.policybook import PolicyBook
from services.digest.rules.policy import Policies
from services.digest.rules.policy_file import Groups, default_text, read_policies
from shared.checked import FileFault
from shared.events.vocabulary import QuarantineReason

TWO = """
permissions:
  careful: [preview, request]
policies:
  - name: board
    reasons: [spam]
    recipients: [chair@example.org, "@lab.example.org", "file:vip.txt"]
    permissions: none
    retention_days: 3
  - {name: rest, permissions: full}
"""


def read(text: str, **groups: str) -> Policies:
    def text_of(name: str) -> str:
        if name not in groups:
            raise FileNotFoundError(name)
        return groups[name]

    return read_policies(text, Groups(text_of))


def test_the_first_policy_that_fits_reason_and_recipient_binds() -> None:
    policies = read_policies(TWO, Groups(lambda _: "vip@example.org  # the founder\n\n@guests.example.org\n"))
    for recipient in ("Chair@example.org", "x@lab.example.org", "VIP@example.org", "y@guests.example.org"):
        bound = policies.bind(reason="spam", recipient=recipient)
        assert (bound.policy, bound.permissions, bound.retention_days) == ("board", (), 3)
    assert policies.bind(reason="bulk", recipient="chair@example.org").policy == "rest"
    assert policies.bind(reason="spam", recipient="x@sub.lab.example.org").policy == "rest"


@pytest.mark.parametrize("reason", ["malware", "phishing_high"])
def test_no_policy_lets_recipients_release_what_is_dangerous(reason: QuarantineReason) -> None:
    policies = read("policies: [{name: all, permissions: full}]")
    permissions = policies.bind(reason=reason, recipient="a@example.org").permissions
    assert "release" not in permissions
    assert "request" in permissions


def test_what_no_policy_fits_is_for_operators_alone() -> None:
    policies = read("policies: [{name: some, reasons: [bulk], permissions: full}]")
    assert policies.bind(reason="spam", recipient="a@example.org").permissions == ()


def test_the_policy_that_ships_keeps_mail_as_long_as_defender_does() -> None:
    policies = read(default_text())
    reasons: tuple[QuarantineReason, ...] = ("malware", "policy", "spam", "bulk", "phishing")
    days = {reason: policies.bind(reason=reason, recipient="a@b").retention_days for reason in reasons}
    assert days == {"malware": 30, "policy": 30, "spam": 15, "bulk": 15, "phishing": 15}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("policies:\n  - {name: a, permissions: total}", "line 2: policies: total is none of the sets none, limited, full"),
        ("policies:\n  - name: a\n    permissions: full\n    reason: [spam]", "line 4: there is no `policies.reason`"),
        ("policies:\n  - name: a\n    reasons: [virus]\n    permissions: full", "line 3: policies.reasons:"),
        ("policies:\n  - name: a\n    reasons: [malware]\n    permissions: full", "line 2: policies: malware are never"),
        ("policies:\n  - name: a\n    recipients: [nobody]\n    permissions: full", "line 3: policies.recipients: nobody is"),
        ("policies:\n  - name: a\n    recipients: ['file:x']\n    permissions: full", "line 3: policies.recipients: file:x cannot"),
        ("policies:\n  - name: a\n    retention_days: 0\n    permissions: full", "line 3: policies.retention_days:"),
        ("permissions:\n  x: [release, request]\npolicies: [{name: a, permissions: x}]", "line 2: permissions.x: a set has"),
        ("permissions:\n  full: [preview]\npolicies: [{name: a, permissions: full}]", "line 1: permissions: full are always"),
        ("policies: [{name: a, permissions: full}, {name: a, permissions: none}]", "line 1: policies: several"),
        ("policies: []", "line 1: policies:"),
        ("policies: [", "this is no YAML"),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_its_line(text: str, fault: str) -> None:
    with pytest.raises(FileFault) as raised:
        read(text)
    assert fault in str(raised.value)


async def test_a_changed_file_or_group_is_in_force_and_a_broken_one_is_not(tmp_path: Path) -> None:
    path, group = tmp_path / "policy.yaml", tmp_path / "vip.txt"
    path.write_text("policies: [{name: vip, recipients: ['file:vip.txt'], permissions: full}]")
    group.write_text("a@example.org\n")
    book = PolicyBook(path)
    group.write_text("a@example.org\nb@example.org\n")
    await book()
    assert book.policies.bind(reason="spam", recipient="b@example.org").policy == "vip"
    for broken in ("policies: [", "policies: [{name: a, permissions: nonsense}]"):
        path.write_text(broken)
        await book()
        assert book.policies.bind(reason="spam", recipient="b@example.org").policy == "vip"
    group.unlink()
    await book()
    assert book.policies.bind(reason="spam", recipient="b@example.org").policy == "vip"


def test_a_start_with_a_broken_file_says_the_file_and_the_line(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("policies:\n  - name: a\n    permissions: nonsense\n")
    with pytest.raises(FileFault, match=r"mine\.yaml line 2: "):
        PolicyBook(path)
    with pytest.raises(FileFault, match="cannot be read"):
        PolicyBook(tmp_path / "none.yaml")
