"""Rspamd, SpamAssassin, a service and Graph: what each is told and what its answers mean, with honest stand-ins and real ones."""

import asyncio
import base64
import json
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from services.submission.analysers import Specimen
from services.submission.analysers.graph import GraphAnalyser
from services.submission.analysers.rspamd import RspamdAnalyser
from services.submission.analysers.service import ServiceAnalyser, opinion_of
from services.submission.analysers.spamassassin import SpamAssassinAnalyser
from services.submission.settings import SubmissionSettings
from shared.errors import Defer, Reject
from shared.events import MailEnvelope
from shared.mail import read_mail
from shared.signatures import is_signed, signed
from tests.mails import mail
from tests.services import free_port
from tests.waiting import until

Reply = Callable[[str, dict[str, str], bytes], tuple[int, dict[str, str], bytes]]


@asynccontextmanager
async def http_server(reply: Reply) -> AsyncIterator[str]:
    """A web server of one function: (request line, headers, body) -> (status, headers, body)."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        fields = [line.split(": ", 1) for line in head[1:] if ": " in line]
        headers = {name.lower(): ", ".join(value for key, value in fields if key == name) for name, _ in fields}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        status, more, answer = reply(head[0], headers, body)
        lines = [f"HTTP/1.1 {status} x", f"Content-Length: {len(answer)}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in more.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode() + answer)
        await writer.drain()
        writer.close()

    port = free_port()
    server = await asyncio.start_server(talk, "127.0.0.1", port)
    async with server:
        yield f"http://127.0.0.1:{port}"


def specimen(raw: bytes = b"", **fields: Any) -> Specimen:
    raw = raw or mail()
    return replace(Specimen(read_mail(raw), "0" * 64, "phishing", raw=raw, submission_id="s1"), **fields)


def scan(**symbols: float) -> bytes:
    told = {name: {"name": name, "metric_score": points, "description": "a.b says"} for name, points in symbols.items()}
    return json.dumps({"score": 1, "action": "no action", "symbols": told}).encode()


@pytest.mark.parametrize(
    ("symbols", "category"),
    [
        ({"PHISHING": 5.0, "BAYES_SPAM": 3.0}, "phishing"),
        ({"CLAM_VIRUS": 10.0}, "malware"),
        ({"BAYES_SPAM": 7.0}, "spam"),
        ({"BAYES_SPAM": 3.0}, "unknown"),
        ({"BAYES_HAM": -3.0}, "unknown"),
        ({"LONGSTOP_BLOCK": 15.0}, "unknown"),
        ({"RDNS_NONE": 4.0, "DATE_IN_PAST": 4.0}, "unknown"),
    ],
)
async def test_what_rspamd_s_symbols_mean(symbols: dict[str, float], category: str) -> None:
    async with http_server(lambda *_: (200, {}, scan(**symbols))) as url:
        opinion = await RspamdAnalyser(url).analyse(specimen())
    assert opinion.category == category
    assert all("a.b" not in one.text for one in opinion.evidence)


async def test_rspamd_is_told_the_conversation_and_to_leave_our_entries_out() -> None:
    seen: list[tuple[dict[str, str], bytes]] = []

    def reply(_: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        seen.append((headers, body))
        return 200, {}, scan()

    envelope = MailEnvelope(mail_from="a@b.example", rcpt_to=("c@example.org", "x\r\nEvil: 1"), client_ip="192.0.2.7")
    async with http_server(reply) as url:
        await RspamdAnalyser(url, "word").analyse(specimen(envelope=envelope))
    ((headers, body),) = seen
    assert body == mail()
    assert (headers["ip"], headers["from"], headers["rcpt"]) == ("192.0.2.7", "a@b.example", "c@example.org")
    assert headers["password"] == "word"
    assert "evil" not in headers
    assert "LONGSTOP_BLOCK" in json.loads(headers["settings"])["symbols_disabled"]


@pytest.mark.parametrize(
    "answer", [b"", b"[]", b'{"symbols": 3}', b'{"symbols": {"A": {"metric_score": "x"}}}', b"\xff" * 100]
)
async def test_rubbish_from_rspamd_is_told_and_never_a_verdict(answer: bytes) -> None:
    async with http_server(lambda *_: (200, {}, answer)) as url:
        with pytest.raises(Defer):
            await RspamdAnalyser(url).analyse(specimen())


async def test_who_does_not_answer_is_asked_later() -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(Defer):
        await RspamdAnalyser(nobody).analyse(specimen())
    with pytest.raises(Defer):
        await SpamAssassinAnalyser(nobody.replace("http", "spamd")).analyse(specimen())
    with pytest.raises(Defer):
        await ServiceAnalyser(nobody, "word").analyse(specimen())


REPORT = """SPAMD/1.1 0 EX_OK\r
Content-length: 1\r
Spam: {is_bad} ; {score} / 5.0\r
\r
Content analysis details:   ({score} points, 5.0 required)

 pts rule name              description
