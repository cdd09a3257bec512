"""`longstop case`: the triage queue, through the console's API."""

import getpass
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from longstop import show
from longstop.commands.options import DataDir, Json
from longstop.paging import rows_of
from longstop.where import answer_of, client, endpoints

app = typer.Typer(help="The triage queue.", no_args_is_help=True)

COLUMNS = ("case", "priority", "reports", "decision", "verdict", "due", "owner", "from", "subject")

CaseId = Annotated[str, typer.Argument(metavar="CASE", help="The case's id, or as much of its beginning as is needed.")]
By = Annotated[str, typer.Option(help="Who does it.", envvar="USER", show_default=False)]

#: Cases that are looked through for the beginning of an id.
LOOK_MAX = 20_000


@app.command("list")
def list_cases(
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many, the newest first.")] = 50,
    owner: Annotated[str, typer.Option(help="Only this owner's; `none`: nobody's.")] = "",
    verdict: Annotated[str, typer.Option(help="Only with this verdict; `none`: without one.")] = "",
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """List cases."""
    found = []
    for case in _cases(data):
        owned = not owner or case["owner"] == ("" if owner == "none" else owner)
        judged = not verdict or case["verdict_category"] == ("" if verdict == "none" else verdict)
        if owned and judged and not case["merged_into"]:
            found.append(case)
        if len(found) == limit:
            break
    if as_json:
        for case in found:
            show.json_line(case)
        return
    show.out.print(show.table("", COLUMNS, map(_row, found)))


@app.command("show")
def show_case(case_id: CaseId, data: DataDir = None, as_json: Json = False) -> None:
    """Show a case. Who reported what, the newest verdict with its reasons, entries, notes and history."""
    story = _get(f"/v1/cases/{_whole(case_id, data)}", data)
    if as_json:
        show.json_line(story)
        return
    case = story["case"]
    show.out.print(show.table("", COLUMNS, [_row(case)]))
    if case.get("recipient_count"):
        spared = f", {case['spared_count']} of them spared" if case["spared_count"] else ""
        show.out.print(f"sent to {case['recipient_count']} people{spared}", markup=False)
    for verdict in story["verdicts"][:1]:
        words = f"{verdict['category']}, {verdict['confidence']:.0%} sure, cause {verdict['cause']}, version {verdict['version']}"
        show.out.print(show.safe(words), markup=False)
        for item in verdict["evidence"]:
            show.out.print(f"  {item['weight']:+g}  {show.safe(item['text'], 300)}", markup=False)
        for words in verdict["recommendations"]:
            show.out.print(f"  > {show.safe(words, 300)}", markup=False)
    for note in case["notes"]:
        show.out.print(
            f"  {show.safe(note['at'])} {show.safe(note['by'])}: {show.safe(note['text'], 1000)}", markup=False
        )
    for line in reversed(story["activity"][:20]):
        show.out.print(f"  {show.safe(line['at'])} {show.safe(line['line'], 200)}", markup=False)


@app.command()
def assign(
    case_id: CaseId,
    owner: Annotated[str, typer.Argument(help="Who looks after it; `none`: nobody.")],
    by: By = "",
    data: DataDir = None,
) -> None:
    """Give a case to somebody."""
    _edit(case_id, {"owner": "" if owner == "none" else owner}, by, data)


@app.command()
def note(
    case_id: CaseId, text: Annotated[str, typer.Argument(help="The note.")], by: By = "", data: DataDir = None
) -> None:
    """Note something."""
    _edit(case_id, {"note": text}, by, data)


@app.command()
def tag(
    case_id: CaseId,
    add: Annotated[list[str] | None, typer.Option(help="A tag; may be given again.")] = None,
    remove: Annotated[list[str] | None, typer.Option(help="A tag; may be given again.")] = None,
    by: By = "",
    data: DataDir = None,
) -> None:
    """Add and remove tags."""
    _edit(case_id, {"add_tags": add or [], "remove_tags": remove or []}, by, data)


@app.command()
def merge(
    case_id: CaseId,
    into: Annotated[str, typer.Argument(help="The case that takes its reports.")],
    by: By = "",
    data: DataDir = None,
) -> None:
    """Give all reports of a case to another one."""
    _edit(case_id, {"merged_into": _whole(into, data)}, by, data)


@app.command()
def split(
    case_id: CaseId,
    reports: Annotated[list[str], typer.Argument(help="Reports of it, by id, that are a case of their own.")],
    by: By = "",
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """Take reports out of a case. Their mails become a case of their own, and are analysed for themselves."""
    made = _edit(case_id, {"split": reports}, by, data)
    if as_json:
        show.json_line(made)
    else:
        show.out.print(made["case_id"])


@app.command()
def decide(
    case_id: CaseId,
    category: Annotated[str, typer.Argument(help="malware, phishing, spam, bulk, clean, unknown or simulation")],
    comment: Annotated[str, typer.Option(help="Why.")] = "",
    notify: Annotated[
        bool, typer.Option("--notify", help="Tell the reporters, whatever they were told before.")
    ] = False,
    block: Annotated[bool, typer.Option("--block", help="Block the sender's address, too.")] = False,
    by: By = "",
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """Decide what the mails of a case are. A verdict that supersedes the analysers'."""
    body = {"category": category, "comment": comment, "notify": notify, "block": block, "by": by or getpass.getuser()}
    whole = _whole(case_id, data)
    with _api(data) as api:
        answer = answer_of(api.post(f"/v1/cases/{whole}/decision", json=body)).json()
    if as_json:
        show.json_line({"case_id": whole, **answer})


@app.command()
def submit(
    case_id: CaseId,
    comment: Annotated[str, typer.Option(help="What is wrong with the verdict.")] = "",
    confirmed: Annotated[bool, typer.Option("--confirmed", help="You know that it is a threat.")] = False,
    block: Annotated[
        bool, typer.Option("--block", help="Block the sender's address at once (with --confirmed).")
    ] = False,
    by: By = "",
    data: DataDir = None,
) -> None:
    """Have a case's mail analysed again. Resubmit, or dispute its verdict."""
    whole, intent = _whole(case_id, data), "confirmed" if confirmed else "suspicious"
    body = {"intent": intent, "comment": comment, "block": block, "by": by or getpass.getuser()}
    with _api(data) as api:
        answer_of(api.post(f"/v1/cases/{whole}/analyse", json=body))


def _edit(case_id: str, edit: dict[str, Any], by: str, data: Path | None) -> Any:
    whole = _whole(case_id, data)
    with _api(data) as api:
        return answer_of(api.patch(f"/v1/cases/{whole}", json={**edit, "by": by or getpass.getuser()})).json()


def _whole(beginning: str, data: Path | None) -> str:
    """The id that begins so.

    Raises:
        ValueError: none does, or several do.
    """
    if len(beginning) >= 36:
        return beginning
    found = [
        case["id"] for _, case in zip(range(LOOK_MAX), _cases(data), strict=False) if case["id"].startswith(beginning)
    ]
    if len(found) != 1:
        many = f"{len(found)} cases begin" if found else "no case begins"
        raise ValueError(f"{many} with {beginning}: `longstop case list` shows them")
    return str(found[0])


def _cases(data: Path | None) -> Iterator[dict[str, Any]]:
    """All cases, the newest first."""
    with _api(data) as api:
        yield from rows_of(api, "/v1/cases")


def _get(path: str, data: Path | None) -> Any:
    with _api(data) as api:
        return answer_of(api.get(path)).json()


def _row(case: dict[str, Any]) -> tuple[object, ...]:
    verdict = f"{case['verdict_category']} {case['verdict_confidence']:.0%}" if case["verdict_category"] else ""
    return (
        case["id"][:8],
        case["priority"],
        case["report_count"],
        case["decision"],
        verdict,
        _due(case),
        case["owner"],
        case["from_address"],
        case["subject"],
    )


def _due(case: dict[str, Any]) -> str:
    """How many hours a person still has, or why nobody has to look."""
    if case["closed_as"] or not case["due_at"]:
        return str(case["closed_as"])
    hours = (datetime.fromisoformat(case["due_at"]) - datetime.now(UTC)).total_seconds() / 3600
    return f"{hours:.0f} h" if hours > 0 else f"{-hours:.0f} h ago"


def _api(data: Path | None) -> Any:
    return client(endpoints(data).console, data)
