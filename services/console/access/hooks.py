"""Webhooks: which URLs are told of which events. Only admins name URLs; what is told holds nothing of a mail."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, update
from sqlmodel import col, select

from services.console.access.tables import Delivery, Hook
from shared.work import Database, Work

#: Hooks at once.
HOOKS_MAX = 20


class TooManyHooksError(Exception):
    """There are as many hooks as may be."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a hook has not been told."""

    waiting: int
    dead: int


class Hooks:
    """Made, listed and taken away; `services.console.webhooks` tells them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, url: str, kinds: Sequence[str], after: int, by: str) -> Hook:
        """Make a hook that hears of what comes after a line of activity.

        Raises:
            TooManyHooksError: remove one first.
        """
        hook_id, secret = secrets.token_hex(4), secrets.token_urlsafe(32)

        def make(work: Work) -> Hook:
            if work.session.exec(select(func.count()).select_from(Hook)).one() >= HOOKS_MAX:
                raise TooManyHooksError
            hook = Hook(
                id=hook_id,
                url=url,
                kinds=list(kinds),
                secret=secret,
                after=after,
                created_at=work.at,
                created_by=by,
                due_at=work.at,
            )
            work.session.add(hook)
            return hook

        return await self._database.run(make, quiet=True)

    async def all(self) -> list[tuple[Hook, Waiting]]:
        """Every hook, the oldest first, with how much it has not been told."""
        counts = select(Delivery.hook_id, Delivery.is_dead, func.count()).group_by(
            col(Delivery.hook_id), col(Delivery.is_dead)
        )
        return await self._database.look(
            lambda session: _counted(
                list(session.exec(select(Hook).order_by(col(Hook.created_at), col(Hook.id)))),
                {(hook, is_dead): many for hook, is_dead, many in session.exec(counts)},
            )
        )

    async def remove(self, hook_id: str) -> bool:
        """Take a hook away with all that it has not been told; whether it was there."""

        def drop(work: Work) -> bool:
            hook = work.session.get(Hook, hook_id)
            if hook is not None:
                work.session.delete(hook)
                work.session.execute(delete(Delivery).where(col(Delivery.hook_id) == hook_id))
            return hook is not None

        return await self._database.run(drop, quiet=True)

    async def try_again(self, hook_id: str) -> int | None:
        """Have all that was given up tried again; how much that is, None when there is no such hook."""

        def mark(work: Work) -> int | None:
            hook = work.session.get(Hook, hook_id)
            if hook is None:
                return None
            hook.due_at = work.at
            dead = update(Delivery).where(col(Delivery.hook_id) == hook_id, col(Delivery.is_dead))
            again = dead.values(is_dead=False, attempts=0, due_at=work.at)
            return int(work.session.connection().execute(again).rowcount)

        return await self._database.run(mark, quiet=True)


def _counted(hooks: list[Hook], counts: dict[tuple[str, bool], int]) -> list[tuple[Hook, Waiting]]:
    return [(hook, Waiting(counts.get((hook.id, False), 0), counts.get((hook.id, True), 0))) for hook in hooks]
