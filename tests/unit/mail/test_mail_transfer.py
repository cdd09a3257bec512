"""Transfer encodings, broken ones included."""

import base64
import binascii

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.mail.defects import Defects
from shared.mail.transfer import is_identity, undo


def undone(data: bytes, encoding: str) -> tuple[bytes, tuple[str, ...]]:
    defects = Defects()
    return undo(data, encoding, defects), defects.words()


@given(st.binary(max_size=500))
def test_base64_is_undone_exactly(data: bytes) -> None:
    assert undone(base64.encodebytes(data), "base64") == (data, ())


@given(st.binary(max_size=500))
def test_quoted_printable_is_undone_exactly(data: bytes) -> None:
    assert undone(binascii.b2a_qp(data, istext=False), "quoted-printable") == (data, ())


@pytest.mark.parametrize("encoding", ["", "7bit", "8bit", "binary"])
def test_unencoded_bytes_stay(encoding: str) -> None:
    assert undone(b"=41\r\n", encoding) == (b"=41\r\n", ())
    assert is_identity(encoding)


def test_an_unknown_encoding_is_told_and_left() -> None:
    assert undone(b"abc", "x-uuencode") == (b"abc", ("unknown-encoding",))


@pytest.mark.parametrize(
    ("data", "content"),
    [(b"SGVsbG8", b"Hello"), (b"SGVsbG8hA", b"Hello!"), (b"S!G*V s\nb-G_8", b"Hello"), (b"SGVsbG8=3D", b"Hello")],
)
def test_broken_base64_is_decoded_as_far_as_it_goes(data: bytes, content: bytes) -> None:
    assert undone(data, "base64")[0] == content


@given(st.binary(max_size=500), st.sampled_from(["base64", "quoted-printable", "7bit", "zz"]))
def test_nothing_grows_by_decoding(data: bytes, encoding: str) -> None:
    assert len(undone(data, encoding)[0]) <= len(data)


@pytest.mark.parametrize(
    "data", [b"=" * 5_000_000, b"=\r" * 2_000_000, b"=zz=" * 1_000_000, bytes(range(256)) * 20_000]
)
@pytest.mark.parametrize("encoding", ["base64", "quoted-printable"])
@pytest.mark.timeout(20)
def test_megabytes_of_junk_are_decoded(data: bytes, encoding: str) -> None:
    assert len(undone(data, encoding)[0]) <= len(data)
