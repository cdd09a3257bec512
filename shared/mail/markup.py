"""What a reader of an HTML body sees and can click, in one linear pass over its tags; no tree is built.

Why no tree: HTML's rules for unclosed elements let 99 kB grow to 12 million nodes, and one element with 50,000 attributes
costs a tree builder 10 s. Tags are recognised as the WHATWG HTML Standard, section 13.2.5 (Tokenization) does.
"""

import html
import re
from dataclasses import dataclass, field

from shared.mail import limits
from shared.mail.words import one_line

_WS = r"[ \t\n\f\r]"
# Possessive throughout: whatever was consumed is never tried again. An unclosed quote falls back to a bare value.
_VALUE = rf"""(?:{_WS}*+={_WS}*+(?:"([^"]*+)"|'([^']*+)'|(?!["'])([^ \t\n\f\r>]*+)))?+"""
_NAME = r"(=[^ \t\n\f\r/>=]*+|[^ \t\n\f\r/>=]++)"
ATTRIBUTE = re.compile(_NAME + _VALUE)
_PLAIN_ATTRIBUTE = _NAME.replace("(", "(?:", 1) + re.sub(r"\(\[", r"(?:[", _VALUE)
TOKEN = re.compile(
    r"<!--(?:-?>|([\s\S]*?)(?:--!?>|\Z))"  # 1: a comment
    rf"|<(/?)([A-Za-z][^ \t\n\f\r/>]*+)((?:[ \t\n\f\r/]++|{_PLAIN_ATTRIBUTE})*+)(?:>|\Z)"  # 2 to 4: a tag
    r"|<(?:[!?]|/[^A-Za-z])[^>]*+(?:>|\Z)"  # a declaration, or what browsers take for a comment
)
_BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "br",
        "center",
        "dd",
        "div",
        "dl",
        "dt",
        "fieldset",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "table",
        "tbody",
        "tfoot",
        "thead",
        "tr",
        "ul",
        "option",
    ]
)
_CELLS = frozenset({"td", "th"})
_VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"]
)
_RAW_END = {
    name: re.compile(rf"</{name}(?=[ \t\n\f\r/>])", re.IGNORECASE)
    for name in ("script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes")
}
_SEEN_RAW = frozenset({"textarea", "xmp"})
_HIDDEN = re.compile(
    r"display\s{0,9}:\s{0,9}none|visibility\s{0,9}:\s{0,9}hidden|(?:^|\s)hidden(?=[\s=]|$)"
)  # of attributes in lower case
# Outlook shows the links of conditional comments.
_COMMENT_LINK = re.compile(rf"""href{_WS}{{0,9}}={_WS}{{0,9}}["']?([^\s"'<>]{{1,{limits.URL_MAX}}})""", re.IGNORECASE)
_REFRESH = re.compile(r"url\s{0,9}=\s{0,9}[\"']?([^\"']{1,2048})", re.IGNORECASE)
_LONG_NUMBER = re.compile(r"&#[xX]?[0-9A-Fa-f]{9,};?")  # `html.unescape` raises on thousands of digits
_ZEROS = re.compile(r"&#([xX]?)0{3,}")
_WANTED = frozenset({"form", "input", "button", "base", "meta"})


@dataclass(frozen=True, slots=True)
class Page:
    """What was found; targets are as written, not yet resolved against `base`, `words` belong to their anchor."""

    text: str
    targets: tuple[tuple[str, str], ...]
    base: str
    image_count: int
    has_form: bool
    has_password_field: bool
    has_script: bool


def read_page(source: str) -> Page:
    """Read at most `limits.HTML_MAX` characters of HTML; linear, never raises."""
    source = source[: limits.HTML_MAX]
    reader = _Reader()
    at = 0
    while match := TOKEN.search(source, at):
        reader.text(source[at : match.start()])
        at = match.end()
        if match[2]:
            reader.end(match[3][:20].lower())
        elif match[3]:
            at = reader.start(match[3][:20].lower(), match[4], source, at)
        elif match[1] and "[if" in match[1][:9]:
            reader.comment(match[1])
    reader.text(source[at:])
    return reader.page()


