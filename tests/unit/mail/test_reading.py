"""Hostile bytes in, bounded facts out: nothing raises, everything is bounded."""

import hashlib
import io
import os
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.mail import canonical_url, category_of_subject, facts, host_of, is_mail, limits, read_mail
from tests.mails import mail

pytestmark = pytest.mark.timeout(20)


def multipart(parts: list[bytes], *, boundary: str = "b") -> bytes:
    head = f'From: a@b.example\r\nContent-Type: multipart/mixed; boundary="{boundary}"\r\n\r\n'.encode()
    return (
        head
        + b"".join(f"--{boundary}\r\n".encode() + part + b"\r\n" for part in parts)
        + f"--{boundary}--\r\n".encode()
    )


def nested(depth: int) -> bytes:
    head = b"From: a@b.example\r\n"
    for level in range(depth):
        head += f'Content-Type: multipart/mixed; boundary="b{level}"\r\n\r\n--b{level}\r\n'.encode()
    return head + b"Content-Type: text/plain\r\n\r\ndeep\r\n"


def big_zip(members: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(members):
            archive.writestr(zipfile.ZipInfo(f"{number}.txt"), b"")
    return buffer.getvalue()


BOMBS = {
    "100,000 parts": (lambda: multipart([b"\r\nx"] * 100_000), {"too-many-parts", "too-many-delimiters"}),
    "nesting": (lambda: nested(1_000), {"nested-too-deep"}),
    "20,000 headers": (lambda: b"From: a@b.example\r\n" + b"X-A: b\r\n" * 20_000 + b"\r\nx", {"too-many-headers", "header-block-too-long"}),
    "one header of 5 MB": (lambda: b"From: a@b.example\r\nX-A: " + b"a" * 5_000_000 + b"\r\n\r\nx", {"header-too-long", "header-block-too-long"}),
    "nested comments": (lambda: b"From: " + b"(" * 50_000 + b"\r\n\r\nx", {"bad-from", "header-too-long"}),
    "8,000 encoded words": (lambda: b"From: a@b.example\r\nSubject: " + b"=?utf-8?q?a?= " * 8_000 + b"\r\n\r\nx", {"header-too-long"}),
    "10 MB of bare CR": (lambda: b"From: a@b.example\r\n\r\n" + b"\r" * 10_000_000, {"bare-cr"}),
    "charset lies": (lambda: b"From: a@b.example\r\nContent-Type: text/plain; charset=punycode\r\n\r\n" + b"a-b" * 30_000, {"bad-charset"}),
    "a boundary of 1 MB": (lambda: multipart([b"\r\nx"], boundary="b" * 1_000_000), {"no-boundary", "header-too-long", "header-block-too-long"}),
    "50,000 recipients": (lambda: b"From: a@b.example\r\nTo: " + b"x@y.example, " * 50_000 + b"\r\n\r\nx", {"too-many-addresses", "header-too-long", "header-block-too-long"}),
    "deep markup": (lambda: b"From: a@b.example\r\nContent-Type: text/html\r\n\r\n" + b"<div>" * 200_000, {"html-too-long"}),
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_marked_and_read_within_bounds(name: str) -> None:
    make, marks = BOMBS[name]
    raw = make()
    read = read_mail(raw)
    assert marks & set(read.defects), read.defects
    assert read.sha256 == hashlib.sha256(raw).hexdigest()
    assert len(read.text) <= limits.TEXT_MAX
    assert len(read.headers) <= limits.HEADER_FIELDS_MAX
    assert len(facts(read).model_dump_json()) < 300_000


def test_base64_between_other_characters_is_decoded_as_rfc_2045_says() -> None:
    part = b"Content-Transfer-Encoding: base64\r\nContent-Type: application/x\r\n\r\n" + b"!A" * 2_000_000
    (attachment,) = read_mail(multipart([part])).attachments
    assert attachment.size_bytes == 1_500_000


def test_an_archive_of_many_members_is_listed_within_bounds() -> None:
    import base64

    part = b'Content-Type: application/zip; name="a.zip"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    read = read_mail(multipart([part + base64.encodebytes(big_zip(5_000))]))
    (attachment,) = read.attachments
    assert len(attachment.members) <= limits.ARCHIVE_MEMBERS_MAX


@given(st.binary(max_size=4_000))
@settings(max_examples=300)
def test_no_bytes_make_it_raise(raw: bytes) -> None:
    assert read_mail(raw).size_bytes == len(raw)
    is_mail(raw)


PIECES = [
    b"From: ", b"To: a@[", b"=?utf-8?q?=0Aa?=@b", b"Subject: =?x-bad?b?////?=", b"\r\n", b"\n", b"\r\r\n", b"Content-Type: multipart/mixed; boundary=",
    b"b", b"--b", b"--b--", b"\r\n\r\n", b"Content-Type: text/html; charset=zz", b"<a href='http://x.example/", b"<base href=//y>", b"\0", b"\xff\xfe",
    b"Content-Transfer-Encoding: base64", b"Date: Mon, 99 Foo 99999", b"Authentication-Results: ;;; spf=", b"<script>", b"&#x10FFFF;", b'"',
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=60))
@settings(max_examples=300)
def test_no_grammar_makes_it_raise(pieces: list[bytes]) -> None:
    read = read_mail(b"".join(pieces))
    assert facts(read).sha256 == read.sha256


@given(st.text(max_size=300))
@settings(max_examples=300)
def test_a_canonical_url_stays_as_it_is(text: str) -> None:
    once = canonical_url(f"http://{text}")
    if once:
        assert canonical_url(f"http://{once}") == once


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("https://Example.COM", "example.com/"),
        ("http://user:pw@example.com:80/a/../b?x=%41#frag", "example.com/b?x=A"),
        ("http://0x7f.1/x", "127.0.0.1/x"),
        ("http://xn--e1afmkfd.example./", "xn--e1afmkfd.example/"),
    ],
)
def test_two_spellings_of_one_url_are_one(url: str, canonical: str) -> None:
    assert canonical_url(url) == canonical
    assert host_of(url) == canonical.split("/", maxsplit=1)[0]


