"""Reports as clients, buttons, feedback loops and signers send them: the reported mail comes out, and nothing else does."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as some

from shared.mail import Original, read_mail, read_report_mail
from shared.mail.cms import signed_content
from tests.mails import mail, report_of


def originals(raw: bytes) -> tuple[Original, ...]:
    return read_report_mail(raw).originals


def multipart(subtype: str, *parts: tuple[str, bytes], head: str = "") -> bytes:
    lines = [
        f'From: ana@example.org\r\n{head}MIME-Version: 1.0\r\nContent-Type: multipart/{subtype}; boundary="r"\r\n'.encode()
    ]
    for fields, body in parts:
        lines += [f"--r\r\n{fields}".encode(), body]
    return b"\r\n".join([*lines, b"--r--", b""])


TEXT = ("Content-Type: text/plain\r\n", b"Look at this.")
EML = 'Content-Type: message/rfc822; name="phish_alert_sp2_2.0.0.0.eml"\r\nContent-Disposition: attachment\r\n'


# Inline forwards

FORWARDS = {
    "Gmail": "---------- Forwarded message ---------\nFrom: {}\nDate: Mon, 23 Nov 2026\nSubject: Fee\nTo: <ana@example.org>\n\n{}",
    "Gmail, German": "---------- Forwarded message ---------\nVon: {}\nDate: Mo., 23. Nov. 2026\nSubject: Fee\nTo: <ana@example.org>\n\n{}",
    "Apple Mail": "Begin forwarded message:\n\n> From: {}\n> Subject: Fee\n> Date: 23 November 2026\n> To: ana@example.org\n> \n> {}",
    "Apple Mail, German": "Anfang der weitergeleiteten Nachricht:\n\nVon: {}\nBetreff: Fee\nDatum: 23. November 2026\n\n{}",
    "Apple Mail, French": "Début du message réexpédié :\n\nDe: {}\nObjet: Fee\nDate: 23 novembre 2026\nÀ: ana@example.org\n\n{}",
    "Outlook": "________________________________\nFrom: {}\nSent: Monday\nTo: Ana\nSubject: Fee\n\n{}",
    "Outlook, French": "-----Message d'origine-----\nDe : {}\nEnvoyé : lundi\nÀ : Ana\nObjet : Fee\n\n{}",
    "Outlook, German": "-----Ursprüngliche Nachricht-----\nVon: {}\nGesendet: Montag\nAn: Ana\nBetreff: Fee\n\n{}",
    "Outlook, Spanish, no rule": "De: {}\nEnviado el: lunes\nPara: Ana\nAsunto: Fee\n\n{}",
    "Outlook, Polish": "________________________________\nOd: {}\nWysłano: poniedziałek\nDo: Ana\nTemat: Fee\n\n{}",
    "Outlook, Swedish": "Från: {}\nSkickat: den 23 november 2026\nTill: Ana\nÄmne: Fee\n\n{}",
    "Outlook, Japanese": "差出人: {}\n送信日時: 2026年11月23日\n宛先: Ana\n件名: Fee\n\n{}",
    "Outlook, Chinese": "发件人: {}\n发送时间: 2026年11月23日\n收件人: Ana\n主题: Fee\n\n{}",
    "QQ, wide colon": "------------------ 原始邮件 ------------------\n发件人：{}\n发送时间：2026年11月23日\n主题：Fee\n\n{}",
    "Thunderbird": "-------- Forwarded Message --------\nSubject: Fee\nDate: Mon, 23 Nov 2026\nFrom: {}\nTo: ana@example.org\n\n{}",
    "Thunderbird, Italian": "-------- Messaggio inoltrato --------\nOggetto: Fee\nData: Mon, 23 Nov 2026\nMittente: x\nDa: {}\nA: a@b.example\n\n{}",
    "Yandex": "-------- Пересылаемое сообщение --------\nОт: {}\nТема: Fee\nДата: 23.11.2026\n\n{}",
    "signed with PGP": "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n- ---------- Forwarded message ---------\nFrom: {}\nSubject: Fee\n\n{}",
}


@pytest.mark.parametrize("client", FORWARDS)
def test_inline_forwards_of_mail_clients(client: str) -> None:
    body = "See below\n\n" + FORWARDS[client].format(
        "Fee Office <fee@parcel-fee.example>", "Pay http://parcel-fee.example/pay now"
    )
    (found,) = originals(mail(sender="Ana <ana@example.org>", body=body.replace("\n", "\r\n")))
    assert (found.kind, found.low_fidelity) == ("inline", True)
    read = read_mail(found.raw)
    assert read.from_.address == "fee@parcel-fee.example"
    assert read.subject == "Fee"
    assert [link.host for link in read.links] == ["parcel-fee.example"]


@pytest.mark.parametrize(
    "body", ["From: what I heard\nit is: bad", "Please look:\nFrom: a@b.example", "Note to self:\nSubject: x\nTo: y"]
)
def test_words_with_colons_are_no_forward(body: str) -> None:
    assert originals(mail(body=body.replace("\n", "\r\n"))) == ()


# Buttons


def test_the_mail_of_a_button_has_the_original_and_what_the_person_wrote() -> None:
    raw = multipart("mixed", TEXT, (EML, mail()), head="Subject: [Phish Alert] FW: Fee\r\nTo: report@example.org\r\n")
    (found,) = originals(raw)
    assert found.raw == mail()
    assert not found.low_fidelity


def test_a_report_of_a_report_is_both() -> None:
    first = multipart("mixed", TEXT, (EML, mail()), head="Subject: Phishing: Fee\r\nTo: helpdesk@example.org\r\n")
    assert [one.raw for one in originals(report_of(first))] == [first, mail()]


def test_a_mail_in_a_reported_mail_belongs_to_it() -> None:
    carrier = multipart("mixed", TEXT, (EML, mail()), head="Subject: Invoice\r\nTo: ana@example.org\r\n")
    assert [one.raw for one in originals(report_of(carrier))] == [carrier]


# Feedback loops

ARF = (
    b"Feedback-Type: %s\r\nUser-Agent: Loop/1\r\nVersion: 1\r\nOriginal-Mail-From: <bounce@fee.example>\r\n"
    b"Original-Rcpt-To: ana@example.org\r\nSource-IP: 192.0.2.7\r\n"
)


@pytest.mark.parametrize(
    ("kind", "category"),
    [("abuse", "junk"), ("fraud", "phishing"), ("Virus", "malware"), ("not-spam", "not_junk"), ("other", None)],
)
def test_a_feedback_report_says_what_the_mail_is_and_its_envelope(kind: str, category: str | None) -> None:
    feedback = ("Content-Type: message/feedback-report\r\n", ARF % kind.encode())
    original = ("Content-Type: message/rfc822\r\n", mail())
    (found,) = originals(multipart("report; report-type=feedback-report", TEXT, feedback, original))
    assert (found.raw, found.kind, found.category) == (mail(), "arf", category)
    assert found.envelope
    assert found.envelope.mail_from == "bounce@fee.example"
    assert found.envelope.rcpt_to == ("ana@example.org",)
    assert found.envelope.client_ip == "192.0.2.7"


SPAM = base64.b64encode(mail()).decode()
XARF = {
    "4": {
        "xarf_version": "4.2.0",
        "category": "messaging",
        "type": "spam",
        "evidence": [{"content_type": "message/rfc822", "payload": SPAM}],
    },
    "3": {
        "Version": "3.0.0",
        "Report": {"ReportType": "Spam", "Attachment": [{"ContentType": "message/rfc822", "Data": SPAM}]},
    },
    "3, as text": {
        "Report": {"ReportType": "Spam", "Samples": [{"ContentType": "message/rfc822", "Payload": mail().decode()}]}
    },
}


@pytest.mark.parametrize("version", XARF)
def test_xarf_brings_its_mails_as_evidence(version: str) -> None:
    content = base64.encodebytes(json.dumps(XARF[version]).encode())
    part = ("Content-Type: application/json; name=xarf.json\r\nContent-Transfer-Encoding: base64\r\n", content)
    (found,) = originals(multipart("report; report-type=xarf", TEXT, part))
    assert (found.raw, found.kind, found.category) == (mail(), "arf", "junk")


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"evidence": 7}', '{"evidence": [7, {}, {"content_type": 3}]}', '{"Report": []}', "[" * 5000]
)
def test_xarf_that_is_none_brings_nothing(text: str) -> None:
    part = ("Content-Type: application/json; name=xarf.json\r\n", text.encode())
    assert originals(multipart("mixed", TEXT, part)) == ()


# Signatures


def der(tag: int, content: bytes, *, indefinite: bool = False) -> bytes:
    if indefinite:
        return bytes([tag, 0x80]) + content + b"\0\0"
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes(4, "big")
    return bytes([tag, 0x84]) + length + content


SIGNED, DATA = bytes.fromhex("06092a864886f70d010702"), bytes.fromhex("06092a864886f70d010701")


def cms(content: bytes, *, streamed: bool = False) -> bytes:
    octets = (
        der(0x24, b"".join(der(4, content[at : at + 100]) for at in range(0, len(content), 100)), indefinite=True)
        if streamed
        else der(4, content)
    )
    inner = der(0x30, DATA + der(0xA0, octets, indefinite=streamed), indefinite=streamed)
    digests = der(0x31, der(0x30, bytes.fromhex("0609608648016503040201")))
    signed = der(0x30, der(2, b"\1") + digests + inner + der(0x31, b""), indefinite=streamed)
    return der(0x30, SIGNED + der(0xA0, signed, indefinite=streamed), indefinite=streamed)


@pytest.mark.parametrize("streamed", [False, True])
def test_a_report_with_an_opaque_signature(streamed: bool) -> None:
    inner = report_of(mail()).partition(b"MIME-Version")[2]
    assert signed_content(cms(b"MIME-Version" + inner, streamed=streamed)) == b"MIME-Version" + inner
    body = base64.encodebytes(cms(b"MIME-Version" + inner, streamed=streamed))
    head = b"From: ana@example.org\r\nContent-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m\r\n"
    (found,) = originals(head + b"Content-Transfer-Encoding: base64\r\n\r\n" + body)
    assert found.raw == mail()


def test_a_report_with_a_detached_signature() -> None:
    inner = report_of(mail())
    inner = inner[inner.index(b"Content-Type: multipart") :]
    signature = ("Content-Type: application/pgp-signature; name=signature.asc\r\n", b"-----BEGIN PGP SIGNATURE-----")
    raw = multipart("signed; protocol=application/pgp-signature", ("", b""), signature).replace(
        b"--r\r\n\r\n", b"--r\r\n" + inner, 1
    )
    assert [one.raw for one in originals(raw)] == [mail()]


@given(some.binary(max_size=200), some.integers(0, 60))
def test_any_bytes_may_call_themselves_signed(noise: bytes, at: int) -> None:
    signed_content(noise)
    whole = cms(b"x" * 300, streamed=True)
    signed_content(whole[:at] + noise + whole[at + len(noise) :])


def test_lengths_without_end_are_walked_in_linear_time() -> None:
    for piece in (b"\x30\x80", b"\x24\x80", b"\x04\x00", b"\x04\x84\xff\xff\xff\xff", b"\0\0"):
        signed_content(b"\x30\x80" + SIGNED + b"\xa0\x80\x30\x80" + piece * 500_000)
        signed_content(cms(b"x")[:-3] + piece * 500_000)
