"""The scripted analyser follows its script and nothing else."""

import asyncio

import pytest

from services.submission.analysers import Opinion
from services.submission.analysers.stub import DELAY_MAX_MS, StubAnalyser
from services.submission.settings import SubmissionSettings
from shared.errors import Defer, Reject
from shared.events import MailEnvelope
from tests.unit.submission.specimens import mail, specimen


async def follow(script: str) -> Opinion:
    return await StubAnalyser().analyse(specimen(mail(headers={"x-longstop-stub": script})))


async def test_it_is_never_asked_unless_somebody_says_so() -> None:
    assert SubmissionSettings(_env_file=None).analysers == ("local",)


async def test_without_a_script_it_has_no_opinion() -> None:
    answer = await StubAnalyser().analyse(specimen(mail()))
    assert (answer.name, answer.evaluation) == ("stub", "not_checked")


@pytest.mark.parametrize(
    ("category", "evaluation"),
    [
        ("phishing", "malicious"),
        ("malware", "malicious"),
        ("spam", "malicious"),
        ("clean", "clean"),
        ("bulk", "unknown"),
        ("unknown", "unknown"),
    ],
)
async def test_it_says_the_category_of_the_script(category: str, evaluation: str) -> None:
    answer = await follow(f"category={category}; confidence=0.7")
    assert (answer.category, answer.evaluation, answer.confidence) == (category, evaluation, 0.7)
    assert [block.value for block in answer.blocks] == (["bo@partner.example"] if evaluation == "malicious" else [])


@pytest.mark.parametrize("script", ["category=wicked", "category="])
async def test_a_category_that_is_none_is_an_error(script: str) -> None:
    assert (await follow(script)).evaluation == "error"


@pytest.mark.parametrize(
    ("word", "confidence"), [("0", 0), ("2", 1), ("-1", 0), ("nan", 0), ("inf", 0), ("much", 0), ("1e3", 1)]
)
async def test_a_confidence_stays_between_nought_and_one(word: str, confidence: float) -> None:
    assert (await follow(f"category=spam;confidence={word}")).confidence == confidence


async def test_case_and_spaces_do_not_matter() -> None:
    assert (await follow(" Category = PHISHING ;; junk ; confidence=0.9")).category == "phishing"


async def test_it_fails_as_told() -> None:
    with pytest.raises(Defer):
        await follow("fail=defer")
    with pytest.raises(Reject):
        await follow("fail=reject;category=phishing")


async def test_it_waits_as_told_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []

    async def note(delay_s: float) -> None:
        waited.append(delay_s)

    monkeypatch.setattr(asyncio, "sleep", note)
    await follow("category=spam; delay_ms=200")
    await follow("category=spam; delay_ms=999999")
    assert waited == [0.2, DELAY_MAX_MS / 1000]


SCRIPTS = {"evil@login.example": "category=malware", "bo@partner.example": "category=spam"}


async def test_a_script_may_be_given_for_a_sender() -> None:
    answer = await StubAnalyser(SCRIPTS).analyse(specimen(mail("Bo <Bo@partner.example>")))
    assert answer.category == "spam"


async def test_the_envelopes_sender_comes_before_from() -> None:
    envelope = MailEnvelope(mail_from="Evil@login.example")
    answer = await StubAnalyser(SCRIPTS).analyse(specimen(mail(), envelope=envelope))
    assert answer.category == "malware"


async def test_the_mails_own_script_comes_before_both() -> None:
    of = mail(headers={"x-longstop-stub": "category=clean"})
    assert (await StubAnalyser(SCRIPTS).analyse(specimen(of))).category == "clean"


async def test_a_sender_without_a_script_has_no_opinion() -> None:
    assert (await StubAnalyser(SCRIPTS).analyse(specimen(mail("X <x@x.example>")))).evaluation == "not_checked"
