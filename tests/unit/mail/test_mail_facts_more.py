"""Hops, languages, mailto, and the links in documents."""

import base64
import io
import zipfile
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as some

from shared.mail import facts, limits, read_mail
from shared.mail.documents import links_in_office, links_in_pdf
from shared.mail.language import language_of
from shared.mail.model import Hop
from shared.mail.received import first_outside, read_hops
from tests.mails import mail

# Hops

RECEIVED = {
    "Postfix": (
        "from mail.fee.example (unknown [203.0.113.9]) by mx.example.org (Postfix) with ESMTPS id 4X; Mon, 23 Nov 2026 10:00:01 +0100 (CET)",
        Hop("mail.fee.example", "203.0.113.9", "mx.example.org", "ESMTPS", "2026-11-23T09:00:01Z"),
    ),
    "Postfix, IPv6": (
        "from x (x.example [IPv6:2001:db8::7]) by mx.example.org with ESMTP; Mon, 23 Nov 2026 09:00:01 +0000",
        Hop("x", "2001:db8::7", "mx.example.org", "ESMTP", "2026-11-23T09:00:01Z"),
    ),
    "Exchange": (
        "from AM0PR01.outlook.com (2603:10a6:208::7) by DB8.outlook.com (2603:10a6:10::2) with Microsoft SMTP Server; Mon, 23 Nov 2026 09:00:01 +0000",
        Hop(
            "am0pr01.outlook.com",
            "2603:10a6:208::7",
            "db8.outlook.com",
            "MICROSOFT",
            "2026-11-23T09:00:01Z",
        ),
    ),
    "Exim": (
        "from [198.51.100.4] (helo=evil) by mx.example.org with esmtp (Exim 4.96) id 1x; Mon, 23 Nov 2026 09:00:01 +0000",
        Hop("198.51.100.4", "198.51.100.4", "mx.example.org", "ESMTP", "2026-11-23T09:00:01Z"),
    ),
    "sendmail, local": (
        "by mx.example.org (Postfix, from userid 33) id 4X; Mon, 23 Nov 2026 09:00:01 +0000",
        Hop("", "", "mx.example.org", "", "2026-11-23T09:00:01Z"),
    ),
    "nothing": ("", Hop()),
    "noise": ("(((( from by ; ; with", Hop()),
}


@pytest.mark.parametrize("writer", RECEIVED)
def test_a_hop_as_servers_write_it(writer: str) -> None:
    value, hop = RECEIVED[writer]
    (found,) = read_hops([value])
    if writer == "noise":
        assert found.address == ""
    else:
        assert found == hop


def test_the_first_outside_hop_is_the_newest_with_an_address_of_nobodys_own_network() -> None:
    lines = [
        f"from a ([{address}]) by b" for address in ("127.0.0.1", "10.0.0.7", "fd00::1", "203.0.113.9", "198.51.100.1")
    ]
    outside = first_outside(read_hops(lines))
    assert outside
    assert outside.address == "203.0.113.9"
    raw = "".join(f"Received: {line}\r\n" for line in lines).encode() + mail()
    assert facts(read_mail(raw)).outside_ip == "203.0.113.9"
    assert first_outside(read_hops(["from a ([10.0.0.1]) by b", "x"])) is None


def test_hops_are_bounded() -> None:
    assert len(read_hops(["from a by b"] * 1000)) == limits.HOPS_MAX


@given(some.lists(some.text(max_size=300), max_size=5))
def test_any_received_is_read(values: list[str]) -> None:
    for hop in read_hops(values):
        assert len(hop.helo) <= limits.HOST_MAX


# Languages

SENTENCES = {
    "en": "Your parcel could not be delivered. Please pay the fee for the delivery with this link.",
    "de": "Ihr Paket konnte nicht zugestellt werden. Bitte bezahlen Sie die Gebühr für die Zustellung mit diesem Link.",
    "fr": "Votre colis n'a pas pu être livré. Veuillez payer les frais pour la livraison avec ce lien dans les 24 heures.",
    "es": "Su paquete no pudo ser entregado. Por favor pague la tarifa para el envío con este enlace en las próximas horas.",
    "it": "Il suo pacco non è stato consegnato. Si prega di pagare la tariffa per la consegna con questo link.",
    "pt": "O seu pacote não foi entregue. Por favor pague a taxa para a entrega com este link que está em baixo.",
    "nl": "Uw pakket kon niet worden bezorgd. Betaal de kosten voor de bezorging met deze link en het is zo bij u.",
    "sv": "Ditt paket kunde inte levereras. Du måste betala avgiften för att få det och det är bråttom med den här länken.",
    "pl": "Twoje paczki nie można było dostarczyć. Proszę zapłacić za dostawę przez ten link, jest to pilne dla Ciebie.",
    "fi": "Pakettia ei voitu toimittaa. Sinun on maksettava maksu tai se palautetaan, ja voit tehdä sen myös tämä linkki.",
    "tr": "Paketiniz teslim edilemedi. Lütfen bu bağlantı ile ödeme yapın, çok önemli ve bir gün için geçerli olarak kalır.",
    "ru": "Ваша посылка не может быть доставлена. Оплатите доставку по ссылке.",
    "uk": "Ваша посилка не може бути доставлена. Сплатіть доставку за посиланням, її чекає одержувач.",
    "el": "Το δέμα σας δεν μπόρεσε να παραδοθεί.",
    "ja": "お荷物をお届けできませんでした。料金をお支払いください。",
    "zh": "您的包裹无法投递。请点击链接支付费用。",
    "ko": "소포를 배달할 수 없습니다. 링크에서 요금을 지불하세요.",
    "ar": "تعذر تسليم الطرد الخاص بك. يرجى دفع الرسوم.",
    "he": "לא ניתן היה למסור את החבילה שלך.",
}


