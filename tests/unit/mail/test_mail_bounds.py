"""What many cheap pieces cost together is bounded by counts: each of these mails once took seconds for each MB."""

import io
import struct
import sys
import zipfile
from importlib.abc import MetaPathFinder
from typing import TYPE_CHECKING

import pytest

from shared.mail import limits, read_mail
from shared.mail.authentication import read_authentication
from shared.mail.defects import Defects
from shared.mail.domains import ascii_host
from shared.mail.fields import Field
from shared.mail.forwards import inline_forward
from shared.mail.links import urls_in
from shared.mail.markup import read_page
from shared.mail.structure import scan
from shared.mail.zips import list_zip
from tests.mails import mail

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

pytestmark = pytest.mark.timeout(60)

HEAD = b"From: a@b.example\r\n"


def with_type(content_type: str, body: bytes) -> bytes:
    return HEAD + f"Content-Type: {content_type}\r\n\r\n".encode() + body


def multipart(parts: list[bytes]) -> bytes:
    return with_type("multipart/mixed; boundary=b", b"".join(b"--b\r\n%s\r\n" % part for part in parts) + b"--b--\r\n")


class _Imports(MetaPathFinder):
    """Counts the modules that Python looks for."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def find_spec(self, fullname: str, _path: "Sequence[str] | None", _target: "ModuleType | None" = None) -> None:
        self.names.append(fullname)


def test_an_invented_charset_is_never_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    words = b" ".join(b"=?zz%d?q?a?=" % number for number in range(400))
    parts = [b"Content-Type: text/plain; charset=yy%d\r\n\r\n\xff" % number for number in range(400)]
    imports = _Imports()
    monkeypatch.setattr(sys, "meta_path", [imports, *sys.meta_path])
    assert "bad-charset" in read_mail(b"Subject: " + words + b"\r\n" + multipart(parts)).defects
    assert not [name for name in imports.names if name.startswith(("encodings.zz", "encodings.yy"))]


@pytest.mark.parametrize(
    "name", ["utf-8", "UTF8", "windows-1252", "koi8-r", "iso-8859-15", "cp874", "shift_jis", "big5"]
)
def test_every_charset_of_mails_is_still_known(name: str) -> None:
    raw = with_type(f"text/plain; charset={name}", b"plain")
    assert "bad-charset" not in read_mail(raw).defects


def test_a_host_is_looked_at_once_however_often_it_is_linked() -> None:
    before = ascii_host.cache_info()
    found = read_mail(with_type("text/plain", b"http://dup.example/x " * 20_000)).links
    after = ascii_host.cache_info()
    assert [link.canonical for link in found] == ["dup.example/x"]
    assert after.hits + after.misses - before.hits - before.misses < 10


@pytest.mark.parametrize("pattern", ["http://{}\u05d0a.{}/ ", "http://[{}{} ", '<a href="http://a b{}{}">x</a>'])
def test_targets_that_lead_nowhere_are_tried_up_to_a_limit(pattern: str) -> None:
    text = "".join(pattern.format(number, "\u0561\u0300." * 20) for number in range(3_000))
    kind = "text/html" if "<" in pattern else "text/plain"
    parts = [
        f"Content-Type: {kind}; charset=utf-8\r\n\r\n{text[at : at + 9_000]}".encode()
        for at in range(0, len(text), 9_000)
    ]
    before = ascii_host.cache_info()
    assert "too-many-links" in read_mail(multipart(parts)).defects
    after = ascii_host.cache_info()
    assert after.hits + after.misses - before.hits - before.misses <= limits.LINK_TRIES_MAX + 10


def test_addresses_to_write_to_use_up_no_tries() -> None:
    page = "".join(f'<a href="mailto:p{number}@a.example">x</a>' for number in range(490))
    mails = [f"Content-Type: text/html\r\n\r\n{page}".encode()] * 4
    found = read_mail(multipart([*mails, b"Content-Type: text/html\r\n\r\n<a href='https://last.example/'>x</a>"]))
    assert [link.host for link in found.links] == ["last.example"]


def test_a_base_is_no_longer_than_a_url() -> None:
    page = read_page('<base href="http://a.example/' + "a/" * 200_000 + '"><a href=1>x</a>')
    assert len(page.base) == limits.URL_MAX


def test_a_part_has_few_header_lines_and_its_body_is_found() -> None:
    structure = scan(multipart([b"X: a\r\n" * 1_300 + b"\r\nbody"]), defects := Defects())
    (part,) = structure.root.leaves()
    assert len(part.block.fields) <= limits.PART_HEADER_LINES_MAX
    assert structure.content(part, Defects()) == b"body"
    assert "too-many-headers" in defects.words()


def test_bodies_beyond_the_limit_are_not_even_decoded() -> None:
    full = b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + b"a" * limits.TEXT_MAX
    found = read_mail(multipart([full, b"Content-Type: text/plain; charset=utf-8\r\n\r\n\xff"]))
    assert "text-too-long" in found.defects
    assert "bad-charset" not in found.defects


def test_no_byte_of_a_broken_zip_is_read_for_two_names() -> None:
    header = b"PK\x03\x04" + b"\0" * 22 + struct.pack("<HH", 60_000, 0)
    listing = list_zip((header + b"abc") * 900, Defects())
    assert listing.members == ("abc",) * 900
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("one.txt", b"1")
        archive.writestr("two.txt", b"2")
    cut = buffer.getvalue().partition(b"PK\x01\x02")[0]
    assert [name[:7] for name in list_zip(cut, Defects()).members] == ["one.txt", "two.txt"]


@pytest.mark.parametrize(
    ("lines", "found"), [(limits.FORWARD_MARKERS_MAX - 1, True), (limits.FORWARD_MARKERS_MAX, False)]
)
def test_beginnings_of_a_forward_are_tried_up_to_a_limit(lines: int, *, found: bool) -> None:
    text = "____________________\n" * lines + "-- original message --\n\n\nFrom: a@b.example\nSubject: x\n\nbody"
    assert (b"a@b.example" in inline_forward(text)) is found


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("(see http://a.example/x).", "http://a.example/x"),
        ("http://a.example/x_(y))", "http://a.example/x_(y))"),
        ("http://a.example/x).)!", "http://a.example/x"),
        ("http://a.example/" + ")." * 1_000, "http://a.example/"),
    ],
)
def test_a_sentence_ends_behind_a_url(text: str, url: str) -> None:
    assert list(urls_in(text)) == [url]


def test_an_open_quote_hides_no_result_before_it() -> None:
    found = read_authentication(
        [Field("authentication-results", 'mx.example; spf=pass; dkim="' + "\\" * 7_000)], frozenset()
    )
    assert found.spf == "pass"


def test_escapes_in_a_url_are_one_form_whatever_their_number() -> None:
    found = read_mail(mail(body="http://a.example/" + "\u00fc%41{%" * 3 + " ")).links
    assert [link.canonical for link in found] == ["a.example/" + "%C3%BCA%7B%25" * 3]


def test_a_header_without_blank_line_ends_where_its_body_begins() -> None:
    raw = HEAD + b"Subject: x\r\n--no field\r\n" + b"text\r\n" * 100_000
    found = read_mail(raw)
    assert found.subject == "x"
    assert found.text.startswith("--no field")
    assert "header-block-too-long" not in found.defects
