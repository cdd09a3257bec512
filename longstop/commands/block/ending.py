"""Removing entries, undoing it, what stood before, and giving back what was stopped."""

from typing import Annotated, Any

import typer

from longstop import show
from longstop.commands.block.api import BY, COLUMNS, PATIENCE_S, BlockId, api_of, app, row_of
from longstop.commands.options import DataDir, Json
from longstop.where import answer_of
from shared.plural import counted


@app.command()
def remove(
    value: Annotated[str, typer.Argument(help="The entry's id, or its value.")],
    deliver: Annotated[
        bool, typer.Option("--deliver", help="Deliver the mails that it stopped and of which a copy is kept.")
    ] = False,
    data: DataDir = None,
) -> None:
    """Remove an entry; it works no more from the next mail on."""
    with api_of(data) as api:
        response = api.delete(f"/v1/blocks/{value}", params=BY) if "/" not in value else None
        if response is None or response.status_code == 404:
            response = api.delete("/v1/blocks", params={"value": value, **BY})
        removed = answer_of(response).json()["removed"]
        show.say(f"removed: {', '.join(removed)}")
        for block_id in removed if deliver else ():
            _deliver(api, block_id)


@app.command("deliver")
def deliver_victims(block_id: BlockId, data: DataDir = None) -> None:
    """Deliver what an entry that was removed had stopped. What another entry stops stays where it is."""
    with api_of(data) as api:
        _deliver(api, block_id)


@app.command()
def victims(block_id: BlockId, data: DataDir = None, as_json: Json = False) -> None:
    """List the mails that an entry stopped and of which a copy is kept."""
    with api_of(data) as api:
        found = answer_of(api.get(f"/v1/blocks/{block_id}/victims")).json()["victims"]
    if as_json:
        for one in found:
            show.json_line(one)
        return
    rows = (
        (one["kept_at"], one["sender"], ", ".join(one["recipients"]), one["size_bytes"], one["outcome"])
        for one in found
    )
    show.out.print(show.table("", ("kept", "sender", "recipients", "bytes", "outcome"), rows))


@app.command()
def history(
    value: Annotated[str, typer.Argument(help="A value, or an entry's id.")],
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """List every entry that stood or stands of a value. Who made it, who ended it, what it stopped."""
    with api_of(data) as api:
        entries = answer_of(api.get("/v1/history", params={"value": value})).json()["entries"]
    if as_json:
        for entry in entries:
            show.json_line(entry)
        return
    columns = ("id", "action", "kind", "value", "scope", "status", "made", "by", "ended", "ended by", "hits")
    show.out.print(show.table("", columns, (_past(entry) for entry in entries)))


@app.command()
def undo(block_id: BlockId, data: DataDir = None, as_json: Json = False) -> None:
    """Take the last change of an entry back. One that works is removed, one that ended stands again."""
    with api_of(data) as api:
        entry = answer_of(api.post(f"/v1/blocks/{block_id}/undo", params=BY)).json()
    show.json_line(entry) if as_json else show.out.print(show.table("", COLUMNS, [row_of(entry)]))


def _deliver(api: Any, block_id: str) -> None:
    """Deliver in steps until nothing is left."""
    counts = {"delivered": 0, "stopped_by_others": 0, "gone": 0}
    left = 1
    while left:
        told = answer_of(api.post(f"/v1/blocks/{block_id}/deliver", params=BY, timeout=PATIENCE_S)).json()
        left = told.pop("left")
        counts = {name: count + told[name] for name, count in counts.items()}
        show.say(f"{block_id}: {counted(counts['delivered'], 'mail')} on the way to the recipients, {left} left")
    for name, words in (("stopped_by_others", "stopped by other entries"), ("gone", "kept no more")):
        if counts[name]:
            show.say(f"{block_id}: {counted(counts[name], 'mail')} {words}")


def _past(entry: dict[str, Any]) -> tuple[object, ...]:
    fields = ("block_id", "action", "kind", "value", "scope", "status", "created_at")
    ended = (entry["ended_at"] or "", entry["ended_by"], entry["hit_count"])
    return (*(entry[name] for name in fields), entry["origin"]["by"], *ended)
