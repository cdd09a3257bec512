"""`.msg` and TNEF become the mail that is in them; what cannot be read is none, and nothing injects."""

import base64
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as some

from shared.mail import facts, read_mail, read_report_mail
from shared.mail.outlook import mail_of_msg, mails_in_tnef
from shared.mail.outlook.rtf import text_of, unpack
from tests.outlook_files import RTF_HTML, attribute, compound, msg, msg_tree, packed_rtf, tnef

RECEIVED = (
    "Received: from mx.fee.example (192.0.2.7) by mx.example.org; Mon, 23 Nov 2026 10:00:00 +0000\r\n"
    "From: =?utf-8?q?Z=C3=B6ll?= <fee@fee.example>\r\nTo: ana@example.org\r\nSubject: Your\r\n parcel\r\n"
    "Message-ID: <1@fee.example>\r\nContent-Type: multipart/mixed; boundary=x\r\n y\r\nMIME-Version: 1.0\r\n\r\n"
)
SENT = {
    0x0037: "Your parcel",
    0x0C1A: "Zöll",
    0x5D01: "fee@fee.example",
    0x1000: "Pay http://fee.example/pay",
    0x0E04: "Ana; Ben",
}


def test_the_header_is_the_one_that_was_received() -> None:
    raw = mail_of_msg(
        msg({0x007D: RECEIVED, 0x1000: "Pay now", 0x1013: b"<p>Pay <a href='http://fee.example/pay'>now</a></p>"})
    )
    found = read_mail(raw)
    assert raw.startswith(b"Received: from mx.fee.example (192.0.2.7)")
    assert (found.from_.name, found.from_.address) == ("Zöll", "fee@fee.example")
    assert found.subject == "Your parcel"
    assert found.message_id == "1@fee.example"
    assert found.text.strip() == "Pay now"
    assert [link.host for link in found.links] == ["fee.example"]
    assert found.defects == ()


def test_a_header_is_written_from_properties_when_none_was_kept() -> None:
    delivered = (1_795_428_000 + 11_644_473_600) * 10_000_000
    found = read_mail(mail_of_msg(msg({**SENT, 0x0E06: delivered, 0x1035: "<2@fee.example>"})))
    assert (found.from_.name, found.from_.address) == ("Zöll", "fee@fee.example")
    assert found.subject == "Your parcel"
    assert found.date.startswith("2026-11-23T")
    assert found.message_id == "2@fee.example"
    assert found.html == ""


def test_attachments_and_attached_mails_are_there_with_their_bytes() -> None:
    inner = msg_tree({0x0037: "Inner", 0x1000: "inside http://inner.example/x"})
    raw = mail_of_msg(
        msg(SENT, {0x3707: "invoice.pdf", 0x3701: b"%PDF-1.4 " + b"x" * 5000, 0x370E: "application/pdf"}, inner)
    )
    pdf, attached = read_mail(raw).attachments
    assert (pdf.name, pdf.content_type, pdf.size_bytes, pdf.real_type) == (
        "invoice.pdf",
        "application/pdf",
        5009,
        "pdf",
    )
    assert attached.real_type == "mail"
    assert "inner.example/x" in facts(read_mail(raw)).urls


def test_html_that_was_wrapped_into_rtf_is_html_again() -> None:
    assert unpack(packed_rtf(RTF_HTML)) == RTF_HTML
    html, is_html = text_of(RTF_HTML, "cp1252")
    assert is_html
    assert html.strip() == '<p>Zöll € 3: <a href="http://fee.example/pay">pay</a>\n</p>'
    found = read_mail(mail_of_msg(msg({**SENT, 0x1009: packed_rtf(RTF_HTML)})))
    assert found.links[0].host == "fee.example"
    assert "Zöll € 3: pay" in found.html_text


def test_rtf_with_references_is_unpacked() -> None:
    # MS-OXRTFCP, section 3.1.1 and 3.1.2: the examples of the specification
    simple = bytes.fromhex(
        "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
    )
    assert unpack(simple) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
    crossing = bytes.fromhex("1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0")
    assert unpack(crossing) == b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}"


def test_the_same_file_makes_the_same_mail() -> None:
    file = msg(SENT, {0x3707: "a.txt", 0x3701: b"x"})
    assert mail_of_msg(file) == mail_of_msg(bytes(file))


def test_nothing_in_properties_is_a_header_of_its_own() -> None:
    evil = "x\r\nBcc: ana@example.org\r\n\r\nbody =?utf-8?q?=0ABcc:_y@z?="
    raw = mail_of_msg(
        msg(
            {0x0037: evil, 0x0C1A: evil, 0x5D01: evil, 0x0E04: evil, 0x1035: evil},
            {0x3707: evil + '"; x="', 0x370E: evil, 0x3701: b"x"},
        )
    )
    found = read_mail(raw)
    assert {name for name, _ in found.headers} <= {
        "from",
        "to",
        "subject",
        "message-id",
        "mime-version",
        "content-type",
        "content-transfer-encoding",
        "content-disposition",
    }
    assert b"\nBcc" not in raw
    assert len(found.attachments) == 1


