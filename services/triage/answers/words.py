"""What answers say, in the languages that `words.toml` has."""

from shared.outgoing.words import Words

_WORDS = Words("services.triage.answers")

#: Languages (ISO 639-1) that are there.
LANGUAGES = _WORDS.languages

words = _WORDS.of
