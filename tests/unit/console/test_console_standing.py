"""Where a case stands, and who has to do something."""

import pytest

from services.console.rules.standing import proof, stage_of
from services.triage.rules.reputation import proof as proof_of_triage


@pytest.mark.parametrize(
    ("state", "stage"),
    [("review", "wait"), ("decided", "wait"), ("open", "work"), ("analysing", "work"), ("closed", "done"), ("dismissed", "done")],
)  # fmt: skip
def test_a_case_waits_for_a_person_or_for_the_machine_or_for_nobody(state: str, stage: str) -> None:
    assert stage_of(state=state, merged=False) == stage
    assert stage_of(state=state, merged=True) == "merged"


@pytest.mark.parametrize("verdict", ["", "malware", "phishing", "spam", "bulk", "clean", "unknown", "simulation"])
@pytest.mark.parametrize("reported", ["phishing", "malware", "junk", "not_junk"])
def test_pages_and_rules_call_the_same_reports_right(reported: str, verdict: str) -> None:
    assert proof(reported=reported, verdict=verdict) == proof_of_triage(reported=reported, verdict=verdict)