def test_what_is_no_mail_is_none() -> None:
    assert mail_of_msg(compound({"WordDocument": b"x" * 5000})) == b""
    assert mail_of_msg(b"") == b""
    assert mails_in_tnef(b"PK") == ()


def test_mails_attached_in_tnef() -> None:
    inner = tnef({0x0037: "Inner", 0x007D: RECEIVED, 0x1000: "Pay"})
    found = mails_in_tnef(
        tnef({0x0037: "FW"}, {0x3705: 5, 0x3701: b"\x07" * 16 + inner}, {0x3707: "a.txt", 0x3701: b"x" * 16 + b"text"})
    )
    (only,) = found
    assert read_mail(only).subject == "Your parcel"
    assert read_mail(only).text.strip() == "Pay"


def file_in_tnef(name: str, data: bytes) -> bytes:
    """A file as Outlook attaches it: attAttachRendData, attAttachTitle, attAttachData (MS-OXTNEF, section 2.1.3.3)."""
    title = attribute(2, 0x00018010, name.encode() + b"\0")
    return attribute(2, 0x00069002, b"\0" * 14) + title + attribute(2, 0x0006800F, data)


def test_mail_files_attached_in_tnef() -> None:
    eml = b"From: fee@fee.example\r\nSubject: Pay\r\n\r\nnow"
    named = [("Pay.EML", eml), ("a.msg", msg({0x0037: "Inner"})), ("broken.msg", b"x"), ("a.pdf", b"%PDF")]
    carrier = tnef({0x0037: "FW"}) + b"".join(file_in_tnef(name, data) for name, data in named)
    first, second = mails_in_tnef(carrier)
    assert first == eml
    assert read_mail(second).subject == "Inner"
    report = attached(tnef({0x0037: "FW"}) + file_in_tnef("a.eml", b"no mail"), "application/ms-tnef", "winmail.dat")
    assert read_report_mail(report).originals == ()


def attached(data: bytes, content_type: str, name: str) -> bytes:
    return (
        b"From: ana@example.org\r\nTo: phish@example.org\r\nSubject: fw\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/mixed; boundary="r"\r\n\r\n--r\r\nContent-Type: text/plain\r\n\r\nLook!\r\n--r\r\n'
        + f'Content-Type: {content_type}; name="{name}"\r\nContent-Transfer-Encoding: base64\r\n\r\n'.encode()
        + base64.encodebytes(data)
        + b"\r\n--r--\r\n"
    )


@pytest.mark.parametrize(
    ("data", "content_type", "name"),
    [
        (msg({0x007D: RECEIVED, 0x1000: "Pay"}), "application/vnd.ms-outlook", "Your parcel.msg"),
        (msg({0x007D: RECEIVED, 0x1000: "Pay"}), "application/octet-stream", "YOUR PARCEL.MSG"),
        (
            tnef({}, {0x3701: b"\x07" * 16 + tnef({0x007D: RECEIVED, 0x1000: "Pay"})}),
            "application/ms-tnef",
            "winmail.dat",
        ),
    ],
)
def test_a_report_mail_carries_them(data: bytes, content_type: str, name: str) -> None:
    (original,) = read_report_mail(attached(data, content_type, name)).originals
    assert not original.low_fidelity  # the header is the one that was received
    assert original.kind == "attached"
    assert read_mail(original.raw).from_.address == "fee@fee.example"
    assert original.source in {data, b""}


@given(some.data())
def test_damaged_files_are_read_or_none(data: some.DataObject) -> None:
    for file in (FILE, TNEF):
        at = data.draw(some.integers(0, len(file) - 1))
        broken = bytearray(file)
        broken[at : at + 4] = data.draw(some.binary(min_size=1, max_size=8))
        for one in (bytes(broken), bytes(broken[:at])):
            read_mail(mail_of_msg(one))
            for found in mails_in_tnef(one):
                read_mail(found)


FILE = msg({**SENT, 0x1009: packed_rtf(RTF_HTML)}, {0x3707: "a", 0x3701: b"x"}, msg_tree({0x0037: "Inner"}))
TNEF = tnef(SENT, {0x3701: b"\x07" * 16 + tnef({0x007D: RECEIVED, 0x1000: "Pay"})}, {0x3707: "a.txt", 0x3701: b"x"})


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF])
def test_a_size_that_lies_costs_nothing(size: int) -> None:
    head = struct.pack("<IIII", 20, size, 0x75465A4C, 0)
    assert len(unpack(head + b"\x00abcdefgh" * 3)) <= 24


def test_rtf_is_read_in_linear_time() -> None:
    for piece in (b"{", b"\\'e4", b"\\u8364?", b"{\\*\\htmltag <p>}", b"}", b"\\", b"\\par "):
        text_of(b"{\\rtf1\\fromhtml1 " + piece * (2_000_000 // len(piece)), "cp1252")


def test_a_file_without_the_header_that_was_received_is_less_faithful() -> None:
    (original,) = read_report_mail(attached(msg(SENT), "application/vnd.ms-outlook", "a.msg")).originals
    assert original.low_fidelity
