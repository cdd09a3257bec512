"""How well the analysers tell bad mail from honest mail, on a collection of real mails: `make eval`, `docs/evaluation.md`.

Each kind of honest mail stands alone, with an interval; nothing is pooled. Headers that only say how a mail was collected are
taken away first, and once more all but what a reader sees, to show that no verdict hangs on them. The report weighs nothing:
mails are looked at as if one person had reported them as phishing, and that alone never makes one bad.
"""

import argparse
import asyncio
import datetime as dt
import math
import re
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from services.submission.analysers import Analyser, Opinion, Specimen
from services.submission.analysers.offline import LocalAnalyser
from services.submission.analysers.offline.analyser import opinion_of
from services.submission.analysers.offline.view import View
from services.submission.analysers.offline.weights import WEIGHTS
from services.submission.analysers.rspamd import RspamdAnalyser
from services.submission.analysers.spamassassin import SpamAssassinAnalyser
from shared.errors import LongstopError
from shared.events.vocabulary import BAD_CATEGORIES
from shared.mail import read_mail
from tests import fitted
from tests.specimens import written

PAGE = Path("docs/evaluation.md")

#: Headers that tell how a mail was collected (protocol of the collection, section "artefacts").
ARTEFACTS = re.compile(
    rb"(?i)^(?:x-ms-|x-eop|x-incoming|x-sid-|x-forefront|x-microsoft|x-spam|x-rspamd|x-virus|x-mailman|x-google|x-original)"
)

#: What a canonical mail keeps: what a reader sees, how it is built, and what the receiver checked.
KEPT = re.compile(
    rb"(?i)^(?:from|reply-to|to|subject|date|message-id|mime-version|content-|authentication-results|list-id|list-post|list-unsubscribe"
    rb"|in-reply-to|references|precedence|return-path)"
)

#: The kinds: a name, whether its mails are bad, its folder and how its files begin.
KINDS = (
    ("phishing", True, "phish", ""),
    ("junk", True, "junk", ""),
    ("bad mail through a list", True, "same_channel_bad", ""),
    ("honest mail through the same list", False, "same_channel_ham", ""),
    ("list: cake", False, "ham", "cake"),
    ("list: open-iscsi", False, "ham", "open-iscsi"),
    ("list: usrp-users", False, "ham", "usrp"),
    ("parcel mail", False, "ham", "Home-Assistant"),
    ("newsletters and people, 2002", False, "ham", "datasets"),
    ("genuine bulk", False, "ham_lookalike", ""),
)

#: Mails of the second blind round that were called bad when they were first judged, and the same without checks.
FIRST_JUDGED = {"honest": (1, 1), "phish": (53, 49), "junk": (10, 8)}

Looks = Callable[[Sequence[bytes]], Awaitable[list[Opinion | None]]]


@dataclass(frozen=True, slots=True)
class Kind:
    """Mails of one kind."""

    name: str
    is_bad: bool
    raws: tuple[bytes, ...]
    campaigns: tuple[str, ...] = ()


def kinds(corpus: Path) -> Iterator[Kind]:
    """The kinds that the collection has."""
    known_campaigns = fitted.campaigns(corpus)
    for name, is_bad, folder, start in KINDS:
        paths = [path for path in sorted((corpus / folder).glob("*")) if path.is_file() and path.name.startswith(start)]
        if paths:
            raws = tuple(fields_dropped(path.read_bytes(), ARTEFACTS) for path in paths)
            files = (f"{folder}/{path.name}" for path in paths)
            yield Kind(name, is_bad, raws, tuple(known_campaigns.get(file, file) for file in files))


def fields_dropped(raw: bytes, which: re.Pattern[bytes], *, but: bool = False) -> bytes:
    """A mail without the header fields whose names match; with `but` without all the others."""
    raw = raw.replace(b"\r\r\n", b"\r\n")
    end = min((place for place in (raw.find(b"\r\n\r\n"), raw.find(b"\n\n")) if place >= 0), default=len(raw))
    fields = re.split(rb"(?<=\n)(?![ \t])", raw[:end] + b"\n" if end < len(raw) else raw)
    kept = b"".join(field for field in fields if bool(which.match(field)) == but)
    return kept.rstrip(b"\r\n") + raw[end:]


def share(found: int, of: int) -> str:
    """A percentage with its 95 % interval (Wilson, 1927)."""
    if not of:
        return "-"
    z, rate = 1.96, found / of
    middle = (rate + z * z / (2 * of)) / (1 + z * z / of)
    half = z * math.sqrt(rate * (1 - rate) / of + z * z / (4 * of * of)) / (1 + z * z / of)
    low, high = max(0.0, middle - half), min(1.0, middle + half)
    return f"{100 * rate:.1f} % ({100 * low:.0f}-{100 * high:.0f})"


