"""The tables at the end of a demo."""

from collections.abc import Iterator

from rich.table import Table
from rich.text import Text

from longstop import show
from longstop.commands.watch import COLOURS
from longstop.demo.steps import Examination, Step
from longstop.demo.story import Story


def reports(seen: Examination) -> Table:
    """Each report: what it was, and what it was found to be."""
    return show.table("Reports", ("mail", "door", "reported as", "verdict", "sure", "in words"), _reports(seen)).grid()


def _reports(seen: Examination) -> Iterator[tuple[object, ...]]:
    for mail in seen.reported:
        report = seen.story.report_of(mail.raw)
        told = seen.story.resolution_of(report["report_id"]) if report else None
        category = told["category"] if told else "-"
        inherited = " (from its case)" if told and told["inherited"] else ""
        sure = f"{told['confidence']:.0%}" if told else ""
        yield (
            mail.file,
            mail.door,
            mail.category,
            Text(category + inherited, COLOURS.get(category, "")),
            sure,
            mail.what,
        )


def verdicts(story: Story) -> Table:
    """Each verdict with its cause and its weightiest evidence."""
    rows = (
        (
            Text(one["category"], COLOURS.get(one["category"], "")),
            one["cause"],
            one["evidence"][0]["text"] if one["evidence"] else "",
            one["recommendations"][0] if one["recommendations"] else "",
        )
        for one in story.of("verdict.issued.v1")
    )
    return show.table(
        "Verdicts", ("verdict", "why it was delivered", "weightiest evidence", "first recommendation"), rows
    ).grid()


def blocks(story: Story) -> Table:
    """Each entry, made or refused."""
    made = (
        (Text("blocked", "red"), one["kind"], one["value"], f"until {one.get('expires_at') or 'removed'}")
        for one in story.of("block.created.v1")
    )
    refused = (
        (Text("refused", "yellow"), one["kind"], one["value"], one["reason"]) for one in story.of("block.refused.v1")
    )
    return show.table("Blocks", ("", "kind", "value", ""), (*made, *refused)).grid()


def quarantine(story: Story) -> Table:
    """Each held mail and its recipients."""
    rows = (
        (
            ", ".join(one["envelope"]["rcpt_to"]),
            one["message"]["from_address"],
            one["message"]["subject"],
            one["reason"],
        )
        for one in story.of("quarantine.held.v1")
    )
    return show.table("Quarantine", ("recipients", "From", "subject", "reason"), rows).grid()


def checklist(steps: list[Step]) -> Table:
    """Each step and whether it happened."""
    rows = ((Text("yes", "green") if one.happened else Text("NO", "bold red"), one.name, one.words) for one in steps)
    return show.table("Steps", ("", "step", ""), rows).grid()