---- ---------------------- --------------------------------------------------
 {score} FAKE_REPLY_B           No description available and it goes on
                            in the next line
-0.0 NO_RELAYS              Informational: message was not relayed via SMTP
"""


@asynccontextmanager
async def spamd(answer: bytes) -> AsyncIterator[str]:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        await reader.readexactly(int(head.split("Content-length: ")[1].split("\r\n")[0]))
        writer.write(answer)
        await writer.drain()
        writer.close()

    port = free_port()
    async with await asyncio.start_server(talk, "127.0.0.1", port):
        yield f"spamd://127.0.0.1:{port}"


async def test_what_spamassassin_s_report_means() -> None:
    async with spamd(REPORT.format(is_bad="True", score="8.2").encode()) as url:
        opinion = await SpamAssassinAnalyser(url).analyse(specimen())
    assert (opinion.category, opinion.evaluation) == ("phishing", "malicious")
    assert opinion.evidence[0].text.endswith("goes on in the next line")
    async with spamd(REPORT.format(is_bad="False", score="1.2").encode()) as url:
        assert (await SpamAssassinAnalyser(url).analyse(specimen())).category == "unknown"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"", Defer),
        (b"HTTP/1.1 200\r\n\r\n", Defer),
        (b"SPAMD/1.1 75 EX_TEMPFAIL\r\n\r\n", Defer),
        (b"SPAMD/1.1 65 EX_DATAERR\r\n\r\n", Reject),
    ],
)
async def test_rubbish_from_spamd_is_told(answer: bytes, error: type[Exception]) -> None:
    async with spamd(answer) as url:
        with pytest.raises(error):
            await SpamAssassinAnalyser(url).analyse(specimen())


async def test_a_mail_that_is_too_large_for_spamassassin_is_not_checked() -> None:
    opinion = await SpamAssassinAnalyser("spamd://127.0.0.1:1").analyse(specimen(mail(body="x" * 600_000)))
    assert opinion.evaluation == "not_checked"


@pytest.mark.skipif(not shutil.which("spamd"), reason="no spamd is installed here")
async def test_a_real_spamd_is_understood() -> None:
    port = free_port()
    with tempfile.TemporaryDirectory() as home:
        command = ["spamd", "-L", "-p", str(port), "-H", home, "-x", "-m", "1", "-s", "null", "--helper-home-dir", home]
        quiet = asyncio.subprocess.DEVNULL
        process = await asyncio.create_subprocess_exec(*command, stdout=quiet, stderr=quiet)
        try:

            async def listens() -> bool:
                with socket.socket() as probe:
                    return probe.connect_ex(("127.0.0.1", port)) == 0

            await until(listens, patience_s=60)
            gtube = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
            analyser = SpamAssassinAnalyser(f"spamd://127.0.0.1:{port}")
            bad, fair = await analyser.analyse(specimen(mail(body=gtube))), await analyser.analyse(specimen())
        finally:
            process.terminate()
            await process.wait()
    assert bad.category == "spam"
    assert "GTUBE" in bad.evidence[0].signal
    assert fair.category == "unknown"


ANSWER = {
    "category": "phishing",
    "confidence": 0.9,
    "evidence": [{"signal": "x", "text": "See http://a.example", "weight": 3}],
}


async def test_a_service_is_asked_with_a_signature_and_answers_at_once() -> None:
    def reply(line: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        assert line.startswith("POST /look ")
        assert is_signed(body, "word", headers["x-longstop-timestamp"], headers["x-longstop-signature"])
        assert base64.b64decode(json.loads(body)["rfc822_base64"]) == mail()
        return 200, {}, json.dumps(ANSWER).encode()

    async with http_server(reply) as url:
        opinion = await ServiceAnalyser(f"{url}/look", "word").analyse(specimen())
    assert (opinion.category, opinion.evaluation, opinion.confidence) == ("phishing", "malicious", 0.9)
    assert opinion.evidence[0].text == "See hxxp://a[.]example"


async def test_a_service_is_polled_where_it_says_but_at_no_other_host() -> None:
    def reply(line: str, *_: Any) -> tuple[int, dict[str, str], bytes]:
        if line.startswith("POST /elsewhere"):
            return 202, {"Location": "http://192.0.2.1/steal"}, b""
        if line.startswith("POST"):
            return 202, {"Location": "/jobs/7", "Retry-After": "3"}, b""
        return 200, {}, json.dumps(ANSWER).encode()

    async with http_server(reply) as url:
        analyser = ServiceAnalyser(f"{url}/look", "word")
        waits = await analyser.analyse(specimen())
        assert (waits.evaluation, waits.again_s, waits.pending) == ("not_checked", 3.0, f"{url}/jobs/7")
        assert (await analyser.analyse(specimen(pending=waits.pending))).category == "phishing"
        with pytest.raises(Reject):
            await ServiceAnalyser(f"{url}/elsewhere", "word").analyse(specimen())


@pytest.mark.parametrize(
    "answer", [b"", b"{}", b'{"category": "evil", "confidence": 1}', b'{"category": "spam", "confidence": 7}']
)
def test_rubbish_from_a_service_says_what_is_wrong(answer: bytes) -> None:
    with pytest.raises(Defer, match="cannot be read"):
        opinion_of(answer)


def test_a_signature_is_of_this_body_this_secret_and_this_time() -> None:
    headers = signed(b"x", "word")
    stamp, signature = headers["X-Longstop-Timestamp"], headers["X-Longstop-Signature"]
    assert is_signed(b"x", "word", stamp, signature)
    assert not is_signed(b"y", "word", stamp, signature)
    assert not is_signed(b"x", "other", stamp, signature)
    assert not is_signed(b"x", "", stamp, signature)
    old = signed(b"x", "word", at=1_000)
    assert not is_signed(b"x", "word", old["X-Longstop-Timestamp"], old["X-Longstop-Signature"])


async def test_graph_is_given_the_mail_and_polled_for_its_result() -> None:
    phish = {"category": "phishing", "detail": "x", "detectedUrls": ["https://evil.example/x"]}
    told: list[dict[str, Any]] = [
        {"status": "running"},
        {"status": "succeeded", "result": {"category": "allowedDueToUserOverride"}},
        {"status": "succeeded", "result": phish},
    ]
    results = iter(told)

    def reply(line: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        if "/oauth2/" in line:
            assert b"grant_type=client_credentials" in body
            return 200, {}, b'{"access_token": "t", "expires_in": 3600}'
        assert headers["authorization"] == "Bearer t"
        if line.startswith("POST"):
            threat = json.loads(body)
            assert (threat["category"], threat["recipientEmailAddress"]) == ("phishing", "ana@example.org")
            assert base64.b64decode(threat["fileContent"]) == mail()
            return 201, {}, b'{"id": "t/1", "status": "notStarted"}'
        assert "/emailThreats/t%2F1 " in line
        return 200, {}, json.dumps({"id": "t/1", **next(results)}).encode()

    async with http_server(reply) as url:
        given: dict[str, Any] = {
            "graph_tenant": "t",
            "graph_client_id": "c",
            "graph_client_secret": "s",
            "graph_login_url": url,
        }
        analyser = GraphAnalyser(SubmissionSettings(analysers=("graph",), graph_url=f"{url}/beta", **given))
        first = await analyser.analyse(specimen())
        assert (first.evaluation, first.pending) == ("not_checked", "t/1")
        asked = specimen(pending="t/1")
        assert (await analyser.analyse(asked)).evaluation == "not_checked"
        override = await analyser.analyse(asked)
        assert (override.category, override.cause) == ("unknown", "allowed_by_user")
        opinion = await analyser.analyse(asked)
    assert (opinion.category, opinion.blocks[0].value) == ("phishing", "evil.example")


@pytest.mark.parametrize(("analyser", "name"), [("http", "HTTP_ANALYSER_URL"), ("graph", "GRAPH_TENANT")])
def test_an_analyser_without_what_it_needs_is_refused_by_name(analyser: str, name: str) -> None:
    with pytest.raises(ValueError, match=name):
        SubmissionSettings(analysers=(analyser,))


def test_a_required_analyser_must_be_asked() -> None:
    with pytest.raises(ValueError, match="not among"):
        SubmissionSettings(analysers=("local",), analysers_required=("rspamd",))
