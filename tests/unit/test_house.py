"""House rules are tests: sizes, names, plates, contracts, generated pages."""

import ast
import importlib
import re
import subprocess
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from importlib import metadata
from pathlib import Path

import pytest

from longstop.pages import PAGES
from longstop.services import NAMES, service
from shared.events import EVENTS
from shared.run import VERSION

ROOT = Path(__file__).parents[2]
CODE = [path for top in ("longstop", "services", "shared") for path in sorted((ROOT / top).rglob("*.py"))]
TESTS = sorted((ROOT / "tests").rglob("*.py"))

FORBIDDEN_NAMES = {"utils", "helpers", "common", "base_", "misc", "manager"}
PLATE = ("READS", "WRITES", "OWNS", "OUTSIDE", "LIMITS", "BUGS")


def lines(path: Path) -> int:
    return len(path.read_text().splitlines())


def test_no_file_is_too_long() -> None:
    assert [(str(path), lines(path)) for path in CODE if lines(path) > 250] == []
    assert [(str(path), lines(path)) for path in TESTS if lines(path) > 400] == []


def test_no_function_is_too_long() -> None:
    def functions(path: Path) -> Iterator[tuple[str, int]]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{path}:{node.name}", (node.end_lineno or node.lineno) - node.lineno + 1

    assert [found for path in CODE for found in functions(path) if found[1] > 50] == []


def test_nothing_is_hidden_from_the_type_checker() -> None:
    mark = "type: " + "ignore"
    assert [str(path) for path in CODE + TESTS if mark in path.read_text()] == []


def test_the_version_is_told_in_one_way() -> None:
    assert metadata.version("longstop") == VERSION


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [path for path in CODE if path.stem in FORBIDDEN_NAMES] == []


@pytest.mark.parametrize("name", NAMES)
def test_every_service_has_a_plate(name: str) -> None:
    plate = importlib.import_module(f"services.{name}").__doc__ or ""
    assert plate.startswith(f"{name}: ")
    for word in PLATE:
        assert re.search(rf"^{word}\s", plate, re.MULTILINE), f"{name} does not say {word}"


@pytest.mark.parametrize("name", NAMES)
def test_the_plate_tells_the_contract(name: str) -> None:
    """READS and WRITES of the plate are what the contract says, for services that name them one by one."""
    plate = importlib.import_module(f"services.{name}").__doc__ or ""
    contract = service(name).contract
    for word, kinds in (("READS", contract.reads), ("WRITES", contract.writes)):
        block = re.search(rf"^{word}\s+(.*?)(?=^[A-Z]+\s)", plate, re.MULTILINE | re.DOTALL)
        assert block
        said = set(re.findall(r"\b[a-z]+\.[a-z_]+\b", block[1]))
        wanted = {kind.STREAM.removesuffix(".v1") for kind in kinds}
        assert said == wanted or block[1].startswith("everything but")


def test_every_file_that_code_reads_is_installed_with_it() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    patterns = project["tool"]["setuptools"]["package-data"]["*"]
    tracked = ["git", "ls-files", "longstop", "services", "shared"]
    names = subprocess.run(tracked, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    others = [name for name in names if not name.endswith(".py")]
    assert others
    assert [name for name in others if not any(fnmatch(Path(name).name, pattern) for pattern in patterns)] == []


def test_every_event_but_the_doors_has_a_writer() -> None:
    written = {kind for name in NAMES for kind in service(name).contract.writes}
    doors = {"report.submitted.v1", "mail.held.v1"}
    assert [kind.STREAM for kind in EVENTS if kind not in written and kind.STREAM not in doors] == []


@pytest.mark.parametrize("name", sorted(PAGES))
def test_the_generated_pages_are_fresh(name: str) -> None:
    page = ROOT / "docs" / name
    assert page.read_text() == PAGES[name](), f"docs/{name} is stale: run `make docs`"


def test_nothing_of_a_machine_is_in_tracked_files() -> None:
    pattern = r"(^|[^a-zA-Z.])/(work|farm)/"
    found = subprocess.run(
        ["git", "grep", "-nIE", pattern, "--", ".", ":!tests/unit/test_house.py"], cwd=ROOT, capture_output=True, text=True, check=False
    )  # fmt: skip
    assert found.stdout == ""
