"""What Rspamd's `metadata_exporter` says of a mail: in `X-Rspamd-*` headers beside the raw mail, or as JSON.

Shapes seen on Rspamd 3.4 and 4.1: `X-Rspamd-Rcpt` and `X-Rspamd-Symbols` are JSON inside a header, symbols a list of
objects with `name`. Everything is the gateway's word about a stranger's mail: bounded, and never trusted in form.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from services.ingest.rules import reason_of
from shared.errors import Reject
from shared.events import MailEnvelope
from shared.events.vocabulary import QuarantineReason

#: Symbols kept of a mail, and the longest name of one.
SYMBOLS_MAX, SYMBOL_MAX_CHARS = 200, 100

#: Recipients of one held mail; Postfix sends at most this many in one delivery (default_destination_recipient_limit).
RECIPIENTS_MAX = 1000


@dataclass(frozen=True, slots=True)
class Scan:
    """What a filter said of a mail that it held."""

    mail_from: str = ""
    rcpt_to: tuple[str, ...] = ()
    client_ip: str = ""
    queue_id: str = ""
    action: str = ""
    reason: str = ""
    score: float | None = None
    symbols: tuple[str, ...] = field(default=())

    def envelope(self) -> MailEnvelope:
        """The mail's envelope.

        Raises:
            Reject: no recipient: nobody could ever be shown this mail.
        """
        if not self.rcpt_to:
            raise Reject("no envelope recipient: give rcpt_to (X-Rspamd-Rcpt, or a query parameter)")
        return MailEnvelope(mail_from=self.mail_from, rcpt_to=self.rcpt_to, client_ip=self.client_ip)

    def why(self) -> QuarantineReason:
        """The quarantine reason."""
        return reason_of(given=self.reason, symbols=self.symbols, action=self.action)


def scan_of_headers(headers: Mapping[str, str]) -> Scan:
    """Read `X-Rspamd-*` request headers (names are case-insensitive mappings already)."""
    found = {
        name: headers.get(f"x-rspamd-{name}", "")
        for name in ("from", "rcpt", "ip", "qid", "action", "score", "symbols")
    }
    return scan_of_json(
        {
            "from": found["from"],
            "rcpt": _loads(found["rcpt"]),
            "ip": found["ip"],
            "qid": found["qid"],
            "action": found["action"],
            "score": found["score"],
            "symbols": _loads(found["symbols"]),
        }
    )


def scan_of_json(body: Mapping[str, Any]) -> Scan:
    """Read the fields of the exporter's JSON formatters (and of our own query parameters)."""
    return Scan(
        mail_from=_address(body.get("from")),
        rcpt_to=tuple(dict.fromkeys(address for one in _list(body.get("rcpt")) if (address := _address(one))))[
            :RECIPIENTS_MAX
        ],
        client_ip=_text(body.get("ip"))[:45],
        queue_id=_text(body.get("qid"))[:255],
        action=_text(body.get("action"))[:100],
        reason=_text(body.get("reason"))[:100],
        score=_number(body.get("score")),
        symbols=tuple(name for one in _list(body.get("symbols"))[:SYMBOLS_MAX] if (name := _symbol(one))),
    )


def _loads(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text.split(",")


def _list(value: object) -> list[Any]:
    if isinstance(value, list | tuple):
        return list(value)
    if isinstance(value, dict):
        return list(value)
    return [value] if value else []


def _symbol(value: object) -> str:
    name = value.get("name") if isinstance(value, dict) else value
    return _text(name)[:SYMBOL_MAX_CHARS]


def _address(value: object) -> str:
    return _text(value).strip("<>")[:320]


def _text(value: object) -> str:
    return "".join(c for c in value if c.isprintable()).strip() if isinstance(value, str) else ""


def _number(value: object) -> float | None:
    try:
        number = float(value) if isinstance(value, str | int | float) else None
    except (ValueError, OverflowError):
        return None
    return number if number is not None and abs(number) < 1e9 else None
