"""Codes made here: unguessable, and no slip of a finger makes another one of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.vouchers.rules_code import (
    ALPHABET,
    LENGTH,
    RANDOM_BYTES,
    bare,
    checks,
    made,
    meant,
    normalised,
    shown,
)
from kit.ids import random_bytes

RANDOM = st.binary(min_size=RANDOM_BYTES, max_size=RANDOM_BYTES)


@given(RANDOM)
def test_every_single_wrong_character_is_found(random: bytes) -> None:
    code = normalised(made(random))
    assert len(code) == LENGTH
    assert checks(code)
    wrong = [
        code[:place] + other + code[place + 1 :]
        for place, character in enumerate(code)
        for other in ALPHABET
        if other != character
    ]
    assert len(wrong) == LENGTH * 31
    assert not any(map(checks, wrong))


@given(RANDOM)
def test_every_swap_of_two_neighbours_is_found(random: bytes) -> None:
    code = normalised(made(random))
    for place in range(LENGTH - 1):
        one, two = code[place], code[place + 1]
        swapped = code[:place] + two + one + code[place + 2 :]
        assert checks(swapped) == (one == two)


def test_two_characters_stand_for_all_there_are() -> None:
    """Whatever stands before: the rest of a code turns one state into one other, each its own."""
    pairs = [one + two for one in ALPHABET for two in ALPHABET if checks(one + two)]
    assert len({pair[0] for pair in pairs}) == len({pair[1] for pair in pairs}) == len(pairs) == 32


@pytest.mark.parametrize(
    ("random", "code"),
    [
        (bytes(10), "0000-0000-0000-00000"),
        (b"\xff" * 10, "ZZZZ-ZZZZ-ZZZZ-ZZZZM"),
        (bytes(range(10)), "902E-03M0-4R04-G000Z"),
    ],
)
def test_a_code_stays_what_it_is(random: bytes, code: str) -> None:
    assert made(random) == code


def test_all_of_80_bits_are_in_a_code() -> None:
    number = int.from_bytes(random_bytes(RANDOM_BYTES))
    codes = {made((number ^ (1 << bit)).to_bytes(RANDOM_BYTES))[:-1] for bit in range(80)}
    assert RANDOM_BYTES * 8 == 80
    assert len(codes) == 80


def test_no_two_of_100_000_are_equal() -> None:
    assert len({made(random_bytes(RANDOM_BYTES)) for _ in range(100_000)}) == 100_000


@given(RANDOM, st.data())
def test_a_code_is_found_in_whatever_way_it_is_typed(random: bytes, data: st.DataObject) -> None:
    code = made(random)
    alike = {
        "0": "0oO",
        "1": "1iIlL",
        "-": ["", "-", " ", "\N{EN DASH}", " - ", "\N{NO-BREAK SPACE}"],
    }
    typed = "".join(
        data.draw(st.sampled_from(alike.get(character, character + character.lower())))
        for character in code
    )
    assert meant(f" {typed}\n")[-1] == code
    assert normalised(typed) == code.replace("-", "")


@pytest.mark.parametrize("code", ["", "0", "U0", "00-", "0000-0000-0000-00000", "0é"])
def test_what_is_no_bare_code_does_not_check(code: str) -> None:
    assert not checks(code)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("spring-2026-a", ("spring-2026-a",)),
        (" Spring 26 ", ("Spring 26",)),
        ("0000-0000-0000-00000", ("0000-0000-0000-00000",)),
        ("0000-0000-0000-00001", ("0000-0000-0000-00001",)),
        ("00000000000000000", ("00000000000000000", "0000-0000-0000-00000")),
        ("0000000", ("0000000",)),
        ("", ()),
        ("   ", ()),
        ("0" * 201, ()),
        ("a\x00b", ()),
        ("\ud800", ()),
    ],
)
def test_what_a_text_can_mean(text: str, names: tuple[str, ...]) -> None:
    assert meant(text) == names


@pytest.mark.parametrize("characters", [2, 7, 8, 16])
def test_codes_of_other_lengths_check_too(characters: int) -> None:
    code = bare(random_bytes(10), characters)
    assert (len(code), checks(code)) == (characters + 1, True)
    assert shown(code).replace("-", "") == code


def test_groups_are_of_four_and_the_last_takes_a_single_one() -> None:
    names = {count: shown("ABCDEFGHJKMNPQRST"[:count]) for count in (3, 4, 5, 8, 9, 10, 17)}
    assert names == {
        3: "ABC",
        4: "ABCD",
        5: "ABCDE",
        8: "ABCD-EFGH",
        9: "ABCD-EFGHJ",
        10: "ABCD-EFGH-JK",
        17: "ABCD-EFGH-JKMN-PQRST",
    }
