"""The ledger: what clients were promised, and a check by SQL and streams that every promise was kept exactly once."""

import asyncio
import base64
import hashlib
import itertools
import json
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import redis

from shared.events import fact_id
from tests.faults.conservation import leaks
from tests.faults.plant import NAMES, Plant, until
from tests.mails import mail

SERIAL = itertools.count()


class Client:
    """Hands reports in, and writes down what it tried and what it was promised."""

    def __init__(self, plant: Plant) -> None:
        self._plant = plant
        self.tried: set[str] = set()
        self.acked: dict[str, str] = {}  # report id: SHA-256 of its mail
        self.refused: Counter[int] = Counter()

    def http(self, count: int) -> None:
        """Hand in some reports over HTTP; every third is another report of one mail."""
        with httpx.Client(timeout=30, trust_env=False) as http:
            for raw in mails(count):
                self._post(http, raw)

    def _post(self, http: httpx.Client, raw: bytes) -> None:
        url = f"http://127.0.0.1:{self._plant.ports['ingest']}/v1/reports?reporter=ana@example.org"
        try:
            answer = http.post(url, content=raw, headers={"Content-Type": "message/rfc822"})
        except httpx.TransportError:
            self.tried.add("?")  # it may have been taken; nobody knows its id
            return
        if answer.status_code == httpx.codes.ACCEPTED:
            self.acked[answer.json()["report_id"]] = hashlib.sha256(raw).hexdigest()
        else:
            self.refused[answer.status_code] += 1

    def stream(self, count: int, copies: int = 1) -> None:
        """Publish some reports straight to the server, each `copies` times."""
        for raw in mails(count):
            key = f"key-{next(SERIAL)}"
            data = {
                "category": "phishing",
                "reporter": "ben@example.org",
                "idempotency_key": key,
                "message": {"rfc822_base64": base64.b64encode(raw).decode()},
            }
            report_id = fact_id("report", "key", key)
            self.tried.add(report_id)
            for _ in range(copies):
                try:
                    self._plant.redis.client.xadd("longstop:report.submitted.v1", {"data": json.dumps(data)})
                except redis.RedisError:
                    continue
                self.acked[report_id] = hashlib.sha256(raw).hexdigest()


def mails(count: int) -> list[bytes]:
    """Phishing mails that are blocked confidently, each with a host of its own; every third repeats one before it."""
    made: list[bytes] = []
    for number in range(count):
        serial = next(SERIAL)
        body = "Dear customer, your parcel is waiting. Pay the shipping fee within 24 hours: "
        fresh = mail(
            sender=f"DHL Express <fee@parcel-{serial}.example>",
            subject=f"Your parcel {serial}",
            message_id=f"{serial}@parcel.example",
            body=f"{body}http://parcel-{serial}.example/pay?id=1",
        )
        made.append(made[number - 2] if number % 3 == 2 else fresh)
    return made


def violations(plant: Plant, client: Client, *, dead: int = 0) -> list[str]:
    """Every broken promise in words; none is what a test ends with. `dead` letters are expected."""
    found: list[str] = []

    def expect(truth: object, sentence: str) -> None:
        if not truth:
            found.append(sentence)

    ask = Books(plant)
    received = Counter(one for (one,) in ask("ingest", "SELECT report_id FROM ingest_report"))
    cases = dict(ask("triage", "SELECT report_id, told_version FROM triage_report"))
    lost = [one for one in client.acked if one not in received]
    expect(not lost, f"{len(lost)} acknowledged reports are not in ingest, such as {lost[:2]}")
    lost = [one for one in received if one not in cases]
    expect(not lost, f"{len(lost)} received reports are in no case, such as {lost[:2]}")
    untold = [one for one, version in cases.items() if not version]
    expect(not untold, f"{len(untold)} reports have no verdict, such as {untold[:2]}")
    if "?" not in client.tried:
        phantoms = received.keys() - client.acked.keys() - client.tried
        expect(not phantoms, f"{len(phantoms)} reports came from nowhere")
    expect(cases.keys() <= received.keys(), "triage has reports that ingest does not know")
    for service, stream, keys in ONCE:
        said = Counter(
            tuple(json.loads(json.loads(fields)["data"])[key] for key in keys)
            for (fields,) in ask(service, f"SELECT fields FROM {service}_outbox WHERE stream = '{stream}'")
        )
        twice = [key for key, times in said.items() if times > 1]
        expect(not twice, f"{len(twice)} times {stream} was said twice, such as {twice[:2]}")
    told = ask(
        "triage",
        "SELECT r.report_id FROM triage_report r JOIN triage_sample s ON s.sha256 = r.sample "
        "WHERE r.told_version <> s.version",
    )
    expect(not told, f"{len(told)} reports were not told the current verdict")
    found += [*_entries(plant, ask), *_streams(plant, ask, dead), *_blobs(plant, client)]
    return found or list(leaks(ask, plant.redis.client))


