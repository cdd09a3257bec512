"""Parts as ranges of bytes: what the library finds in well-formed mails, and bounds in all others."""

import email
from collections.abc import Iterator
from email.message import EmailMessage, Message

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.mail import limits
from shared.mail.defects import Defects
from shared.mail.structure import Structure, line_view, scan

pytestmark = pytest.mark.timeout(20)

HEAD = b'From: a@b.example\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'


def scanned(raw: bytes) -> tuple[Structure, tuple[str, ...]]:
    defects = Defects()
    return scan(raw, defects), defects.words()


def bodies(raw: bytes) -> list[bytes]:
    structure, _ = scanned(raw)
    return [structure.content(part, Defects()) for part in structure.root.leaves()]


def leaves_of(message: Message) -> Iterator[Message]:
    for part in message.walk():
        if part.get_content_maintype() != "multipart":
            yield part


TEXTS = st.text(alphabet="abc -=_.\u00fc\n", max_size=60)


@given(
    text=TEXTS,
    html=st.none() | TEXTS,
    files=st.lists(st.tuples(st.binary(max_size=80), st.sampled_from(["a.txt", "ü.pdf", "a b.zip"])), max_size=3),
    crlf=st.booleans(),
)
def test_the_library_finds_the_same_parts(
    text: str, html: str | None, files: list[tuple[bytes, str]], *, crlf: bool
) -> None:
    message = EmailMessage()
    message.set_content(text)
    if html is not None:
        message.add_alternative(html, subtype="html")
    for data, name in files:
        message.add_attachment(data, maintype="application", subtype="x", filename=name)
    raw = message.as_bytes().replace(b"\n", b"\r\n" if crlf else b"\n")
    structure, defects = scanned(raw)
    expected = list(leaves_of(email.message_from_bytes(raw)))
    found = list(structure.root.leaves())
    assert [part.media_type for part in found] == [part.get_content_type() for part in expected]
    assert [part.disposition for part in found] == [part.get_content_disposition() or "" for part in expected]
    assert [structure.content(part, Defects()) for part in found] == [
        part.get_payload(decode=True) for part in expected
    ]
    assert [part.file_name for part in found if part.file_name] == [name for _, name in files]
    assert defects == ()


@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\r\r\n", b"\r"])
def test_a_part_ends_before_the_line_end_of_its_delimiter(end: bytes) -> None:
    raw = end.join(
        [
            b"Content-Type: multipart/mixed; boundary=b",
            b"",
            b"preamble",
            b"--b",
            b"",
            b"one",
            b"",
            b"--b",
            b"",
            b"two",
            b"--b--",
            b"epilogue",
        ]
    )
    assert bodies(raw) == [b"one" + end, b"two"]


@pytest.mark.parametrize(
    "line", [b"--bb", b"--b-", b"--b--x", b" --b", b"--B", b"-- b", b"--b x", b"x--b", b"--b" + b" " * 500 + b"x"]
)
def test_a_line_that_only_resembles_a_delimiter_is_text(line: bytes) -> None:
    assert bodies(HEAD + b"--b\r\n\r\n" + line + b"\r\n--b--\r\n") == [line]


@pytest.mark.parametrize("line", [b"--b \t", b"--b", b"--b\r"])
def test_blanks_behind_a_delimiter_do_not_count(line: bytes) -> None:
    assert len(bodies(HEAD + line + b"\r\n\r\none\r\n" + line + b"\r\n\r\ntwo\r\n--b--\r\n")) == 2


def test_an_outer_delimiter_ends_inner_parts() -> None:
    inner = b"--b\r\nContent-Type: multipart/alternative; boundary=c\r\n\r\n--c\r\n\r\nin\r\n--b\r\n\r\nout\r\n--b--\r\n--c\r\n\r\nlost\r\n"
    assert bodies(HEAD + inner) == [b"in", b"out"]
    assert "unclosed-multipart" in scanned(HEAD + inner)[1]


def test_parts_of_a_digest_are_mails() -> None:
    raw = b"Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\nSubject: x\r\n\r\ny\r\n--b--\r\n"
    (part,) = scanned(raw)[0].root.leaves()
    assert part.media_type == "message/rfc822"


def test_a_file_name_stands_in_either_header() -> None:
    part = b"--b\r\nContent-Type: a/b; name=type.txt\r\n%s\r\nx\r\n--b--\r\n"
    names = [
        next(scanned(HEAD + part % more)[0].root.leaves()).file_name
        for more in (b"", b"Content-Disposition: attachment; filename=disposition.txt\r\n")
    ]
    assert names == ["type.txt", "disposition.txt"]


@pytest.mark.parametrize(
    ("raw", "defect"),
    [
        (HEAD + b"no delimiter", "no-boundary"),
        (b"Content-Type: multipart/mixed\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n", "no-boundary"),
        (HEAD + b"--b\r\n\r\nopen", "unclosed-multipart"),
        (HEAD + b"--b\r\n" + HEAD + b"--b\r\n\r\nsame boundary\r\n--b--\r\n", "no-boundary"),
        (HEAD + b"--b\r\n\r\n" * 2_000, "too-many-parts"),
        (HEAD + b"--b\r\n\r\n" + b"--bx\r\n" * 20_000, "too-many-delimiters"),
        (b"\0" + HEAD, "nul-bytes"),
        (b"A: x\r\rbody", "bare-cr"),
        (b"A: x\r\r\n\r\r\nbody", "crcrlf"),
    ],
)
def test_what_is_broken_is_told_and_nothing_of_the_text_is_lost(raw: bytes, defect: str) -> None:
    structure, defects = scanned(raw)
    assert defect in defects
    assert len(list(structure.root.leaves())) <= limits.PARTS_MAX + limits.DEPTH_MAX


def test_text_behind_a_limit_stays_readable() -> None:
    raw = HEAD + b"--b\r\n\r\nx\r\n" * 5_000 + b"--b\r\n\r\nhttp://behind.example/\r\n--b--\r\n"
    assert b"http://behind.example/" in b"".join(bodies(raw))


def test_nesting_ends_at_its_limit() -> None:
    raw = (
        b"".join(b"Content-Type: multipart/mixed; boundary=b%04d\r\n\r\n--b%04d\r\n" % (n, n) for n in range(3_000))
        + b"\r\ndeep"
    )
    structure, defects = scanned(raw)
    assert "nested-too-deep" in defects
    assert bodies(raw)[0].endswith(b"deep")
    assert len(list(structure.root.leaves())) == 1


@given(st.binary(max_size=300))
def test_the_view_keeps_every_offset(raw: bytes) -> None:
    view = line_view(raw, Defects())
    assert len(view) == len(raw)
    assert [at for at in range(len(raw)) if raw[at] not in b"\r\n\0"] == [
        at for at in range(len(raw)) if view[at] not in b"\r\n\0"
    ]


@given(
    st.lists(
        st.sampled_from(
            [
                b"--b",
                b"--b--",
                b"--c",
                b"\r\n",
                b"\n",
                b"\r",
                HEAD,
                b"Content-Type: multipart/x; boundary=c",
                b"x",
                b"\0",
            ]
        ),
        max_size=40,
    )
)
def test_parts_lie_inside_of_the_mail_and_do_not_overlap(pieces: list[bytes]) -> None:
    raw = b"".join(pieces)
    at = 0
    for part in scanned(raw)[0].root.leaves():
        assert at <= part.body_start <= part.end <= len(raw) or part.body_start >= part.end
        at = max(at, part.end)
