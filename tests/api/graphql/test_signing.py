"""Cursors: what was written comes back, and nothing else does."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.graphql.signing import Cursors, signing_secret
from kit.errors import ConfigurationError
from kit.settings import Settings

SECRET = b"s" * 32
MOVEMENTS = Cursors(SECRET, "1:Member.movements:ana")
KEYS = st.text(st.characters(codec="utf-8"), max_size=40)


@given(KEYS)
def test_a_key_comes_back(key: str) -> None:
    assert MOVEMENTS.read(MOVEMENTS.write(key)) == key


def test_a_cursor_is_the_same_in_every_process() -> None:
    assert MOVEMENTS.write(7) == "zM5dDBut9O3zN1MqNw"


@pytest.mark.parametrize(
    "other",
    [
        Cursors(b"t" * 32, "1:Member.movements:ana"),
        Cursors(SECRET, "1:Member.movements:ben"),
        Cursors(SECRET, "2:Member.movements:ana"),
        Cursors(SECRET, "1:Query.members"),
    ],
)
def test_a_cursor_of_another_list_is_refused(other: Cursors) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - it has no message
        MOVEMENTS.read(other.write(7))


def test_every_changed_bit_is_noticed() -> None:
    written = MOVEMENTS.write(1234)
    plain = base64.urlsafe_b64decode(written + "=" * (-len(written) % 4))
    for place in range(len(plain) * 8):
        changed = bytearray(plain)
        changed[place // 8] ^= 1 << place % 8
        text = base64.urlsafe_b64encode(bytes(changed)).decode().rstrip("=")
        with pytest.raises(ValueError):  # noqa: PT011 - it has no message
            MOVEMENTS.read(text)


@given(st.text(max_size=60))
def test_made_up_cursors_are_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - it has no message
        MOVEMENTS.read(text)


@pytest.mark.parametrize("ending", ["=", "==", "\n", " ", "A"])
def test_one_cursor_has_one_spelling(ending: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - it has no message
        MOVEMENTS.read(MOVEMENTS.write(7) + ending)


def test_where_the_secret_comes_from(settings: Settings) -> None:
    made = signing_secret(settings)
    assert signing_secret(settings) == made
    given = settings.model_copy(update={"secret_key": "x" * 32})
    assert signing_secret(given) != made
    assert signing_secret(given.model_copy(update={"environment": "production"})) == signing_secret(
        given
    )


@pytest.mark.parametrize("secret", [None, "x" * 31])
def test_production_needs_a_long_secret(settings: Settings, secret: str | None) -> None:
    given = settings.model_copy(update={"environment": "production", "secret_key": secret})
    with pytest.raises(ConfigurationError, match="LAUREL_SECRET_KEY"):
        signing_secret(given)
