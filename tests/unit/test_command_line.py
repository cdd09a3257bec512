"""The command line: exit codes, one line for a failure, and nothing that a terminal would obey."""

import shlex
import stat
import subprocess
import sys
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer
from rich.console import Console
from typer.main import get_command
from typer.testing import CliRunner

from longstop import show, sources
from longstop.__main__ import COMMANDS, command_line, main
from longstop.commands.watch import start_id, summary
from longstop.examples import EXAMPLES
from longstop.where import answer_of, endpoints
from shared.plural import counted
from shared.run import VERSION
from tests.mails import mail

AT = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


def test_help_lists_every_command() -> None:
    shown = CliRunner().invoke(command_line(""), ["--help"]).output
    assert all(name in shown for name in COMMANDS if name != "health")


@pytest.mark.parametrize(
    "words", [["nonsense"], ["up", "--only", "nobody"], ["watch", "nothing"], ["report", "x"], ["serve", "nobody"]]
)
def test_wrong_usage_is_two(words: list[str]) -> None:
    assert CliRunner().invoke(command_line(words[0]), words).exit_code == 2


def test_services_that_run_by_themselves_are_asked_at_the_ports_of_their_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("LONGSTOP_TRIAGE_PORT=4084\nLONGSTOP_CONSOLE_PORT=1\n")
    monkeypatch.setenv("LONGSTOP_REDIS_URL", "redis://127.0.0.1:1")
    monkeypatch.setenv("LONGSTOP_CONSOLE_PORT", "4080")
    found = endpoints(tmp_path)
    assert (found.console, found.triage) == ("http://127.0.0.1:4080", "http://127.0.0.1:4084")
    assert found.blocklist == "http://127.0.0.1:8082"


@pytest.mark.parametrize(
    "words", [["report", "/nonexistent", "--category", "junk"], ["watch", "all"], ["block", "list"], ["dead", "list"]]
)
def test_a_failure_is_one_line_on_stderr_and_one(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["longstop", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    shown = capsys.readouterr()
    assert ended.value.code == 1
    assert shown.out == ""
    assert len(shown.err.strip().splitlines()) == 1


def test_a_folder_without_any_mail_is_a_failure_that_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["longstop", "report", str(tmp_path), "--category", "junk"])
    monkeypatch.setenv("LONGSTOP_REDIS_URL", "redis://127.0.0.1:1")
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    assert capsys.readouterr().err.startswith("longstop: nothing was reported: there is no mail")


def test_a_reporter_who_is_no_address_is_wrong_usage(tmp_path: Path) -> None:
    words = ["report", str(tmp_path), "--category", "junk", "--reporter", "Ana"]
    assert CliRunner().invoke(command_line("report"), words).exit_code == 2


def test_a_value_that_the_service_does_not_know_is_wrong_usage() -> None:
    asked = httpx.Request("GET", "http://127.0.0.1/v1/quarantine")
    problem = {"title": "the request is not valid", "detail": "status: Input should be 'held'"}
    with pytest.raises(typer.BadParameter, match="should be 'held'"):
        answer_of(httpx.Response(422, json=problem, request=asked))


@pytest.mark.parametrize(
    ("name", "words"),
    [("LONGSTOP_BLOB_URL", "`file:///PATH`, or `s3://BUCKET"), ("LONGSTOP_LOG_LEVEL", "least level of log lines")],
)
def test_a_setting_of_a_wrong_form_is_told_with_what_it_may_be(
    name: str, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "argv", ["longstop", "case", "list", "--data-dir", str(tmp_path)])
    monkeypatch.setenv(name, "ftp://x")
    with pytest.raises(SystemExit):
        main()
    told = capsys.readouterr().err
    assert told.startswith(f"longstop: {name}: this is not what it may be: ")
    assert words in told


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("LONGSTOP_TRUSTED_PROXIES", "ten", "LONGSTOP_TRUSTED_PROXIES: 'ten' does not appear to be"),
        ("LONGSTOP_OIDC_ISSUER", "https://id.example", "LONGSTOP_OIDC_ISSUER needs LONGSTOP_OIDC_CLIENT_ID\n"),
    ],
)
def test_what_is_wrong_with_a_setting_is_told_in_our_words_alone(
    name: str, value: str, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["longstop", "serve", "console"])
    monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit):
        main()
    assert capsys.readouterr().err.startswith(f"longstop: {words}")


