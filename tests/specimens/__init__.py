"""Mails written for tests of the local analyser, as short tables: `honest.toml`, `phish.toml`, `junk.toml`, and `blind_` of each.

A mail has `from`, `subject`, `text` or `html` or both, `auth` (a word of `RESULTS`, what a gateway writes, or nothing), `link` (an HTML part
of the text with this link), `headers`, and `files`, each a table of `name`, `type`, `cid` (inline) and one content: `text`, `hex` at
`offset`, `members` of a zip (`locked` marks them as encrypted), or `qr`, the text of a QR code. `attach` names files without content.
"""

import html
import io
import tomllib
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import parseaddr
from functools import cached_property
from pathlib import Path
from typing import Any

import zxingcpp
from PIL import Image

HERE = Path(__file__).parent

#: What the own gateway recorded, by the word of the table.
RESULTS = {
    "pass": "spf=pass smtp.mailfrom={domain}; dkim=pass header.d={domain}; dmarc=pass header.from={domain}",
    "none": "spf=none smtp.mailfrom={domain}; dkim=none; dmarc=none header.from={domain}",
    "fail": "spf=fail smtp.mailfrom={domain}; dkim=none; dmarc=fail header.from={domain}",
}


@dataclass(frozen=True)
class Written:
    """One mail of a table."""

    name: str
    _row: dict[str, Any]

    @cached_property
    def raw(self) -> bytes:
        """The mail; made when somebody looks, not whenever tests are collected."""
        return _raw(self._row)

    @cached_property
    def bare(self) -> bytes:
        """The same from a gateway that records nothing."""
        return _raw(self._row | {"auth": ""})


def written(table: str) -> list[Written]:
    """All mails of a table."""
    source = tomllib.loads((HERE / f"{table}.toml").read_text(encoding="utf-8"))
    return [Written(name, one) for name, one in source.items()]


def _raw(one: dict[str, Any]) -> bytes:
    made = EmailMessage()
    domain = parseaddr(one["from"])[1].rpartition("@")[2]
    auth = one.get("auth", "pass")
    if results := RESULTS.get(auth, auth):
        made["Authentication-Results"] = "mx.example.org; " + results.format(domain=domain)
    made["From"] = one["from"]
    made["To"] = "Ana Lind <ana@example.org>"
    made["Subject"] = one["subject"]
    made["Date"] = "Tue, 04 Mar 2025 10:00:00 +0000"
    for name, value in one.get("headers", {}).items():
        made[name] = value
    _write(made, one)
    for name in one.get("attach", ()):
        _attach(made, name, one.get("members", ()))
    for file in one.get("files", ()):
        _add(made, file)
    return made.as_bytes()


def _write(made: EmailMessage, one: dict[str, Any]) -> None:
    page = one.get("html") or (_page(one["text"], one["link"]) if "link" in one else "")
    if "text" in one:
        made.set_content(one["text"])
        if page:
            made.add_alternative(page, subtype="html")
    else:
        made.set_content(page, subtype="html")


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


def _add(made: EmailMessage, file: dict[str, Any]) -> None:
    maintype, _, subtype = file.get("type", "application/octet-stream").partition("/")
    cid = f"<{file['cid']}>" if "cid" in file else None
    shown = "inline" if cid else "attachment"
    if "qr" in file and "type" not in file:
        maintype, subtype = "image", "png"
    made.add_attachment(
        _content(file), maintype=maintype, subtype=subtype, filename=file["name"], disposition=shown, cid=cid
    )


def _content(file: dict[str, Any]) -> bytes:
    if "members" in file:
        return _zipped(file["members"], locked=file.get("locked", False))
    if "qr" in file:
        return _code(file["qr"])
    if "hex" in file:
        return (bytes(file.get("offset", 0)) + bytes.fromhex(file["hex"])).ljust(2048, b"\0")
    return str(file["text"]).encode()


def _zipped(members: dict[str, str], *, locked: bool) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    content = packed.getvalue()
    if locked:  # bit 0 of the general purpose flags, local and central (APPNOTE.TXT 4.4.4)
        content = content.replace(b"PK\3\4\x14\0\0\0", b"PK\3\4\x14\0\1\0").replace(
            b"PK\1\2\x14\3\x14\0\0\0", b"PK\1\2\x14\3\x14\0\1\0"
        )
    return content


def _code(text: str) -> bytes:
    made = io.BytesIO()
    code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode)
    Image.fromarray(zxingcpp.write_barcode_to_image(code, scale=4, add_quiet_zones=True)).save(made, "PNG")
    return made.getvalue()
