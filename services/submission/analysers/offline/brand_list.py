"""The brands that mails pose as, and how a name or a host is told to be theirs."""

from collections.abc import Iterator
from dataclasses import dataclass

from services.submission.analysers.offline.folding import folded, skeleton
from services.submission.analysers.offline.phrases import Word, beginnings
from shared import known
from shared.known import FREE_HOSTING, is_cheap, under
from shared.mail import registrable

#: Brands shorter than this stand inside ordinary words of host names, and look like other short words.
INSIDE_MIN = 6


@dataclass(frozen=True, slots=True)
class Brand:
    """One brand: its name as people write it, and the registrable domains that are its own."""

    name: str
    word: Word
    label: str  # as it would stand in a host name
    shape: Word  # its skeleton
    domains: frozenset[str]
    ambiguous: bool  # an ordinary word, too
    federated: bool  # many houses share it, each under a domain of its own

    def owns(self, host: str) -> bool:
        """Whether a host is the brand's: one of its domains, or its very name under an ending that is not thrown away."""
        return bool(under(host, self.domains)) or (_is_serious(host) and registrable(host).split(".")[0] == self.label)

    def stands_in(self, text: str) -> bool:
        """Whether folded `text` has the brand's name as a word of its own."""
        return self.word.stands_in(text)


def spoken_of(text: str) -> Iterator[Brand]:
    """The brands whose names stand in folded `text`."""
    known = beginnings(text)
    return (
        brand for brand in BRANDS if (not brand.word.begins or brand.word.begins in known) and brand.stands_in(text)
    )


def named(name: str) -> Brand | None:
    """The brand that folded `name`, which somebody gives himself, claims to be; the longest where one is in another."""
    found = list(spoken_of(name))
    plain = [brand for brand in found if not brand.ambiguous or _is_all_service(name.replace(brand.word.compared, " "))]
    return max(plain, key=lambda brand: len(brand.name), default=None)


def disguised(name: str) -> Brand | None:
    """The brand that folded `name` shows in characters that look alike."""
    shape = skeleton(name)
    for brand in _DISTINCT:
        if brand.shape.compared in shape and brand.shape.stands_in(shape) and brand.word.compared not in name:
            return brand
    return None


def owner(host: str) -> Brand | None:
    """The brand whose own a host is, as far as its name tells."""
    if name := under(host, _BY_DOMAIN):
        return _BY_DOMAIN[name]
    return _BY_LABEL.get(registrable(host).split(".")[0]) if _is_serious(host) else None


def worn(host: str) -> Brand | None:
    """The brand whose name a stranger's `host` wears: in its registered name, or as a whole domain in front of it.

    A brand's name in front alone says nothing where customers get names of their own (`brand.survey-firm.example`),
    but it does where anybody may take any name, or where the name behind is thrown away.
    """
    if owner(host):
        return None
    own = registrable(host).split(".")[0]
    front = [] if _is_serious(host) else host.split(".")[:-2]
    labels = [own, *own.split("-"), *front, *(part for label in front for part in label.split("-"))]
    plain = next((_BY_LABEL[label] for label in labels if label in _BY_LABEL), None) or _whole_domain_in(host)
    if plain and not plain.ambiguous:
        return plain
    shapes = {skeleton(own), *map(skeleton, own.split("-"))}
    return next((brand for brand in _DISTINCT if brand.label in own or brand.shape.compared in shapes), None)


def _is_serious(host: str) -> bool:
    """Whether somebody had to register the name, under an ending that is not thrown away."""
    return "." in host and not is_cheap(host) and not under(host, FREE_HOSTING)


def _whole_domain_in(host: str) -> Brand | None:
    """The brand one of whose domains stands in front of a stranger's, as in `brand.example.login.example`."""
    labels = host.split(".")[-12:]
    ends = ((start, end) for start in range(len(labels)) for end in (start + 2, start + 3))
    names = (".".join(labels[start:end]) for start, end in ends)
    return next((_BY_DOMAIN[name] for name in names if name in _BY_DOMAIN), None)


def _is_all_service(beside: str) -> bool:
    """Whether nothing but words of service stands beside a brand's name."""
    words = "".join(char if char.isalnum() else " " for char in beside).split()
    return all(word in _SERVICE or not word.isalpha() for word in words)


def _brand(name: str, domains: object, ambiguous: frozenset[str], federated: frozenset[str]) -> Brand:
    if not isinstance(domains, list):
        raise TypeError(f"the domains of {name} are no list")
    label = "".join(char for char in folded(name) if char.isalnum())
    shape = Word(name, skeleton(name), open_end=False)
    own = frozenset(map(str, domains))
    return Brand(name, Word.of(name), label, shape, own, name in ambiguous, name in federated)


def _read() -> tuple[tuple[Brand, ...], frozenset[str]]:
    ambiguous = frozenset(known.BRANDS["ambiguous"])
    federated = frozenset(known.BRANDS["federated"])
    brands = tuple(_brand(name, found, ambiguous, federated) for name, found in known.BRANDS["brands"].items())
    return brands, frozenset(known.BRANDS["service"])


BRANDS, _SERVICE = _read()
_DISTINCT = tuple(brand for brand in BRANDS if not brand.ambiguous and len(brand.label) >= INSIDE_MIN)

_BY_LABEL = {brand.label: brand for brand in BRANDS}
_BY_DOMAIN = {domain: brand for brand in reversed(BRANDS) for domain in brand.domains}