def test_facts_are_those_of_the_mail() -> None:
    read = read_mail(mail(sender="Kim L\u00f6f <kim@Partner.example>", extra="X-Drill: a b\r\n"))
    told = facts(read, simulation_headers=("x-drill: a b", "X-Drill: other"))
    assert (told.from_name, told.from_address, told.from_domain) == (
        "Kim L\u00f6f",
        "kim@partner.example",
        "partner.example",
    )
    assert told.header_matches == ("x-drill: a b",)
    assert told.date.startswith("2026-11-23T09:00:00")
    assert told.message_id == "1@parcel-fee.example"


@pytest.mark.parametrize(
    ("raw", "accepted"),
    [
        (b"", False),
        (b"  \r\n", False),
        (b"<!DOCTYPE html><html>", False),
        (b"just words\r\nand more", False),
        (b"From a@b Mon Nov 23\nSubject: x\n\ny", True),
        (b"Subject: x\r\r\n\r\r\ny", True),
        (b"Subject: x\rFrom: y\r\rz", True),
        (b"\xef\xbb\xbfSubject: x\r\n\r\ny", True),
    ],
)
def test_what_is_a_mail(raw: bytes, *, accepted: bool) -> None:
    assert (is_mail(raw) == "") is accepted


@pytest.mark.parametrize(
    ("subject", "category", "defaulted"),
    [
        ("1|x", "junk", False),
        ("Junk: x", "junk", False),
        ("2|x", "not_junk", False),
        ("Not Junk: x", "not_junk", False),
        ("3|x", "phishing", False),
        (" phishing:x", "phishing", False),
        ("Fwd: x", "phishing", True),
    ],
)
def test_the_prefix_of_a_reports_subject_says_what_it_is(subject: str, category: str, *, defaulted: bool) -> None:
    assert category_of_subject(subject) == (category, defaulted)


def test_only_the_own_gateways_results_are_believed() -> None:
    forged = "Authentication-Results: mx.evil.example; dmarc=pass; spf=pass\r\n"
    own = "Authentication-Results: mx.example.org; dmarc=fail; spf=fail\r\n"
    read = read_mail(mail(extra=forged + own), own_authserv_ids=frozenset({"mx.example.org"}))
    assert (read.authentication.dmarc, read.authentication.spf) == ("fail", "fail")


CORPUS = os.environ.get("LONGSTOP_TEST_CORPUS", "")


@pytest.mark.skipif(not CORPUS, reason="LONGSTOP_TEST_CORPUS names no folder of real mails")
@pytest.mark.timeout(600)
def test_every_real_mail_is_read() -> None:
    for path in Path(CORPUS).rglob("*"):
        if path.is_file():
            raw = path.read_bytes()
            assert facts(read_mail(raw)).sha256 == hashlib.sha256(raw).hexdigest()
