"""Types and parameters of parts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.mail import limits
from shared.mail.parameters import main_value, media_type, parameters

pytestmark = pytest.mark.timeout(20)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("", "text/x-default"),
        ("Text/HTML; charset=utf-8", "text/html"),
        ("text/html charset=utf-8", "text/html"),
        ("multipart/mixed\n\tboundary=b", "multipart/mixed"),
        ("text", "text/plain"),
        ("text\\html", "text/plain"),
        ("application/x y; z", "application/x"),
        ("../../x", "text/plain"),
    ],
)
def test_a_media_type_is_read_or_taken_for_text(value: str, found: str) -> None:
    assert media_type(value, "text/x-default") == found


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("text/plain; Charset=UTF-8", {"charset": "UTF-8"}),
        ('a; name="x y.txt"', {"name": "x y.txt"}),
        ('a; name="say \\"hi\\""', {"name": 'say "hi"'}),
        ('a; name="C:\\TEMP\\x.png"', {"name": "C:\\TEMP\\x.png"}),
        ("a; name=x y.txt; b=c", {"name": "x y.txt", "b": "c"}),
        ("a; name=one; name=two", {"name": "one"}),
        ("a charset=utf-8", {"charset": "utf-8"}),
        ("a; name==?utf-8?b?w7wudHh0?=", {"name": "ü.txt"}),
        ('a; name="=?utf-8?q?=C3=BC?="', {"name": "ü"}),
        ("a; name*=utf-8''%C3%BC.txt", {"name": "ü.txt"}),
        ("a; name*0=long; name*1=er.txt", {"name": "longer.txt"}),
        ("a; name*1=b; name*0=a", {"name": "ab"}),
        ("a; name*0*=utf-8''%C3; name*1*=%BC; name*2=.txt", {"name": "ü.txt"}),
        ("a; name=plain; name*=utf-8''better", {"name": "better"}),
        ("a; name*=nonsense", {"name": "nonsense"}),
        ('a; name="open', {"name": "open"}),
        ("a;;;=;b", {}),
        ("", {}),
    ],
)
def test_parameters_are_read_as_mail_clients_do(value: str, found: dict[str, str]) -> None:
    assert parameters(value) == found


def test_main_value_is_what_stands_before_the_parameters() -> None:
    assert main_value(" ATTACHMENT ; filename=x") == "attachment"


@given(st.text(alphabet=";=*'\"\\ %aA0\n\u00fc", max_size=200))
def test_any_value_is_read(value: str) -> None:
    for name, found in parameters(value).items():
        assert name
        assert len(found) <= limits.PARAMETER_VALUE_MAX


@pytest.mark.parametrize("piece", [";", "; a=b", ';a="', ';a="\\', "; a*0*=%41", " " * 7, "a;", "a=", "'"])
def test_parameters_without_end_are_bounded(piece: str) -> None:
    assert len(parameters("text/plain" + piece * (80_000 // len(piece)))) <= limits.PARAMETERS_MAX


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "piece", [" ", ";", "; ", '\\"', "\\", '"', "=", "a=", 'a="', "a ", "(", "%", "=?", "name*0*=", "\t\r\n "]
)
@pytest.mark.parametrize("head", ["text/plain;", 'text/plain; name="', "text/plain; name="])
def test_endless_values_are_read_in_one_pass(head: str, piece: str) -> None:
    """Quadratic in any of these would take minutes: 400,000 spaces once took the square of that."""
    parameters(head + piece * (400_000 // len(piece)))


def test_quoted_pairs_are_undone_and_windows_paths_stay() -> None:
    assert parameters(r'x/y; name="a\"b\\c"')["name"] == r'a"b\c'
    assert parameters(r'x/y; name="C:\Users\ana.doc"')["name"] == r"C:\Users\ana.doc"
