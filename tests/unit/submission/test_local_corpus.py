"""The aims of the local analyser, on a collection of real mails where there is one (LONGSTOP_TEST_CORPUS)."""

import os
from collections import Counter
from pathlib import Path

import pytest

from services.submission.analysers.offline.analyser import opinion_of
from services.submission.analysers.offline.view import View
from shared.events.vocabulary import BAD_CATEGORIES
from shared.mail import read_mail
from tests.unit.submission.specimens import specimen

CORPUS = Path(os.environ.get("LONGSTOP_TEST_CORPUS", "nowhere"))

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="LONGSTOP_TEST_CORPUS names no folder")


def categories(folder: str, *starts: str) -> Counter[str]:
    """How often each category is the verdict on the mails of a folder whose names start so."""
    paths = [path for path in sorted((CORPUS / folder).iterdir()) if not starts or path.name.startswith(starts)]
    return Counter(opinion_of(View(specimen(read_mail(path.read_bytes()), own=()))).category for path in paths)


def bad(found: Counter[str]) -> int:
    return sum(found[category] for category in BAD_CATEGORIES)


def test_three_of_five_phishing_mails_are_called_bad() -> None:
    found = categories("phish")
    assert bad(found) >= 0.6 * found.total()
    assert found["clean"] == 0


@pytest.mark.parametrize("starts", [("cake",), ("usrp",), ("open-iscsi",)])
def test_at_most_one_in_a_hundred_mails_of_a_list_is_called_bad(starts: tuple[str, ...]) -> None:
    found = categories("ham", *starts)
    assert found.total() > 0
    assert bad(found) <= 0.01 * found.total()


def test_honest_mail_through_the_channel_of_bad_mail_is_not_called_bad() -> None:
    assert bad(categories("same_channel_ham")) == 0


def test_at_most_one_parcel_mail_and_one_newsletter_is_called_bad() -> None:
    assert bad(categories("ham", "Home-Assistant")) <= 1
    assert bad(categories("ham_lookalike")) <= 1


def test_junk_that_is_called_bad_is_spam_rather_than_phishing() -> None:
    found = categories("junk")
    assert found["spam"] > 3 * found["phishing"]
