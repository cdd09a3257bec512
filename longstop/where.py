"""Where the running services are: said by `longstop up` in the data dir, or by settings."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx
import typer

from longstop.health import PORTS
from shared.errors import LongstopError
from shared.secret_files import variables
from shared.settings import Settings

FILE = "endpoints.json"

#: Longest wait for an answer of one of our own services, in seconds.
PATIENCE_S = 30.0


#: Title of the answer to a request whose fields are not what they may be; see `shared.web`.
INVALID = "the request is not valid"


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Addresses of a running Longstop."""

    redis_url: str
    stream_prefix: str = "longstop"
    ingest: str = "http://127.0.0.1:8081"
    blocklist: str = "http://127.0.0.1:8082"
    digest: str = "http://127.0.0.1:8086"
    portal: str = "http://127.0.0.1:8083"
    mailboxes: str = "http://127.0.0.1:8087"
    console: str = "http://127.0.0.1:8080"
    triage: str = "http://127.0.0.1:8084"
    submission: str = "http://127.0.0.1:8085"
    smtp_port: int = 2525

    def services(self) -> dict[str, str]:
        """Where each service answers, by name."""
        return {name: getattr(self, name) for name in PORTS}

    def save(self, data_dir: Path) -> None:
        """Leave them where commands look, for our own eyes: the URL may hold a password."""
        temporary = data_dir / f".{FILE}.new"
        temporary.touch(mode=0o600)
        temporary.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")
        temporary.replace(data_dir / FILE)


def data_dir(given: Path | None) -> Path:
    """The data dir: what was given, else the setting's."""
    return given or Path(os.environ.get("LONGSTOP_DATA_DIR") or Settings().data_dir)


def endpoints(given: Path | None) -> Endpoints:
    """Find a running Longstop.

    Raises:
        LongstopError: there is none; the text says what to do.
    """
    path = data_dir(given) / FILE
    if path.exists():
        return Endpoints(**json.loads(path.read_text(encoding="utf-8")))
    settings = Settings()
    if settings.redis_url:
        return Endpoints(redis_url=settings.redis_url, stream_prefix=settings.stream_prefix, **_by_ports(settings))
    raise LongstopError(
        f"no Longstop runs in {data_dir(given)}: start it with `longstop up`, or set LONGSTOP_REDIS_URL"
    )


def host_of(bind: str) -> str:
    """Where services that listen there are reached from this machine."""
    return "127.0.0.1" if bind in ("0.0.0.0", "localhost") else bind


def _by_ports(settings: Settings) -> dict[str, Any]:
    """Where services that run by themselves answer: at the ports of their settings, on this machine or where we are told."""
    said = variables()
    host = said.get("LONGSTOP_SERVICE_HOST") or host_of(settings.bind)
    return {
        name: f"http://{host.replace('{service}', name)}:{said.get(f'LONGSTOP_{setting.upper()}') or default}"
        for name, (setting, default) in PORTS.items()
    }


def bare(url: str) -> str:
    """A URL to show: without user and password."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def headers(given: Path | None) -> dict[str, str]:
    """The bearer token, when this user may read one."""
    settings = Settings(data_dir=data_dir(given))
    token = settings.api_token.get_secret_value()
    path = data_dir(given) / "api.token"
    if not token and path.exists() and os.access(path, os.R_OK):
        token = path.read_text(encoding="ascii").strip()
    return {"Authorization": f"Bearer {token}"} if token else {}


def client(base_url: str, given: Path | None) -> httpx.Client:
    """An HTTP client of one service."""
    return httpx.Client(base_url=base_url, headers=headers(given), timeout=PATIENCE_S)


def answer_of(response: httpx.Response) -> httpx.Response:
    """The response, when it is a success.

    Raises:
        LongstopError: with the words of the problem object (RFC 9457).
        typer.BadParameter: an option has a value that there is none of.
    """
    if response.is_success:
        return response
    try:
        problem = response.json()
        if problem.get("title") == INVALID:
            raise typer.BadParameter(str(problem.get("detail")))
        words = ": ".join(filter(None, (problem.get("title"), problem.get("detail"))))
    except (ValueError, AttributeError):
        words = ""
    raise LongstopError(words or f"{response.request.url.host} answered {response.status_code}")
