"""What a replay brings back of the work of jobs: answers that were sent are not sent again."""

from collections.abc import Callable, Mapping
from typing import Any

from services.triage.tables import Answer
from shared.events import Event, NotificationSent
from shared.work import Work


def sent(event: NotificationSent, work: Work) -> None:
    """An answer left."""
    answer_id, _, number = event.notification_id.partition(".")
    answer = work.find(Answer, answer_id) if event.kind == "answer" else None
    if answer is None or int(number) <= answer.sent:
        return
    # Events of before they had a case do not say what was told: what there is to tell, as far as is known now.
    answer.sent, answer.told = int(number), (event.category or "") if event.case_id else answer.category
    if answer.category in ("", answer.told):
        answer.due_at = None


RECALLS: Mapping[type[Event], Callable[[Any, Work], None]] = {NotificationSent: sent}
