"""Conservation between services, by SQL: what one said the others have receipts of, and rows agree with each other."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import redis

Ask = Callable[[str, str], list[Any]]

#: Who says what to whom, of the services that a plant has.
SAID = (
    ("ingest", "report.received.v1", ("triage",)),
    ("triage", "submission.requested.v1", ("submission",)),
    ("submission", "verdict.issued.v1", ("triage", "blocklist")),
)

#: Two counts that must agree, as a query of those that do not, and what it means when there are some.
AGREE = (
    (
        "triage",
        (
            "SELECT c.case_id FROM triage_case c WHERE c.report_count <> "
            "(SELECT count(*) FROM triage_report r WHERE r.case_id = c.case_id)"
        ),
        "cases count their reports wrongly",
    ),
    (
        "submission",
        "SELECT case_id FROM submission_verdict GROUP BY case_id HAVING max(version) <> count(*) OR min(version) <> 1",
        "cases have gaps between the versions of their verdicts",
    ),
    (
        "submission",
        "SELECT submission_id FROM submission_item WHERE status NOT IN ('succeeded', 'failed')",
        "mails are not analysed",
    ),
    (
        "submission",
        (
            "SELECT i.submission_id FROM submission_item i WHERE 1 <> "
            "(SELECT count(*) FROM submission_verdict v WHERE v.submission_id = i.submission_id)"
        ),
        "mails have no verdict, or several",
    ),
    (
        "blocklist",
        "SELECT block_id FROM blocklist_entry WHERE applied <> generation",
        "entries wait for the gateway",
    ),
    (
        "blocklist",
        (
            "SELECT block_id FROM blocklist_entry e WHERE status = 'active' AND NOT EXISTS "
            "(SELECT 1 FROM blocklist_claim c WHERE c.block_id = e.block_id)"
        ),
        "entries stand though nobody wants them",
    ),
)


def leaks(ask: Ask, client: Any) -> Iterator[str]:
    """Everything that got lost, or came from nowhere, between services; `client` is of Redis."""
    for writer, stream, readers in SAID:
        rows = ask(writer, f"SELECT fields FROM {writer}_outbox WHERE stream = '{stream}'")
        said = {json.loads(fields)["id"] for (fields,) in rows}
        for reader in readers:
            query = f"SELECT event_id FROM {reader}_inbox WHERE source = 'longstop/{writer}'"
            receipts = {one for (one,) in ask(reader, query)}
            if lost := said - receipts:
                yield f"{reader} has no receipt of {len(lost)} {stream}, such as {sorted(lost)[:2]}"
            if ghosts := receipts - said:
                yield f"{reader} has receipts of {len(ghosts)} {stream} that {writer} never said"
    for service, query, meaning in AGREE:
        if wrong := ask(service, query):
            yield f"{len(wrong)} {meaning}, such as {wrong[:2]}"
    yield from _debts(ask)
    yield from _gateway(ask, client)


def _debts(ask: Ask) -> Iterator[str]:
    """What triage believes of a mail is what submission decided last."""
    decided = {
        (sha256, case): (version, category)
        for case, sha256, version, category in ask(
            "submission", "SELECT case_id, message_sha256, version, category FROM submission_verdict ORDER BY version"
        )
    }
    believed = {
        (sha256, case): (version, category)
        for case, sha256, version, category in ask(
            "triage", "SELECT asked_as, sha256, own_version, own_category FROM triage_sample"
        )
    }
    if wrong := [key for key, value in decided.items() if believed.get(key) != value]:
        yield f"{len(wrong)} mails have another verdict in triage than in submission, such as {wrong[:2]}"


def _gateway(ask: Ask, client: Any) -> Iterator[str]:
    """The hash and the maps say every active entry, whole, and nothing else."""
    entries = ask("blocklist", "SELECT scope, kind, value, block_id FROM blocklist_entry WHERE status = 'active'")
    wanted = {f"{scope}|{kind}|{value}": block_id for scope, kind, value, block_id in entries}
    try:
        there = {field.decode(): json.loads(mark)["id"] for field, mark in client.hgetall("longstop:gateway").items()}
        senders = {field.decode() for field in client.hkeys("longstop:map:from")}
    except (ValueError, KeyError, redis.ResponseError):
        yield "the gateway's hash holds what nobody can read"
        return
    if there != wanted:
        yield f"the gateway's hash differs in {len(there.items() ^ wanted.items())} fields"
    if senders != {value for scope, kind, value, _ in entries if (scope, kind) == ("tenant", "address")}:
        yield "the map of senders differs from the entries"
