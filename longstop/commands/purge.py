"""`longstop purge`: mails out of mailboxes by an approved plan, and back."""

import getpass
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from longstop import show
from longstop.commands.options import DataDir, Json
from longstop.where import answer_of, client, endpoints
from shared.apart import read_mail_apart
from shared.errors import LongstopError

app = typer.Typer(help="Mails out of mailboxes, and back.", no_args_is_help=True)

COLUMNS = ("purge", "asked", "status", "outcome", "by", "approved by", "from", "subject", "why")
BOX_COLUMNS = ("mailbox", "found", "unlike", "moved", "restored", "result", "folders", "why")

#: What stands in the place of an outcome that was undone.
UNDONE = {"restoring": "being restored", "partly": "partly restored", "restored": "restored"}

PurgeId = Annotated[
    str, typer.Argument(metavar="PURGE", help="The purge's id, or as much of its beginning as is needed.")
]
By = Annotated[str, typer.Option(help="Who does it.", envvar="USER", show_default=False)]
Mailboxes = Annotated[list[str] | None, typer.Option("--mailbox", help="Only this one; may be given again.")]
Wait = Annotated[float, typer.Option(min=0, help="Wait so many seconds for it to be done.")]

#: How often is looked whether a purge goes on, in seconds.
LOOK_S = 0.1


