"""`longstop digest`: a recipient's digest, now."""

from typing import Annotated

import typer

from longstop import show
from longstop.commands.options import DataDir, Json
from longstop.where import answer_of, client, endpoints
from shared.plural import counted

app = typer.Typer(help="Quarantine digests.", no_args_is_help=True)

Recipient = Annotated[str, typer.Option(help="The recipient's address.")]


@app.command()
def send(recipient: Recipient, data: DataDir = None, as_json: Json = False) -> None:
    """Send a digest now, of what was not told yet."""
    with client(endpoints(data).digest, data) as api:
        sent = answer_of(api.post("/v1/digests", json={"recipient": recipient})).json()
    if as_json:
        show.json_line(sent)
        return
    show.out.print(
        counted(sent.get("item_count", 0), "mail"),
        show.safe(sent.get("path") or sent.get("message_id") or "", 300),
        markup=False,
    )


@app.command()
def preview(recipient: Recipient, data: DataDir = None) -> None:
    """Print the HTML of the digest that would be sent."""
    with client(endpoints(data).digest, data) as api:
        typer.echo(answer_of(api.get("/v1/digests/preview", params={"recipient": recipient})).text)
