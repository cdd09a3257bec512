"""The URLs of a mail, from its text and its HTML, canonical and bounded."""

import re
from collections.abc import Iterable, Iterator
from urllib.parse import unquote, urljoin

from shared.mail import limits
from shared.mail.addresses import first_address
from shared.mail.defects import Defects
from shared.mail.markup import Page
from shared.mail.model import Link, LinkPlace
from shared.mail.urls import canonical_host, canonical_url
from shared.mail.wrappers import unwrap

# Bounded classes, no nesting: linear. Mail clients make `www.` clickable, too.
_IN_TEXT = re.compile(
    rf"""https?:[/\\]{{1,4}}[^\s<>"'\u200b]{{1,{limits.URL_MAX}}}|\bwww\.[a-z0-9-]{{1,63}}\.[^\s<>"'\u200b]{{2,{limits.URL_MAX}}}""",
    re.IGNORECASE,
)
_TRAILING = ".,;:!?'\"]}*|>"
_SCRIPT = re.compile(r"(?:javascript|vbscript):", re.IGNORECASE)
_DATA = re.compile(r"data:", re.IGNORECASE)
_BLANKS = re.compile(r"[\x00-\x20]")
_ELSEWHERE = re.compile(r"(?:mailto|tel|sms|cid|file):(?![0-9])", re.IGNORECASE)  # no web URL: nothing to try
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]{0,20}:", re.IGNORECASE)


class Links:
    """Collects the links of one mail: each (URL, words, place) once, at most `limits.LINKS_MAX`."""

    def __init__(self, defects: Defects) -> None:
        self._defects = defects
        self._tried: set[tuple[str, str, str, str]] = set()
        self._found: dict[tuple[str, str, str], Link] = {}
        self._mailto: dict[str, None] = {}

    def from_text(self, text: str, place: LinkPlace) -> None:
        """Take the URLs that stand in plain text."""
        self._add((("", url, "") for url in urls_in(text)), place)

    def from_page(self, page: Page, place: LinkPlace) -> None:
        """Take the targets of a page, relative ones resolved against its `base`; without one they lead nowhere."""
        self._add(self._absolute(page), place)

    def from_document(self, targets: Iterable[str]) -> None:
        """Take the targets in a PDF or Office file."""
        self._add((("", target, "") for target in targets), "attachment")

    def all(self) -> tuple[Link, ...]:
        return tuple(self._found.values())

    def mailto(self) -> tuple[str, ...]:
        """The addresses that links would write to."""
        return tuple(self._mailto)

    def _add(self, targets: Iterable[tuple[str, str, str]], place: LinkPlace) -> None:
        """Take targets given as (base or nothing, target, words); one that was met before costs a look-up only."""
        for base, target, words in targets:
            if len(self._found) >= limits.LINKS_MAX or len(self._tried) >= limits.LINK_TRIES_MAX:
                self._defects.add("too-many-links")
                return
            tried = base, target, words, place
            if tried in self._tried:
                continue
            self._tried.add(tried)
            url = _joined(base, target) if base else target
            canonical = canonical_url(unwrap(url))
            if canonical:
                link = Link(
                    url=url[: limits.URL_MAX],
                    canonical=canonical,
                    host=canonical_host(canonical),
                    text=words,
                    place=place,
                )
                self._found.setdefault((link.url, words, place), link)

    def _absolute(self, page: Page) -> Iterator[tuple[str, str, str]]:
        for target, words in page.targets:
            bare = _BLANKS.sub("", target[:64])
            if _SCRIPT.match(bare):
                self._defects.add("script-url")
            elif _DATA.match(bare):
                self._defects.add("data-url")
            elif _ELSEWHERE.match(bare):
                self._write_to(target.strip())
            elif _SCHEME.match(bare) or bare.startswith(("//", "\\\\")):
                yield "", target, words
            elif page.base and not bare.startswith("#"):
                yield page.base, target, words
            elif bare.lower().startswith("www."):
                yield "", target, words

    def _write_to(self, target: str) -> None:
        """Take the addresses of a `mailto:` link (RFC 6068)."""
        if target[:7].lower() != "mailto:" or len(self._mailto) >= limits.MAILTO_MAX:
            return
        for word in unquote(target[7 : 7 + limits.ADDRESS_FIELD_MAX].partition("?")[0]).split(",")[: limits.MAILTO_MAX]:
            if address := first_address(word).address:
                self._mailto[address] = None


def urls_in(text: str) -> Iterator[str]:
    """The web URLs of plain text as written, without the punctuation that ends a sentence behind them."""
    for match in _IN_TEXT.finditer(text):
        url = match[0]
        yield url.rstrip(_TRAILING if "(" in url else _TRAILING + ")")


def _joined(base: str, target: str) -> str:
    try:
        return urljoin(base, target)
    except ValueError:  # broken brackets in either
        return ""
