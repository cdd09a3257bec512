"""The rules in force follow the file, and a broken file changes nothing."""

from pathlib import Path

import pytest

from services.triage.rulebook import Rulebook
from services.triage.rules.policy import PolicyError

ONE = "rules:\n  - {name: one, when: simulation}\n"


async def test_a_changed_file_is_in_force_and_a_broken_one_is_not(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(ONE)
    book = Rulebook(path)
    path.write_text(ONE + "  - {name: two, when: defaulted}\n")
    await book()
    assert [rule.name for rule in book.policy.rules] == ["one", "two"]
    for broken in ("rules: [", "rules:\n  - {name: one, when: nonsense}\n"):
        path.write_text(broken)
        await book()
        assert [rule.name for rule in book.policy.rules] == ["one", "two"]
    path.unlink()
    await book()
    assert len(book.policy.rules) == 2
    path.write_text(ONE)
    await book()
    assert len(book.policy.rules) == 1


def test_a_start_with_a_broken_file_says_the_file_and_the_line(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("rules:\n  - name: one\n    when: subject ==\n")
    with pytest.raises(PolicyError, match=r"mine\.yaml line 3: "):
        Rulebook(path)
    with pytest.raises(PolicyError, match="cannot be read"):
        Rulebook(tmp_path / "none.yaml")
