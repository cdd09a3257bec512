"""Asking the analysers: side by side, each with a time limit, and none holds up or fails the others."""

import asyncio
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import structlog

from services.submission.analysers import Analyser, Opinion, Specimen
from services.submission.settings import SubmissionSettings
from shared.errors import Defer, Reject
from shared.tasks import end

#: After so many failures in a row an analyser is left alone for a while, in seconds, doubling up to the most.
FAILURES_MAX, REST_S, REST_MAX_S = 5, 30.0, 600.0

#: An analyser that did not answer in time is asked again after so many seconds, and then gets all the time it may have.
LATE_S, FAILED_S = 1.0, 5.0


@dataclass(slots=True)
class _Fuse:
    """How an analyser has been doing."""

    failures: int = 0
    rests_until: float = 0.0

    def went(self, *, well: bool) -> None:
        self.failures = 0 if well else self.failures + 1
        over = self.failures - FAILURES_MAX
        self.rests_until = time.monotonic() + min(REST_S * 2 ** min(over, 10), REST_MAX_S) if over >= 0 else 0.0

    @property
    def rests(self) -> bool:
        return time.monotonic() < self.rests_until


class Panel:
    """The analysers of one process."""

    def __init__(self, analysers: Sequence[Analyser], settings: SubmissionSettings) -> None:
        self._analysers = analysers
        self._timeout_s = settings.analyser_timeout_s
        self._patience_s = min(settings.analyser_patience_s, settings.analyser_timeout_s)
        self.required = frozenset(settings.analysers_required or settings.analysers[:1])
        self._fuses = {one.name: _Fuse() for one in analysers}
        self._log = structlog.stdlib.get_logger("analysis")

    @property
    def names(self) -> tuple[str, ...]:
        """The analysers, in the order of the setting."""
        return tuple(one.name for one in self._analysers)

    def may_answer(self, names: Collection[str]) -> bool:
        """Whether one of these is not left alone now."""
        return any(not fuse.rests for name, fuse in self._fuses.items() if name in names)

    async def ask(self, specimen: Specimen, known: Mapping[str, Opinion]) -> list[Opinion]:
        """The opinions of all; of those that have one in `known` that one, unless it wants to be asked again.

        A first answer waits for the required ones and has only a little patience with the others.
        """
        asked = [one for one in self._analysers if one.name not in known or known[one.name].again_s is not None]
        if len(self._analysers) == 1 and asked:  # a task for one alone would cost more than most of what it does
            return [await self._ask(self._analysers[0], specimen, known)]
        tasks = {one.name: asyncio.create_task(self._ask(one, specimen, known)) for one in asked}
        try:
            if awaited := [task for name, task in tasks.items() if name in self.required or known]:
                await asyncio.wait(awaited)
            if tasks:
                await asyncio.wait(tasks.values(), timeout=self._patience_s)
            fresh = {name: task.result() if task.done() else late(name) for name, task in tasks.items()}
        finally:
            await end(*tasks.values())
        return [fresh[name] if name in fresh else known[name] for name in self.names]

    async def _ask(self, analyser: Analyser, specimen: Specimen, known: Mapping[str, Opinion]) -> Opinion:
        """One opinion; a failure is one too."""
        fuse = self._fuses[analyser.name]
        if fuse.rests:
            return Opinion.failed(
                analyser.name, "it failed again and again and is left alone for a while", again_s=REST_S
            )
        before = known.get(analyser.name)
        if before and before.pending:
            specimen = replace(specimen, pending=before.pending)
        try:
            async with asyncio.timeout(self._timeout_s):
                opinion = await analyser.analyse(specimen)
        except Reject as error:
            opinion = Opinion.failed(analyser.name, str(error)[:200])
        except (Defer, TimeoutError) as error:
            reason = str(error)[:200] or f"no answer within {self._timeout_s:g} s"
            self._log.warning("analyser failed", analyser=analyser.name, reason=reason)
            fuse.went(well=False)
            return Opinion.failed(analyser.name, reason, again_s=FAILED_S)
        except Exception as error:
            self._log.exception("analyser failed", analyser=analyser.name)
            fuse.went(well=False)
            return Opinion.failed(analyser.name, f"a fault of its own: {type(error).__name__}", again_s=FAILED_S)
        fuse.went(well=True)
        return opinion


def late(name: str) -> Opinion:
    """The opinion of an analyser that still thinks."""
    return Opinion(name, "not_checked", detail="it had not answered yet", again_s=LATE_S)
