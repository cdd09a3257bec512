"""What a mail is found by, and what somebody looks for, as words that both databases treat alike."""

import re
import unicodedata
from collections.abc import Iterable

#: Words of one row, and characters of one word.
WORDS_MAX, WORD_MAX = 300, 64

#: Terms of one search; a beginning of a word shorter than this is looked for as a whole word.
TERMS_MAX, PREFIX_MIN = 8, 3

_WORD = re.compile(r"\w{1,1000}")


def words_in(text: str) -> list[str]:
    """The words of a text: lower case, without marks, in order."""
    kept = text[:4_000]
    if not kept.isascii():
        kept = "".join(char for char in unicodedata.normalize("NFKD", kept) if not unicodedata.combining(char))
    return [word[:WORD_MAX] for word in _WORD.findall(kept.casefold().replace("_", " "))]


def words_of(texts: Iterable[str]) -> str:
    """The words of a row's texts, as they are stored. Texts that are there already add nothing."""
    words: list[str] = []
    for text in dict.fromkeys(texts):
        words += words_in(text)
        if len(words) >= WORDS_MAX:
            break
    return " ".join(words[:WORDS_MAX])


def terms_of(query: str) -> list[list[str]]:
    """What is looked for: phrases of words, one for each term between spaces or in quotes."""
    quoted = re.findall(r'"([^"]{1,200})"|(\S{1,200})', query[:500])
    phrases = [words_in(in_quotes or bare) for in_quotes, bare in quoted]
    return [phrase[:20] for phrase in phrases if phrase][:TERMS_MAX]


def may_go_on(phrase: list[str], *, whole: bool) -> bool:
    """Whether the last word of a phrase may be a beginning; `whole`: not when it ends an address, a host or a quotation."""
    return len(phrase[-1]) >= PREFIX_MIN and not (whole and len(phrase) > 1)


def fts5(terms: list[list[str]], *, whole: bool = False) -> str:
    """The query in the language of SQLite's FTS5; words hold no quotes, so nothing can leave its own."""
    return " AND ".join(f'"{" ".join(phrase)}"{"*" if may_go_on(phrase, whole=whole) else ""}' for phrase in terms)


def tsquery(terms: list[list[str]], *, whole: bool = False) -> str:
    """The query in the language of PostgreSQL's `to_tsquery`: all words, in any order. `likes` keeps phrases together."""
    words = []
    for phrase in terms:
        *first, last = (f"'{word}'" for word in phrase)
        words += [*first, f"{last}:*" if may_go_on(phrase, whole=whole) else last]
    return " & ".join(dict.fromkeys(words))


def likes(terms: list[list[str]], *, whole: bool = False) -> list[str]:
    """Patterns of LIKE for the phrases of several words, over stored words between blanks; a word holds no `%` and no `_`.

    The GIN index knows no places of words: `<->` would make a `tsvector` again of each row that has the words.
    """
    phrases = [phrase for phrase in terms if len(phrase) > 1]
    return [f"% {' '.join(phrase)}{'' if may_go_on(phrase, whole=whole) else ' '}%" for phrase in phrases]
