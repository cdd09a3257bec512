"""`longstop block`: block and allow entries, through the block list's own API."""

import hashlib
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from longstop import show
from longstop.commands.options import DataDir, Json
from longstop.where import answer_of, client, endpoints
from services.blocklist.rules.lists_in import format_of
from shared.errors import LongstopError

app = typer.Typer(help="Block and allow entries.", no_args_is_help=True)

#: Longest wait for a list to be taken in, or for its next piece, in seconds.
IMPORT_S = 900.0

COLUMNS = ("id", "action", "kind", "value", "scope", "expires", "by")


@app.command("list")
def list_entries(
    kind: Annotated[str, typer.Option(help="address, domain, url, file, ip or spoof")] = "",
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
    value: Annotated[
        str, typer.Argument(help="An address, domain, URL, SHA-256 or IP address, or a pair: SENDER,INFRASTRUCTURE.")
    ],
    kind: Annotated[
        str, typer.Option(help="address, domain, url, file, ip or spoof; told by the value when left out")
    ] = "",
    scope: Annotated[
        str, typer.Option(help="One recipient's address, or their domain; everybody when left out.")
    ] = "tenant",
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
    client_name: Annotated[str, typer.Option(help="The client's host name.")] = "",
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
        "client_name": client_name,
    }
    with _api(data) as api:
        answer = answer_of(api.post("/v1/check", json={name: value for name, value in body.items() if value})).json()
    if as_json:
        show.json_line(answer)
        return
    show.out.print(show.safe(answer["action"]))
    for reason in answer.get("why", []):
        show.out.print(f"  {show.safe(reason, 300)}", markup=False)


@app.command()
def preview(
    value: Annotated[
        str, typer.Argument(help="An address, domain, URL, SHA-256 or IP address, or a pair: SENDER,INFRASTRUCTURE.")
    ],
    kind: Annotated[
        str, typer.Option(help="address, domain, url, file, ip or spoof; told by the value when left out")
    ] = "",
    scope: Annotated[
        str, typer.Option(help="One recipient's address, or their domain; everybody when left out.")
    ] = "tenant",
    allow: Annotated[bool, typer.Option("--allow", help="As an allow.")] = False,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """Tell what an entry would have stopped, and whether it would be made. Exit code 0 in any case."""
    body = {"value": value, "action": "allow" if allow else "block", "scope": scope, **({"kind": kind} if kind else {})}
    with _api(data) as api:
        told = answer_of(api.post("/v1/preview", json=body)).json()
    if as_json:
        show.json_line(told)
        return
    lines = [f"{told['kind']} {told['value']}"]
    for whom, accepted, reason in (
        ("people", told["accepted"], told["reason"]),
        ("verdicts", told["accepted_of_verdicts"], told["reason_of_verdicts"]),
    ):
        lines.append(f"  {'taken' if accepted else 'refused'} of {whom}" + (f": {reason}" if reason else ""))
    lines.append(
        f"  {told['mails_passed']} mails that it names passed on {told['days_passed']} of {told['of_days']} days"
    )
    lines += [f"  stands already: {one['action']} for {one['scope']} ({one['block_id']})" for one in told["standing"]]
    for line in lines:
        show.out.print(show.safe(line, 400), markup=False)


@app.command("import")
def import_list(
    path: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The list.")],
    form: Annotated[
        str, typer.Option("--format", help="text, csv, jsonl, stix or misp; told by the name when left out")
    ] = "",
    scope: Annotated[
        str, typer.Option(help="One recipient's address, or their domain; everybody when left out.")
    ] = "tenant",
    expires: Annotated[
        str, typer.Option(help="1d, 7d, 30d, hit+30d, a date, or never; what a line says comes first.")
    ] = "30d",
    allow: Annotated[bool, typer.Option("--allow", help="Let it through instead of blocking it.")] = False,
    note: Annotated[str, typer.Option(help="Why.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only read and check.")] = False,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Leave out the lines that cannot be listed.")] = False,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """Take a list in: all of it or nothing, and each bad line is named."""
    query = {
        "format": form or format_of(path.name),
        "action": "allow" if allow else "block",
        "scope": scope,
        "expires": expires,
        "note": note or path.name,
        "by": "command line",
        "dry_run": str(dry_run).lower(),
        "skip_bad": str(skip_bad).lower(),
    }
    with _api(data) as api, show.reading(path, f"Reading {path.name}") as pieces:
        response = api.post("/v1/imports", params=query, content=pieces, timeout=IMPORT_S)
    told = response.json()
    for fault in told.get("faults", ()):
        show.say(f"{path.name} line {fault['line']}: {show.safe(fault['reason'], 300)}")
    answer_of(response)
    if as_json:
        show.json_line(told)
    else:
        words = (
            f"{told['lines']} lines are good"
            if dry_run
            else f"{told['made']} entries made, {told['known']} stood already"
        )
        show.say(words + (f", {told['fault_count']} lines left out" if told["fault_count"] else ""))


@app.command("export")
def export_list(
    form: Annotated[str, typer.Option("--format", help="text, csv, jsonl, stix or misp")] = "csv",
    only: Annotated[str, typer.Option(help="Only `block` or only `allow` entries.")] = "",
    data: DataDir = None,
) -> None:
    """Write all entries that work now to standard output."""
    query = {"format": form, **({"action": only} if only else {})}
    with _api(data) as api, api.stream("GET", "/v1/exports", params=query, timeout=IMPORT_S) as response:
        if not response.is_success:
            response.read()
            answer_of(response)
        for piece in response.iter_bytes():
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()


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
