"""URLs as browsers read them, in one canonical form for comparing, blocking and hashing. Nothing is ever fetched."""

import re
from urllib.parse import quote, unquote

from shared.mail import limits
from shared.mail.domains import ascii_host

# Browsers drop these anywhere and spaces at the ends, and take any number of either slash (WHATWG URL Standard).
_DROPPED = re.compile("[\t\n\r]")
_WEB = re.compile(r"https?:[/\\]*+", re.IGNORECASE)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*+:(?![0-9])|[/\\]{2}", re.IGNORECASE)
_AUTHORITY = re.compile(r"[^/\\?#]*+")
_PORT = re.compile(r"(.*?)(?::0*([0-9]{0,5}))?\Z", re.DOTALL)
_PORT_AT_END = re.compile(r":[0-9]{1,5}\Z")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})|[^A-Za-z0-9._~!$&'()*+,;=:@/?%-]++|%")
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]")
_CUT_ESCAPE = re.compile(r"%[0-9A-F]?\Z")
# Hosts of these names would read as a scheme in the canonical form; nobody can register them.
_SCHEMES = frozenset({"http", "https", "javascript", "vbscript", "data", "mailto", "tel", "sms", "cid", "file"})
_DEFAULT_PORTS = frozenset({"", "80", "443"})


def canonical_url(url: str) -> str:
    """`host/path?query` of a web URL, empty for anything else; applying it twice changes nothing.

    Without scheme, credentials, default port and fragment. The host is an A-label name or a plain address, escapes are in
    one form, dot segments are resolved. A URL without scheme is taken for a web URL, as mail clients do with `www.`.
    """
    text = _DROPPED.sub("", url[: limits.URL_MAX]).strip(" \x00\x0b\x0c\x1f")
    web = _WEB.match(text)
    text = text[web.end() :] if web else text.removeprefix("//")
    if not web and _SCHEME.match(text):
        return ""
    authority = _AUTHORITY.match(text)
    place = authority[0] if authority else ""
    host, port = _host_and_port(place)
    if not host:
        return ""
    start = host if port in _DEFAULT_PORTS else f"{host}:{port}"
    return start + _path_and_query(text[len(place) :], limits.CANONICAL_MAX - len(start))


def host_of(url: str) -> str:
    """The host that a browser would ask, as in the canonical form; empty when it is no web URL."""
    return canonical_host(canonical_url(url))


def canonical_host(canonical: str) -> str:
    """The host of a URL in canonical form."""
    return _PORT_AT_END.sub("", canonical.partition("/")[0])


def _host_and_port(authority: str) -> tuple[str, str]:
    place = authority.rpartition("@")[2]
    bracket = place.rfind("]") + 1
    split = _PORT.match(place, bracket)
    host = ascii_host(unquote(place[:bracket] + (split[1] if split else "")))
    port = (split and split[2]) or ""
    return ("", "") if host in _SCHEMES or int(port or 0) > 65535 else (host, port)


def _path_and_query(rest: str, limit: int) -> str:
    path, mark, query = rest.partition("#")[0].partition("?")
    escaped = _ESCAPE.sub(_escape, "/" + path.replace("\\", "/").removeprefix("/") + mark + query)
    path, _, query = _CUT_ESCAPE.sub("", escaped[:limit]).partition("?")
    return _without_dots(path) + (f"?{query}" if query else "")


def _escape(match: re.Match[str]) -> str:
    if match[1]:
        letter = chr(int(match[1], 16))
        return letter if _UNRESERVED.match(letter) else match[0].upper()
    return quote(match[0], safe="", errors="replace")


def _without_dots(path: str) -> str:
    """RFC 3986, section 5.2.4."""
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    ends_open = segments[-1:] in (["."], [".."])
    return "/" + "/".join(kept) + ("/" if ends_open and kept else "")
