"""Listing, adding, checking and previewing entries."""

import hashlib
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

from longstop import show
from longstop.commands.block.api import COLUMNS, Allow, Kind, Note, Scope, Value, api_of, app, row_of
from longstop.commands.options import DataDir, Json
from longstop.paging import rows_of
from longstop.where import answer_of
from shared.plural import counted


@app.command("list")
def list_entries(
    kind: Annotated[str, typer.Option(help="address, domain, url, file, ip or spoof")] = "",
    text: Annotated[str, typer.Option("--match", help="Only values with this in them.")] = "",
    expiring: Annotated[
        int | None, typer.Option(help="Only those that end within so many days.", metavar="DAYS")
    ] = None,
    unused: Annotated[
        int | None, typer.Option(help="Only older ones that stopped nothing for so many days.", metavar="DAYS")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the newest first.")] = 1_000,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """List the entries that work now; `export` writes all of them."""
    wanted = {"kind": kind or None, "q": text or None, "expiring_days": expiring, "unused_days": unused}
    query = {name: str(value) for name, value in wanted.items() if value is not None}
    with api_of(data) as api:
        entries = list(islice(rows_of(api, "/v1/blocks", query=query, rows="blocks"), limit + 1))
    if as_json:
        for entry in entries[:limit]:
            show.json_line(entry)
    else:
        show.out.print(show.table("", COLUMNS, (row_of(entry) for entry in entries[:limit])))
    if len(entries) > limit:
        show.say(f"there are more: these are the newest {limit}; --limit shows more of them")


@app.command()
def add(
    value: Value,
    kind: Kind = "",
    scope: Scope = "tenant",
    expires: Annotated[str, typer.Option(help="1d, 7d, 30d, hit+30d, a date, or never.")] = "30d",
    allow: Allow = False,
    note: Note = "",
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
    with api_of(data) as api:
        entry = answer_of(api.post("/v1/blocks", json=body)).json()
    show.json_line(entry) if as_json else show.out.print(show.table("", COLUMNS, [row_of(entry)]))


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
    """Ask what would happen to a mail, and why. Exit code 0 whatever it is."""
    if not (sender or url or file or ip or client_name):
        raise typer.BadParameter("say something of the mail: --from, --url, --file, --ip or --client-name")
    body = {
        "from": sender,
        "recipient": recipient,
        "urls": url or [],
        "files": [_sha256(one) for one in file or []],
        "ip": ip,
        "client_name": client_name,
    }
    with api_of(data) as api:
        answer = answer_of(api.post("/v1/check", json={name: value for name, value in body.items() if value})).json()
    if as_json:
        show.json_line(answer)
        return
    show.out.print(show.safe(answer["action"]))
    for reason in answer.get("why", []):
        show.out.print(f"  {show.safe(reason, 300)}", markup=False)


@app.command()
def preview(
    value: Value,
    kind: Kind = "",
    scope: Scope = "tenant",
    allow: Allow = False,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """Tell what an entry would have stopped. And whether it would be made; exit code 0 in any case."""
    body = {"value": value, "action": "allow" if allow else "block", "scope": scope, **({"kind": kind} if kind else {})}
    with api_of(data) as api:
        told = answer_of(api.post("/v1/preview", json=body)).json()
    if as_json:
        show.json_line(told)
        return
    lines = [f"{told['kind']} {told['value']}"]
    for whom, accepted, reason in (
        ("people", told["accepted"], told["reason"]),
        ("verdicts", told["accepted_of_verdicts"], told["reason_of_verdicts"]),
    ):
        lines.append(f"  {whom} {'may' if accepted else 'may not'} make it" + (f": {reason}" if reason else ""))
    passed = counted(told["mails_passed"], "mail")
    lines.append(f"  {passed} that it names passed, on {told['days_passed']} of {told['of_days']} days")
    lines += [f"  stands already: {one['action']} for {one['scope']} ({one['block_id']})" for one in told["standing"]]
    for line in lines:
        show.out.print(show.safe(line, 400), markup=False)


def _sha256(value: str) -> str:
    """A file's hash, or the hash itself."""
    path = Path(value)
    if not path.is_file():
        return value
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
