"""What a replica was analysing when it died: due at once when it is back, and given up when it never ends."""

from pathlib import Path

from sqlalchemy import update

from services.submission.jobs import NEVER_ENDED
from services.submission.tables import Item
from shared.events import SubmissionFailed, SubmissionRequested, VerdictIssued
from shared.work import Work
from tests.services import House
from tests.waiting import until

REQUEST = SubmissionRequested(request_id="s1", case_id="c1", message_sha256="0" * 64, category="phishing")


async def left_running(made: House, replica: str, attempts: int) -> None:
    """As if the process had ended in the middle of an analysis, a moment ago."""
    (running,) = made._running
    await running.database.create()

    def leave(work: Work) -> None:
        work.new(
            Item,
            **{name: getattr(REQUEST, name) for name in ("case_id", "message_sha256", "category", "report_count")},
            submission_id=REQUEST.request_id,
            status="running",
            taken_by=replica,
            attempts=attempts,
            due_at=work.at.replace(year=work.at.year + 1),
            asked_at=work.at,
        )

    await running.database.run(leave)


async def test_a_replica_that_is_back_goes_on_with_what_it_had(
    redis_url: str, database_url: str, prefix: str, data_dir: Path
) -> None:
    made = House(("submission",), redis_url, prefix, data_dir, database_url=database_url, replica="one")
    await left_running(made, "one", 1)
    await made.start()
    try:

        async def is_answered() -> bool:
            return len(await made.said(VerdictIssued)) == 1

        await until(is_answered)
    finally:
        await made.stop()


async def test_what_another_replica_runs_is_left_to_it_until_its_lease_is_out(
    redis_url: str, database_url: str, prefix: str, data_dir: Path
) -> None:
    made = House(("submission",), redis_url, prefix, data_dir, database_url=database_url, replica="one")
    await left_running(made, "two", 1)
    await made.start()
    try:
        await made.publish(REQUEST.model_copy(update={"request_id": "s2", "case_id": "c2"}))

        async def one_is_answered() -> bool:
            return len(await made.said(VerdictIssued)) == 1

        await until(one_is_answered)
        assert [one["submission_id"] for one in await made.said(VerdictIssued)] == ["s2"]
        (running,) = made._running
        await running.database.run(
            lambda work: work.session.connection().execute(update(Item).values(due_at=work.at)) and None
        )

        async def both_are_answered() -> bool:
            return len(await made.said(VerdictIssued)) == 2

        await until(both_are_answered)
    finally:
        await made.stop()


async def test_an_analysis_that_never_ends_is_given_up(
    redis_url: str, database_url: str, prefix: str, data_dir: Path
) -> None:
    made = House(
        ("submission",), redis_url, prefix, data_dir, database_url=database_url, replica="one", submission_attempts=2
    )
    await left_running(made, "one", 2)
    await made.start()
    try:

        async def is_given_up() -> bool:
            return len(await made.said(SubmissionFailed)) == 1

        await until(is_given_up)
        (failed,) = await made.said(SubmissionFailed)
        assert failed["reason"] == NEVER_ENDED
        assert [one["category"] for one in await made.said(VerdictIssued)] == ["unknown"]
    finally:
        await made.stop()
