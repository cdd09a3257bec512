"""A scripted analyser for tests and trials: the mail itself says what is to be said. Never enabled by default.

The header `X-Longstop-Stub` carries `name=value` pairs: `category`, `confidence`, `delay_ms`, `fail=defer|reject`. A mail
without it may be told by its sender: by the envelope's, else by From.
"""

import asyncio
from collections.abc import Mapping
from typing import cast, get_args

from services.submission.analysers import Opinion, Specimen
from shared.errors import Defer, Reject
from shared.events import Evaluation, Evidence, ProposedBlock
from shared.events.vocabulary import BAD_CATEGORIES, VerdictCategory

#: Longest delay that a script may ask for, in milliseconds.
DELAY_MAX_MS = 60_000

#: Longest script, in characters: every pair once.
SCRIPT_MAX = 500


class StubAnalyser:
    """Says what the script says."""

    name = "stub"

    def __init__(self, scripts: Mapping[str, str] | None = None) -> None:
        """Make one.

        Args:
            scripts: scripts by the sender's address, in lower case, for mails that carry none.
        """
        self._scripts = scripts or {}

    async def analyse(self, specimen: Specimen) -> Opinion:
        """Follow the script; without one there is no opinion.

        Raises:
            Defer: the script says `fail=defer`.
            Reject: the script says `fail=reject`.
        """
        script = _read(specimen.mail.header("x-longstop-stub") or self._by_sender(specimen))
        if not script:
            return Opinion(self.name, "not_checked")
        await asyncio.sleep(min(_number(script.get("delay_ms", "0")), DELAY_MAX_MS) / 1000)
        if script.get("fail") == "defer":
            raise Defer("the script says not now")
        if script.get("fail") == "reject":
            raise Reject("the script says never")
        category = script.get("category", "unknown")
        if category not in get_args(VerdictCategory):
            return Opinion.failed(self.name)
        confidence = min(_number(script.get("confidence", "0.9")), 1.0)
        return _opinion(self.name, cast("VerdictCategory", category), confidence, specimen.mail.from_.address)

    def _by_sender(self, specimen: Specimen) -> str:
        envelope = specimen.envelope.mail_from if specimen.envelope else ""
        senders = (envelope.lower(), specimen.mail.from_.address.lower())
        return next((self._scripts[sender] for sender in senders if sender in self._scripts), "")


def _opinion(name: str, category: VerdictCategory, confidence: float, address: str) -> Opinion:
    is_bad = category in BAD_CATEGORIES
    evaluation: Evaluation = "malicious" if is_bad else "clean" if category == "clean" else "unknown"
    weight = 3 if is_bad else -1
    evidence = Evidence(signal="stub", text="The script says so.", where="header X-Longstop-Stub", weight=weight)
    blocks = (ProposedBlock(kind="address", value=address),) if is_bad and address else ()
    return Opinion(name, evaluation, category, confidence, evidence=(evidence,), blocks=blocks)


def _read(script: str) -> dict[str, str]:
    pairs = (pair.partition("=") for pair in script[:SCRIPT_MAX].split(";"))
    return {name.strip().lower(): word.strip().lower() for name, equals, word in pairs if equals}


def _number(word: str) -> float:
    try:
        number = float(word)
    except ValueError:
        return 0.0
    return number if 0 <= number < 1e6 else 0.0
