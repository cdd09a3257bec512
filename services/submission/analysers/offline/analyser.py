"""Signals become an opinion: a category, how sure, why it was delivered, what to do."""

import asyncio
from collections.abc import Callable, Iterable, Sequence

from services.submission.analysers import Opinion, Specimen
from services.submission.analysers.offline import (
    attachments,
    authentication,
    brands,
    bulk,
    business,
    content,
    identity,
    links,
    writing,
)
from services.submission.analysers.offline.advice import cause, recommendations
from services.submission.analysers.offline.house import House
from services.submission.analysers.offline.proposals import blocks
from services.submission.analysers.offline.scoring import Score, confidence, decide
from services.submission.analysers.offline.signatures import verified
from services.submission.analysers.offline.view import Seen, Signals, View
from services.submission.analysers.offline.weights import WEIGHTS
from shared.events import Evaluation, Evidence
from shared.events.vocabulary import VerdictCategory

SIGNALS: tuple[Callable[[View], Signals], ...] = (
    authentication.signals,
    identity.signals,
    brands.signals,
    writing.signals,
    links.signals,
    attachments.signals,
    content.signals,
    business.signals,
    bulk.signals,
    bulk.reported,
)


#: Signals that say that the sender's name is somebody else's.
BORROWED = frozenset(
    {
        "own_domain_lookalike",
        "own_name_foreign_domain",
        "own_person_foreign_address",
        "brand_lookalike",
        "brand_in_name",
        "brand_disguised",
    }
)


#: Signals that say that a stranger fills in an honest service's form: what proves the service proves nothing of the words.
FILLED_IN = frozenset({"stuffed_greeting", "stranger_note", "office_on_freemail", "brand_in_name"})


#: What is sold to people who never asked.
SOLD = frozenset({"casino", "money_for_nothing", "cold_offer"})


class LocalAnalyser:
    """The analyser."""

    name = "local"

    def __init__(self, house: House | None = None) -> None:
        self._house = house or House()

    async def analyse(self, specimen: Specimen) -> Opinion:
        """Look at a mail; a few milliseconds of work, so all but the arithmetic of signatures stays in the loop's thread."""
        keys = self._house.dkim_keys
        signatures = await asyncio.to_thread(verified, specimen.raw, keys) if keys and specimen.raw else ()
        return opinion_of(View(specimen, self._house, signatures))


def opinion_of(view: View) -> Opinion:
    """The opinion about one mail."""
    seen = list(_without_empty_praise([one for signals in SIGNALS for one in signals(view)], view))
    category, points = decide(Score.of(seen), may_be_left=view.may_be_left)
    return Opinion(
        name=LocalAnalyser.name,
        evaluation=_evaluation(category),
        category=category,
        confidence=confidence(points),
        cause=cause(category, view),
        evidence=tuple(_evidence(seen)),
        recommendations=recommendations(category, view, {one.signal for one in seen}),
        blocks=blocks(category, view),
    )


def _without_empty_praise(seen: Sequence[Seen], view: View) -> Iterable[Seen]:
    """Whose name is a lie, or who sells to strangers, gets nothing for leading to itself, nor a platform for its customers' words."""
    names = {one.signal for one in seen}
    empty = {"own_link"} if BORROWED & names else set()
    if not view.may_be_left and any(one.signal in SOLD and one.times > 1 for one in seen):
        empty |= {"own_link"}
    if FILLED_IN & names:
        empty |= {"own_link", "brand_sender"}
    return (one for one in seen if one.signal not in empty)


def _evaluation(category: VerdictCategory) -> Evaluation:
    if category in {"malware", "phishing"}:
        return "malicious"
    if category == "spam":
        return "suspicious"
    return "clean" if category == "clean" else "unknown"


def _evidence(seen: Iterable[Seen]) -> Iterable[Evidence]:
    return sorted((one.evidence(WEIGHTS[one.signal].points) for one in seen), key=lambda item: -abs(item.weight))
