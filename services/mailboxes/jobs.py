"""The jobs of mailboxes: due tasks, each in a thread, with no transaction open; one mailbox never holds up another."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import func
from sqlmodel import Session, col, select

from services.mailboxes import steps
from services.mailboxes.purges import Purges, purge_of, put_moves
from services.mailboxes.results import finish_restore
from services.mailboxes.rules.likeness import Key, Wanted
from services.mailboxes.rules.policy import retry_delay
from services.mailboxes.stores import MailStore
from services.mailboxes.tables import Box, Move
from shared.errors import Defer, Reject
from shared.events import PurgeDelayed, PurgeMatch
from shared.plural import counted
from shared.run import Room
from shared.tasks import end
from shared.work import Work, now

#: Longest work on one mailbox, in seconds; then it is tried again. What is being done is nobody else's for the lease.
BOX_S = 120.0
LEASE = timedelta(seconds=3 * BOX_S)

#: Failures in a row until a mailbox is given up: minutes for a plan, which people wait for; one and a half hours otherwise.
PLAN_ATTEMPTS, ATTEMPTS = 8, 25

#: How often is looked for new work while some is under way, in seconds.
LOOK_S = 1.0

Result = steps.Plan | steps.Outcome


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be done in one mailbox."""

    purge_id: str
    mailbox: str
    task: str
    due_at: datetime  # the end of the lease
    match: PurgeMatch
    folder: str
    numbers: tuple[int, ...] = ()
    wanted: tuple[Wanted, ...] = ()


class WorkOnMailboxes:
    """Does what is due in mailboxes, some at once."""

    def __init__(self, room: Room, store: MailStore | None, purges: Purges) -> None:
        self._room = room
        self._store = store
        self._purges = purges
        self._at_once: int = room.settings.mailstore_at_once
        self._most: int = room.settings.purge_messages_max
        self._threads = ThreadPoolExecutor(self._at_once, thread_name_prefix="mailboxes")
        self._log = structlog.stdlib.get_logger("mailboxes")

    async def __call__(self) -> bool:
        """Work until nothing is due."""
        running: set[asyncio.Task[None]] = set()
        try:
            while True:
                for task in await self._take(self._at_once - len(running)):
                    running.add(asyncio.create_task(self._do(task)))
                if not running:
                    return False
                done, running = await asyncio.wait(running, timeout=LOOK_S, return_when=asyncio.FIRST_COMPLETED)
                for one in done:
                    one.result()
        finally:
            await end(*running)

    async def _take(self, free: int) -> list[Task]:
        if free <= 0 or not await self._room.database.look(lambda session: _due(session, 1)):
            return []
        return await self._room.database.run(lambda work: _take(free, work), quiet=True)

    async def _do(self, task: Task) -> None:
        loop = asyncio.get_running_loop()
        try:
            result = await asyncio.wait_for(loop.run_in_executor(self._threads, self._work, task), BOX_S)
        except (Defer, TimeoutError) as error:
            await self._later(task, str(error) or f"it took longer than {BOX_S:.0f} s")
        except Reject as error:
            await self._later(task, str(error), final=True)
        except Exception:
            self._log.exception("a mailbox failed", purge=task.purge_id)
            await self._later(task, "it failed for a fault of Longstop: see the log")
        else:
            await self._room.database.run(lambda work: self._done(task, result, work))

    def _work(self, task: Task) -> Result:
        if self._store is None:
            raise Reject("no mail store is known: set LONGSTOP_MAILSTORE_URL")
        if task.task == "purge" and not task.wanted:
            raise Reject("what was planned is not known any more: have it planned anew")
        with self._store.open(task.mailbox) as box:
            if task.task == "plan":
                return steps.plan(box, task.match, task.folder, self._most)
            step = steps.purge if task.task == "purge" else steps.restore
            return step(box, task.match, task.wanted, task.folder)

    async def _later(self, task: Task, why: str, *, final: bool = False) -> None:
        self._log.warning("a mailbox waits", purge=task.purge_id, task=task.task, reason=why)
        await self._room.database.run(lambda work: self._failed(task, why, work, final=final))

    def _failed(self, task: Task, why: str, work: Work, *, final: bool) -> None:
        if (box := _still(task, work)) is None:
            return
        box.attempts, box.reason = box.attempts + 1, why
        if final or box.attempts >= (PLAN_ATTEMPTS if task.task == "plan" else ATTEMPTS):
            box.result = "failure"
            self._at_rest(box, task.task, work)
        else:
            box.result = "delayed"
            if box.attempts == 1:
                _say_delayed(box, task.task, work)
            box.due_at = work.at + retry_delay(attempts=box.attempts, base_ms=self._room.settings.retry_base_ms)

    def _done(self, task: Task, result: Result, work: Work) -> None:
        if (box := _still(task, work)) is None:
            return
        if isinstance(result, steps.Plan):
            put_moves(box, result.wanted, work)
            box.found, box.unlike = len(result.wanted), result.unlike
        else:
            _mark(task, result, work)
            if result.left:
                self._failed(task, f"not moved yet: {counted(result.left, 'mail')}", work, final=False)
                return
            self._count(box, task, work)
        box.reason = ""
        self._at_rest(box, task.task, work)

    def _count(self, box: Box, task: Task, work: Work) -> None:
        work.session.flush()
        if task.task == "restore":
            box.restored, box.result = _in_state(box, "restored", work), "success"
            return
        box.moved = _in_state(box, "moved", work)
        box.result = "success" if box.moved else "gone"
        if box.moved and purge_of(box.purge_id, work).tell_users and "@" in box.mailbox:
            box.tell_at = work.at

    def _at_rest(self, box: Box, task: str, work: Work) -> None:
        box.task, box.due_at, box.attempts = "", None, 0
        work.session.flush()
        if task == "restore":
            finish_restore(box.restore_id, work)
        else:
            self._purges.settle(purge_of(box.purge_id, work), work)


