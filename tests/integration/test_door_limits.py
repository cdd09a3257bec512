"""STARTTLS, and how much one client and one reporter may hand in."""

import asyncio
import shutil
import smtplib
import socket
import ssl
from pathlib import Path

import pytest

from longstop.services import NAMES, service
from shared.events import ReportReceived
from shared.run import run_services
from tests.certificates import make_certificate
from tests.mails import mail, report_of
from tests.services import DOORS, free_port, house

RAW = {"Content-Type": "message/rfc822"}


async def test_a_reporter_who_reports_too_much_is_told_to_wait_and_others_are_not(
    redis_url: str, prefix: str, data_dir: Path
) -> None:
    async with (
        house(("ingest",), redis_url, prefix, data_dir, reporter_per_hour=2) as made,
        made.http("ingest") as http,
    ):
        answers = [
            await http.post("/v1/reports", params={"reporter": who}, content=mail(subject=f"{number}"), headers=RAW)
            for number, who in enumerate(["ana@example.org", "ANA@example.org", "ana@example.org", "ben@example.org"])
        ]
        assert [answer.status_code for answer in answers] == [202, 202, 429, 202]
        assert int(answers[2].headers["retry-after"]) > 1000
        assert len(await made.said(ReportReceived)) == 3
        with pytest.raises(smtplib.SMTPDataError) as later:
            await asyncio.to_thread(send, made.ports["smtp_port"], "ana@example.org")
        assert later.value.smtp_code == 451
        await asyncio.to_thread(send, made.ports["smtp_port"], "carol@example.org")


async def test_a_client_that_hands_in_too_much_is_told_to_wait(redis_url: str, prefix: str, data_dir: Path) -> None:
    async with (
        house(("ingest",), redis_url, prefix, data_dir, client_per_minute=2) as made,
        made.http("ingest") as http,
    ):
        codes = [(await http.post("/v1/reports", content=mail(), headers=RAW)).status_code for _ in range(3)]
        assert codes == [202, 202, 429]
        with pytest.raises(smtplib.SMTPDataError):
            await asyncio.to_thread(send, made.ports["smtp_port"], "ana@example.org")


def send(port: int, sender: str, context: ssl.SSLContext | None = None) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=20) as client:
        if context:
            client.starttls(context=context)
        client.sendmail(sender, ["phish@example.org"], report_of(mail(), sender=sender))


@pytest.mark.skipif(not shutil.which("openssl"), reason="the openssl program makes the certificate")
async def test_smtp_by_starttls_and_a_certificate_that_is_renewed(
    redis_url: str, prefix: str, data_dir: Path, tmp_path: Path
) -> None:
    cert, key = make_certificate(tmp_path)
    async with house(("ingest",), redis_url, prefix, data_dir, smtp_tls_cert=cert, smtp_tls_key=key) as made:
        port = made.ports["smtp_port"]
        await asyncio.to_thread(send, port, "ana@example.org", trusting(cert))
        await asyncio.to_thread(send, port, "ben@example.org")  # a gateway beside it may go without
        make_certificate(tmp_path)
        await asyncio.to_thread(send, port, "carol@example.org", trusting(cert))
        cert.write_text("broken")
        assert await asyncio.to_thread(offers_starttls, port)
        assert len(await made.said(ReportReceived)) == 3


def offers_starttls(port: int) -> bool:
    with smtplib.SMTP("127.0.0.1", port, timeout=20) as client:
        client.ehlo()
        return client.has_extn("starttls")


def trusting(cert: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(cert))
    context.check_hostname = False
    return context


@pytest.mark.parametrize("door", DOORS)
async def test_a_taken_port_is_one_clear_error_and_nothing_is_left_running(
    door: str, redis_url: str, prefix: str, data_dir: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = {"redis_url": redis_url, "stream_prefix": prefix, "data_dir": data_dir, f"{door}": port}
        others = {name: free_port() for name in (*DOORS, *(f"{name}_port" for name in NAMES)) if name != door}
        with pytest.raises(OSError, match=f"port {port} on 127.0.0.1 cannot be used"):
            await run_services([service(name) for name in NAMES], settings | others)
    assert len(asyncio.all_tasks()) == 1
