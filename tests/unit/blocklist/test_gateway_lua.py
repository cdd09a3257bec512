"""The gateway's Lua reads values and decides as the service does. Skipped where there is no Lua interpreter."""

import itertools
import shutil
import subprocess
from pathlib import Path

import idna
import pytest

from services.blocklist.rules.forms import TENANT, canonical, scopes_of
from services.blocklist.rules.precedence import Candidate, Client, Lookup, decide, lookups, parents
from shared.events.vocabulary import BlockAction

LUA = next(filter(None, map(shutil.which, ("lua5.1", "luajit", "lua"))), None)
FILE = Path(__file__).parents[3] / "deploy" / "gateways" / "rspamd" / "rspamd.lua"
ANA, ANA_NEWS = "ana@example.org", "ana+news@example.org"

pytestmark = pytest.mark.skipif(LUA is None, reason="no Lua interpreter")


def lua(body: str, lines: list[str]) -> list[str]:
    """What `body`, which sees the file's functions as `it`, prints for each line."""
    script = f"local it = dofile(arg[1]); for line in io.lines() do {body} end"
    text = "".join(f"{line}\n" for line in lines)
    command = [str(LUA), "-e", f"arg = {{[1] = [[{FILE}]]}}; {script}"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def in_unicode(host: str) -> str:
    """A host as Rspamd gives it."""
    return idna.decode(host) if "xn--" in host else host.strip("[]")


HOSTS = (
    "Login.Example.net",
    "bücher.example.net",
    "münchen-ö.example.net",
    "例え.example.net",
    "203.0.113.7",
    "[2001:db8::1]",
)
PATHS = (
    *(
        "/",
        "/pay",
        "/Pay/../fee",
        "/./a//b/",
        "/a/..",
        "/%70ay%2f%zz%",
        "/a b|c[d]^",
        "\\pay\\x",
        "/ü?x=ü",
        "/x?",
        "/?a=%41&b=?#f",
    ),
    *("/x;y=1/~z/'(!)*", "/" + "a" * 1_900, "/" + "%2f" * 600),
)


def test_a_url_has_the_same_form_in_lua() -> None:
    urls = [f"{scheme}{host}{port}{path}" for scheme, host, port, path in itertools.product(
        ("http://", "HTTPS://user:pw@", "http:\\\\"), HOSTS, ("", ":8080"), PATHS
    )]  # fmt: skip
    forms = [canonical(kind="url", value=url[:2048]) for url in urls]
    hosts = [in_unicode(form.partition("/")[0]) for form in forms]
    body = "local raw, host = line:match('^(.*)\\t(.*)$'); print(it.canonical_url(raw, host))"
    assert lua(body, [f"{url}\t{host}" for url, host in zip(urls, hosts, strict=True)]) == forms


def test_a_host_name_has_the_same_a_labels_and_parents_in_lua() -> None:
    alphabet = "ab9-ößж中🎣"
    names = ["".join(letters) for count in (1, 3) for letters in itertools.product(alphabet, repeat=count)]
    wanted = [
        ".".join(
            label if label.isascii() else "xn--" + label.encode("punycode").decode() for label in (name, "example")
        )
        for name in names
    ]
    assert lua("print(it.canonical_host(line))", [f"{name}.example" for name in names]) == wanted
    hosts = ["example.net", "a.b.c.d.e.f.g.h.i.j.example.net", "203.0.113.7", "[2001:db8::1]", "net"]
    assert lua("print(table.concat(it.parents(line), ' '))", hosts) == [" ".join(parents(host)) for host in hosts]


def test_a_sender_asks_for_the_same_keys_in_lua() -> None:
    body = (
        "local l = {}; it.ask_sender(l, 'the sender', line); local t = {};"
        "for _, k in ipairs(l) do t[#t + 1] = k.kind .. '=' .. k.value .. '/' .. k.specificity end; print(table.concat(t, ' '))"
    )
    senders = [
        "fee+1@mail.parcel.example",
        "info@bücher.example",
        "a@[203.0.113.7]",
        "x",
        "prvs=1234abcd=bo+x@a.example",
        "srs0=hh=tt=mail.a.example=bo@fwd.a.example",
    ]
    wanted = [
        " ".join(f"{one.kind}={one.value}/{one.specificity}" for one in lookups(senders=(sender,)))
        for sender in senders
    ]
    assert lua(body, senders) == wanted


@pytest.mark.parametrize(
    ("ip", "name"),
    [("203.0.113.7", "a.out.mailer.example"), ("", "mailer.example"), ("2001:db8::5", ""), ("203.0.113.7", "unknown")],
)
def test_a_pair_asks_for_the_same_keys_in_lua(ip: str, name: str) -> None:
    clients = [
        one.value.partition(",")[2]
        for one in lookups(senders=("a@b",), client=Client(ip, name))
        if one.value[:2] == "*,"
    ]
    quoted = ",".join(f"'{client}'" for client in clients)
    body = (
        f"local l = {{}}; it.ask_sender(l, 'the sender', line, {{{quoted}}}); local t = {{}};"
        "for _, k in ipairs(l) do t[#t + 1] = k.kind .. '=' .. k.value .. '/' .. k.specificity end; print(table.concat(t, ' '))"
    )
    senders = ["fee+1@mail.parcel.example", "prvs=1234abcd=bo+x@a.b.c.d.e.f.g.h.i.j.example"]
    wanted = [
        " ".join(
            f"{one.kind}={one.value}/{one.specificity}"
            for one in lookups(senders=(sender,), client=Client(ip, name))
            if one.kind != "ip"
        )
        for sender in senders
    ]
    assert lua(body, senders) == wanted


def test_a_url_asks_for_the_same_keys_in_lua() -> None:
    body = (
        "local l = {}; it.ask_url(l, 'URL 1', line, line:match('//([^/?]*)')); local t = {};"
        "for _, k in ipairs(l) do t[#t + 1] = k.kind .. '=' .. k.value .. '/' .. k.specificity end; print(table.concat(t, ' '))"
    )
    urls = [
        "http://a.b.example/",
        "http://b.example/a/c?d=/e/f",
        "http://b.example/" + "/".join("abcdefghijkl"),
        "http://203.0.113.7/x/y",
    ]
    wanted = [" ".join(f"{one.kind}={one.value}/{one.specificity}" for one in lookups(urls=(url,))) for url in urls]
    assert lua(body, urls) == wanted


KEYS = [
    Lookup("the sender", "address", "fee@mail.parcel.example", 1000),
    Lookup("the sender", "domain", "mail.parcel.example", 2),
    Lookup("the sender", "domain", "parcel.example", 1),
    Lookup("url 1", "url", "parcel.example/pay", 1000),
    Lookup("url 1", "url", "parcel.example", 1),
    Lookup("file 1", "file", "0f" * 32, 1000),
]


def test_a_recipient_is_in_the_same_scopes_in_lua() -> None:
    body = (
        "local t = {}; for _, s in ipairs(it.scopes_of(line)) do if s then t[#t + 1] = s end end;"
        "print(table.concat(t, ' '))"
    )
    recipients = [ANA, ANA_NEWS, "ana+a+b@sub.example.org", "+x@example.org", "ana+@bücher.example", "ana+x@localhost"]
    assert lua(body, recipients) == [" ".join(scopes_of(recipient)) for recipient in recipients]


def test_the_same_entry_decides_in_lua() -> None:
    actions: tuple[BlockAction, ...] = ("block", "allow")
    every = [
        Candidate(key, "-", action, scope)
        for key in KEYS
        for action in actions
        for scope in (TENANT, "example.org", ANA, ANA_NEWS)
    ]
    found = [
        some
        for count in range(4)
        for some in itertools.combinations(every, count)
        if len({(one.scope, one.lookup) for one in some}) == count
    ]
    lines = [
        " ".join(f"{one.scope}|{one.lookup.kind}|{one.lookup.value}={one.action}" for one in some) for some in found
    ]
    keys = ",".join(
        f"{{thing='{key.thing}',kind='{key.kind}',value='{key.value}',specificity={key.specificity}}}" for key in KEYS
    )
    body = (
        f"local m = {{}}; for f, a in line:gmatch('(%S+)=(%a+)') do m[f] = {{ action = a, field = f }} end;"
        f"local d = it.decide({{{keys}}}, m, '{ANA_NEWS}'); print(d and d.field .. '=' .. d.action or 'none')"
    )
    wanted = [
        f"{one.scope}|{one.lookup.kind}|{one.lookup.value}={one.action}"
        if (one := decide(candidates=some).entry)
        else "none"
        for some in found
    ]
    assert lua(body, lines) == wanted
    assert {one.partition("=")[2] for one in wanted} == {"block", "allow", ""}


def test_everybodys_fields_come_first_and_each_once() -> None:
    body = (
        "local l = {}; it.ask_url(l, 'u1', line, 'a.example'); it.ask_url(l, 'u2', line, 'a.example');"
        f"print(table.concat(it.fields_of(l, {{'tenant', '{ANA}'}}), ' '))"
    )
    (fields,) = lua(body, ["http://a.example/x"])
    assert fields.split() == [
        f"{scope}|url|{value}" for scope in (TENANT, ANA) for value in ("a.example/x", "a.example/*", "a.example")
    ]