@app.command()
def plan(
    like: Annotated[
        Path | None, typer.Option(help="A mail as a file: mails like it.", exists=True, dir_okay=False)
    ] = None,
    mail: Annotated[str, typer.Option(help="SHA-256 of a reported or held mail: mails like it.")] = "",
    message_id: Annotated[str, typer.Option(help="Message-ID, without angle brackets.")] = "",
    sender: Annotated[str, typer.Option("--from", help="The address in From.")] = "",
    subject: Annotated[str, typer.Option(help="The whole subject.")] = "",
    since: Annotated[str, typer.Option(help="Delivered then or later (RFC 3339).")] = "",
    until: Annotated[str, typer.Option(help="Delivered before (RFC 3339).")] = "",
    mailbox: Mailboxes = None,
    case: Annotated[str, typer.Option(help="The id of the case that it belongs to.")] = "",
    reason: Annotated[str, typer.Option(help="Why.")] = "",
    force: Annotated[bool, typer.Option("--force", help="Though the sender is of an own domain.")] = False,
    tell: Annotated[bool, typer.Option("--tell", help="Tell the users whose mailboxes are changed, by mail.")] = False,
    wait: Wait = 60,
    by: By = "",
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """Look for mails in mailboxes, and show what a purge would move. Nothing is changed."""
    given = {"message_id": message_id, "from_address": sender, "subject": subject, "since": since, "until": until}
    match = {**(_facts(like) if like else {}), **{name: value for name, value in given.items() if value}}
    body = {
        "match": match,
        "mail": mail,
        "mailboxes": mailbox or [],
        "case_id": case,
        "reason": reason,
        "force": force,
        "tell_users": tell,
        "by": by or getpass.getuser(),
    }
    with _api(data) as api:
        purge_id = answer_of(api.post("/v1/purges", json=body)).json()["purge_id"]
    _show(_waited(purge_id, ("planning",), wait, data), as_json=as_json)


@app.command()
def run(purge_id: PurgeId, wait: Wait = 60, by: By = "", data: DataDir = None, as_json: Json = False) -> None:
    """Act on the plan that is shown now. Above a number of mailboxes somebody else than who asked must do this."""
    _approve(purge_id, wait, by, data, as_json=as_json)


@app.command()
def approve(purge_id: PurgeId, wait: Wait = 60, by: By = "", data: DataDir = None, as_json: Json = False) -> None:
    """Stand for somebody else's plan: it is acted on."""
    _approve(purge_id, wait, by, data, as_json=as_json)


@app.command()
def anew(purge_id: PurgeId, wait: Wait = 60, data: DataDir = None, as_json: Json = False) -> None:
    """Throw a plan away and make another. It is too old, or mailboxes could not be looked at."""
    _post(purge_id, "plan", {}, data)
    _show(_waited(purge_id, ("planning",), wait, data), as_json=as_json)


@app.command()
def withdraw(purge_id: PurgeId, by: By = "", data: DataDir = None) -> None:
    """End a purge that has moved nothing yet."""
    _post(purge_id, "withdrawal", {"by": by or getpass.getuser()}, data)


@app.command()
def restore(
    purge_id: PurgeId,
    mailbox: Mailboxes = None,
    reason: Annotated[str, typer.Option(help="Why.")] = "",
    wait: Wait = 60,
    by: By = "",
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """Put mails back where they were. With flags and dates; what their users did meanwhile stays done."""
    body = {"mailboxes": mailbox or [], "reason": reason, "by": by or getpass.getuser()}
    _post(purge_id, "restore", body, data)
    _show(_waited(purge_id, (), wait, data), as_json=as_json)


@app.command("show")
def show_purge(purge_id: PurgeId, data: DataDir = None, as_json: Json = False) -> None:
    """Show a purge: what it would move, or moved, in each mailbox."""
    _show(_get(purge_id, data), as_json=as_json)


@app.command("list")
def list_purges(
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="At most so many, the newest first.")] = 50,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """List purges."""
    with _api(data) as api:
        found = answer_of(api.get("/v1/purges", params={"limit": limit})).json()["purges"]
    if as_json:
        for purge in found:
            show.json_line(purge)
        return
    show.out.print(show.table("", COLUMNS, map(_row, found)))


def _approve(purge_id: str, wait: float, by: str, data: Path | None, *, as_json: bool) -> None:
    number = _get(purge_id, data)["plan"]
    _post(purge_id, "approval", {"by": by or getpass.getuser(), "plan": number}, data)
    _show(_waited(purge_id, ("running",), wait, data), as_json=as_json)


def _facts(path: Path) -> dict[str, str]:
    """What a mail is looked for by."""
    mail = read_mail_apart(path.read_bytes())
    return {
        "message_id": mail.message_id,
        "from_address": mail.from_.address,
        "subject": mail.subject,
        "body_hash": mail.body_hash,
        "sketch": mail.sketch,
    }


def _waited(purge_id: str, under_way: Iterable[str], wait: float, data: Path | None) -> dict[str, Any]:
    """The purge, when it is no longer under way, or when the time is over."""
    deadline = time.monotonic() + wait
    while True:
        purge: dict[str, Any] = _get(purge_id, data)
        busy = purge["status"] in under_way or not all(one["finished_at"] for one in purge["restores"])
        if not busy:
            return purge
        if time.monotonic() > deadline:
            show.say("it goes on: `longstop purge show` tells how far it is")
            return purge
        time.sleep(LOOK_S)


def _show(purge: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        show.json_line(purge)
        return
    show.out.print(show.table("", COLUMNS, [_row(purge)]))
    boxes = [box for box in purge["mailboxes"] if box["found"] or box["unlike"] or box["result"]]
    show.out.print(show.table("", BOX_COLUMNS, map(_box_row, boxes)))
    if purge["status"] == "planned":
        who = "somebody else than who asked runs" if purge["needs_second"] else "run"
        show.say(f"nothing is changed yet: {who} `longstop purge run {purge['purge_id'][:8]}`")


def _row(purge: dict[str, Any]) -> tuple[object, ...]:
    match = purge["match"]
    return (
        purge["purge_id"][:8],
        purge["requested_at"][:16],
        purge["status"],
        UNDONE.get(purge["undone"], purge["outcome"]),
        purge["by"],
        purge["approved_by"],
        match.get("from_address", ""),
        match.get("subject", ""),
        purge["why"] or purge["reason"],
    )


def _box_row(box: dict[str, Any]) -> tuple[object, ...]:
    folders = ", ".join(dict.fromkeys(mail["folder"] for mail in box["mails"]))
    names = ("mailbox", "found", "unlike", "moved", "restored", "result")
    return (*(box[name] for name in names), folders, box["reason"])


def _get(purge_id: str, data: Path | None) -> Any:
    with _api(data) as api:
        return answer_of(api.get(f"/v1/purges/{purge_id}")).json()


def _post(purge_id: str, verb: str, body: dict[str, Any], data: Path | None) -> None:
    with _api(data) as api:
        answer_of(api.post(f"/v1/purges/{purge_id}/{verb}", json=body))


def _api(data: Path | None) -> Any:
    found = endpoints(data)
    if not found.mailboxes:
        raise LongstopError("the service of mailboxes does not run here")
    return client(found.mailboxes, data)
