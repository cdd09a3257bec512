"""Redis by TLS, with certificates of our own for both ends."""

import asyncio
import shutil
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from shared.bus import connect
from shared.events import ReportResolved
from tests.mails import mail
from tests.redis_servers import RedisServer, UnsupportedError, redis_server
from tests.services import free_port, house
from tests.waiting import until

pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="the openssl program makes the certificates")

NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")


async def openssl(*words: object) -> None:
    process = await asyncio.create_subprocess_exec("openssl", *map(str, words), stdout=PIPE, stderr=PIPE)
    _, said = await process.communicate()
    assert process.returncode == 0, said.decode()


async def authority(folder: Path, name: str) -> None:
    """An authority of one's own: NAME.crt and NAME.key."""
    here = ("-keyout", folder / f"{name}.key", "-out", folder / f"{name}.crt")
    await openssl(
        "req", "-x509", *NEW_KEY, *here, "-subj", f"/CN={name}", "-addext", "basicConstraints=critical,CA:TRUE"
    )


async def certificate(folder: Path, name: str, extension: str) -> None:
    """A certificate of the authority `ca`."""
    ask, names = folder / f"{name}.csr", folder / f"{name}.ext"
    names.write_text(extension + "\n")
    await openssl("req", *NEW_KEY, "-keyout", folder / f"{name}.key", "-out", ask, "-subj", f"/CN={name}")
    signed = ("-CA", folder / "ca.crt", "-CAkey", folder / "ca.key", "-set_serial", "0x" + name.encode().hex())
    await openssl("x509", "-req", "-in", ask, *signed, "-days", "2", "-extfile", names, "-out", folder / f"{name}.crt")


@pytest.fixture
async def certificates(tmp_path: Path) -> Path:
    folder = tmp_path / "certificates"
    folder.mkdir()
    await authority(folder, "ca")
    await authority(folder, "stranger")
    await certificate(folder, "server", "subjectAltName=IP:127.0.0.1")
    await certificate(folder, "client", "extendedKeyUsage=clientAuth")
    return folder


@pytest.fixture
async def server(tmp_path: Path, certificates: Path) -> AsyncIterator[RedisServer]:
    port = free_port()
    options = {
        "port": 0,
        "tls-port": port,
        "bind": "127.0.0.1",
        "tls-cert-file": certificates / "server.crt",
        "tls-key-file": certificates / "server.key",
        "tls-ca-cert-file": certificates / "ca.crt",
        "tls-auth-clients": "yes",
    }
    url = (
        f"rediss://127.0.0.1:{port}/0?ssl_ca_certs={certificates}/ca.crt"
        f"&ssl_certfile={certificates}/client.crt&ssl_keyfile={certificates}/client.key"
    )
    try:
        async with redis_server(tmp_path / "redis", url, options) as made:
            yield made
    except UnsupportedError as reason:
        pytest.skip(f"this redis-server cannot speak TLS: {reason}")


async def test_a_report_goes_its_way_by_tls(server: RedisServer, prefix: str, data_dir: Path) -> None:
    async with house(("ingest", "triage", "submission"), server.url, prefix, data_dir) as line:
        async with line.http("ingest") as http:
            head = {"Content-Type": "message/rfc822"}
            answer = await http.post("/v1/reports", content=mail(), headers=head)
        assert answer.status_code == httpx.codes.ACCEPTED
        await until(lambda: line.said(ReportResolved))


async def test_who_has_no_certificate_is_refused(server: RedisServer) -> None:
    nobody = connect(server.url.partition("&ssl_certfile")[0])
    with pytest.raises((RedisConnectionError, OSError)):
        await nobody.ping()
    await nobody.aclose()


async def test_a_server_that_cannot_prove_who_it_is_gets_nothing(server: RedisServer) -> None:
    suspicious = connect(server.url.replace("ca.crt", "stranger.crt"))
    with pytest.raises(RedisConnectionError, match="certificate verify failed"):
        await suspicious.ping()
    await suspicious.aclose()
    elsewhere = connect(server.url.replace("127.0.0.1", "localhost"))
    with pytest.raises(RedisConnectionError, match=r"(?i)hostname mismatch|not valid for"):
        await elsewhere.ping()
    await elsewhere.aclose()