def _due(session: Session, limit: int) -> Sequence[Box]:
    return session.exec(select(Box).where(col(Box.due_at) <= now()).order_by(col(Box.due_at)).limit(limit)).all()


def _take(free: int, work: Work) -> list[Task]:
    tasks = []
    for box in _due(work.session, free):
        box.due_at = work.at + LEASE
        purge = purge_of(box.purge_id, work)
        query = select(Move).where(Move.purge_id == box.purge_id, Move.mailbox == box.mailbox)
        states = ("planned", "moved") if box.task == "restore" else ("planned",)
        moves = work.session.exec(query.where(col(Move.state).in_(states)).order_by(col(Move.number))).all()
        tasks.append(
            Task(
                purge_id=box.purge_id,
                mailbox=box.mailbox,
                task=box.task,
                due_at=box.due_at,
                match=PurgeMatch.model_validate_json(purge.match),
                folder=purge.folder,
                numbers=tuple(move.number for move in moves),
                wanted=tuple(map(_wanted, moves)),
            )
        )
    return tasks


def _wanted(move: Move) -> Wanted:
    key = Key(move.message_id, move.received_at, move.size_bytes)
    return Wanted(key, move.folder, frozenset(move.flags.split()))


def _still(task: Task, work: Work) -> Box | None:
    """The mailbox, when nobody wants something else of it meanwhile."""
    box = work.session.get(Box, (task.purge_id, task.mailbox))
    return box if box and box.task == task.task and box.due_at == task.due_at else None


def _in_state(box: Box, state: str, work: Work) -> int:
    query = select(func.count()).select_from(Move)
    query = query.where(Move.purge_id == box.purge_id, Move.mailbox == box.mailbox, Move.state == state)
    return work.session.exec(query).one()


def _say_delayed(box: Box, task: str, work: Work) -> None:
    event = {
        "purge_id": box.purge_id,
        "mailbox": box.mailbox,
        "task": task,
        "plan": purge_of(box.purge_id, work).plan,
        "restore_id": box.restore_id if task == "restore" else "",
        "reason": box.reason,
    }
    work.emit(PurgeDelayed.model_validate(event))


def _mark(task: Task, outcome: steps.Outcome, work: Work) -> None:
    """Write down where each mail is now."""
    done, gone = ("moved", "gone") if task.task == "purge" else ("restored", "kept")
    for at, number in enumerate(task.numbers):
        move = work.session.get(Move, (task.purge_id, task.mailbox, number))
        if move is None:
            continue
        if at in outcome.done:
            move.state, move.folder = done, outcome.done[at] if task.task == "purge" else move.folder
        elif at in outcome.gone:
            move.state = gone
