"""What is behind the links that mail gateways and web sites wrap: the page itself, wherever the wrapper says it.

Each reads its own wrapper's form only; nothing is asked of anybody. A wrapper that keeps the page on its server stays as it is.
"""

import base64
import binascii
import re
from collections.abc import Callable
from urllib.parse import parse_qs, unquote, urlsplit

from shared.mail import limits

#: Wrappers in wrappers that are opened: a forwarded mail passes two gateways.
DEPTH_MAX = 4

#: Whether a URL may be a wrapped one: one look for most.
_MAY_BE = re.compile(
    r"safelinks|urldefense|cudasvc|mimecast|secure-web\.cisco|protection\.sophos|trendmicro|fireeye|clicktime|avanan"
    r"|checkpoint|slack-redir|/l\.php|deref-|google\.|youtube\.|bing\.com/ck|umblr|vk\.com/away|steamcommunity",
    re.IGNORECASE,
)

#: Hosts, and the names of the query parameter that holds the page.
_PARAMETERS: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = tuple(
    (re.compile(host), names)
    for host, names in (
        (r"(?:[a-z0-9-]+\.)?safelinks\.protection\.(?:outlook|office365)\.(?:com|us|cn)", ("url",)),
        (r"linkprotect\.cudasvc\.com", ("a",)),
        (r"(?:[a-z0-9-]+\.){0,3}trendmicro\.com", ("url",)),
        (r"protect[0-9]?\.fireeye\.com", ("u",)),
        (r"clicktime\.symantec\.com", ("u",)),
        (r"(?:www\.)?google\.(?:com?\.)?[a-z]{2,3}", ("q", "url")),
        (r"(?:www\.)?youtube\.com", ("q",)),
        (r"lm?\.(?:facebook|instagram)\.com", ("u",)),
        (r"slack-redir\.net", ("url",)),
        (r"deref-(?:gmx|web|mail)\.(?:net|de|com)", ("redirectUrl",)),
        (r"t\.umblr\.com", ("z",)),
        (r"(?:m\.)?vk\.com", ("to",)),
        (r"steamcommunity\.com", ("u", "url")),
    )
)
_PATHS = {"google": ("/url",), "youtube": ("/redirect",), "vk.com": ("/away.php",), "steamcommunity": ("/linkfilter/",)}

_V3 = re.compile(r"/v3/__(.{1,2000}?)__;([A-Za-z0-9_-]{0,2000})={0,2}!", re.DOTALL)
_V3_STARS = re.compile(r"\*(?:\*(.))?", re.DOTALL)
_RUNS = {
    char: number + 2 for number, char in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
}
_UNDERSCORES = re.compile(r"/v2/(?:[a-z0-9]{1,8}/)?___(.{1,2000}?)___", re.DOTALL)
_WEB = re.compile(r"https?:/", re.IGNORECASE)
_ONE_SLASH = re.compile(r"\A(https?:)/(?!/)", re.IGNORECASE)


def unwrap(url: str) -> str:
    """The page to which a URL leads, as far as its wrappers say it; the URL itself when it is not wrapped."""
    for _ in range(DEPTH_MAX):
        inner = _inner(url) if _MAY_BE.search(url[:300]) else ""
        if not inner or inner == url:
            return url
        url = inner[: limits.URL_MAX]
    return url


def _inner(url: str) -> str:
    try:
        parts = urlsplit(url.strip())
        host = (parts.hostname or "").rstrip(".")
        query = parse_qs(parts.query, max_num_fields=50)
    except ValueError:
        return ""
    for name, read in _SPECIAL.items():
        if host == name or host.endswith(f".{name}"):
            return _web(read(url, query))
    for pattern, names in _PARAMETERS:
        if pattern.fullmatch(host) and _is_redirect(host, parts.path):
            return next((found for name in names if (found := _web(query.get(name, [""])[0]))), "")
    return ""


def _is_redirect(host: str, path: str) -> bool:
    """Whether this page of a web site leads elsewhere; a gateway's always does."""
    return next((path in pages for name, pages in _PATHS.items() if name in host), True)


def _web(url: str) -> str:
    return _ONE_SLASH.sub(r"\1//", url) if _WEB.match(url) else ""


def _proofpoint_2(url: str, query: dict[str, list[str]]) -> str:
    if "/v1/" in url:
        return query.get("u", [""])[0]
    return unquote(query.get("u", [""])[0].replace("-", "%").replace("_", "/"))


def _proofpoint_3(url: str, query: dict[str, list[str]]) -> str:
    """`__URL__;REPLACED!`: each `*` stands for the next replaced character, `**X` for a run of them."""
    match = _V3.search(url)
    if not match:
        return _proofpoint_2(url, query)
    replaced = iter(_base64(match[2]))

    def put_back(star: re.Match[str]) -> str:
        count = _RUNS.get(star[1], 1) if star[1] else 1
        return "".join(next(replaced, "") for _ in range(count))

    return _V3_STARS.sub(put_back, match[1])


def _cisco(url: str, query: dict[str, list[str]]) -> str:
    del query
    return unquote(url.rpartition("/")[2])


def _sophos(_: str, query: dict[str, list[str]]) -> str:
    return _base64(query.get("u", [""])[0])


def _mimecast(_: str, query: dict[str, list[str]]) -> str:
    """Only the domain is said."""
    domain = query.get("domain", [""])[0]
    return f"https://{domain}/" if re.fullmatch(r"[A-Za-z0-9.-]{4,253}", domain) else ""


def _underscores(url: str, query: dict[str, list[str]]) -> str:
    del query
    match = _UNDERSCORES.search(url)
    return match[1] if match else ""


def _bing(_: str, query: dict[str, list[str]]) -> str:
    return _base64(query.get("u", [""])[0].removeprefix("a1"))


def _base64(text: str) -> str:
    try:
        return base64.b64decode(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4)).decode(
            "utf-8", "replace"
        )
    except (binascii.Error, ValueError):
        return ""


_SPECIAL: dict[str, Callable[[str, dict[str, list[str]]], str]] = {
    "urldefense.proofpoint.com": _proofpoint_2,
    "urldefense.com": _proofpoint_3,
    "urldefense.us": _proofpoint_3,
    "secure-web.cisco.com": _cisco,
    "protection.sophos.com": _sophos,
    "mimecast.com": _mimecast,
    "avanan.click": _underscores,
    "protect.checkpoint.com": _underscores,
    "bing.com": _bing,
}
