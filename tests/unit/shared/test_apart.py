"""A mail may end its reader; it never ends the service, and the next mail is read as ever."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared import apart
from shared.apart import Reader, read_mail_apart, read_report_mail_apart
from shared.errors import Defer
from shared.mail import read_mail, read_report_mail
from tests.mails import mail, report_of

LARGE = mail(body="x" * 80 + "\r\n" * 80_000)


@pytest.fixture
def hungry(monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))
    reader = Reader("tests.hungry_reader")
    yield reader
    reader.close()


def test_a_large_mail_is_read_as_a_small_one_is() -> None:
    assert len(LARGE) > apart.HERE_MAX_BYTES
    assert read_mail_apart(LARGE) == read_mail(LARGE)
    assert read_mail_apart(mail()) == read_mail(mail())
    assert read_report_mail_apart(report_of(LARGE)) == read_report_mail(report_of(LARGE))


@pytest.mark.parametrize("fault", ["memory", "processor", "clock", "end"])
def test_a_mail_that_takes_too_much_is_given_up_and_the_next_is_read(
    hungry: Reader, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apart, "WALL_S", 4.0)
    assert hungry.read("mail", f"{fault}\n".encode()) is None
    assert hungry.read("mail", mail()) == read_mail(mail())


def test_of_a_mail_that_cannot_be_read_the_header_is_known(hungry: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "_reader", hungry)
    raw = b"end\nSubject: Fee\nFrom: a@b.example\n\n" + b"x" * 70_000
    found = read_mail_apart(raw)
    assert "unreadable" in found.defects
    assert found.size_bytes == len(raw)
    assert read_mail_apart(LARGE) == read_mail(LARGE)


def test_a_reader_that_somebody_ended_is_replaced_and_no_mail_pays_for_it(hungry: Reader) -> None:
    assert hungry.read("mail", mail())
    assert hungry._process
    os.kill(hungry._process.pid, signal.SIGKILL)
    assert hungry.read("mail", mail()) == read_mail(mail())


def test_a_reader_is_replaced_before_it_grows_old(hungry: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "MAILS_MAX", 2)
    pids = []
    for _ in range(5):
        hungry.read("mail", mail())
        assert hungry._process
        pids.append(hungry._process.pid)
    assert len(set(pids)) == 3


def test_no_process_to_be_had_means_later_and_not_unreadable(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Defer):
        Reader("shared.no_such_module").read("mail", mail())
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(Defer):
        Reader().read("mail", mail())
