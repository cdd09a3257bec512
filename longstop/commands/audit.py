"""`longstop audit`: who did what, and whether nobody changed what is written of it."""

from typing import Annotated, Any

import typer

from longstop import show
from longstop.commands.options import DataDir, Json
from longstop.where import answer_of, client, endpoints
from shared.plural import counted

app = typer.Typer(help="Who did what.", no_args_is_help=True)

COLUMNS = ("number", "time", "who", "from", "act", "about", "detail")

#: Entries of one request.
PAGE = 500


@app.command("list")
def list_entries(
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most so many, the newest first.")] = 50,
    name: Annotated[str, typer.Option(help="Only what this person did.")] = "",
    about: Annotated[str, typer.Option(help="Only about this case, entry or mail, by id.")] = "",
    act: Annotated[str, typer.Option(help="Only this act, such as body.looked.")] = "",
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """List entries, the newest first."""
    found: list[dict[str, Any]] = []
    before = ""
    with client(endpoints(data).console, data) as api:
        while len(found) < limit:
            wanted: dict[str, Any] = {"limit": min(PAGE, limit - len(found)), "name": name, "about": about, "act": act}
            page = answer_of(api.get("/v1/audit", params={**wanted, **({"before": before} if before else {})})).json()
            found += page["items"]
            before = page["next"]
            if not before:
                break
    if as_json:
        for entry in found:
            show.json_line(entry)
        return
    show.out.print(show.table("", COLUMNS, map(_row, found)))


@app.command()
def verify(
    head: Annotated[str, typer.Option(help="A hash that was noted earlier: it must still be in the chain.")] = "",
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """Tell whether an entry was changed, taken out or put in. Exit 1 when one was."""
    with client(endpoints(data).console, data) as api:
        proof = answer_of(api.get("/v1/audit/verify", params={"head": head} if head else {})).json()
    if as_json:
        show.json_line(proof)
    elif proof["broken_at"]:
        show.say(f"entry {proof['broken_at']} is not what was written: the {proof['broken_at'] - 1} before it are")
    elif not proof["has_noted"]:
        show.say("the noted hash is not in the chain: entries were taken off its end, or all was written anew")
    else:
        show.out.print(
            f"whole: {counted(proof['entries'], 'entry', 'entries')} as written; head {proof['head']}", markup=False
        )
    if not proof["is_whole"]:
        raise typer.Exit(1)


def _row(entry: dict[str, Any]) -> tuple[object, ...]:
    detail = ", ".join(f"{name}: {value}" for name, value in entry["detail"].items())
    return entry["seq"], entry["at"][:19], entry["name"], entry["address"], entry["act"], entry["about"], detail