async def looked(analyser: Analyser, raws: Sequence[bytes], at_once: int) -> list[Opinion]:
    """Opinions, in order; a mail that an analyser cannot look at is told as such."""
    gate = asyncio.Semaphore(at_once)

    async def one(raw: bytes) -> Opinion:
        mail = read_mail(raw)
        async with gate:
            try:
                return await analyser.analyse(Specimen(mail, mail.sha256, "phishing", raw=raw))
            except LongstopError as error:
                return Opinion.failed(analyser.name, str(error))

    return list(await asyncio.gather(*map(one, raws)))


def is_bad(opinion: Opinion) -> bool:
    return opinion.category in BAD_CATEGORIES


def verdicts(kind: Kind, opinions: Sequence[Opinion]) -> str:
    """A row: how many are called bad, and what each is called."""
    counts = Counter(one.category for one in opinions)
    named = ", ".join(f"{category} {count}" for category, count in counts.most_common())
    return f"| {kind.name} | {len(opinions)} | {share(sum(map(is_bad, opinions)), len(opinions))} | {named} |"


def signals(found: dict[str, list[Opinion]], of: Sequence[Kind]) -> Iterator[str]:
    """A table: how often each signal fires on each kind, in per cent."""
    yield "| signal | points | " + " | ".join(kind.name for kind in of) + " |"
    yield "|---|---" + "|---" * len(of) + "|"
    rates = {
        kind.name: Counter(name for opinion in found[kind.name] for name in {item.signal for item in opinion.evidence})
        for kind in of
    }
    for name, weight in WEIGHTS.items():
        if weight.axis == "report":
            continue
        cells = [f"{100 * rates[kind.name][name] / len(kind.raws):.1f}".replace("0.0", "0") for kind in of]
        yield f"| `{name}` | {weight.points:g} | " + " | ".join(cells) + " |"


async def page(corpus: Path, others: Sequence[Analyser], before: str = "") -> str:
    """The whole page; `before` is the last one, whose figures of other analysers stay when none is given."""
    of = list(kinds(corpus))
    local = LocalAnalyser()
    found = {kind.name: await looked(local, kind.raws, 1) for kind in of}
    lines = [
        "# Evaluation",
        "",
        f"Made by `make eval` on {dt.datetime.now(dt.UTC):%Y-%m-%d}, on a collection of public mails that is no part of this project. Every",
        "mail is looked at alone; each kind of honest mail stands for itself, with the 95 % interval of its rate, for with 27 mails",
        "no error still allows 11 %. Headers that say how a mail was collected were taken away. No weight was learned from these",
        "mails: they check weights that were set by hand (`services/submission/analysers/offline/weights.py`).",
        "",
        "`unknown` is an honest answer: such a mail is shown to a person with what was seen. Nothing bad may be called `clean`.",
        "",
        "## The local analyser",
        "",
        "| kind | mails | called malware, phishing or spam | verdicts |",
        "|---|---|---|---|",
        *(verdicts(kind, found[kind.name]) for kind in of),
        "",
    ]
    if others:
        lines += await beside(of, found, others)
    else:
        lines += beside_again(of, found, before)
    lines += [*left_out(of, found), *specimens(), *blind_round()]
    lines += await ablation(of, found)
    lines += ["## Signals", "", "Per cent of the mails of a kind on which a signal fires.", "", *signals(found, of), ""]
    return "\n".join(lines)


async def beside(of: Sequence[Kind], found: dict[str, list[Opinion]], others: Sequence[Analyser]) -> list[str]:
    """The same mails, in the same run, by other analysers."""
    names = ", ".join(one.name for one in others)
    lines = [
        "## Beside others",
        "",
        f"The same mails in the same run by {names}: offline, stock rules, without the symbols of a stored mail that say something of",
        "the clock or of a client that is gone. They are made to be told the connection and to look names up, which nobody can",
        "do for these mails any more.",
        "",
        "| kind | local | " + " | ".join(one.name for one in others) + " |",
        "|---|---" + "|---" * len(others) + "|",
    ]
    for kind in of:
        cells = [share(sum(map(is_bad, found[kind.name])), len(kind.raws))]
        for other in others:
            opinions = [one for one in await looked(other, kind.raws, 2) if one.counts]
            missed = len(kind.raws) - len(opinions)
            cells.append(
                share(sum(map(is_bad, opinions)), len(opinions)) + (f", {missed} not checked" if missed else "")
            )
        lines.append(f"| {kind.name} | " + " | ".join(cells) + " |")
    return [*lines, ""]


def beside_again(of: Sequence[Kind], found: dict[str, list[Opinion]], before: str) -> Iterator[str]:
    """The section of the page before, with our own figures of today: the others' do not change with us."""
    _, title, rest = before.partition("## Beside others\n")
    if not title:
        return
    today = {kind.name: share(sum(map(is_bad, found[kind.name])), len(kind.raws)) for kind in of}
    words = rest.partition("\n## ")[0].replace("in the same run by", "in an earlier run by")
    yield title.rstrip()
    for line in words.splitlines():
        cells = line.split(" | ")
        name = cells[0].removeprefix("| ")
        yield " | ".join([cells[0], today[name], *cells[2:]]) if name in today else line
    yield ""


