"""Mails written for tests of the local analyser, as short tables: `honest.toml`, `phish.toml`, `junk.toml`."""

import html
import io
import tomllib
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import parseaddr
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent

#: What the own gateway recorded, by the word of the table.
RESULTS = {
    "pass": "spf=pass smtp.mailfrom={domain}; dkim=pass header.d={domain}; dmarc=pass header.from={domain}",
    "none": "spf=none smtp.mailfrom={domain}; dkim=none; dmarc=none header.from={domain}",
    "fail": "spf=fail smtp.mailfrom={domain}; dkim=none; dmarc=fail header.from={domain}",
}


@dataclass(frozen=True, slots=True)
class Written:
    """One mail of a table, as bytes; `bare` is the same from a gateway that records nothing."""

    name: str
    raw: bytes
    bare: bytes


def written(table: str) -> list[Written]:
    """All mails of a table."""
    source = tomllib.loads((HERE / f"{table}.toml").read_text(encoding="utf-8"))
    return [Written(name, _raw(one), _raw(one | {"auth": ""})) for name, one in source.items()]


def _raw(one: dict[str, Any]) -> bytes:
    made = EmailMessage()
    domain = parseaddr(one["from"])[1].rpartition("@")[2]
    if results := RESULTS.get(one.get("auth", "pass")):
        made["Authentication-Results"] = "mx.example.org; " + results.format(domain=domain)
    made["From"] = one["from"]
    made["To"] = "Ana Lind <ana@example.org>"
    made["Subject"] = one["subject"]
    made["Date"] = "Tue, 04 Mar 2025 10:00:00 +0000"
    for name, value in one.get("headers", {}).items():
        made[name] = value
    made.set_content(one["text"])
    if link := one.get("link"):
        made.add_alternative(_page(one["text"], link), subtype="html")
    for name in one.get("attach", ()):
        _attach(made, name, one.get("members", ()))
    return made.as_bytes()


def _page(text: str, link: str) -> str:
    return f'<p>{html.escape(text)}</p><p><a href="{html.escape(link)}">Open</a></p>'


def _attach(made: EmailMessage, name: str, members: Iterator[str]) -> None:
    contents = {
        "html": b"<html><body><form action=x></form></body></html>",
        "htm": b"<html></html>",
        "pdf": b"%PDF-1.4 x",
    }
    content = contents.get(name.rpartition(".")[2], b"x")
    if name.endswith(".zip"):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for member in members:
                archive.writestr(member, b"MZ")
        content = packed.getvalue()
    made.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
