"""Which entry decides about a mail, and that it is the same one every time."""

from ipaddress import IPv4Address, IPv6Address, ip_address
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from services.blocklist.rules.forms import TENANT, canonical
from services.blocklist.rules.precedence import Candidate, Client, Lookup, decide, lookups, parents
from shared.events.vocabulary import BlockAction

ANA = "ana@example.org"

ADDRESS = Lookup("the sender", "address", "fee@mail.parcel.example", 1000)
DOMAIN = Lookup("the sender", "domain", "mail.parcel.example", 2)
PARENT = Lookup("the sender", "domain", "parcel.example", 1)
PAGE = Lookup("URL 1", "url", "parcel.example/pay", 1000)
HOST = Lookup("URL 1", "url", "parcel.example", 1)
FILE = Lookup("file 1", "file", "0f" * 32, 1000)


def entry(lookup: Lookup, action: BlockAction = "block", scope: str = TENANT) -> Candidate:
    return Candidate(lookup, f"{action}-{lookup.kind}-{lookup.specificity}-{scope}", action, scope)


def chosen(*candidates: Candidate) -> Candidate | None:
    return decide(candidates=candidates).entry


def test_nothing_found_decides_nothing_and_says_so() -> None:
    decision = decide(candidates=())
    assert decision.entry is None
    assert decision.why == ("no entry names anything of this mail",)


def test_an_address_stands_before_its_domain_and_a_domain_before_its_parent() -> None:
    assert chosen(entry(PARENT), entry(DOMAIN), entry(ADDRESS, "allow")) == entry(ADDRESS, "allow")
    assert chosen(entry(PARENT, "allow"), entry(DOMAIN)) == entry(DOMAIN)


def test_a_page_stands_before_its_host() -> None:
    assert chosen(entry(HOST), entry(PAGE, "allow")) == entry(PAGE, "allow")


def test_a_recipients_own_entry_stands_before_everybodys() -> None:
    own = entry(PARENT, "allow", ANA)
    assert chosen(entry(ADDRESS), own) == own
    assert chosen(entry(ADDRESS, "allow"), entry(PARENT, "block", ANA)) == entry(PARENT, "block", ANA)


def test_a_recipients_domain_stands_between_their_own_entries_and_everybodys() -> None:
    theirs = entry(PARENT, "allow", "example.org")
    assert chosen(entry(ADDRESS), theirs) == theirs
    assert chosen(entry(ADDRESS, "allow", "example.org"), entry(PARENT, "block", ANA)) == entry(PARENT, "block", ANA)


def test_a_pair_with_an_address_stands_before_that_address_and_one_with_a_domain_before_the_domain() -> None:
    found = {
        one.value: one
        for one in lookups(senders=("fee@parcel.example",), client=Client("203.0.113.7", "a.mailer.example"))
    }
    allow = entry(found["fee@parcel.example,203.0.113.7"], "allow")
    assert chosen(entry(found["fee@parcel.example"]), allow) == allow
    allow = entry(found["parcel.example,mailer.example"], "allow")
    assert chosen(entry(found["parcel.example"]), allow) == allow
    assert chosen(entry(found["fee@parcel.example"]), allow) == entry(found["fee@parcel.example"])
    assert chosen(entry(found["*,mailer.example"]), entry(found["parcel.example,mailer.example"], "allow")) == allow


def test_a_block_stands_before_an_allow_that_is_as_specific() -> None:
    assert chosen(entry(ADDRESS, "allow"), entry(ADDRESS, "block")) == entry(ADDRESS, "block")


def test_an_allow_covers_only_what_it_names() -> None:
    decision = decide(candidates=[entry(ADDRESS, "allow", ANA), entry(FILE)])
    assert decision.entry == entry(FILE)
    assert decision.why[-1] == "file 1 decides: an allow covers only what it names"


