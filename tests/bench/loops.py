"""The upper bound: the same hops as bare loops of redis-py, with the same entries in and out and no database at all.

`python -m tests.bench.loops URL HOP` is one process of one hop: XREADGROUP COUNT 200, JSON, one pipeline of XADD, one XACK.
"""

import json
import sys
from typing import Any

import redis

PREFIX = "longstop"

#: Each hop with the stream it reads and those it writes to for every entry, as the services do for a report of its own case.
HOPS: dict[str, tuple[str, tuple[str, ...]]] = {
    "ingest": ("report.submitted.v1", ("report.received.v1",)),
    "triage": ("report.received.v1", ("case.opened.v1", "case.triaged.v1", "submission.requested.v1")),
    "submission": ("submission.requested.v1", ("verdict.issued.v1",)),
    "told": ("verdict.issued.v1", ("report.resolved.v1",)),
    "blocklist": ("verdict.issued.v1", ()),
}

#: Processes, as the services are: triage reads two streams.
PROCESSES = (("ingest",), ("triage", "told"), ("submission",), ("blocklist",))

COUNT = 200


def run(url: str, hops: list[str]) -> None:
    """Work until the process is ended."""
    client: Any = redis.Redis.from_url(url, protocol=2)
    for hop in hops:
        client.xgroup_create(f"{PREFIX}:{HOPS[hop][0]}", hop, id="0", mkstream=True)
    while True:
        for hop in hops:
            stream, writes = HOPS[hop]
            answer = client.xreadgroup(
                hop, "me", {f"{PREFIX}:{stream}": ">"}, count=COUNT, block=20 if len(hops) > 1 else 500
            )
            if answer:
                _pass_on(client, hop, f"{PREFIX}:{stream}", writes, answer[0][1])


def _pass_on(client: Any, hop: str, stream: str, writes: tuple[str, ...], entries: Any) -> None:
    pipeline = client.pipeline(transaction=False)
    for entry_id, fields in entries:
        data = json.loads(fields[b"data"])
        key = data.get("idempotency_key") or data["report_id"]
        event = json.dumps({"report_id": key, "data": data["message"] if "message" in data else data["data"]})
        for target in writes:
            attributes = {"specversion": "1.0", "id": f"{target}/{key}", "source": hop, "subject": key, "data": event}
            pipeline.xadd(f"{PREFIX}:{target}", attributes)
        del entry_id
    pipeline.xack(stream, hop, *[entry_id for entry_id, _ in entries])
    pipeline.execute()


if __name__ == "__main__":
    run(sys.argv[1], sys.argv[2].split(","))
