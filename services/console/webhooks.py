"""Telling webhooks: lines of activity become due deliveries, due deliveries are posted, with nothing open meanwhile."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import httpx
from sqlmodel import Session, col, func, select

from services.console.access import Access
from services.console.access.tables import Delivery, Hook
from services.console.tables import Activity
from shared.events.base import rfc3339
from shared.signatures import signed
from shared.work import Database, Work, now

#: Lines of one look, deliveries that are posted side by side, and deliveries of one hook that may wait: behind these, lines
#: wait where they are.
LINES_MAX, AT_ONCE, WAITING_MAX = 200, 10, 10_000

#: After so many attempts, over about half a day, a delivery is given up; the wait doubles from ten seconds to two hours. A
#: receiver that is away is asked with one delivery at a time, so that the others wait for it and are not given up with it.
ATTEMPTS_MAX, FIRST_WAIT, LONGEST_WAIT = 15, timedelta(seconds=10), timedelta(hours=2)

#: Longest wait for a receiver, in seconds.
PATIENCE_S = 10.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an attempt; `note` is empty when it was taken, `is_away` says that the receiver could take nothing now."""

    delivery: Delivery
    note: str = ""
    is_away: bool = False


class Webhooks:
    """A job."""

    def __init__(self, database: Database, access: Access) -> None:
        self._lines = database
        self._access = access

    async def run(self) -> bool:
        """Make deliveries of new lines, post those that are due. True while there are more."""
        hooks = [hook for hook, _ in await self._access.hooks.all()]
        more = [await self._fill(hook) for hook in hooks]
        return await self._pay(hooks) or any(more)

    async def _fill(self, hook: Hook) -> bool:
        lines = await self._lines.look(lambda session: _lines(hook.after, session))
        if not lines:
            return False
        wanted = [line for line in lines if not hook.kinds or line.kind in hook.kinds]
        last = lines[-1].id or 0
        return await self._access.database.run(lambda work: _owe(hook.id, wanted, last, work), quiet=True)

    async def _pay(self, hooks: Sequence[Hook]) -> bool:
        at = now()
        due = {
            hook.id: await self._access.database.look(partial(_due, hook.id, 1 if hook.failures else AT_ONCE, at))
            for hook in hooks
            if hook.due_at <= at
        }
        if not any(due.values()):
            return False
        # no redirects, no proxy of the environment: what an admin named is what is asked, and nothing else
        async with httpx.AsyncClient(timeout=PATIENCE_S, follow_redirects=False, trust_env=False) as client:
            outcomes = await asyncio.gather(
                *(_post(client, hook, one) for hook in hooks for one in due.get(hook.id, ()))
            )
        await self._access.database.run(lambda work: _settle(outcomes, work), quiet=True)
        return any(not outcome.is_away for outcome in outcomes)


async def _post(client: httpx.AsyncClient, hook: Hook, delivery: Delivery) -> Outcome:
    """One attempt. Of the answer only the status counts; its body is never read."""
    body = delivery.body.encode()
    headers = {"Content-Type": "application/cloudevents+json", **signed(body, hook.secret)}
    try:
        async with (
            asyncio.timeout(PATIENCE_S),
            client.stream("POST", hook.url, content=body, headers=headers) as answer,
        ):
            if answer.is_success:
                return Outcome(delivery)
            is_away = answer.is_server_error or answer.status_code in (408, 429)
            return Outcome(delivery, f"it answered {answer.status_code}", is_away)
    except (httpx.HTTPError, httpx.InvalidURL, OSError, TimeoutError) as error:
        return Outcome(delivery, f"it does not answer: {type(error).__name__}", is_away=True)


def _due(hook_id: str, limit: int, at: datetime, session: Session) -> list[Delivery]:
    waiting = (Delivery.hook_id == hook_id, col(Delivery.is_dead).is_(False), Delivery.due_at <= at)
    return list(
        session.exec(select(Delivery).where(*waiting).order_by(col(Delivery.due_at), col(Delivery.line)).limit(limit))
    )


def _lines(after: int, session: Session) -> list[Activity]:
    return list(
        session.exec(select(Activity).where(col(Activity.id) > after).order_by(col(Activity.id)).limit(LINES_MAX))
    )


def _owe(hook_id: str, lines: Sequence[Activity], last: int, work: Work) -> bool:
    """Write deliveries down and move the hook on, in one transaction; whether there may be more lines."""
    hook = work.session.get(Hook, hook_id)
    waiting = select(func.count()).where(Delivery.hook_id == hook_id, col(Delivery.is_dead).is_(False))
    if hook is None or work.session.exec(waiting).one() + len(lines) > WAITING_MAX:
        return False
    hook.after = last
    for line in lines:
        body = json.dumps(cloud_event(line))
        work.session.merge(
            Delivery(id=f"{hook_id}/{line.id}", hook_id=hook_id, line=line.id or 0, body=body, due_at=work.at)
        )
    return True


def cloud_event(line: Activity) -> dict[str, Any]:
    """A line as a CloudEvent in structured mode (CloudEvents 1.0, JSON format)."""
    refs = (line.case_id, line.held_id, line.block_id, line.report_id)
    return {
        "specversion": "1.0",
        "id": line.fact,
        "source": "longstop/console",
        "type": f"longstop.{line.kind}.v1",
        "time": rfc3339(line.at),
        "subject": next(filter(None, refs), line.kind),
        "datacontenttype": "application/json",
        "data": line.model_dump(mode="json", exclude={"fact"}),
    }


def _settle(outcomes: Sequence[Outcome], work: Work) -> None:
    for outcome in outcomes:
        row = work.session.get(Delivery, outcome.delivery.id)
        hook = work.session.get(Hook, outcome.delivery.hook_id)
        if row is None or hook is None:
            continue
        hook.note = outcome.note
        if not outcome.note:
            hook.delivered, hook.delivered_at, hook.failures = hook.delivered + 1, work.at, 0
            work.session.delete(row)
            continue
        row.attempts, row.note = row.attempts + 1, outcome.note
        row.is_dead = row.attempts >= ATTEMPTS_MAX
        if outcome.is_away:
            hook.failures += 1
            hook.due_at = work.at + _wait(hook.failures)
        else:
            row.due_at = work.at + _wait(row.attempts)


def _wait(failures: int) -> timedelta:
    doublings = min(failures - 1, 20)
    return min(FIRST_WAIT * (1 << doublings), LONGEST_WAIT)
