"""What the analyser knows of the house: its people, and the keys to verify signatures with."""

import asyncio
import base64
import shutil
import subprocess
from pathlib import Path

import dkim
import pytest

from services.submission.analysers import Opinion
from services.submission.analysers.offline import House, LocalAnalyser, identity, read_house
from services.submission.analysers.offline.house import name_key
from services.submission.analysers.offline.signatures import SIGNATURES_MAX, verified
from services.submission.analysers.offline.view import View
from shared.mail import read_mail
from tests.unit.submission.specimens import OWN, checks, mail, opinion, specimen

RAW = b"From: Bo <bo@partner.example>\r\nTo: ana@example.org\r\nSubject: Minutes\r\n\r\nHere they are.\r\n"
PEOPLE = House(people={name_key("Karl Nilsson"): frozenset({"karl@example.org", "karl.nilsson@gmail.com"})})

needs_openssl = pytest.mark.skipif(not shutil.which("openssl"), reason="the openssl program makes the key")


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, str]:
    """A private key, and the record of the public one."""
    path = tmp_path_factory.mktemp("dkim") / "key.pem"
    subprocess.run(["openssl", "genrsa", "-traditional", "-out", str(path), "2048"], check=True, capture_output=True)
    made = subprocess.run(
        ["openssl", "rsa", "-in", str(path), "-pubout", "-outform", "DER"], check=True, capture_output=True
    )
    return path.read_bytes(), "v=DKIM1; k=rsa; p=" + base64.b64encode(made.stdout).decode()


def signed(private: bytes, domain: bytes = b"partner.example", raw: bytes = RAW) -> bytes:
    field: bytes = dkim.sign(raw, b"s1", domain, private, include_headers=[b"from", b"subject"])
    return field + raw


def judged(raw: bytes, house: House, own: tuple[str, ...] = OWN) -> Opinion:
    mail_ = read_mail(raw)
    return asyncio.run(LocalAnalyser(house).analyse(specimen(mail_, own=own, raw=raw)))


def names(told: Opinion) -> set[str]:
    return {one.signal for one in told.evidence} - {"reported"}


@needs_openssl
def test_a_signature_with_a_key_at_hand_is_verified_and_a_changed_mail_is_told(pair: tuple[bytes, str]) -> None:
    private, record = pair
    house = House(dkim_keys={"s1._domainkey.partner.example": record})
    raw = signed(private)
    assert "signature_fits" in names(judged(raw, house))
    assert "signature_broken" in names(judged(raw.replace(b"Here they are", b"Pay me now"), house))
    assert names(judged(raw, House())) == set()


@needs_openssl
def test_a_signature_of_the_own_domain_proves_it_and_anothers_does_not(pair: tuple[bytes, str]) -> None:
    private, record = pair
    keys = {f"s1._domainkey.{domain}": record for domain in ("partner.example", "other.example")}
    own = judged(signed(private), House(dkim_keys=keys), own=("partner.example",))
    assert "own_sender" in names(own)
    strangers = judged(signed(private, b"other.example"), House(dkim_keys=keys), own=("partner.example",))
    assert names(strangers) == set()


@needs_openssl
def test_broken_signatures_and_keys_are_no_failure(pair: tuple[bytes, str]) -> None:
    private, record = pair
    name = "s1._domainkey.partner.example"
    raw = signed(private)
    for bad in ("", "v=DKIM1; p=", "v=DKIM1; p=AAAA", "\u00e9", record[:80]):
        assert [one.fits for one in verified(raw, {name: bad})] in ([], [False])
    for head in (b"DKIM-Signature:\r\n", b"DKIM-Signature: v=1; a=x; d=\xff; s=s1\r\n", b"DKIM-Signature: ;;;=\r\n"):
        assert verified(head + RAW, {name: record}) == ()
    many = verified(raw.partition(b"From:")[0] * 50 + RAW, {name: record})
    assert len(many) <= SIGNATURES_MAX


def test_keys_are_read_as_zone_files_and_dig_write_them(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text('S1._domainkey.A.example. 3600 IN TXT "v=DKIM1; " "p=AB"\n; a comment\nnonsense\n')
    (tmp_path / "b.txt").write_text('s2._domainkey.b.example IN TXT ( "v=DKIM1;"\n\t"p=CD" ) ; key s2\n')
    assert read_house("", str(tmp_path)).dkim_keys == {
        "s1._domainkey.a.example": "v=DKIM1; p=AB",
        "s2._domainkey.b.example": "v=DKIM1;p=CD",
    }
    assert read_house("", str(tmp_path / "b.txt")).dkim_keys == {"s2._domainkey.b.example": "v=DKIM1;p=CD"}


def test_people_are_read_by_name_with_all_their_addresses(tmp_path: Path) -> None:
    file = tmp_path / "people"
    file.write_text(
        'Karl Nilsson <karl@example.org>\nNilsson, Karl <x>\n"Nilsson Karl" <Karl@Home.example>\nBo <bo@a.example>\n'
    )
    people = read_house(str(file), "").people
    assert people[name_key("KARL nilsson")] >= {"karl@example.org", "karl@home.example"}
    assert name_key("Bo") == ""


@pytest.mark.parametrize(
    ("sender", "is_told"),
    [
        ("Karl Nilsson <ceo.office@gmail.com>", True),
        ("Nilsson, Karl <ceo@partner.example>", True),
        ("KARL N\u00edlsson <>", True),
        ("Karl Nilsson <karl.nilsson@gmail.com>", False),
        ("Karl Nilsson <karl@example.org>", False),
        ("Karl <ceo.office@gmail.com>", False),
        ("Karla Nilsson <ceo.office@gmail.com>", False),
    ],
)
def test_a_colleagues_name_on_a_strangers_address_is_told(sender: str, is_told: bool) -> None:
    view = View(specimen(mail(sender)), PEOPLE)
    told = {one.signal for one in identity.signals(view)}
    assert ("own_person_foreign_address" in told) is is_told


def test_a_forwarder_that_sealed_the_mail_halves_the_blame() -> None:
    failed = opinion(mail(authentication=checks("fail", "fail", "fail")))
    sealed = opinion(mail(authentication=checks("fail", "fail", "fail").model_copy(update={"arc": "pass"})))
    weights = [sum(one.weight for one in told.evidence if one.signal.endswith("_fail")) for told in (failed, sealed)]
    assert weights[1] < weights[0] / 2
    assert any("sealed" in one.text for one in sealed.evidence)


def test_the_chain_of_forwarders_is_read_as_the_own_gateway_recorded_it() -> None:
    raw = b"Authentication-Results: mx.example.org; dmarc=fail; arc=pass (i=2)\r\n" + RAW
    assert read_mail(raw).authentication.arc == "pass"
    assert read_mail(RAW).authentication.arc is None