def left_out(of: Sequence[Kind], found: dict[str, list[Opinion]]) -> Iterator[str]:
    """What is found without the words that only the mail's own campaign has."""
    yield from (
        "## What would be found of campaigns that are not in the collection",
        "",
        "Each bad mail once more, without the phrases and brands that stand in no bad mail of another campaign (`tests/fitted.py`). What",
        "weighs how much was looked at on these mails too, so the truth of mail that nobody here has seen may be lower still.",
        "",
        "| kind | called bad | without its own words |",
        "|---|---|---|",
    )
    known = {kind.name: fitted.known(kind.raws, kind.campaigns) for kind in of if kind.is_bad}
    everything = [one for mails in known.values() for one in mails]
    for name, mails in known.items():
        both = (sum(map(is_bad, found[name])), fitted.still_found(mails, everything))
        yield f"| {name} | {share(both[0], len(mails))} | {share(both[1], len(mails))} |"
    yield ""


def specimens() -> Iterator[str]:
    """The mails that were written for the tests: how many are called bad, with and without what a gateway checked."""
    yield from (
        "## Written mails",
        "",
        "Mails written after what such mails say, of many senders, years and languages (`tests/specimens`). These rows are a guard, not a",
        "measure: the analyser was mended until they were right. When they were first judged, 66 of the 83 lures, 16 of the 22 junk mails and",
        "6 of the 82 honest ones (14 without checks) were called bad.",
        "",
        "| table | mails | called bad | the same from a gateway that records no checks |",
        "|---|---|---|---|",
    )
    for table in ("honest", "phish", "junk"):
        yield f"| {table} | {' | '.join(map(str, called_bad(table)))} |"
    yield ""


def blind_round() -> Iterator[str]:
    """The second blind round: what was called bad when its mails were first judged, and what is now."""
    yield from (
        "### The second blind round",
        "",
        "Written by somebody who knew the signals from this page, but had read neither the analyser's words and brands nor the mails",
        "above, and committed before they were judged (`tests/specimens/blind_*.toml`). Only the first figures measure anything; after",
        "them the analyser was mended, so that the others are a guard, too. In brackets: the same mails from a gateway that records no",
        "checks.",
        "",
        "| table | mails | first called bad | called bad now |",
        "|---|---|---|---|",
    )
    for table, (first, first_bare) in FIRST_JUDGED.items():
        mails, found, bare = called_bad(f"blind_{table}")
        yield f"| {table} | {mails} | {first} ({first_bare}) | {found} ({bare}) |"
    yield ""


def called_bad(table: str) -> tuple[int, int, int]:
    """The mails of a table of written mails, how many are called bad, and how many without what a gateway checked."""
    mails = written(table)
    found, bare = (sum(map(is_bad, map(judged, raws))) for raws in ([m.raw for m in mails], [m.bare for m in mails]))
    return len(mails), found, bare


def judged(raw: bytes) -> Opinion:
    """The local opinion about a written mail, whose house is example.org."""
    mail = read_mail(raw)
    return opinion_of(View(Specimen(mail, mail.sha256, "phishing", own_domains=frozenset({"example.org"}))))


async def ablation(of: Sequence[Kind], found: dict[str, list[Opinion]]) -> list[str]:
    """How many verdicts are others when all headers but a few are gone."""
    lines = [
        "## What hangs on headers that nobody sees",
        "",
        "Verdicts that change between bad and not bad when every header is deleted but those that a reader sees, that build the",
        "mail, that answer and leave lists, and that say what the receiver checked.",
        "",
        "| kind | verdicts that change |",
        "|---|---|",
    ]
    for kind in of:
        bare = replace(kind, raws=tuple(fields_dropped(raw, KEPT, but=True) for raw in kind.raws))
        opinions = await looked(LocalAnalyser(), bare.raws, 1)
        changed = sum(is_bad(one) != is_bad(other) for one, other in zip(found[kind.name], opinions, strict=True))
        lines.append(f"| {kind.name} | {changed} of {len(kind.raws)} |")
    return [*lines, ""]


def main() -> int:
    """Write the page."""
    options = argparse.ArgumentParser(prog="python -m tests.evaluate", description=__doc__)
    options.add_argument("--corpus", type=Path, required=True, help="folders phish, junk, ham, … of raw mails")
    options.add_argument("--rspamd", default="", help="URL of a normal worker")
    options.add_argument("--spamd", default="", help="spamd://HOST:PORT")
    options.add_argument("--out", type=Path, default=PAGE)
    given = options.parse_args()
    others: list[Analyser] = []
    if given.rspamd:
        others.append(RspamdAnalyser(given.rspamd))
    if given.spamd:
        others.append(SpamAssassinAnalyser(given.spamd))
    before = PAGE.read_text(encoding="utf-8") if PAGE.is_file() else ""
    text = asyncio.run(page(given.corpus, others, before))
    given.out.write_text(text, encoding="utf-8")
    print(text.partition("## Signals")[0])  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
