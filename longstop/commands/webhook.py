"""`longstop webhook`: URLs that the console tells of events."""

from typing import Annotated, Any

import typer

from longstop import show
from longstop.commands.options import DataDir, Json, id_of
from longstop.where import answer_of, client, endpoints

app = typer.Typer(help="URLs that are told of events.", no_args_is_help=True)

COLUMNS = ("id", "url", "events", "delivered", "last", "waiting", "given up", "trouble")

HookId = Annotated[str, typer.Argument(metavar="ID", help="The webhook's id.")]


@app.command()
def add(
    url: Annotated[str, typer.Argument(help="Where to; without user and password.")],
    kind: Annotated[
        list[str] | None,
        typer.Option(help="Only this event, such as verdict.issued; may be given again. None: all events."),
    ] = None,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """Tell a URL what happens from now on. The secret that signs it is printed this once."""
    with client(endpoints(data).console, data) as api:
        made = answer_of(api.post("/v1/webhooks", json={"url": url, "kinds": kind or []})).json()
    if as_json:
        show.json_line(made)
        return
    show.out.print(made["secret"], markup=False)
    show.say(f"webhook {made['id']}; the secret is told this once: docs/api.md shows how it is checked")


@app.command("list")
def list_webhooks(data: DataDir = None, as_json: Json = False) -> None:
    """List webhooks, and how it goes."""
    with client(endpoints(data).console, data) as api:
        found = answer_of(api.get("/v1/webhooks")).json()["items"]
    if as_json:
        for hook in found:
            show.json_line(hook)
        return
    show.out.print(show.table("", COLUMNS, map(_row, found)))


@app.command()
def remove(hook: HookId, data: DataDir = None) -> None:
    """Tell a URL nothing any more, not even what waits."""
    with client(endpoints(data).console, data) as api:
        answer_of(api.delete(f"/v1/webhooks/{id_of('webhook', hook)}"))


@app.command()
def replay(hook: HookId, data: DataDir = None, as_json: Json = False) -> None:
    """Send again what was given up."""
    with client(endpoints(data).console, data) as api:
        answer = answer_of(api.post(f"/v1/webhooks/{id_of('webhook', hook)}/again")).json()
    if as_json:
        show.json_line(answer)
        return
    show.say(f"sent again: {answer['deliveries']}")


def _row(hook: dict[str, Any]) -> tuple[object, ...]:
    last = (hook["delivered_at"] or "never")[:16]
    names = ", ".join(hook["kinds"]) or "all"
    return (hook["id"], hook["url"], names, hook["delivered"], last, hook["waiting"], hook["dead"], hook["note"])
