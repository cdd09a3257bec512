"""What a replay brings back of the work of jobs: answers that were sent are not sent again."""

from collections.abc import Callable, Mapping
from typing import Any

from services.triage.tables import Answer
from shared.events import Event, NotificationSent
from shared.work import Work


def sent(event: NotificationSent, work: Work) -> None:
    """An answer left."""
    answer_id, _, number = event.notification_id.partition(".")
    if event.kind == "answer" and (answer := work.find(Answer, answer_id)):
        answer.sent, answer.told, answer.due_at = int(number), answer.category, None


RECALLS: Mapping[type[Event], Callable[[Any, Work], None]] = {NotificationSent: sent}
