"""Signs that a program opens a page, and what a browser says of where a request comes from. Pure.

None of this keeps out a program that wants to be taken for a person. It keeps prefetching, previews and scanners that say
who they are from making work; what stops the others is the second step (`docs/portal.md`).
"""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

#: Words by which crawlers, link scanners and libraries name themselves in User-Agent (RFC 9110, section 10.1.5).
_PROGRAMS = re.compile(
    r"(?<!cu)bot\b|crawl|spider|scan|preview|headless|phantom|slurp|urlscan|virustotal|barracuda|proofpoint|mimecast|symantec|"
    r"messagelabs|trend ?micro|forcepoint|cisco|fortinet|sophos|safelinks|curl/|wget/|python|java/|go-http|okhttp|"
    r"libwww|httpclient|node-fetch|axios|ruby|perl",
    re.IGNORECASE,
)
_PREFETCH = ("sec-purpose", "purpose", "x-purpose", "x-moz")


def sign_of_a_program(headers: Mapping[str, str]) -> str:
    """A word for what gives a program away; the empty string when nothing does."""
    agent = headers.get("user-agent", "")
    if not agent:
        return "no user agent"
    if _PROGRAMS.search(agent):
        return "names itself"
    if any(
        "prefetch" in headers.get(name, "").lower() or "preview" in headers.get(name, "").lower() for name in _PREFETCH
    ):
        return "prefetch"
    return ""


def is_from_here(headers: Mapping[str, str], public_url: str) -> bool:
    """Whether a POST comes from a page of ours: Fetch Metadata where the browser sends it, and Origin (RFC 6454)."""
    site = headers.get("sec-fetch-site")
    if site is not None and site != "same-origin":
        return False
    origin = urlsplit(headers.get("origin", ""))
    if not origin.scheme or not origin.netloc:
        return False
    ours = urlsplit(public_url)
    return (origin.scheme, origin.netloc) == (ours.scheme, ours.netloc) or origin.netloc == headers.get("host", "")
