"""Microsoft Graph threat submission: the mail is given to Microsoft, whose result may take a day.

Facts from the Graph reference (beta, `security/threatSubmission/emailThreats`): POST creates (201), GET by id tells `status`
(notStarted, running, succeeded, failed, skipped) and `result` (`category`, `detail`, `detectedUrls`, `detectedFiles`); the
application needs ThreatSubmission.ReadWrite.All. Off unless it is asked for: it hands whole mails to a third party.
"""

import asyncio
import base64
import time
from collections import deque
from typing import Any
from urllib.parse import quote

import httpx

from services.submission.analysers import Opinion, Specimen
from services.submission.analysers.offline.view import quoted
from services.submission.settings import SubmissionSettings
from shared.errors import Defer, Reject
from shared.events import Evaluation, Evidence, ProposedBlock
from shared.events.vocabulary import Cause, VerdictCategory
from shared.mail import host_of

#: Microsoft's throttle: submissions in so many seconds.
SUBMISSIONS_MAX, WINDOW_S = 150, 15 * 60.0

#: When a result is looked for again, in seconds: overrides are found within minutes, the rest takes up to a day.
POLL_S = 60.0

#: Before a token ends it is replaced, in seconds.
TOKEN_MARGIN_S = 60.0

_REPORTED = {"phishing": "phishing", "malware": "malware", "junk": "spam", "not_junk": "notJunk"}

#: Result categories that say what a mail is; the others say why it was delivered, or nothing.
_CATEGORIES: dict[str, VerdictCategory] = {
    "malware": "malware",
    "phishing": "phishing",
    "spam": "spam",
    "bulk": "bulk",
    "threatsFound": "phishing",
    "spoof": "phishing",
    "spoofedAllowed": "phishing",
    "spoofedBlocked": "phishing",
    "domainImpersonation": "phishing",
    "userImpersonation": "phishing",
    "brandImpersonation": "phishing",
    "phishingSimulation": "simulation",
    "notJunk": "clean",
    "noThreatsFound": "clean",
}

_CAUSES: dict[str, Cause] = {
    "allowedByPolicy": "allowed_by_tenant",
    "allowedDueToOrganizationOverride": "allowed_by_tenant",
    "allowedDueToUserOverride": "allowed_by_user",
    "authenticationFailure": "no_authentication",
    "phishingSimulation": "simulation",
    "itemNotfound": "not_delivered",
    "blockedByPolicy": "not_delivered",
    "blockedDueToOrganizationOverride": "not_delivered",
    "blockedDueToUserOverride": "not_delivered",
}


