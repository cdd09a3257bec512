"""A scripted analyser for tests and trials: the mail itself says what is to be said. Never enabled by default.

The header `X-Longstop-Stub` carries `name=value` pairs: `category`, `confidence`, `delay_ms`, `fail=defer|reject`.
"""

import asyncio
from typing import cast, get_args

from services.submission.analysers import Opinion, Specimen
from shared.errors import Defer, Reject
from shared.events import Evaluation, Evidence, ProposedBlock
from shared.events.vocabulary import BAD_CATEGORIES, VerdictCategory

#: Longest delay that a script may ask for, in milliseconds.
DELAY_MAX_MS = 60_000


class StubAnalyser:
    """Says what the mail's header says."""

    name = "stub"

    async def analyse(self, specimen: Specimen) -> Opinion:
        """Follow the script; without one there is no opinion.

        Raises:
            Defer: the script says `fail=defer`.
            Reject: the script says `fail=reject`.
        """
        script = _script(specimen.mail.header("x-longstop-stub"))
        if not script:
            return Opinion(self.name, "not_checked")
        await asyncio.sleep(min(_number(script.get("delay_ms", "0")), DELAY_MAX_MS) / 1000)
        if script.get("fail") == "defer":
            raise Defer("the script says not now")
        if script.get("fail") == "reject":
            raise Reject("the script says never")
        category = script.get("category", "unknown")
        if category not in get_args(VerdictCategory):
            return Opinion(self.name, "error")
        is_bad = category in BAD_CATEGORIES
        evaluation: Evaluation = "malicious" if is_bad else "clean" if category == "clean" else "unknown"
        evidence = Evidence(
            signal="stub", text="The script says so.", where="header X-Longstop-Stub", weight=3 if is_bad else -1
        )
        address = specimen.mail.from_.address
        blocks = (ProposedBlock(kind="address", value=address),) if is_bad and address else ()
        confidence = min(_number(script.get("confidence", "0.9")), 1.0)
        return Opinion(
            self.name, evaluation, cast("VerdictCategory", category), confidence, evidence=(evidence,), blocks=blocks
        )


def _script(value: str) -> dict[str, str]:
    pairs = (pair.partition("=") for pair in value[:500].split(";"))
    return {name.strip().lower(): word.strip().lower() for name, equals, word in pairs if equals}


def _number(word: str) -> float:
    try:
        number = float(word)
    except ValueError:
        return 0.0
    return number if 0 <= number < 1e6 else 0.0
