"""`longstop quarantine`: held mail, through digest's API."""

import getpass
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from longstop import show
from longstop.commands.options import DataDir, Json
from longstop.paging import rows_of
from longstop.times import moment_of
from longstop.where import answer_of, client, endpoints
from shared.errors import LongstopError

app = typer.Typer(help="Held mail.", no_args_is_help=True)

COLUMNS = ("mail", "held", "reason", "status", "due", "recipient", "from", "subject")

HeldId = Annotated[str, typer.Argument(metavar="MAIL", help="The mail's id, or as much of its beginning as is needed.")]
For = Annotated[list[str] | None, typer.Option("--recipient", help="Whose copy; may be given again.")]
All = Annotated[bool, typer.Option("--all", help="Every recipient's copy.")]
By = Annotated[str, typer.Option(help="Who does it.", envvar="USER", show_default=False)]
Comment = Annotated[str, typer.Option(help="Words to the recipient.")]

#: What is said of a copy when the quarantine has taken the wish.
DONE = {
    "release": "on its way, unless the gateway refuses it: `longstop quarantine show` tells",
    "deny": "denied",
    "delete": "deleted",
    "submit": "is analysed: `longstop quarantine show` tells the verdict",
}

#: Rows of one request.
PAGE = 500


@app.command("list")
def list_held(
    recipient: Annotated[str, typer.Option(help="Only this address's.")] = "",
    sender: Annotated[str, typer.Option(help="Only from this address or domain.")] = "",
    subject: Annotated[str, typer.Option(help="Only with these words, or words that begin so, in the subject.")] = "",
    text: Annotated[str, typer.Option(help="Only with these words in subject, sender, files, links or ids.")] = "",
    reason: Annotated[
        str, typer.Option(help="malware, phishing_high, phishing, spam, bulk, policy, blocked_sender")
    ] = "",
    status: Annotated[str, typer.Option(help="held, release_requested, released, denied, deleted, expired")] = "",
    since: Annotated[str, typer.Option(help="Held at this time (RFC 3339, or 10m, 2h, 1d ago) or later.")] = "",
    until: Annotated[str, typer.Option(help="Held before this time (RFC 3339, or 10m, 2h, 1d ago).")] = "",
    overdue: Annotated[bool, typer.Option("--overdue", help="Only requests that should be answered by now.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="At most so many, the newest first.")] = 50,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """List copies of held mails."""
    given = {
        "recipient": recipient, "sender": sender, "subject": subject, "text": text, "reason": reason, "status": status,
        "since": _time(since), "until": _time(until), "overdue": "true" if overdue else "",
    }  # fmt: skip
    found = islice(_copies({name: value for name, value in given.items() if value}, min(limit, PAGE), data), limit)
    if as_json:
        for copy in found:
            show.json_line(copy)
        return
    show.out.print(show.table("", COLUMNS, map(_row, found)))


@app.command("show")
def show_mail(
    held_id: HeldId,
    save: Annotated[
        Path | None, typer.Option(help="Write the mail, as it came, into this new file.", dir_okay=False)
    ] = None,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """Show a held mail. Its facts, the newest verdict, and where each copy stands."""
    whole = _whole(held_id, data)
    with _api(data) as api:
        mail = answer_of(api.get(f"/v1/quarantine/{whole}")).json()
        if save:
            _write_new(save, answer_of(api.get(f"/v1/quarantine/{whole}/raw")).content)
    if as_json:
        show.json_line(mail)
        return
    for name in ("held_id", "from_name", "from_address", "mail_from", "subject", "message_id", "client_ip", "held_at"):
        show.out.print(f"{name.replace('_', ' '):>13}  {show.safe(mail[name], 200)}", markup=False)
    verdict = mail["verdict"]
    words = f"{verdict['category']}, {verdict['at']}" if verdict else "none yet"
    show.out.print(f"{'verdict':>13}  {show.safe(words)}", markup=False)
    for copy in mail["copies"]:
        words = f"{copy['recipient']}: {copy['status']}, may {', '.join(copy['permissions']) or 'do nothing'}"
        show.out.print(f"{'copy':>13}  {show.safe(words, 400)}", markup=False)
        for name in ("comment", "answer", "failure"):
            if copy[name]:
                show.out.print(f"{name:>13}  {show.safe(copy[name], 400)}", markup=False)


@app.command()
def release(
    held_id: HeldId,
    recipient: For = None,
    everybody: All = False,
    comment: Comment = "",
    override: Annotated[
        bool, typer.Option("--override", help="Though the mail is known to be malware or phishing.")
    ] = False,
    by: By = "",
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """Release copies: they are delivered as they came."""
    _act("release", held_id, recipient, everybody, {"comment": comment, "override": override}, by, data, as_json)


@app.command()
def deny(
    held_id: HeldId,
    recipient: For = None,
    everybody: All = False,
    comment: Comment = "",
    by: By = "",
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """Deny release; who asked is told so by mail."""
    _act("deny", held_id, recipient, everybody, {"comment": comment}, by, data, as_json)


@app.command()
def delete(
    held_id: HeldId,
    recipient: For = None,
    everybody: All = False,
    by: By = "",
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """Delete copies."""
    _act("delete", held_id, recipient, everybody, {}, by, data, as_json)


@app.command()
def submit(held_id: HeldId, comment: Comment = "", by: By = "", data: DataDir = None, as_json: Json = False) -> None:
    """Have a mail analysed with what is known today."""
    with _api(data) as api:
        mail = answer_of(api.get(f"/v1/quarantine/{_whole(held_id, data)}")).json()
    first = [copy["recipient"] for copy in mail["copies"][:1]]
    _act("submit", mail["held_id"], first, False, {"comment": comment}, by, data, as_json)


def _act(
    wanted: str, held_id: str, recipients: list[str] | None, everybody: bool, how: dict[str, Any], by: str, data: Path | None, as_json: bool
) -> None:  # fmt: skip
    """Do one thing to some copies; what could not be done is told, and ends with exit code 1."""
    whole = _whole(held_id, data)
    refused = []
    with _api(data) as api:
        for recipient in recipients or _every(api, whole, everybody):
            path = f"/v1/quarantine/{whole}/{quote(recipient, safe='@')}/{wanted}"
            try:
                done = answer_of(api.post(path, json={**how, "by": by or getpass.getuser()})).json()
            except LongstopError as error:
                refused.append(f"{recipient}: {error}")
                continue
            show.json_line(done) if as_json else show.say(f"{recipient}: {DONE[wanted]}")
    if refused:
        raise LongstopError("; ".join(refused))


def _every(api: Any, held_id: str, everybody: bool) -> list[str]:
    """The recipients that are meant when none is named.

    Raises:
        ValueError: there are several, and it was not said that all are meant.
    """
    copies = answer_of(api.get(f"/v1/quarantine/{held_id}")).json()["copies"]
    recipients = [copy["recipient"] for copy in copies]
    if len(recipients) > 1 and not everybody:
        raise ValueError(f"this mail has {len(recipients)} recipients: say --recipient ADDRESS, or --all")
    return recipients


def _whole(beginning: str, data: Path | None) -> str:
    """The id that begins so.

    Raises:
        ValueError: none does, or several do.
    """
    if len(beginning) >= 36:
        return beginning
    found = {copy["held_id"] for copy in islice(_copies({"id": beginning}, PAGE, data), PAGE)}
    if len(found) != 1:
        raise ValueError(
            f"{len(found) or 'no'} held mails begin with {beginning}: `longstop quarantine list` shows them"
        )
    return str(found.pop())


def _copies(asked: dict[str, str], page: int, data: Path | None) -> Iterator[dict[str, Any]]:
    """All copies that fit, the newest first."""
    with _api(data) as api:
        yield from rows_of(api, "/v1/quarantine", query=asked, limit=page, rows="quarantine", place="after")


def _time(given: str) -> str:
    return moment_of(given, datetime.now(UTC)).isoformat() if given else ""


def _row(copy: dict[str, Any]) -> tuple[object, ...]:
    return (
        copy["held_id"][:8],
        copy["held_at"][:16],
        copy["reason"],
        "releasing" if copy["release_at"] else copy["status"],
        (copy["due_at"] or "")[:16],
        copy["recipient"],
        copy["from_address"] or copy["mail_from"],
        copy["subject"],
    )


def _write_new(path: Path, raw: bytes) -> None:
    """A file that only its owner reads, and that was not there: a held mail is not for everybody."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(raw)


def _api(data: Path | None) -> Any:
    return client(endpoints(data).digest, data)
