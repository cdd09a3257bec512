"""The language of a text, told by its script, else by the small words that every sentence has; empty when it is not sure."""

import re
from collections import Counter

_WORDS: dict[str, str] = {
    "en": "the and you your for with this that are have from will please not our has been was can",
    "de": "der die und sie ihr ihre ihren für mit das ist nicht den ein eine von werden wir haben auf zu bitte",
    "fr": "le la les vous votre et pour avec des est une dans que sur nous pas ce du au cette êtes",
    "es": "el los su para con una que por está usted del se en las es no como este si más",
    "it": "il che per con una sono di del della nel non è si suo questo alla gli ha più le",
    "pt": "que para com uma não você seu sua do da em os foi está por mais dos ao é também",
    "nl": "de het een van uw voor met niet zijn op dat en wij deze is aan u te ook wordt",
    "sv": "och att det för med är du din inte vi har som på av en ett till den om kan",
    "da": "og at det for med er du din ikke vi har som på af en et til den om kan",
    "no": "og at det for med er du din ikke vi har som på av en et til den om kan",
    "fi": "ja on ei se että tai sinun voit ole kun mutta tämä olet joka myös jos vain ovat",
    "pl": "na nie się do jest to że twoje twój przez dla oraz proszę lub jak od po",
    "cs": "na se je že do pro nebo vaše váš jsme to jako podle byl jsou od při aby pokud jste",
    "hu": "az és hogy nem egy ez van az ön kérjük vagy meg csak is el már lehet",
    "ro": "și de la în pentru cu nu este care pe sau vă dvs prin din mai un o fi",
    "tr": "ve bir bu için ile olarak değil daha çok sizin lütfen olan var en da de ya",
}
_OF_WORD: dict[str, list[str]] = {}
for _language, _text in _WORDS.items():
    for _word in set(_text.split()):
        _OF_WORD.setdefault(_word, []).append(_language)

_WORD = re.compile(r"[^\W\d_]{2,20}")
_SCRIPTS = (
    ("ja", re.compile("[\u3040-\u30ff]")),
    ("ko", re.compile("[\uac00-\ud7af]")),
    ("zh", re.compile("[\u4e00-\u9fff]")),
    ("el", re.compile("[\u0370-\u03ff]")),
    ("he", re.compile("[\u0590-\u05ff]")),
    ("ar", re.compile("[\u0600-\u06ff]")),
    ("th", re.compile("[\u0e00-\u0e7f]")),
    ("uk", re.compile("[іїєґІЇЄҐ]")),
    ("ru", re.compile("[\u0400-\u04ff]")),
)

#: Characters that are looked at, and small words that must be among them.
LOOK_MAX, HITS_MIN = 8_000, 3

#: A language is told when its script has this share of the letters, or it leads the next one by this factor.
SHARE_MIN, LEAD_MIN = 0.2, 1.2


def language_of(text: str) -> str:
    """The language (ISO 639-1)."""
    look = text[:LOOK_MAX]
    letters = sum(map(str.isalpha, look))
    for language, script in _SCRIPTS:
        found = len(script.findall(look))
        if found and found >= (0.02 if language == "uk" else SHARE_MIN) * letters:
            return language
    hits: Counter[str] = Counter()
    for word in _WORD.findall(look.lower()):
        for language in _OF_WORD.get(word, ()):
            hits[language] += 1
    best = [*hits.most_common(2), ("", 0), ("", 0)]
    (language, most), (_, next_most) = best[:2]
    return language if most >= HITS_MIN and most >= LEAD_MIN * next_most else ""
