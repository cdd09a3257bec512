"""Mails that were made to hurt are read within the limits of a reader, and what was cut is said."""

import pytest

from shared.apart import read_report_mail_apart
from shared.mail import facts
from tests.bombs import BOMBS

#: Bombs of which nothing needs to be cut: what would be unpacked never is.
HARMLESS = {"3,000 attached mails in each other", "a ZIP of 1 GB of zeros", "a document of 300 MB of zeros"}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_read_and_marked(name: str) -> None:
    raw = BOMBS[name]()
    mail = read_report_mail_apart(raw).mail
    assert "unreadable" not in mail.defects
    assert bool(mail.defects) is (name not in HARMLESS)
    assert facts(mail).size_bytes == len(raw)
    assert len(facts(mail).model_dump_json()) < 100_000
