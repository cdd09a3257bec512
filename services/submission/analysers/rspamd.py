"""Rspamd as a second opinion: the stored mail is scanned again (`POST /checkv2`), without our own block entries."""

import json
import re
from typing import Any

import httpx

from services.submission.analysers import Opinion, Specimen
from services.submission.analysers.scanners import Hit, opinion
from shared.errors import Defer, Reject

#: Answers larger than this, in bytes, are none of Rspamd's.
ANSWER_MAX = 4 * 1024 * 1024

#: Points from which stock Rspamd marks a mail as spam ("add header").
MARKS_AT = 6.0

#: The symbols of our own rules (deploy/gateways/rspamd): a mail must not be bad because we blocked it.
OWN = ("LONGSTOP_BLOCK", "LONGSTOP_RCPT_REMOVED", "LONGSTOP_ALLOW", "LONGSTOP_REPORT", "LONGSTOP_FAIL")

_HEADER_VALUE = re.compile(r"[!-~]{1,320}")


class RspamdAnalyser:
    """Asks a normal worker of Rspamd (`http://HOST:11333`)."""

    name = "rspamd"

    def __init__(self, url: str, password: str = "") -> None:
        headers = {"Password": password} if password else {}
        self._client = httpx.AsyncClient(base_url=url, headers=headers, timeout=None, trust_env=False)  # noqa: S113 - the panel's

    async def analyse(self, specimen: Specimen) -> Opinion:
        """Let it scan.

        Raises:
            Defer: it does not answer.
            Reject: it will not scan this mail.
        """
        try:
            async with self._client.stream(
                "POST", "/checkv2", content=specimen.raw, headers=_headers(specimen)
            ) as response:
                body = await _body(response)
        except httpx.HTTPError as error:
            raise Defer(f"rspamd does not answer: {type(error).__name__}") from error
        if response.status_code >= 500:
            raise Defer(f"rspamd answered {response.status_code}")
        if response.status_code >= 400:
            raise Reject(f"rspamd answered {response.status_code}")
        return _opinion(body)


async def _body(response: httpx.Response) -> bytes:
    body = bytearray()
    async for some in response.aiter_bytes():
        body += some
        if len(body) > ANSWER_MAX:
            raise Defer("rspamd answers more than a scan does")
    return bytes(body)


def _headers(specimen: Specimen) -> list[tuple[str, str]]:
    """What Rspamd is told of the SMTP conversation; values that do not fit into a header are left out."""
    disabled = json.dumps({"symbols_disabled": list(OWN), "groups_disabled": ["longstop"]})
    headers = [("Pass", "all"), ("Settings", disabled), ("Log-Tag", "longstop")]
    if envelope := specimen.envelope:
        told = [("IP", envelope.client_ip), ("Helo", envelope.helo), ("From", envelope.mail_from)]
        told += [("Rcpt", recipient) for recipient in envelope.rcpt_to[:50]]
        headers += [(name, value) for name, value in told if _HEADER_VALUE.fullmatch(value)]
    return headers


def _opinion(body: bytes) -> Opinion:
    try:
        answer = json.loads(body)
        symbols = answer["symbols"]
        hits = [_hit(name, symbol) for name, symbol in symbols.items()]
        marks_at = (answer.get("thresholds") or {}).get("add header", MARKS_AT)
        return opinion("rspamd", hits, threshold=float(marks_at), where="Rspamd")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Defer(f"rspamd answers what no scan does: {type(error).__name__}") from error


def _hit(name: str, symbol: dict[str, Any]) -> Hit:
    points = 0.0 if name.startswith("LONGSTOP_") else float(symbol.get("metric_score", symbol.get("score", 0)))
    return Hit(str(name), points, str(symbol.get("description", ""))[:200])
