"""Text in several languages, as people write it into files: plain, or a table by language."""

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

from kit.documents import TEXT_LENGTH_MAX, fault
from kit.texts import usable

LANGUAGES_MAX = 20
LONG_TEXT_MAX = 2_000

_LANGUAGE = re.compile(r"[a-z]{2,3}")
_FALLBACK = "en"


def _words(value: object, length_max: int) -> dict[str, str]:
    table = {"": value} if isinstance(value, str) else value
    if not isinstance(table, Mapping) or not table:
        raise fault('is neither text nor a table by language such as { en = "…", vi = "…" }')
    if len(table) > LANGUAGES_MAX:
        raise fault(f"has more than {LANGUAGES_MAX} languages")
    for language, text in table.items():
        if language and not _LANGUAGE.fullmatch(language):
            raise fault(f"has the language {language!r}; write its code, such as en or vi")
        if not isinstance(text, str) or not usable(text, length_max):
            raise fault(f"must be 1 to {length_max} printable characters on one line")
    return dict(table)


def _schema(length_max: int) -> WithJsonSchema:
    text = {"type": "string", "minLength": 1, "maxLength": length_max}
    by_language = {
        "type": "object",
        "minProperties": 1,
        "maxProperties": LANGUAGES_MAX,
        "patternProperties": {f"^{_LANGUAGE.pattern}$": text},
        "additionalProperties": False,
    }
    return WithJsonSchema({"anyOf": [text, by_language]})


# Keyed by language; text that is the same in all of them has the key "".
Words = Annotated[
    dict[str, str],
    BeforeValidator(lambda value: _words(value, TEXT_LENGTH_MAX)),
    _schema(TEXT_LENGTH_MAX),
]
LongWords = Annotated[
    dict[str, str],
    BeforeValidator(lambda value: _words(value, LONG_TEXT_MAX)),
    _schema(LONG_TEXT_MAX),
]


def in_language(words: Mapping[str, str], language: str) -> str:
    """Return ``words`` in a language, else in English, else in the first one written."""
    for each in (language, "", _FALLBACK):
        if each in words:
            return words[each]
    return next(iter(words.values()))