def test_every_entry_that_was_found_is_explained() -> None:
    found = [entry(PARENT), entry(ADDRESS, "allow"), entry(DOMAIN, "block", ANA), entry(FILE)]
    why = "\n".join(decide(candidates=found).why)
    for one in found:
        assert one.words() in why
    assert "a recipient's own entry comes first" in why


CANDIDATES = st.lists(
    st.builds(
        entry,
        st.sampled_from([ADDRESS, DOMAIN, PARENT, PAGE, HOST, FILE]),
        st.sampled_from(["block", "allow"]),
        st.sampled_from([TENANT, ANA]),
    ),
    max_size=8,
    unique_by=lambda one: one.block_id,
)


@given(CANDIDATES, st.randoms())
def test_the_order_in_which_entries_are_found_decides_nothing(found: list[Candidate], random: Random) -> None:
    mixed = found.copy()
    random.shuffle(mixed)
    first, second = chosen(*found), chosen(*mixed)
    assert (first and first.action) == (second and second.action)
    assert (first and first.scope) == (second and second.scope)


@given(CANDIDATES)
def test_an_allow_decides_only_when_no_block_speaks_for_any_thing(found: list[Candidate]) -> None:
    decided = chosen(*found)
    if decided and decided.action == "allow":
        for thing in {one.lookup.thing for one in found}:
            alone = chosen(*(one for one in found if one.lookup.thing == thing))
            assert alone
            assert alone.action == "allow"


def keys(
    *, sender: str = "", urls: tuple[str, ...] = (), files: tuple[str, ...] = (), ip: str = ""
) -> set[tuple[str, str]]:
    return {(one.kind, one.value) for one in lookups(senders=(sender,), urls=urls, files=files, client=Client(ip))}


def test_a_sender_is_looked_up_by_address_and_every_domain_above() -> None:
    assert keys(sender="Fee+1@Mail.Parcel.Example") == {
        ("address", "fee+1@mail.parcel.example"),
        ("address", "fee@mail.parcel.example"),
        ("domain", "mail.parcel.example"),
        ("domain", "parcel.example"),
    }


def test_a_url_is_looked_up_by_page_host_and_every_host_above() -> None:
    assert keys(urls=("https://a.parcel.example:8080/pay#x", "parcel.example")) == {
        ("url", "a.parcel.example/pay"),
        ("url", "a.parcel.example/*"),
        ("url", "a.parcel.example"),
        ("url", "parcel.example"),
    }


def test_a_client_is_looked_up_by_address_and_every_network_that_may_be_listed() -> None:
    four, six = keys(ip="203.0.113.7"), keys(ip="2001:db8::7")
    assert {("ip", "203.0.113.7"), ("ip", "203.0.113.6/31"), ("ip", "203.0.113.0/24")} <= four
    assert len(four) == 9
    assert {("ip", "2001:db8::7"), ("ip", "2001:db8::/64"), ("ip", "2001:db8::/48")} <= six
    assert len(six) == 81


@given(st.ip_addresses())
def test_the_networks_of_a_client_are_those_that_an_entry_of_them_is_kept_as(ip: IPv4Address | IPv6Address) -> None:
    asked = {value for kind, value in keys(ip=str(ip)) if "/" in value}
    address = ip_address(
        next(value for _, value in keys(ip=str(ip)) if "/" not in value)
    )  # of a mapped one the IPv4 address
    widest, narrowest = (24, 31) if address.version == 4 else (48, 127)
    assert asked == {canonical(kind="ip", value=f"{address}/{prefix}") for prefix in range(widest, narrowest + 1)}


def test_what_cannot_be_read_asks_for_nothing() -> None:
    assert keys(sender="<>", urls=("mailto:x@y.example", ""), files=("short",), ip="unknown") == set()


def test_a_name_of_very_many_labels_asks_for_few_names() -> None:
    host = ".".join(["a"] * 100 + ["parcel", "example"])
    names = list(parents(host))
    assert names[0] == host
    assert names[-1] == "parcel.example"
    assert len(names) == 8
