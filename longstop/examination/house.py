"""What stands still: configuration, secrets, blobs, databases, and where mail goes."""

import asyncio
import smtplib
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

from longstop import show
from longstop.examination.finding import Cure, Finding
from longstop.services import services
from longstop.where import FILE, bare, data_dir
from shared.blobs import open_blobs
from shared.errors import LongstopError
from shared.plural import counted
from shared.run import Service
from shared.secret_files import variables
from shared.settings import Settings
from shared.work import Database

#: Files of the data dir that hold secrets: nobody but their owner may read them.
SECRET_FILES = ("secret.key", "api.token", FILE)

#: The reply of a mail server that takes mail (RFC 5321, section 4.3.2).
GREETING = 220

#: Variables that are no settings of a service: docker-compose.yml and the containers' health read them.
OF_OTHERS = frozenset(
    f"LONGSTOP_{name}"
    for name in ("CONFIG", "IMAGE", "MAPS", "PUBLISH", "REDIS_PORT", "SECRETS", "SERVICE", "SERVICE_HOST")
)


async def at_rest(data: Path | None) -> list[Finding]:
    """What can be told whether Longstop runs or not."""
    return [
        _configuration(data),
        *_unknown(variables()),
        *await asyncio.to_thread(_secrets, data),
        _blobs(data),
        *await _databases(data),
        await asyncio.to_thread(_mail),
        await asyncio.to_thread(_reinjection),
    ]


def _configuration(data: Path | None) -> Finding:
    names = [service.settings(data_dir=data_dir(data)) for service in services()]
    if not names[0].own_domains:
        return Finding(
            "configuration", "warn", "LONGSTOP_OWN_DOMAINS is empty: own domains are not protected from blocks"
        )
    return Finding("configuration", "ok", f"own domains: {', '.join(names[0].own_domains)}")


def _unknown(names: Iterable[str]) -> Iterator[Finding]:
    """Variables that nothing reads: a typing error in a name is a setting that silently is not in force."""
    known = {f"LONGSTOP_{name.upper()}" for service in services() for name in service.settings.model_fields}
    for name in sorted(names):
        if name.startswith("LONGSTOP_TEST_") or {name, name.removesuffix("_FILE")} & (known | OF_OTHERS):
            continue
        if name.startswith("LONGSTOP_"):
            near = get_close_matches(name, known, 1)
            meant = f"did you mean {near[0]}?" if near else "docs/settings.md lists what there is"
            yield Finding("configuration", "warn", f"{show.safe(name)} is no setting: {meant}")


def _secrets(data: Path | None) -> list[Finding]:
    """Whether others on this machine may read what only its owner should."""
    here = [data_dir(data) / name for name in SECRET_FILES]
    found = [path for path in here if path.exists()]
    open_to_others = [path for path in found if path.stat().st_mode & 0o077]
    if not open_to_others:
        return [Finding("secrets", "ok", "only their owner can read them")] if found else []
    names = ", ".join(path.name for path in open_to_others)

    async def close() -> None:
        for path in open_to_others:
            await asyncio.to_thread(path.chmod, 0o600)

    return [Finding("secrets", "fail", f"others can read {names}: chmod 600", Cure(f"chmod 600 {names}", close))]


def _blobs(data: Path | None) -> Finding:
    settings = Settings(data_dir=data_dir(data))
    place = settings.blobs_at()
    if place.startswith("file://") and not settings.blob_dir().exists():
        return Finding("blob store", "warn", f"{settings.blob_dir()} is not there yet")
    probe = b"longstop doctor writes and reads this\n"
    try:
        blobs = open_blobs(place)
        (name,) = blobs.put([probe])
        if blobs.get(name) != probe:
            return Finding("blob store", "fail", f"{bare(place)} gives back other bytes than were written")
    except (LongstopError, OSError, ValueError) as error:
        return Finding("blob store", "fail", str(error))
    return Finding("blob store", "ok", f"{bare(place)} can be written and read")


async def _databases(data: Path | None) -> list[Finding]:
    settings = Settings(data_dir=data_dir(data))
    findings = []
    for service in services():
        url = settings.database_url_of(service.name)
        path = Path(url.removeprefix("sqlite:///"))
        if url.startswith("sqlite") and not await asyncio.to_thread(path.exists):
            elsewhere = "LONGSTOP_SERVICE_HOST" in variables()
            words = "not here: its service tells" if elsewhere else f"{path} is not there yet"
            findings.append(Finding("database", "ok" if elsewhere else "warn", f"{service.name}: {words}"))
        else:
            findings.append(await _database(service, url))
    return findings


async def _database(service: Service, url: str) -> Finding:
    """Whether the tables answer, and how much waits to be published."""
    database = Database(url, service.name, service.tables)
    unsent = select(func.count()).select_from(database.outbox).where(database.outbox.c.entry_id.is_(None))
    check = text("PRAGMA quick_check(1)" if url.startswith("sqlite") else "SELECT 'ok'")
    try:
        answer, waiting = await database.look(
            lambda session: (
                session.connection().execute(check).scalar(),
                session.connection().execute(unsent).scalar(),
            )
        )
    except (LongstopError, SQLAlchemyError) as error:
        return Finding("database", "fail", f"{service.name}: {str(error).splitlines()[0]}")
    finally:
        await database.close()
    return Finding(
        "database",
        "ok" if answer == "ok" else "fail",
        f"{service.name}: {answer}, {counted(waiting or 0, 'event')} to be sent",
    )


def _mail() -> Finding:
    url = str(_of_digest().smtp_out_url)
    if not url:
        return Finding("mail", "ok", "LONGSTOP_SMTP_OUT_URL is not set: mails are written as .eml under the data dir")
    return _takes_mail("mail", url)


def _reinjection() -> Finding:
    url = str(_of_digest().reinject_url)
    if not url:
        return Finding("reinjection", "warn", "LONGSTOP_REINJECT_URL is not set: releases of held mail wait")
    return _takes_mail("reinjection", url)


def _of_digest() -> Any:
    return services(("digest",))[0].settings()


def _takes_mail(what: str, url: str) -> Finding:
    """Whether a mail server greets at this place, by SMTP or LMTP."""
    parts = urlsplit(url)
    speaks, usual = (smtplib.LMTP, 24) if parts.scheme == "lmtp" else (smtplib.SMTP, 25)
    host, port = parts.hostname or "127.0.0.1", parts.port or usual
    place = f"{host}:{port}"
    try:
        with speaks(timeout=5) as server:
            code, _ = server.connect(host, port)
            if code != GREETING:
                return Finding(what, "fail", f"{place} greets with {code}")
            server.noop()
    except (OSError, smtplib.SMTPException) as error:
        return Finding(what, "fail", f"{place} does not take mail: {error}")
    return Finding(what, "ok", f"{place} answers")
