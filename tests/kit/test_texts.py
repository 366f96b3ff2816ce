"""What a name or id from outside may look like."""

import pytest

from kit.texts import usable


@pytest.mark.parametrize("text", ["a", "A\u00a0B", "A\u3000B", "A\u200bB", "é" * 200])
def test_what_people_write_is_usable(text: str) -> None:
    assert usable(text)


@pytest.mark.parametrize("text", ["", "  ", "a\0", "a\nb", "\x7f", "\ud800", "a" * 201])
def test_what_no_table_or_screen_can_carry_is_not(text: str) -> None:
    assert not usable(text)
