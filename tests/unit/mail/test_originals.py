"""Reported mails are cut out of a report byte for byte."""

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.mail import Original, read_mail, read_report_mail
from tests.mails import mail, report_of

ODD = b"DKIM-Signature: v=1;\r\n\tb=abc\r\n  def\r\nX-NoSpace:v\r\nFrom: a@b.example\r\n\r\n.dot\r\n--=_report_boundary-not\r\n \r\nend"


@pytest.mark.parametrize("original", [mail(), ODD, mail(body="trailing spaces   \r\n\r\n\r\n")])
def test_an_attached_original_is_exact(original: bytes) -> None:
    (found,) = originals_of(report_of(original))
    assert found.raw == original
    assert (found.kind, found.low_fidelity) == ("attached", False)


@given(
    st.lists(
        st.binary(max_size=200).filter(
            lambda line: b"\r" not in line and b"\n" not in line and not line.startswith(b"--")
        ),
        max_size=20,
    )
)
@settings(max_examples=200)
def test_any_lines_of_an_original_survive(lines: list[bytes]) -> None:
    original = b"From: a@b.example\r\n\r\n" + b"\r\n".join(lines)
    (found,) = originals_of(report_of(original))
    assert found.raw == original


def originals_of(raw: bytes) -> tuple[Original, ...]:
    return read_report_mail(raw).originals


def test_several_originals_come_in_order() -> None:
    mails = [mail(subject=f"{number}") for number in range(5)]
    assert [found.raw for found in originals_of(report_of(*mails))] == mails


def test_an_encoded_eml_file_is_decoded_exactly() -> None:
    part = (
        b'Content-Type: application/octet-stream; name="x.eml"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
        + base64.encodebytes(ODD).replace(b"\n", b"\r\n")
    )
    raw = b'Content-Type: multipart/mixed; boundary="q"\r\nFrom: a@b.example\r\n\r\n--q\r\n' + part + b"\r\n--q--\r\n"
    (found,) = originals_of(raw)
    assert found.raw == ODD


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Type: message/rfc822\r\n\r\n",
        b'Content-Type: application/octet-stream; name="Your parcel.eml"\r\n\r\n',
    ],
)
def test_an_original_may_be_the_whole_body_when_nothing_was_written_beside_it(head: bytes) -> None:
    (found,) = originals_of(b"From: ana@example.org\r\nSubject: Fwd\r\nMIME-Version: 1.0\r\n" + head + ODD)
    assert found.raw == ODD


def test_an_abuse_report_is_recognised() -> None:
    raw = (
        b'From: a@b.example\r\nContent-Type: multipart/report; report-type=feedback-report; boundary="r"\r\n\r\n'
        b"--r\r\nContent-Type: text/plain\r\n\r\nspam\r\n--r\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\n"
        b"--r\r\nContent-Type: message/rfc822\r\n\r\n" + mail() + b"\r\n--r--\r\n"
    )
    (found,) = originals_of(raw)
    assert (found.raw, found.kind) == (mail(), "arf")


def test_an_inline_forward_is_marked_as_less_faithful_and_injects_nothing() -> None:
    body = (
        "Look!\r\n\r\n---------- Forwarded message ---------\r\nFrom: Evil <evil@evil.example>\r\nDate: Monday\r\n"
        "Subject: =?utf-8?q?x=0ABcc:_y@z?=\r\nTo: ana@example.org\r\n\r\nClick http://evil.example/x now."
    )
    (found,) = originals_of(mail(sender="Ana <ana@example.org>", body=body))
    assert found.low_fidelity
    head, _, text = found.raw.partition(b"\r\n\r\n")
    assert b"evil@evil.example" in head
    assert b"=?" not in head
    assert b"http://evil.example/x" in text


def test_an_inline_forward_of_html_alone_says_where_its_links_lead_and_not_those_of_the_reporter() -> None:
    html = (
        '<p>See <a href="https://intranet.partner.example/us">our house</a></p><div>'
        "<b>From:</b> Parcel &lt;fee@parcel-fee.example&gt;<br><b>Sent:</b> Saturday, November 28, 2026 10:00<br>"
        "<b>To:</b> ana@example.org<br><b>Subject:</b> Your parcel</div>"
        '<div>Pay <a href="http://pay.evil.example/7?a=1&amp;b=2">here, soon</a> '
        '<a href="http://pay.evil.example/8">http://pay.evil.example/8</a></div>'
    )
    report = mail(extra="MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n", body=html)
    (original,) = read_report_mail(report).originals
    assert original.low_fidelity
    links = [link.url for link in read_mail(original.raw).links]
    assert sorted(links) == ["http://pay.evil.example/7?a=1&b=2", "http://pay.evil.example/8"]


def test_a_mail_without_another_has_none() -> None:
    assert originals_of(mail(body="I saw something odd.")) == ()


def test_the_number_of_originals_is_bounded() -> None:
    assert len(originals_of(report_of(*[mail()] * 100))) == 20
