"""Text in several languages is plain or a table; who asks for a missing one gets English."""

import pytest
from pydantic import BaseModel, ValidationError

from kit.words import LANGUAGES_MAX, LONG_TEXT_MAX, LongWords, Words, in_language


class Told(BaseModel):
    """Something with a name and more of it."""

    name: Words
    more: LongWords = {"": "-"}


def test_plain_text_is_the_same_in_every_language() -> None:
    words = Told.model_validate({"name": "Coffee"}).name
    assert {language: in_language(words, language) for language in ("en", "vi", "fr")} == {
        "en": "Coffee",
        "vi": "Coffee",
        "fr": "Coffee",
    }


def test_a_language_that_is_missing_falls_back_to_english_then_to_the_first() -> None:
    both = Told.model_validate({"name": {"vi": "Cà phê", "en": "Coffee"}}).name
    assert [in_language(both, each) for each in ("vi", "en", "fr")] == [
        "Cà phê",
        "Coffee",
        "Coffee",
    ]
    one = Told.model_validate({"name": {"vi": "Cà phê"}}).name
    assert in_language(one, "en") == "Cà phê"


@pytest.mark.parametrize(
    "name",
    [
        5,
        {},
        [],
        "",
        " ",
        "a\nb",
        "a\u202eb\x00",
        {"en": 5},
        {"en": ""},
        {"EN": "x"},
        {"english": "x"},
        {"en": "x" * 201},
        {"aa" if n == 0 else f"a{chr(97 + n)}": "x" for n in range(LANGUAGES_MAX + 1)},
    ],
)
def test_what_is_no_text_in_any_language_is_refused(name: object) -> None:
    with pytest.raises(ValidationError):
        Told.model_validate({"name": name})


def test_a_description_may_be_longer_than_a_name() -> None:
    assert Told.model_validate({"name": "x", "more": "y" * LONG_TEXT_MAX}).more
    with pytest.raises(ValidationError):
        Told.model_validate({"name": "x", "more": "y" * (LONG_TEXT_MAX + 1)})
