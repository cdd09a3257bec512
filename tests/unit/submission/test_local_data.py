"""The data files of the local analyser: what everybody may edit, and what must stay true of it."""

import re
import tomllib
from importlib.resources import files

import pytest

from services.submission.analysers import offline
from services.submission.analysers.offline.brand_list import BRANDS
from services.submission.analysers.offline.content import SEVERAL, SINGLE, TOGETHER
from services.submission.analysers.offline.phrases import FAMILIES
from services.submission.analysers.offline.weights import WEIGHTS
from shared import known
from shared.known import CHEAP_ENDINGS, FREE_HOSTING, FREEMAIL, MAILERS, SHARED, SHORTENERS, carries, is_cheap, under

HERE = files(offline)
SOURCES = "".join(one.read_text() for one in HERE.iterdir() if one.name.endswith(".py") and one.name != "weights.py")
HOST = re.compile(r"^[a-z0-9-]+(\.[a-z0-9-]+)*$")


def toml(name: str) -> dict[str, object]:
    return tomllib.loads(files(known).joinpath(name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("names", [SHORTENERS, FREE_HOSTING, FREEMAIL, SHARED, MAILERS, CHEAP_ENDINGS])
def test_hosts_are_lower_case_names(names: frozenset[str]) -> None:
    assert [name for name in names if not HOST.match(name)] == []


def test_no_list_of_hosts_names_one_twice() -> None:
    for names in toml("hosts.toml").values():
        assert isinstance(names, list)
        assert len(names) == len(set(names))


def test_at_least_sixty_brands_have_real_domains() -> None:
    assert len(BRANDS) >= 60
    assert [brand.name for brand in BRANDS if not brand.domains] == []
    assert [domain for brand in BRANDS for domain in brand.domains if not HOST.match(domain) or "." not in domain] == []


def test_a_brand_is_compared_in_lower_case() -> None:
    assert [brand.name for brand in BRANDS if brand.name != brand.name.lower()] == []


def test_every_ambiguous_name_is_a_brand() -> None:
    ambiguous = toml("brands.toml")["ambiguous"]
    assert isinstance(ambiguous, list)
    assert set(ambiguous) <= {brand.name for brand in BRANDS}


def test_every_family_of_phrases_is_used() -> None:
    used = {
        *SINGLE,
        *SEVERAL,
        *TOGETHER,
        "generic_greeting",
        "callback",
        "password_in_text",
        "pitch",
        "scan",
        "new_account",
    }
    assert set(FAMILIES) == used


def test_no_phrase_is_empty_or_shorter_than_a_word() -> None:
    words = [word for family in FAMILIES.values() for word in (*family.phrases, *family.hints)]
    latin = [word.shown for word in words if word.compared.isascii() and len(word.compared.strip()) < 3]
    others = [word.shown for word in words if len(word.compared.strip()) < 2]
    assert latin + others == []


def test_every_weight_belongs_to_a_signal_and_says_why() -> None:
    assert [name for name in WEIGHTS if f'"{name}"' not in SOURCES and name not in FAMILIES] == []
    assert [name for name, weight in WEIGHTS.items() if not weight.reason] == []


def test_every_signal_has_a_weight() -> None:
    named = set(re.findall(r'Seen\(\s*"([a-z_]+)"', SOURCES)) | {*SINGLE, *SEVERAL, *TOGETHER}
    assert named - set(WEIGHTS) == set()


def test_weights_are_few_and_round() -> None:
    assert {weight.points * 2 % 1 for weight in WEIGHTS.values()} == {0.0}
    assert max(abs(weight.points) for weight in WEIGHTS.values()) <= 5


def test_only_malware_weighs_enough_to_decide_alone() -> None:
    alone = {name for name, weight in WEIGHTS.items() if weight.points >= 3 and weight.axis != "malware"}
    assert alone == {"own_domain_forged", "own_domain_lookalike", "brand_disguised", "extortion"}


@pytest.mark.parametrize(
    ("host", "name"),
    [("bit.ly", "bit.ly"), ("x.bit.ly", "bit.ly"), ("notbit.ly", ""), ("bit.ly.example", ""), ("", "")],
)
def test_a_name_covers_everything_under_it(host: str, name: str) -> None:
    assert under(host, {"bit.ly"}) == name


def test_a_host_of_many_labels_is_still_found() -> None:
    assert under("a." * 60 + "bit.ly", {"bit.ly"}) == "bit.ly"


def test_cheap_endings_are_whole_labels() -> None:
    assert is_cheap("prize.top")
    assert is_cheap("prize.sa.com")
    assert not is_cheap("desktop.example")


@pytest.mark.parametrize(
    ("host", "is_carried"),
    [
        ("example.org.login.example", True),
        ("example-org.example", True),
        ("login-example-org.example", True),
        ("myexample.org.example", False),
        ("example.com", False),
    ],
)
def test_a_whole_domain_in_a_strangers_host_is_seen(host: str, is_carried: bool) -> None:
    assert carries(host, "example.org") is is_carried
