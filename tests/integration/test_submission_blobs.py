"""A mail that was lost or altered in the blob store after it was taken is never judged by what is there instead."""

import hashlib
from pathlib import Path

import pytest

from shared.events import SubmissionFailed, SubmissionRequested, VerdictIssued
from tests.mails import mail
from tests.services import house
from tests.waiting import until

SHA256 = hashlib.sha256(mail()).hexdigest()


@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "is not in the blob store"), (mail()[:-9], "is not the one"), (b"", "is not the one")],
)
async def test_what_is_not_the_mail_has_an_unknown_verdict_that_says_why(
    redis_url: str, prefix: str, data_dir: Path, content: bytes | None, reason: str
) -> None:
    if content is not None:
        blob = data_dir / "blobs" / SHA256[:1] / SHA256
        blob.parent.mkdir(parents=True)
        blob.write_bytes(content)
    asked = SubmissionRequested(request_id="s1", case_id="c1", message_sha256=SHA256, category="phishing")
    async with house(("submission",), redis_url, prefix, data_dir) as made:
        await made.publish(asked)

        async def is_answered() -> bool:
            return len(await made.said(VerdictIssued)) == 1

        await until(is_answered)
        (verdict,) = await made.said(VerdictIssued)
        (failed,) = await made.said(SubmissionFailed)
    assert reason in failed["reason"]
    assert (verdict["category"], verdict["blocks"]) == ("unknown", [])
