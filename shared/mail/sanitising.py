"""A stranger's HTML made fit for a frame in which nothing runs: words, and where links lead, as words.

First one linear pass writes the target of every link and the name of every picture beside it, as text; then nh3 (Ammonia,
html5ever) builds the tree and leaves a few elements without any attribute; then what cannot be seen is marked. The tree may grow
far beyond its source (shared.mail.markup), so this runs in a process that has limits (`shared.apart`).
"""

import re
from html import escape

import nh3

from shared.mail.markup import ATTRIBUTE, TOKEN, unescape
from shared.mail.visible import pieces

#: How much HTML is looked at, in characters: Gmail shows 102 kB of a mail.
HTML_MAX = 100_000

#: Links and pictures that are told of, and characters of each.
TOLD_MAX, TARGET_MAX = 500, 300

_TAGS = frozenset(
    [
        "p",
        "br",
        "div",
        "span",
        "b",
        "i",
        "strong",
        "em",
        "u",
        "s",
        "ul",
        "ol",
        "li",
        "dl",
        "dt",
        "dd",
        "table",
        "thead",
        "tbody",
        "tfoot",
        "tr",
        "td",
        "th",
        "caption",
        "blockquote",
        "pre",
        "code",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "center",
        "sub",
        "sup",
        "small",
    ]
)

#: Elements of which not even the words stay.
_DROPPED = frozenset(
    [
        "script",
        "style",
        "iframe",
        "frame",
        "object",
        "embed",
        "svg",
        "math",
        "template",
        "noscript",
        "noframes",
        "noembed",
        "title",
        "head",
        "textarea",
        "select",
        "xmp",
        "audio",
        "video",
        "canvas",
        "applet",
    ]
)

_URL = re.compile(r"\b(?:https?|ftp)://[^\s<>\"]{1,2000}|\bwww\.[^\s<>\"]{1,2000}", re.IGNORECASE)


_SCHEME = re.compile(r"https?(?=:)", re.IGNORECASE)
_DOT = re.compile(r"(?<=[^\s.])\.(?=[^\s.])")


def sanitised(source: str) -> str:
    """HTML of the allowed elements, without attributes; what is unseen in `<mark>`."""
    cleaned = nh3.clean(
        _told(source[:HTML_MAX]),
        tags=set(_TAGS),
        clean_content_tags=set(_DROPPED),
        attributes={},
        url_schemes=set(),
        link_rel=None,
        strip_comments=True,
    )
    shown = pieces(cleaned.replace("&nbsp;", "\u00a0"))
    return "".join(f"<mark>{piece.text}</mark>" if piece.is_mark else piece.text for piece in shown)


def defang(value: str) -> str:
    """Text in which mail clients find nothing to make clickable: `hxxps://fee[.]example/pay`."""
    bare = _SCHEME.sub(lambda match: match[0].replace("t", "x").replace("T", "X"), value)
    return _DOT.sub("[.]", bare)


def without_links(text: str) -> str:
    """Plain text in which no program finds a link."""
    return _URL.sub(lambda match: defang(match[0]), text)


def _told(source: str) -> str:
    """The source with its links and pictures as text. Our marks are `code` elements; the mail's own lose theirs."""
    told: list[str] = []
    target, left, at = "", TOLD_MAX, 0
    for match in TOKEN.finditer(source):
        told.append(source[at : match.start()])
        at = match.end()
        name = (match[3] or "")[:20].lower()
        if name in ("a", "area"):
            if target and left > 0:
                told.append(f" <code>→ {_harmless(target)}</code> ")
                left -= 1
            target = "" if match[2] else _attribute(match[4], "href")
        elif name in ("img", "image") and left > 0:
            told.append(f" <code>▧ {_harmless(_attribute(match[4], 'alt'))}</code> ")
            left -= 1
        elif name and name != "code":
            told.append(match[0])
    told.append(source[at:])
    return "".join(told)


def _attribute(raw: str, wanted: str) -> str:
    for match in ATTRIBUTE.finditer(raw):
        if match[1].lower() == wanted:
            return unescape(match[2] or match[3] or match[4] or "")
    return ""


def _harmless(value: str) -> str:
    return escape(defang(" ".join(value[:TARGET_MAX].split())))