@pytest.mark.parametrize("line", EXAMPLES)
def test_every_example_of_help_can_be_typed(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("feed.csv", "rules.yaml"):
        (tmp_path / name).touch()
    command: Any = get_command(command_line(""))
    words = shlex.split(line.partition(" > ")[0])
    while hasattr(command, "commands"):
        command = command.commands[words.pop(0)]
    assert command.make_context("", words).params
    assert line in (command.epilog or "")


def test_a_number_has_the_noun_that_fits() -> None:
    told = [counted(1, "entry", "entries"), counted(2, "entry", "entries"), counted(0, "mail"), counted(1, "mail")]
    assert told == ["1 entry", "2 entries", "0 mails", "1 mail"]


def test_a_new_data_dir_is_its_owners_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = tmp_path / "data"
    monkeypatch.setenv("LONGSTOP_DATABASE_URL", "mysql://no")  # ends the start right behind it
    words = ["up", "--only", "submission", "--redis-url", "redis://127.0.0.1:1", "--data-dir", str(made)]
    assert CliRunner().invoke(command_line("up"), words).exit_code == 1
    assert stat.S_IMODE(made.stat().st_mode) == 0o700


def test_the_version_is_told() -> None:
    shown = CliRunner().invoke(command_line(""), ["--version"])
    assert (shown.exit_code, shown.output) == (0, f"{VERSION}\n")


def test_commands_that_ask_http_do_not_wait_for_the_bus_to_be_imported() -> None:
    at_end = "atexit.register(lambda: print('imported', *{'sqlalchemy', 'redis'} & {*sys.modules}))"
    asked = f"import atexit, sys, longstop.__main__ as m; {at_end}; m.main()"
    command = [sys.executable, "-c", asked, "block", "--help"]
    told = subprocess.run(command, capture_output=True, text=True, check=True)
    assert told.stdout.splitlines()[-1].split() == ["imported"]


ENTRY = ("1" * 36, "block", "", "fee@parcel-fee.example", "a note of several words that may be broken anywhere")


@pytest.mark.parametrize(("width", "is_table"), [(80, False), (160, True)])
def test_a_table_too_wide_for_a_terminal_is_a_paragraph_a_row(width: int, is_table: bool) -> None:
    written = StringIO()
    console = Console(file=written, force_terminal=True, width=width, color_system=None)
    console.print(show.table("", ("id", "action", "scope", "value", "note"), [ENTRY, ENTRY]))
    lines = written.getvalue().splitlines()
    assert (len(lines) == 9) is not is_table  # of two entries, four cells each that are not empty, and one line between
    assert all(any(word in line for line in lines) for word in ENTRY[:4])


def test_a_table_in_a_pipe_keeps_a_line_for_each_row() -> None:
    written = StringIO()
    Console(file=written, width=160).print(show.table("", ("id", "action", "scope", "value", "note"), [ENTRY] * 9))
    assert sum(ENTRY[0] in line and ENTRY[3] in line for line in written.getvalue().splitlines()) == 9


def test_hidden_characters_are_shown_as_what_they_are() -> None:
    assert show.safe("a\x1b[31mb\u202ec\nd") == "a\\u001b[31mb\\u202ec\\u000ad"
    assert len(show.safe("x" * 1000)) == show.CELL_MAX


@pytest.mark.parametrize(
    ("since", "expected"),
    [
        ("", "$"),
        ("1795456334706-0", "1795456334706-0"),
        ("10m", "1795427400000-0"),
        ("2026-11-23T10:00:00Z", "1795428000000-0"),
    ],
)
def test_since_is_a_time_or_an_id(since: str, expected: str) -> None:
    assert start_id(since, AT) == expected


def test_since_nothing_known_is_wrong_usage() -> None:
    with pytest.raises(typer.BadParameter):
        start_id("yesterday-ish", AT)


def test_an_event_is_one_line_of_its_telling_fields() -> None:
    line = summary("report.received", {"data": {"category": "junk", "report_id": "r", "message": {"subject": "s"}}})
    assert line == "category=junk subject=s report_id=r"
    assert summary("dead", {"stream": "x", "entry_id": "1-0", "reason": "no data"}) == "x 1-0: no data"
    assert summary("odd", {"data": "text"}) == "text"


def test_mails_come_from_files_folders_mboxes_and_maildirs(tmp_path: Path) -> None:
    (tmp_path / "one.eml").write_bytes(mail())
    (tmp_path / "box.mbox").write_bytes(
        b"From a@b Mon Nov 23 10:00:00 2026\n" + mail() + b"\nFrom a@b Mon Nov 23 10:00:00 2026\n" + mail()
    )
    for name in ("new", "cur", "tmp"):
        (tmp_path / "maildir" / name).mkdir(parents=True)
    (tmp_path / "maildir" / "new" / "1.host").write_bytes(mail())
    assert len(list(sources.mails([tmp_path / "one.eml"]))) == 1
    assert len(list(sources.mails([tmp_path / "box.mbox"]))) == 2
    assert len(list(sources.mails([tmp_path / "maildir"]))) == 1
    with pytest.raises(FileNotFoundError):
        list(sources.mails([tmp_path / "no"]))
