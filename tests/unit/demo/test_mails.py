"""The mails of the demo: whole, harmless, and what they were written to be."""

import asyncio
import re
from importlib.resources import files

import pytest

from longstop.demo.mails import DemoMail, load
from services.submission.analysers import Specimen
from services.submission.analysers.offline import LocalAnalyser
from shared.mail import facts, read_mail

MAILS = load()
RESERVED = re.compile(
    r"(?:^|\.)(?:example|example\.(?:com|org|net)|test|invalid)$|^192\.0\.2\.\d+$|^198\.51\.100\.\d+$"
)


def test_the_manifest_names_every_file_and_no_other() -> None:
    folder = files("longstop.demo").joinpath("mails")
    assert sorted(mail.file for mail in MAILS) == sorted(entry.name for entry in folder.iterdir())


def test_every_door_and_every_kind_is_there() -> None:
    assert {mail.door for mail in MAILS} == {
        "http",
        "multipart",
        "smtp",
        "stream",
        "quarantine-http",
        "quarantine-stream",
    }
    assert {"phishing", "malware", "spam", "bulk", "clean", "simulation"} <= {
        word for mail in MAILS for word in mail.expect
    }


@pytest.mark.parametrize("mail", MAILS, ids=lambda mail: mail.file)
def test_no_mail_leads_anywhere(mail: DemoMail) -> None:
    assert all(RESERVED.search(link.host) for link in read_mail(mail.raw).links)
    assert b"\r\n" in mail.raw


def test_the_variants_of_the_campaign_are_alike() -> None:
    hashes = {facts(read_mail(mail.raw)).body_hash for mail in MAILS if mail.case == "account-center"}
    assert len(hashes) == 1
    assert hashes != {""}


@pytest.mark.parametrize(
    "mail", [mail for mail in MAILS if mail.expect and "simulation" not in mail.expect], ids=lambda mail: mail.file
)
def test_every_demo_mail_gets_the_verdict_it_was_written_for(mail: DemoMail) -> None:
    read = read_mail(mail.raw, own_authserv_ids=frozenset({"mx.example.org"}))
    specimen = Specimen(read, read.sha256, mail.category, 1, frozenset({"example.org"}))
    assert asyncio.run(LocalAnalyser().analyse(specimen)).category in mail.expect
