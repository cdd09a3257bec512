"""`longstop block`: block and allow entries, through the block list's own API."""

import hashlib
from pathlib import Path
from typing import Annotated, Any

import typer

from longstop import show
from longstop.commands.options import DataDir, Json
from longstop.where import answer_of, client, endpoints
from shared.errors import LongstopError

app = typer.Typer(help="Block and allow entries.", no_args_is_help=True)

COLUMNS = ("id", "action", "kind", "value", "scope", "expires", "by")


@app.command("list")
def list_entries(
    kind: Annotated[str, typer.Option(help="address, domain, url, file or ip")] = "",
    text: Annotated[str, typer.Option("--match", help="Only values with this in them.")] = "",
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """List the entries that work now."""
    query = {name: value for name, value in (("kind", kind), ("q", text)) if value}
    with _api(data) as api:
        entries = answer_of(api.get("/v1/blocks", params={**query, "limit": "1000"})).json()["blocks"]
    if as_json:
        for entry in entries:
            show.json_line(entry)
        return
    show.out.print(show.table("", COLUMNS, (_row(entry) for entry in entries)))


@app.command()
def add(
    value: Annotated[str, typer.Argument(help="An address, domain, URL, SHA-256 or IP address.")],
    kind: Annotated[str, typer.Option(help="address, domain, url, file or ip; told by the value when left out")] = "",
    scope: Annotated[str, typer.Option(help="One recipient's address; everybody when left out.")] = "tenant",
    expires: Annotated[str, typer.Option(help="1d, 7d, 30d, a date, or never.")] = "30d",
    allow: Annotated[bool, typer.Option("--allow", help="Let it through instead of blocking it.")] = False,
    note: Annotated[str, typer.Option(help="Why.")] = "",
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """Add an entry; it works from the next mail on."""
    body: dict[str, Any] = {
        "value": value,
        "action": "allow" if allow else "block",
        "scope": scope,
        "expires": expires,
        "note": note,
        "by": "command line",
    }
    if kind:
        body["kind"] = kind
    with _api(data) as api:
        entry = answer_of(api.post("/v1/blocks", json=body)).json()
    show.json_line(entry) if as_json else show.out.print(show.table("", COLUMNS, [_row(entry)]))


@app.command()
def remove(value: Annotated[str, typer.Argument(help="The entry's id, or its value.")], data: DataDir = None) -> None:
    """Remove an entry; it works no more from the next mail on."""
    with _api(data) as api:
        response = api.delete(f"/v1/blocks/{value}") if "/" not in value else None
        if response is None or response.status_code == 404:
            response = api.delete("/v1/blocks", params={"value": value})
        answer_of(response)


@app.command()
def check(
    sender: Annotated[str, typer.Option("--from", help="The sender's address.")] = "",
    recipient: Annotated[str, typer.Option(help="The recipient's address.")] = "",
    url: Annotated[list[str] | None, typer.Option(help="A URL in the mail; may be given again.")] = None,
    file: Annotated[list[str] | None, typer.Option(help="A file, or its SHA-256; may be given again.")] = None,
    ip: Annotated[str, typer.Option(help="The client's IP address.")] = "",
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """Ask what would happen to a mail, and why. Exit code 0 in any case."""
    body = {
        "from": sender,
        "recipient": recipient,
        "urls": url or [],
        "files": [_sha256(one) for one in file or []],
        "ip": ip,
    }
    with _api(data) as api:
        answer = answer_of(api.post("/v1/check", json={name: value for name, value in body.items() if value})).json()
    if as_json:
        show.json_line(answer)
        return
    show.out.print(show.safe(answer["action"]))
    for reason in answer.get("why", []):
        show.out.print(f"  {show.safe(reason, 300)}", markup=False)


def _sha256(value: str) -> str:
    """A file's hash, or the hash itself."""
    path = Path(value)
    if not path.is_file():
        return value
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _row(entry: dict[str, Any]) -> tuple[object, ...]:
    origin = entry.get("origin") or {}
    return (
        entry.get("block_id", ""),
        entry.get("action", ""),
        entry.get("kind", ""),
        entry.get("value", ""),
        entry.get("scope", ""),
        entry.get("expires_at") or "never",
        origin.get("by", ""),
    )


def _api(data: Path | None) -> Any:
    found = endpoints(data)
    if not found.blocklist:
        raise LongstopError("the block list does not run here")
    return client(found.blocklist, data)
