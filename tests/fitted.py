"""How much of what `make eval` finds hangs on words that were written down because of the very mail they find.

Each bad mail is judged once more without the phrases and brands that stand in no bad mail of another campaign. What is
still found would have been found had that campaign not been in the collection.
"""

import csv
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from services.submission.analysers import Specimen
from services.submission.analysers.offline import brand_list, phrases
from services.submission.analysers.offline.analyser import opinion_of
from services.submission.analysers.offline.phrases import Family, Pair, Word
from services.submission.analysers.offline.view import View
from shared.events.vocabulary import BAD_CATEGORIES
from shared.mail import Mail, read_mail

_CAMPAIGN = re.compile(r"cluster (\d+)")

#: A word of a family, or a brand: ("urgency", "act now"), ("brand", "paypal").
Said = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Known:
    """One bad mail, its campaign, and the words of ours that stand in it."""

    mail: Mail
    campaign: str
    said: frozenset[Said]


def campaigns(corpus: Path) -> dict[str, str]:
    """The campaign of each file, as the collection's index says it; files that it says nothing of stand alone."""
    index = corpus / "INDEX.tsv"
    if not index.is_file():
        return {}
    with index.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    found = ((row["file"], _CAMPAIGN.search(row["note"] or "")) for row in rows)
    return {file: match[1] for file, match in found if match}


def known(raws: Sequence[bytes], of: Sequence[str]) -> list[Known]:
    """Mails with their campaigns `of`, in the same order."""
    mails = [read_mail(raw) for raw in raws]
    return [Known(mail, campaign, _said(View(_specimen(mail)))) for mail, campaign in zip(mails, of, strict=True)]


def still_found(mails: Sequence[Known], others: Sequence[Known]) -> int:
    """How many of `mails` are called bad by words that also stand in mails of other campaigns among `others`."""
    where: dict[Said, set[str]] = defaultdict(set)
    for one in others:
        for word in one.said:
            where[word].add(one.campaign)
    count = 0
    for one in mails:
        lonely = {word for word in one.said if not where[word] - {one.campaign}}
        with without(lonely):
            count += opinion_of(View(_specimen(one.mail))).category in BAD_CATEGORIES
    return count


def _specimen(mail: Mail) -> Specimen:
    return Specimen(mail, mail.sha256, "phishing")


def _said(view: View) -> frozenset[Said]:
    text = view.text
    hosts = " ".join((view.mail.from_.domain, *view.hosts))
    words = {(name, word.shown) for name, family in phrases.FAMILIES.items() for word in _words(family, text)}
    named = {("brand", one.name) for one in brand_list.BRANDS if one.stands_in(text) or one.label in hosts}
    return frozenset(words | named)


def _words(family: Family, text: str) -> Iterator[Word]:
    of_pairs = (word for pair in family.pairs if pair.found(text) for word in (*pair.first, *pair.then))
    yield from (word for word in (*family.phrases, *family.hints, *of_pairs) if word.stands_in(text))


@contextmanager
def without(lonely: set[Said]) -> Iterator[None]:
    """The analyser without some words and brands."""
    families, brands = dict(phrases.FAMILIES), brand_list.BRANDS
    distinct = brand_list._DISTINCT
    lost = {name for kind, name in lonely if kind == "brand"}
    phrases.FAMILIES.update({name: _less(family, name, lonely) for name, family in families.items()})
    _use(tuple(one for one in brands if one.name not in lost), tuple(one for one in distinct if one.name not in lost))
    try:
        yield
    finally:
        phrases.FAMILIES.update(families)
        _use(brands, distinct)


def _use(brands: tuple[brand_list.Brand, ...], distinct: tuple[brand_list.Brand, ...]) -> None:
    by_domain: Mapping[str, brand_list.Brand] = {domain: one for one in reversed(brands) for domain in one.domains}
    for name, value in {
        "BRANDS": brands,
        "_DISTINCT": distinct,
        "_BY_LABEL": {one.label: one for one in brands},
        "_BY_DOMAIN": by_domain,
    }.items():
        setattr(brand_list, name, value)


def _less(family: Family, name: str, lonely: set[Said]) -> Family:
    def kept(words: tuple[Word, ...]) -> tuple[Word, ...]:
        return tuple(word for word in words if (name, word.shown) not in lonely)

    pairs = tuple(Pair(kept(pair.first), kept(pair.then)) for pair in family.pairs)
    return Family(kept(family.phrases), pairs, kept(family.hints))
