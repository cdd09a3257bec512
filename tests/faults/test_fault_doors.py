"""F1 and F8 at the doors: senders that repeat until they are promised something, while whoever promises is killed."""

import contextlib
import hashlib
import smtplib
import threading
from collections import Counter
from collections.abc import Callable, Sequence

import httpx
import pytest

from tests.faults.ledger import Books, Client, balance, mails
from tests.faults.plant import Plant, until
from tests.mails import report_of

pytestmark = pytest.mark.timeout(200)

#: Points in ingest between "nothing is kept" and "the answer is out".
POINTS = [
    "shared.blobs:FileBlobs.put:before:6",
    "shared.blobs:FileBlobs.put:after:6",
    "shared.work:Database.run:before:9",
    "shared.work:Database.run:after:9",
]


def unlike(count: int) -> list[bytes]:
    """Mails of which none is like another byte for byte."""
    return list(dict.fromkeys(mails(count)))


def post(plant: Plant, raw: bytes) -> str | None:
    """Hand a mail in with a key of its own; the report's id, or None when there was no promise."""
    key = hashlib.sha256(raw).hexdigest()
    url = f"http://127.0.0.1:{plant.ports['ingest']}/v1/reports"
    headers = {"Content-Type": "message/rfc822", "Idempotency-Key": key}
    try:
        answer = httpx.post(url, content=raw, headers=headers, timeout=20, trust_env=False)
    except httpx.TransportError:
        return None
    return str(answer.json()["report_id"]) if answer.status_code == httpx.codes.ACCEPTED else None


def send(plant: Plant, raw: bytes) -> str | None:
    """Send a report by SMTP as a gateway does: the very same mail again until 250. The answer names no id."""
    try:
        with smtplib.SMTP("127.0.0.1", plant.ports["smtp"], timeout=20) as smtp:
            smtp.sendmail("ana@example.org", ["phish@example.org"], report_of(raw))
    except (smtplib.SMTPException, OSError):
        return None
    return "somewhere"


def insist(plant: Plant, client: Client, raws: Sequence[bytes], hand_in: Callable[[Plant, bytes], str | None]) -> None:
    """Hand every mail in until it is promised; some senders repeat even then, for the answer may be lost on the way."""
    for number, raw in enumerate(raws):
        promised: set[str] = set()

        def is_promised(raw: bytes = raw, promised: set[str] = promised) -> bool:
            answer = hand_in(plant, raw)
            promised |= {answer} if answer else set()
            return bool(answer)

        until(is_promised, "the door is open")
        if number % 5 == 0:
            is_promised()
        assert len(promised) == 1, "the same key had two answers"
        client.acked |= {one: hashlib.sha256(raw).hexdigest() for one in promised if one != "somewhere"}


@pytest.mark.parametrize("point", POINTS)
def test_who_repeats_until_there_is_a_promise_is_counted_once(plant: Plant, client: Client, point: str) -> None:
    raws = unlike(24)
    plant.kill("ingest")
    plant.start("ingest", LONGSTOP_TEST_CRASH=point)
    plant.wait_for("ingest")
    halves = (raws[::2], post), (raws[1::2], send)
    senders = [threading.Thread(target=insist, args=(plant, client, half, hand_in)) for half, hand_in in halves]
    for one in senders:
        one.start()
    until(lambda: plant.is_dead("ingest"), f"ingest reaches {point}")
    plant.heal()
    for one in senders:
        one.join()
    ours = {hashlib.sha256(raw).hexdigest() for raw in raws}
    rows = [row for row in Books(plant)("ingest", "SELECT sha256, report_id FROM ingest_report") if row[0] in ours]
    assert Counter(sha256 for sha256, _ in rows) == Counter(ours)
    client.acked |= {report_id: sha256 for sha256, report_id in rows}
    balance(plant, client)


def test_many_who_use_one_key_at_once_are_one(plant: Plant, client: Client) -> None:
    (raw,) = mails(1)
    answers: list[str | None] = []
    senders = [threading.Thread(target=lambda: answers.append(post(plant, raw))) for _ in range(20)]
    for one in senders:
        one.start()
    for one in senders:
        one.join()
    assert len(set(answers)) == 1
    client.acked[str(answers[0])] = hashlib.sha256(raw).hexdigest()
    balance(plant, client)


def test_a_sender_that_leaves_in_the_middle_of_a_mail_leaves_nothing(plant: Plant, client: Client) -> None:
    (raw,) = mails(1)
    for cut in (10, len(report_of(raw)) // 2, -1):
        smtp = smtplib.SMTP("127.0.0.1", plant.ports["smtp"], timeout=20)
        smtp.ehlo()
        smtp.mail("ana@example.org")
        smtp.rcpt("phish@example.org")
        smtp.docmd("DATA")
        smtp.send(report_of(raw)[:cut])
        with contextlib.suppress(OSError):
            smtp.close()
    client.http(3)
    balance(plant, client)
    sha256 = hashlib.sha256(raw).hexdigest()
    assert Books(plant)("ingest", f"SELECT 1 FROM ingest_report WHERE sha256 = '{sha256}'") == []