class GraphAnalyser:
    """Submits to one tenant."""

    name = "graph"

    def __init__(self, settings: SubmissionSettings) -> None:
        url = settings.graph_url
        self._token_url = f"{settings.graph_login_url.rstrip('/')}/{settings.graph_tenant}/oauth2/v2.0/token"
        self._threats = f"{url.rstrip('/')}/security/threatSubmission/emailThreats"
        self._grant = {
            "grant_type": "client_credentials",
            "client_id": settings.graph_client_id,
            "client_secret": settings.graph_client_secret.get_secret_value(),
            "scope": f"{'/'.join(url.split('/', 3)[:3])}/.default",
        }
        self._recipient = settings.graph_recipient
        self._client = httpx.AsyncClient(timeout=None)  # noqa: S113 - the panel's
        self._token, self._token_ends = "", 0.0
        self._token_lock = asyncio.Lock()
        self._submitted: deque[float] = deque(maxlen=SUBMISSIONS_MAX)

    async def analyse(self, specimen: Specimen) -> Opinion:
        """Submit, or look for the result.

        Raises:
            Defer: Graph does not answer, or takes no more for now.
            Reject: it does not take this mail.
        """
        if specimen.pending:
            return _read(await self._call("GET", f"{self._threats}/{quote(specimen.pending, safe='')}"))
        if len(self._submitted) == SUBMISSIONS_MAX and time.monotonic() - self._submitted[0] < WINDOW_S:
            raise Defer(f"Graph takes {SUBMISSIONS_MAX} submissions in {WINDOW_S / 60:g} minutes")
        recipients = specimen.envelope.rcpt_to if specimen.envelope else ()
        recipient = next(iter(recipients), "") or next(
            (to.address for to in specimen.mail.to if to.address), self._recipient
        )
        threat = {
            "@odata.type": "#microsoft.graph.emailContentThreatSubmission",
            "category": _REPORTED[specimen.category],
            "recipientEmailAddress": recipient,
            "fileContent": base64.b64encode(specimen.raw).decode(),
        }
        self._submitted.append(time.monotonic())
        return _read(await self._call("POST", self._threats, threat))

    async def _call(self, method: str, url: str, body: Any = None) -> dict[str, Any]:
        try:
            headers = {"Authorization": f"Bearer {await self._bearer()}"}
            response = await self._client.request(method, url, json=body, headers=headers)
        except httpx.HTTPError as error:
            raise Defer(f"Graph does not answer: {type(error).__name__}") from error
        if response.status_code == 401:
            self._token = ""
        if response.status_code in (401, 403, 408, 429) or response.status_code >= 500:
            raise Defer(f"Graph answered {response.status_code}")
        if response.status_code >= 400:
            raise Reject(f"Graph answered {response.status_code}")
        return _json(response)

    async def _bearer(self) -> str:
        """A token of the application (RFC 6749, section 4.4)."""
        async with self._token_lock:
            if not self._token or time.monotonic() > self._token_ends:
                response = await self._client.post(self._token_url, data=self._grant)
                if response.status_code != 200:
                    raise Defer(f"the login for Graph answered {response.status_code}")
                told = _json(response)
                self._token = str(told.get("access_token", ""))
                self._token_ends = time.monotonic() + float(told.get("expires_in", 0)) - TOKEN_MARGIN_S
            return self._token


def _json(response: httpx.Response) -> dict[str, Any]:
    try:
        told = response.json()
    except ValueError as error:
        raise Defer("Graph answers what is no JSON") from error
    if not isinstance(told, dict):
        raise Defer("Graph answers what is no object")
    return told


def _read(told: dict[str, Any]) -> Opinion:
    status, result = told.get("status"), told.get("result") or {}
    word, detail = str(result.get("category", "")), str(result.get("detail", ""))
    if status in ("notStarted", "running") or word == "beingAnalyzed":
        waits = "submitted to Microsoft, whose result is not there yet"
        return Opinion("graph", "not_checked", detail=waits, again_s=POLL_S, pending=str(told.get("id", ""))[:200])
    shown = f"Microsoft says {quoted(word) or 'nothing'}" + (
        f" ({quoted(detail)})" if detail and detail != "none" else ""
    )
    if status != "succeeded":
        return Opinion.failed("graph", f"Microsoft gave up: {quoted(str(status))}")
    category = _CATEGORIES.get(word, "unknown")
    weight = {"malware": 4.0, "phishing": 4.0, "spam": 3.0, "clean": -2.0}.get(category, 0.0)
    evidence = Evidence(signal=f"graph:{quoted(word)[:60]}", text=f"{shown}.", where="Microsoft", weight=weight)
    return Opinion(
        "graph",
        _evaluation(category),
        category,
        0.9 if weight else 0.0,
        _CAUSES.get(word, "filter_missed" if weight > 0 else "undetermined"),
        (evidence,),
        blocks=tuple(_blocks(result)) if weight > 0 else (),
        detail=shown[:200],
    )


def _evaluation(category: VerdictCategory) -> Evaluation:
    if category in ("malware", "phishing"):
        return "malicious"
    return "suspicious" if category == "spam" else "clean" if category == "clean" else "unknown"


def _blocks(result: dict[str, Any]) -> list[ProposedBlock]:
    hosts = [host_of(str(url)) for url in (result.get("detectedUrls") or [])[:10]]
    files = [
        str(one.get("fileHash", "")).lower()
        for one in (result.get("detectedFiles") or [])[:10]
        if isinstance(one, dict)
    ]
    found = [ProposedBlock(kind="url", value=host) for host in dict.fromkeys(hosts) if host]
    return found + [ProposedBlock(kind="file", value=one) for one in dict.fromkeys(files) if len(one) == 64]
