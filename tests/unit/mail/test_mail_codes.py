"""QR codes in pictures lead where they say; pictures that are none, or too large, cost little."""

import base64
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from shared.mail import codes, facts, read_mail

zxingcpp = pytest.importorskip("zxingcpp")
Image = pytest.importorskip("PIL.Image")

PAGE = "https://fee.example/pay?id=7"


def picture(text: str = PAGE, kind: str = "PNG", scale: int = 6) -> bytes:
    code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode)
    buffer = io.BytesIO()
    to_image(code, scale).save(buffer, kind)
    return buffer.getvalue()


def to_image(code: object, scale: int) -> Any:
    grey = zxingcpp.write_barcode_to_image(code, scale=scale)
    height, width = grey.shape
    return Image.frombytes("L", (width, height), bytes(grey))


def carrying(data: bytes, content_type: str, name: str) -> bytes:
    head = (
        "From: a@b.example\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nScan\r\n"
        f'--x\r\nContent-Type: {content_type}; name="{name}"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    )
    return head.encode() + base64.encodebytes(data) + b"\r\n--x--\r\n"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "BMP"])
def test_a_code_in_a_picture_is_a_link(kind: str) -> None:
    found = read_mail(carrying(picture(kind=kind), f"image/{kind.lower()}", "code"))
    (link,) = found.links
    assert (link.canonical, link.place) == ("fee.example/pay?id=7", "code")
    assert facts(found).urls == ("fee.example/pay?id=7",)


def test_a_code_in_a_picture_of_a_pdf_is_a_link() -> None:
    jpeg = picture(kind="JPEG")
    pdf = b"%PDF-1.4\n1 0 obj\n<< /Subtype /Image /Filter /DCTDecode >>\nstream\n" + jpeg + b"\nendstream\nendobj\n"
    (link,) = read_mail(carrying(pdf, "application/pdf", "a.pdf")).links
    assert (link.host, link.place) == ("fee.example", "code")


def test_a_code_that_is_no_web_link_is_none() -> None:
    assert read_mail(carrying(picture("WIFI:S:x;P:y;;"), "image/png", "code")).links == ()


def test_a_clear_background_is_paper() -> None:
    code = to_image(zxingcpp.create_barcode(PAGE, zxingcpp.BarcodeFormat.QRCode), 6)
    clear = Image.new("LA", code.size)
    clear.putalpha(code.point(lambda value: 255 - value))
    buffer = io.BytesIO()
    clear.save(buffer, "PNG")
    assert codes.texts_in_picture(buffer.getvalue()) == [PAGE]


def test_a_picture_with_too_many_points_is_not_unpacked() -> None:
    buffer = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(buffer, "PNG")
    assert codes.texts_in_picture(buffer.getvalue()) == []


@given(some.binary(max_size=200), some.integers(0, 400))
def test_any_damage_is_read(noise: bytes, at: int) -> None:
    whole = picture()
    codes.texts_in_picture(whole[:at] + noise + whole[at + len(noise) :])
    codes.texts_in_picture(b"\xff\xd8\xff" + noise)


def test_a_mail_with_a_picture_is_read_apart() -> None:
    assert codes.may_hold_codes(carrying(b"x", "image/png", "a"))
    assert codes.may_hold_codes(carrying(b"x", "application/octet-stream", "a"))
    assert not codes.may_hold_codes(b"Content-Type: text/plain\r\n\r\nx")
