"""Any service as an analyser: our JSON out, its verdict in, at once, by polling, or when it calls back.

docs/analysers.md says the protocol. Both sides sign what they send (shared.signatures).
"""

import base64
import json
from typing import Annotated, Literal
from urllib.parse import urljoin, urlsplit

import httpx
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from services.submission.analysers import Opinion, Specimen
from services.submission.analysers.offline.view import quoted
from shared.errors import Defer, Reject
from shared.events import Evaluation, Evidence, ProposedBlock
from shared.events.vocabulary import BAD_CATEGORIES, BlockKind, Cause, VerdictCategory
from shared.invalid import in_words
from shared.mail import facts
from shared.outgoing import clean, defang
from shared.signatures import signed

#: Answers larger than this, in bytes, are refused.
ANSWER_MAX = 256 * 1024

#: When a service that has not answered yet is asked again, in seconds, unless it says so itself.
POLL_S, POLL_MAX_S = 10.0, 3600.0

Short = Annotated[str, StringConstraints(max_length=300)]


class _Clue(BaseModel):
    model_config = ConfigDict(extra="ignore")

    signal: Short
    text: Annotated[str, StringConstraints(max_length=500)]
    where: Short = ""
    weight: float = Field(default=0, ge=-10, le=10)


class _Block(BaseModel):
    model_config = ConfigDict(extra="ignore")

    kind: BlockKind
    value: Annotated[str, StringConstraints(max_length=2048)]


class Answer(BaseModel):
    """What a service answers."""

    model_config = ConfigDict(extra="ignore")

    category: VerdictCategory
    confidence: float = Field(ge=0, le=1)
    evaluation: Literal["malicious", "suspicious", "clean", "unknown"] | None = None
    cause: Cause = "undetermined"
    detail: Short = ""
    evidence: Annotated[list[_Clue], Field(max_length=40)] = []
    recommendations: Annotated[list[Short], Field(max_length=10)] = []
    blocks: Annotated[list[_Block], Field(max_length=50)] = []


class ServiceAnalyser:
    """Asks one service."""

    name = "http"

    def __init__(self, url: str, secret: str) -> None:
        self._url, self._secret = url, secret
        self._client = httpx.AsyncClient(timeout=None, trust_env=False)  # noqa: S113 - the panel's

    async def analyse(self, specimen: Specimen) -> Opinion:
        """Ask, or ask again whether it knows by now.

        Raises:
            Defer: it does not answer, or not what an analyser answers.
            Reject: it will not look at this mail.
        """
        polled = specimen.pending if specimen.pending != "callback" else ""
        if specimen.pending and not polled:
            return self._waits("callback", POLL_MAX_S)
        body = b"" if polled else _asked(specimen)
        headers = {"Content-Type": "application/json", **signed(body, self._secret)}
        try:
            async with self._client.stream(
                "GET" if polled else "POST", polled or self._url, content=body, headers=headers
            ) as response:
                answer = bytearray()
                async for some in response.aiter_bytes():
                    answer += some
                    if len(answer) > ANSWER_MAX:
                        raise Defer(f"it answers more than {ANSWER_MAX // 1024} kB")
        except httpx.HTTPError as error:
            raise Defer(f"it does not answer: {type(error).__name__}") from error
        return self._read(response, bytes(answer), polled)

    def _read(self, response: httpx.Response, answer: bytes, polled: str) -> Opinion:
        match response.status_code:
            case 200:
                return opinion_of(answer)
            case 202:
                return self._waits(self._polling(response) or polled or "callback", _retry_after(response))
            case 204:
                return Opinion(self.name, "not_checked", detail="it does not look at such mails")
            case 408 | 425 | 429:
                raise Defer(f"it answered {response.status_code}")
            case status if 400 <= status < 500:
                raise Reject(f"it answered {status}")
            case status:
                raise Defer(f"it answered {status}")

    def _polling(self, response: httpx.Response) -> str:
        """Where it wants to be asked again: at its own origin only."""
        location = response.headers.get("location", "")[:1000]
        if not location:
            return ""
        url = str(urljoin(self._url, location))
        if urlsplit(url)[:2] != urlsplit(self._url)[:2]:
            raise Reject("it wants to be asked at another host")
        return url

    def _waits(self, pending: str, again_s: float) -> Opinion:
        detail = "it has not answered yet"
        return Opinion(self.name, "not_checked", detail=detail, again_s=again_s, pending=pending)


def _retry_after(response: httpx.Response) -> float:
    told = response.headers.get("retry-after", "")
    return min(max(float(told), 1.0), POLL_MAX_S) if told.isascii() and told.isdigit() and len(told) < 7 else POLL_S


def _asked(specimen: Specimen) -> bytes:
    return json.dumps(
        {
            "submission_id": specimen.submission_id,
            "reported_as": specimen.category,
            "report_count": specimen.report_count,
            "envelope": specimen.envelope.model_dump() if specimen.envelope else None,
            "message": facts(specimen.mail).model_dump(mode="json"),
            "rfc822_base64": base64.b64encode(specimen.raw).decode(),
        }
    ).encode()


def opinion_of(answer: bytes) -> Opinion:
    """The opinion in an answer.

    Raises:
        Defer: there is none; the text says what is wrong.
    """
    try:
        told = Answer.model_validate_json(answer)
    except ValidationError as error:
        raise Defer(f"its answer cannot be read: {in_words(error.errors()[:1])}"[:200]) from error
    return Opinion(
        ServiceAnalyser.name,
        _evaluation(told),
        told.category,
        told.confidence,
        told.cause,
        tuple(
            Evidence(
                signal=f"http:{quoted(one.signal)[:60]}",
                text=_sentence(one.text),
                where=quoted(one.where),
                weight=one.weight,
            )
            for one in told.evidence
        ),
        tuple(map(_sentence, told.recommendations)),
        tuple(ProposedBlock(kind=one.kind, value=one.value) for one in told.blocks)
        if told.category in BAD_CATEGORIES
        else (),
        detail=_sentence(told.detail)[:200],
    )


def _evaluation(told: Answer) -> Evaluation:
    """What it says, or what its category means; `clean` is said of nothing else and by nothing else."""
    if told.category == "clean" or told.evaluation in (None, "clean"):
        by_category: dict[VerdictCategory, Evaluation] = {
            "malware": "malicious",
            "phishing": "malicious",
            "spam": "suspicious",
            "clean": "clean",
        }
        return by_category.get(told.category, "unknown")
    return told.evaluation


def _sentence(words: str) -> str:
    """A sentence of a stranger: printable, on one line, nothing in it to click."""
    return defang(clean(words))[:500]
