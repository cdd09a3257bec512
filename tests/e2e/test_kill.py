"""`kill -9` in the middle of many reports: whoever was answered with 202 is told, exactly once."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis

from tests.mails import mail
from tests.services import free_port

COUNT = int(os.environ.get("LONGSTOP_TEST_KILL_REPORTS", "300"))

pytestmark = pytest.mark.timeout(300)


class Process:
    """A `longstop up` of its own."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        names = (
            "CONSOLE",
            "INGEST",
            "SMTP",
            "LMTP",
            "HELD_LMTP",
            "MILTER",
            "POLICY",
            "BLOCKLIST",
            "DIGEST",
            "QUARANTINE",
            "MAILBOXES",
            "TRIAGE",
            "SUBMISSION",
        )
        self.ports = {f"LONGSTOP_{name}_PORT": str(free_port()) for name in names}
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        (self.data_dir / "endpoints.json").unlink(missing_ok=True)
        with (self.data_dir / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "longstop", "up", "--data-dir", str(self.data_dir)],
                env={**os.environ, **self.ports},
                cwd=Path(__file__).parents[2],
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + 60
        while not (self.data_dir / "endpoints.json").exists():
            assert self.process.poll() is None, (self.data_dir / "log").read_text()[:4000]
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def end(self, number: signal.Signals) -> int:
        assert self.process
        self.process.send_signal(number)
        return self.process.wait(60)

    def redis(self) -> Any:
        found = json.loads((self.data_dir / "endpoints.json").read_text())
        return redis.Redis.from_url(found["redis_url"], protocol=2)


def test_what_was_answered_with_202_is_told_exactly_once_across_a_kill(tmp_path: Path) -> None:
    house = Process(tmp_path)
    house.start()
    url = f"http://127.0.0.1:{house.ports['LONGSTOP_INGEST_PORT']}/v1/reports"
    taken: list[str] = []

    def report() -> None:
        with httpx.Client(timeout=20) as http:
            for number in range(COUNT):
                raw = mail(
                    subject=f"Mail {number % 40}",
                    body=f"Text {chr(97 + number % 20)}{chr(97 + number % 7)} of a campaign.",
                )
                try:
                    answer = http.post(url, content=raw, headers={"Content-Type": "message/rfc822"})
                except httpx.HTTPError:
                    return
                if answer.status_code == 202:
                    taken.append(answer.json()["report_id"])

    reporter = threading.Thread(target=report)
    reporter.start()
    deadline = time.monotonic() + 120
    while len(taken) < COUNT // 2 and time.monotonic() < deadline:
        time.sleep(0.005)
    house.end(signal.SIGKILL)
    reporter.join()
    assert COUNT // 2 <= len(taken) < COUNT

    house.start()
    client = house.redis()

    def ids(stream: str) -> Counter[str]:
        told: Counter[str] = Counter()
        events = set()
        for _, fields in client.xrange(f"longstop:{stream}"):
            if fields[b"id"] not in events:
                events.add(fields[b"id"])
                told[json.loads(fields[b"data"])["report_id"]] += 1
        return told

    deadline = time.monotonic() + 120
    while not set(taken) <= set(ids("report.resolved.v1")):
        assert time.monotonic() < deadline, f"{len(set(taken) - set(ids('report.resolved.v1')))} are not told"
        time.sleep(0.2)
    assert {ids("report.received.v1")[one] for one in taken} == {1}
    assert {ids("report.resolved.v1")[one] for one in taken} == {1}
    client.close()
    assert house.end(signal.SIGTERM) == 0
