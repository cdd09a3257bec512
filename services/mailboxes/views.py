"""Purges as the API shows them."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlmodel import Session, col, func, select

from services.mailboxes.purges import Purges
from services.mailboxes.rules.policy import undone
from services.mailboxes.tables import Box, Move, Purge, Restore
from shared.events import PurgeMatch

#: Mailboxes of one answer.
BOXES_MAX = 1_000


def views(purges: Sequence[Purge], session: Session) -> list[dict[str, Any]]:
    """Purges, each with how far it is undone."""
    ids = [purge.purge_id for purge in purges]
    states: dict[str, dict[str, int]] = defaultdict(dict)
    counts = select(Move.purge_id, Move.state, func.count()).where(col(Move.purge_id).in_(ids))
    for purge_id, state, many in session.exec(counts.group_by(col(Move.purge_id), col(Move.state))):
        states[purge_id][state] = many
    open_ = select(Restore.purge_id).where(col(Restore.purge_id).in_(ids), col(Restore.finished_at).is_(None))
    under_way = set(session.exec(open_).all())
    return [
        {
            **purge.model_dump(exclude={"match", "due_at", "attempts", "from_address"}),
            "match": PurgeMatch.model_validate_json(purge.match).model_dump(mode="json", exclude_defaults=True),
            "undone": undone(states=states[purge.purge_id], under_way=purge.purge_id in under_way),
        }
        for purge in purges
    ]


def story(purge: Purge, session: Session, purges: Purges) -> dict[str, Any]:
    """One purge with its mailboxes and mails: those with mails first."""
    boxes = session.exec(
        select(Box)
        .where(Box.purge_id == purge.purge_id)
        .order_by(col(Box.found).desc(), col(Box.mailbox))
        .limit(BOXES_MAX)
    ).all()
    moves: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for move in session.exec(select(Move).where(Move.purge_id == purge.purge_id).limit(10 * BOXES_MAX)):
        moves[move.mailbox].append(move.model_dump(exclude={"purge_id", "mailbox", "number"}))
    restores = session.exec(select(Restore).where(Restore.purge_id == purge.purge_id)).all()
    return {
        **views([purge], session)[0],
        "needs_second": purges.needs_second(purge, session),
        "mailboxes": [
            {
                **box.model_dump(exclude={"purge_id", "tell_at", "tell_attempts", "due_at"}),
                "mails": moves[box.mailbox],
            }
            for box in boxes
        ],
        "restores": [restore.model_dump(exclude={"purge_id"}) for restore in restores],
    }
