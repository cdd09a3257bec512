"""What Rspamd's exporter writes into a stream is a held mail; what it can't be is one clear error."""

import base64
import json
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as some

from shared.events import MailHeld
from tests.mails import mail

#: As Rspamd 4.1 writes it: everything that is not a number is a byte string, symbols are maps.
FIELDS: dict[str, Any] = {
    "message_id": "1@parcel-fee.example",
    "action": "reject",
    "rcpt": ["ana@example.org", "ben@example.org"],
    "from": "bounce@parcel-fee.example",
    "size": 600,
    "qid": "4XyZ1",
    "subject": "Zoll überfällig",
    "symbols": [{"name": "CLAM_VIRUS", "score": 20, "groups": ["antivirus"]}, {"name": "R_SPF_FAIL", "weight": 0}],
    "score": 16.1,
    "ip": "203.0.113.9",
    "fuzzy": [],
}


def as_msgpack(**other: Any) -> bytes:
    return bytes(msgpack.packb({**FIELDS, "message": mail(), **other}))


def as_json(**other: Any) -> bytes:
    return json.dumps({**FIELDS, "message": base64.b64encode(mail()).decode(), **other}).encode()


@pytest.mark.parametrize("write", [as_msgpack, as_json])
def test_both_formatters_are_read(write: Any) -> None:
    held = MailHeld.of_data(write())
    assert base64.b64decode(held.message.rfc822_base64 or "") == mail()
    assert held.envelope.mail_from == "bounce@parcel-fee.example"
    assert held.envelope.rcpt_to == ("ana@example.org", "ben@example.org")
    assert held.envelope.client_ip == "203.0.113.9"
    assert held.score == pytest.approx(16.1)
    assert held.symbols == ("CLAM_VIRUS", "R_SPF_FAIL")
    assert held.queue_id == "4XyZ1"


def test_our_own_form_is_still_ours() -> None:
    ours = {
        "message": {"rfc822_base64": base64.b64encode(mail()).decode()},
        "envelope": {"mail_from": "a@b.example", "rcpt_to": ["ana@example.org"]},
        "reason": "malware",
    }
    assert MailHeld.of_data(json.dumps(ours).encode()).reason == "malware"


@pytest.mark.parametrize(
    "data",
    [
        b"\x80",
        b"\xde\xff\xff",
        b"\xdf" + b"\xff" * 4,
        b"\x81" * 2000,
        as_msgpack()[:-20],
        as_msgpack() + b"x",
        as_msgpack(message=7),
        b'{"rcpt": ["a@b.example"]',
        b'{"rcpt": ["a@b.example"], "message": "' + b"*" * 40 + b'"',
    ],
)
def test_what_cannot_be_read_is_one_value_error(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        MailHeld.of_data(data)


def test_lists_are_bounded_and_words_are_printable() -> None:
    held = MailHeld.of_data(as_msgpack(symbols=[{"name": f"S{n}\x1b[31m"} for n in range(5000)], qid="\r\nQ" * 500))
    assert len(held.symbols) == 200
    assert held.symbols[0] == "S0[31m"
    assert held.queue_id == "Q" * 255


@given(some.binary(max_size=300))
def test_any_bytes_are_an_event_or_a_value_error(data: bytes) -> None:
    for start in (b"", b"\x82", b'{"rcpt":'):
        try:
            MailHeld.of_data(start + data)
        except ValueError:
            continue