@dataclass(slots=True)
class _Reader:
    pieces: list[str] = field(default_factory=list)
    targets: list[tuple[str, str]] = field(default_factory=list)
    anchor: str | None = None
    words: list[str] = field(default_factory=list)
    words_size: int = 0
    hidden: str = ""
    hidden_depth: int = 0
    base: str = ""
    images: int = 0
    form: bool = False
    password: bool = False
    script: bool = False
    unclosed: set[str] = field(default_factory=set)

    def text(self, raw: str) -> None:
        if not raw:
            return
        raw = raw.replace("\n", " ")
        if self.anchor is not None and self.words_size < limits.ANCHOR_TEXT_MAX:
            self.words.append(raw[: 4 * limits.ANCHOR_TEXT_MAX])
            self.words_size += len(raw.strip())
        if not self.hidden:
            self.pieces.append(raw)

    def comment(self, content: str) -> None:
        for match in _COMMENT_LINK.finditer(content):
            self._target(match[1], "")

    def start(self, name: str, attributes: str, source: str, at: int) -> int:
        """Take a start tag; the offset at which reading goes on."""
        if name in _BLOCKS:
            self.pieces.append("\n")
        elif name in _CELLS:
            self.pieces.append(" ")
        lowered = attributes.lower()
        self._hide(name, lowered)
        if name == "a":
            self._close_anchor()
        elif name == "img":
            self.images += 1
        if "href" in lowered or name in _WANTED:
            self._attributes(name, attributes)
        return self._raw(name, source, at) if name in _RAW_END else at

    def end(self, name: str) -> None:
        if name == "a":
            self._close_anchor()
        elif name in _BLOCKS:
            self.pieces.append("\n")
        if name == self.hidden:
            self.hidden_depth -= 1
            self.hidden = name if self.hidden_depth else ""

    def _hide(self, name: str, attributes: str) -> None:
        if self.hidden:
            self.hidden_depth += name == self.hidden
        elif ("none" in attributes or "hidden" in attributes) and name not in _VOID and _HIDDEN.search(attributes):
            self.hidden, self.hidden_depth = name, 1

    def _attributes(self, name: str, raw: str) -> None:
        values: dict[str, str] = {}
        for match in ATTRIBUTE.finditer(raw):
            values.setdefault(match[1].lower(), unescape(match[2] or match[3] or match[4] or ""))
        target = values.get("href", values.get("xlink:href", ""))
        if name == "base":
            self.base = self.base or target[: limits.URL_MAX]
        if name == "a" and target:
            self.anchor = target
        elif target and name != "link":
            self._target(target, "")
        self._form(name, values)

    def _form(self, name: str, values: dict[str, str]) -> None:
        self.form |= name == "form"
        self.password |= name == "input" and values.get("type", "").strip().lower() == "password"
        self._target(values.get("action" if name == "form" else "formaction", ""), "")
        if name == "meta" and values.get("http-equiv", "").strip().lower() == "refresh":
            found = _REFRESH.search(values.get("content", "")[: 2 * limits.URL_MAX])
            self._target(found[1] if found else "", "")

    def _raw(self, name: str, source: str, at: int) -> int:
        """Skip the content of an element that holds no tags; one that never ends is read as ordinary markup."""
        self.script |= name == "script"
        end = None if name in self.unclosed else _RAW_END[name].search(source, at)
        if not end:
            self.unclosed.add(name)
            return at
        if name in _SEEN_RAW:
            self.text(source[at : end.start()])
        return end.start()

    def _close_anchor(self) -> None:
        if self.anchor is not None:
            self._target(self.anchor, one_line(unescape("".join(self.words)), limits.ANCHOR_TEXT_MAX))
        self.anchor, self.words, self.words_size = None, [], 0

    def _target(self, target: str, words: str) -> None:
        if target.strip() and len(self.targets) <= limits.LINKS_MAX:
            self.targets.append((target.strip()[: limits.URL_MAX], words))

    def page(self) -> Page:
        self._close_anchor()
        lines = (" ".join(line.split()) for line in unescape("".join(self.pieces)).split("\n"))
        text = "\n".join(line for line in lines if line)
        return Page(
            text=text[: limits.TEXT_MAX],
            targets=tuple(self.targets),
            base=self.base,
            image_count=self.images,
            has_form=self.form,
            has_password_field=self.password,
            has_script=self.script,
        )


def unescape(text: str) -> str:
    """Character references to characters (HTML Standard, section 13.2.5.72), with numbers of any length."""
    if "&" not in text:
        return text
    return html.unescape(_LONG_NUMBER.sub("\ufffd", _ZEROS.sub(r"&#\1", text)))