#: What each fact is about, and so may be said only once for.
ONCE = (
    ("ingest", "report.received.v1", ("report_id",)),
    ("triage", "report.resolved.v1", ("report_id", "version")),
    ("triage", "submission.requested.v1", ("request_id",)),
    ("submission", "verdict.issued.v1", ("case_id", "version")),
    ("blocklist", "block.created.v1", ("block_id",)),
)


def _entries(plant: Plant, ask: "Books") -> list[str]:
    """At most one active entry a value, and the gateway knows exactly these."""
    rows = ask("blocklist", "SELECT block_id, kind, value, scope FROM blocklist_entry WHERE status = 'active'")
    named = Counter(tuple(row[1:]) for row in rows)
    found = [f"{value} has {times} entries" for value, times in named.items() if times > 1]
    fields = plant.redis.client.hgetall("longstop:gateway").values()
    known = {json.loads(value)["id"] for value in fields if value.startswith(b"{")}
    entries = {row[0] for row in rows}
    if known != entries:
        found.append(f"the gateway misses {len(entries - known)} entries and has {len(known - entries)} too many")
    return found


def _streams(plant: Plant, ask: "Books", dead: int) -> list[str]:
    """Nothing waits: not in an outbox, not in a group."""
    found = []
    for name in NAMES:
        ((unsent,),) = ask(name, f"SELECT count(*) FROM {name}_outbox WHERE entry_id IS NULL")
        if unsent:
            found.append(f"{unsent} events of {name} are not published")
    client = plant.redis.client
    for key in client.scan_iter("longstop:*.v1", _type="stream"):
        for group, waits in waiting(client, key).items():
            if waits:
                found.append(f"{group} has not done with {key}")
    letters = client.xlen("longstop:dead.v1")
    if letters != dead:
        reasons = Counter(fields[b"reason"] for _, fields in client.xrange("longstop:dead.v1"))
        found.append(f"{letters} dead letters, not {dead}: {reasons.most_common(3)}")
    return found


def waiting(client: Any, key: bytes | str) -> dict[str, bool]:
    """Which groups of a stream have something to read or to acknowledge. Not by `lag`: it is wrong once entries were deleted."""
    last = client.xinfo_stream(key)["last-generated-id"]
    return {
        group["name"].decode(): bool(group["pending"] or group["last-delivered-id"] != last)
        for group in client.xinfo_groups(key)
    }


def _blobs(plant: Plant, client: Client) -> list[str]:
    """The stored bytes are the bytes that were handed in."""
    wrong = 0
    for sha256 in set(client.acked.values()):
        path = plant.folder / "blobs" / sha256[:1] / sha256
        wrong += not path.exists() or hashlib.sha256(path.read_bytes()).hexdigest() != sha256
    return [f"{wrong} blobs are missing or damaged"] if wrong else []


class Books:
    """Reads the databases of the services, past the services."""

    def __init__(self, plant: Plant) -> None:
        self._url = plant.database_url

    def __call__(self, service: str, query: str) -> list[Any]:
        if self._url.startswith("sqlite"):
            path = Path(self._url.removeprefix("sqlite:///").replace("{service}", service))
            with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=20)) as connection:
                return connection.execute(query).fetchall()
        return asyncio.run(self._ask_postgres(query))

    async def _ask_postgres(self, query: str) -> list[Any]:
        connection = await asyncpg.connect(self._url)
        try:
            return [tuple(row) for row in await connection.fetch(query)]
        finally:
            await connection.close()


def balance(plant: Plant, client: Client, *, dead: int = 0) -> None:
    """Wait until every promise is kept."""
    last: list[str] = ["never looked"]

    def kept() -> bool:
        try:
            last[:] = violations(plant, client, dead=dead)
        except (redis.RedisError, sqlite3.OperationalError) as error:
            last[:] = [f"not to be read: {error}"]
        return not last

    try:
        until(kept, "the ledger balances")
    except AssertionError:
        logs = {name: plant.log(name)[-800:] for name in NAMES}
        raise AssertionError(f"promises are broken: {last}\n{logs}") from None
