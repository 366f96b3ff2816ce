"""What an alias may be, and the made-up names of members who have none."""

import unicodedata
from typing import NamedTuple
from uuid import UUID

from gamification.leaderboards.words_people import WORDS, Words
from kit.ids import content_hash

ALIAS_MIN = 2
ALIAS_MAX = 24
SALT_BYTES = 32

_NUMBER_MIN = 100
_NUMBERS = 900
_LANGUAGE = "en"


class Face(NamedTuple):
    """The name under which a member, or a team, is shown; ``is_alias``: that they chose it.

    ``neutral`` is the made-up name, ``key`` always the same: whoever knows an id but not the
    brand's salt can't tell whether the key is of that id.
    """

    name: str
    is_alias: bool
    neutral: str
    key: str


def tidy(alias: str) -> str | None:
    """Return an alias as it is shown, None if it can't be one.

    Blanks around it go, several become one. It has 2 to 24 printable characters, of which one is
    a letter or a digit; characters without a shape of their own, such as those that turn the
    direction of text, are not printable.
    """
    shown = unicodedata.normalize("NFC", " ".join(alias.split(" "))).strip(" ")
    while "  " in shown:
        shown = shown.replace("  ", " ")
    fits = ALIAS_MIN <= len(shown) <= ALIAS_MAX and shown.isprintable()
    return shown if fits and any(each.isalnum() for each in shown) else None


def folded(alias: str) -> str:
    """Return what nobody else's alias may be: case, width and blanks make no difference."""
    wide = unicodedata.normalize("NFKC", alias).casefold().replace(" ", "")
    return unicodedata.normalize("NFKC", wide)


def made_up(salt: bytes | None, entity: UUID, language: str) -> str:
    """Return the neutral name of somebody without an alias, in a language, else in English.

    Two words and a number that follow from the brand's secret ``salt`` and the id alone: always
    the same, and of no use to find out who it is. Without any salt it is nobody's name.
    """
    words = WORDS.get(language, WORDS[_LANGUAGE])
    if salt is None:
        return words.nobody
    return _name(words, int.from_bytes(content_hash(salt, entity.bytes)[:16], "big"))


def nameless(language: str) -> str:
    """Return what stands in a language, else in English, where no name is to be shown."""
    return WORDS.get(language, WORDS[_LANGUAGE]).nobody


def key_of(salt: bytes | None, entity: UUID) -> str:
    """Return the key of a face: 32 hexadecimal digits."""
    return content_hash(salt or b"", b"key", entity.bytes)[:16].hex()


def _name(words: Words, drawn: int) -> str:
    drawn, number = divmod(drawn, _NUMBERS)
    drawn, animal = divmod(drawn, len(words.animals))
    quality = drawn % len(words.qualities)
    return words.form.format(
        quality=words.qualities[quality], animal=words.animals[animal], number=number + _NUMBER_MIN
    )
