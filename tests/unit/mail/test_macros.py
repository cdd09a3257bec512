"""Documents that carry programs are told by what is inside them, whatever they call themselves."""

import base64
import io
import zipfile

import pytest

from shared.mail import Attachment, read_mail

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504


def attached(data: bytes, name: str = "order.doc") -> Attachment:
    raw = (
        b'From: a@b.example\r\nContent-Type: application/msword; name="' + name.encode() + b'"\r\n'
        b"Content-Disposition: attachment\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(data)
    )
    (found,) = read_mail(raw).attachments
    return found


def compound(*streams: str) -> bytes:
    """The beginning of a compound file with these names in its directory, as the directory writes them."""
    return OLE + b"".join(name.encode("utf-16-le").ljust(128, b"\0") for name in streams)


def office(*members: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name in ("[Content_Types].xml", *members):
            archive.writestr(name, "x")
    return made.getvalue()


def test_an_old_document_with_a_vba_project_carries_a_program() -> None:
    assert attached(compound("Root Entry", "WordDocument", "_VBA_PROJECT")).real_type == "ole-macro"
    assert attached(compound("Root Entry", "WordDocument")).real_type == "ole"


def test_an_encrypted_document_is_told() -> None:
    assert attached(compound("Root Entry", "EncryptedPackage")).encrypted
    assert not attached(compound("Root Entry", "WordDocument")).encrypted


@pytest.mark.parametrize("member", ["word/vbaProject.bin", "XL/VBAPROJECT.BIN", "xl/macrosheets/sheet1.xml"])
def test_a_new_document_with_a_program_is_told(member: str) -> None:
    assert attached(office("word/document.xml", member)).real_type == "ooxml-macro"


def test_a_document_that_only_speaks_of_programs_carries_none() -> None:
    assert attached(office("word/document.xml", "docs/xl/macrosheets.txt", "myvbaproject.bin")).real_type == "ooxml"