@pytest.mark.parametrize("language", SENTENCES)
def test_the_language_of_a_sentence(language: str) -> None:
    assert language_of(SENTENCES[language]) == language
    assert read_mail(mail(body=SENTENCES[language])).language == language


@pytest.mark.parametrize("text", ["", "12345", "xqz qwrt", "OK", "www.example.org/path"])
def test_a_language_that_is_not_sure_is_not_told(text: str) -> None:
    assert language_of(text) == ""


# mailto


def test_mailto_links_are_addresses() -> None:
    page = '<a href="mailto:Fee%20Office%20%3Cfee@fee.example%3E?subject=x">a</a><a href="MAILTO:a@b.example,c@d.example">b</a><a href="mailto:">c</a>'
    raw = mail(body=page).replace(b"text/plain", b"text/html")
    assert read_mail(raw).mailto == ("fee@fee.example", "a@b.example", "c@d.example")
    assert read_mail(raw).links == ()


# Documents


def pdf(content: bytes) -> bytes:
    packed = zlib.compress(content)
    return (
        (
            b"%%PDF-1.5\n1 0 obj\n<< /Type /Annot /A << /S /URI /URI (http://plain.example/a\\(1\\)) >> >>\nendobj\n"
            b"2 0 obj\n<< /Type /ObjStm /Filter /FlateDecode /Length %d >>\nstream\n" % len(packed)
        )
        + packed
        + b"\nendstream\nendobj\n"
    )


def test_links_in_a_pdf_also_in_compressed_objects() -> None:
    made = pdf(
        b"<< /A << /S /URI /URI (https://packed.example/x) >> >> << /URI <687474703A2F2F6865782E6578616D706C652F> >>"
    )
    assert list(links_in_pdf(made)) == ["http://plain.example/a(1)", "https://packed.example/x", "http://hex.example/"]


def office(relations: str, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", "x" * 5000)
        archive.writestr("word/_rels/document.xml.rels", relations)
    return buffer.getvalue()


RELATIONS = (
    '<Relationships><Relationship Id="1" Type="x/hyperlink" Target="https://doc.example/a?b=1&amp;c=2" TargetMode="External"/>'
    '<Relationship Id="2" TargetMode="External" Target="http://template.example/t.dotm"/>'
    '<Relationship Id="3" Target="styles.xml"/></Relationships>'
)


@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])
def test_external_relations_of_an_office_document(compression: int) -> None:
    assert list(links_in_office(office(RELATIONS, compression))) == [
        "https://doc.example/a?b=1&c=2",
        "http://template.example/t.dotm",
    ]


def test_links_of_documents_are_links_of_the_mail() -> None:
    parts = [
        ("a.pdf", "application/pdf", pdf(b"/URI (https://packed.example/x)")),
        ("b.docx", "application/octet-stream", office(RELATIONS)),
    ]
    body = b"From: a@b.example\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
    for name, kind, data in parts:
        head = f'--x\r\nContent-Type: {kind}; name="{name}"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
        body += head.encode() + base64.encodebytes(data) + b"\r\n"
    found = read_mail(body + b"--x--\r\n")
    hosts = {link.host for link in found.links if link.place == "attachment"}
    assert hosts == {"plain.example", "packed.example", "doc.example", "template.example"}


@pytest.mark.parametrize(
    "make",
    [
        lambda: pdf(b"\0" * 200_000_000),
        lambda: b"%PDF-1.5\n" + b"stream\nx\x9c" * 200_000,
        lambda: b"%PDF /URI (" + b"\\(" * 1_000_000,
        lambda: b"%PDF " + b"/URI (" * 500_000,
        lambda: office("<R>" + 'Target="' * 300_000),
        lambda: office("\0" * 100_000_000),
        lambda: office('TargetMode="External"' + " " * 1_000_000),
    ],
    ids=range(7),
)
def test_documents_cost_little(make: Callable[[], bytes]) -> None:
    bomb = make()
    list(links_in_pdf(bomb))
    list(links_in_office(bomb))


@given(some.binary(max_size=300))
def test_any_bytes_are_documents(data: bytes) -> None:
    list(links_in_pdf(b"%PDF-1.4 /URI (" + data))
    list(links_in_office(b"PK\x03\x04" + data))
    whole = office(RELATIONS)
    list(links_in_office(whole[: len(whole) // 2] + data + whole[len(whole) // 2 :]))
