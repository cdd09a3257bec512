"""`longstop operator`: the console's own accounts, for who has no identity provider."""

from typing import Annotated
from urllib.parse import quote

import typer

from longstop import show
from longstop.commands.options import DataDir, Json, Role
from longstop.where import answer_of, client, endpoints

app = typer.Typer(help="Accounts of the console.", no_args_is_help=True)

COLUMNS = ("name", "role", "created", "by", "password set")

Name = Annotated[str, typer.Argument(help="The account's name.")]


@app.command("list")
def list_operators(data: DataDir = None, as_json: Json = False) -> None:
    """List accounts."""
    with client(endpoints(data).console, data) as api:
        found = answer_of(api.get("/v1/operators")).json()["items"]
    if as_json:
        for one in found:
            show.json_line(one)
        return
    rows = (
        [one["name"], one["role"], one["created_at"][:10], one["created_by"], one["changed_at"][:16]] for one in found
    )
    show.out.print(show.table("", COLUMNS, rows))


@app.command()
def add(
    name: Name,
    role: Annotated[Role, typer.Option(help="What they may do.")] = Role.ANALYST,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """Make an account; its password is printed this once."""
    with client(endpoints(data).console, data) as api:
        _told(answer_of(api.post("/v1/operators", json={"name": name, "role": role})).json(), as_json=as_json)


@app.command()
def reset(name: Name, data: DataDir = None, as_json: Json = False) -> None:
    """Give an account a new password. Printed this once; its sessions end."""
    with client(endpoints(data).console, data) as api:
        _told(answer_of(api.post(f"/v1/operators/{quote(name, safe='')}/reset")).json(), as_json=as_json)


@app.command()
def role(
    name: Name, new: Annotated[Role, typer.Argument(help="What they may do from now on.")], data: DataDir = None
) -> None:
    """Give an account another role; its sessions end."""
    with client(endpoints(data).console, data) as api:
        answer_of(api.patch(f"/v1/operators/{quote(name, safe='')}", json={"role": new}))


@app.command()
def remove(name: Name, data: DataDir = None) -> None:
    """Take an account away; its sessions end."""
    with client(endpoints(data).console, data) as api:
        answer_of(api.delete(f"/v1/operators/{quote(name, safe='')}"))


def _told(made: dict[str, str], *, as_json: bool) -> None:
    if as_json:
        show.json_line(made)
        return
    show.out.print(made["password"], markup=False)
    show.say(f"the password of {made['name']}; it is told this once")
