"""`longstop token`: API tokens of the console."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from longstop import show
from longstop.commands.options import DataDir, Json, Role, id_of
from longstop.where import answer_of, client, endpoints

app = typer.Typer(help="API tokens.", no_args_is_help=True)

COLUMNS = ("id", "name", "role", "kinds", "created", "by", "expires", "last used", "state")


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="What it is for, such as ci or siem.")],
    role: Annotated[Role, typer.Option(help="What it may do.")] = Role.VIEWER,
    kind: Annotated[
        list[str] | None,
        typer.Option(help="Only for this: read, or an area such as blocks or quarantine; may be given again."),
    ] = None,
    expires: Annotated[str, typer.Option(help="30d, 12h, a time (RFC 3339), or never.")] = "90d",
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """Make a token; it is printed this once and kept nowhere."""
    ends = expiry(expires, datetime.now(UTC))
    body = {"name": name, "role": role, "kinds": kind or [], "expires_at": ends.isoformat() if ends else None}
    with client(endpoints(data).console, data) as api:
        made = answer_of(api.post("/v1/tokens", json=body)).json()
    if as_json:
        show.json_line(made)
        return
    show.out.print(made["token"], markup=False)
    show.say(f"token {made['id']}, {made['role']}, ends {made['expires_at'] or 'never'}; it is told this once")


@app.command("list")
def list_tokens(data: DataDir = None, as_json: Json = False) -> None:
    """List tokens, revoked ones, too."""
    with client(endpoints(data).console, data) as api:
        found = answer_of(api.get("/v1/tokens")).json()["items"]
    if as_json:
        for token in found:
            show.json_line(token)
        return
    show.out.print(show.table("", COLUMNS, map(_row, found)))


@app.command()
def revoke(
    token: Annotated[str, typer.Argument(metavar="ID", help="The token's id.")],
    data: DataDir = None,
) -> None:
    """End a token now."""
    with client(endpoints(data).console, data) as api:
        answer_of(api.delete(f"/v1/tokens/{id_of('token', token)}"))


def expiry(text: str, at: datetime) -> datetime | None:
    """When something ends that is to last so long.

    Raises:
        typer.BadParameter: it is no time.
    """
    if text == "never":
        return None
    if lasting := re.fullmatch(r"(\d{1,5})([hd])", text):
        return at + timedelta(**{{"h": "hours", "d": "days"}[lasting[2]]: int(lasting[1])})
    try:
        ends = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            "give 30d, 12h, a time such as 2027-01-31T12:00:00Z, or never", param_hint="--expires"
        ) from None
    return ends if ends.tzinfo else ends.replace(tzinfo=UTC)


def _row(token: dict[str, Any]) -> tuple[object, ...]:
    ended = token["expires_at"] and datetime.fromisoformat(token["expires_at"]) <= datetime.now(UTC)
    return (
        token["id"],
        token["name"],
        token["role"],
        ", ".join(token["kinds"]) or "all",
        token["created_at"][:10],
        token["created_by"],
        (token["expires_at"] or "never")[:10],
        (token["used_at"] or "never")[:16],
        "revoked" if token["revoked_at"] else "expired" if ended else "good",
    )
