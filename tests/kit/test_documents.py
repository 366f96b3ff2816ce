"""Models of files that people write."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from kit.documents import (
    DOCUMENT_LENGTH_MAX,
    Exact,
    ExactPositive,
    FaultyDocumentError,
    Flag,
    Part,
    Problem,
    Text,
    Whole,
    parse,
    spell,
    validate,
)


class Inner(Part):
    size: Whole


class Sheet(Part):
    price: Exact = Decimal(0)
    rate: ExactPositive = Decimal(1)
    count: Whole = 0
    on: Flag = False
    name: Text = "x"
    inner: tuple[Inner, ...] = ()


@pytest.mark.parametrize(
    "value",
    [
        1.0,
        1,
        True,
        None,
        "",
        "1,5",
        "1.",
        ".5",
        "-1",
        "+1",
        "1e3",
        "NaN",
        "٣",
        "1" * 13,
        "0.1234567890",
    ],
)
def test_what_is_no_exact_decimal_is_refused(value: Any) -> None:
    with pytest.raises(ValidationError):
        Sheet(price=value)


@given(st.decimals(0, 10**12 - 1, places=9))
def test_a_decimal_stays_exact(value: Decimal) -> None:
    assert Sheet(price=f"{value:f}").price == value


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("rate", "0.000"),
        ("count", 1.0),
        ("count", "1"),
        ("count", True),
        ("on", 1),
        ("on", "true"),
        ("name", " "),
        ("name", "a\x00"),
        ("name", "a\u2028b"),
        ("name", "x" * 201),
        ("name", 5),
    ],
)
def test_values_of_other_kinds_are_refused(field: str, value: Any) -> None:
    with pytest.raises(ValidationError):
        Sheet(**{field: value})


def test_a_part_is_frozen() -> None:
    with pytest.raises(ValidationError):
        Sheet().count = 3  # type: ignore[misc]


def test_paths_are_spelled_as_people_count() -> None:
    assert spell(("tiers", "ladder", 1, "name")) == "tiers.ladder[2].name"
    assert spell(()) == ""


def test_a_problem_without_place_is_of_the_whole_document() -> None:
    assert Problem((), "is too long").describe("f.toml") == "f.toml: is too long"


def test_a_syntax_error_has_its_line() -> None:
    with pytest.raises(FaultyDocumentError) as refused:
        parse("a = 1\nb = \n", "f.toml")
    assert refused.value.message == (
        "f.toml:2: is not valid TOML here: Invalid value;"
        " put quotes around text and around numbers with a point"
    )
    assert refused.value.code == "FAULTY_DOCUMENT"


def test_an_endless_document_is_refused() -> None:
    with pytest.raises(FaultyDocumentError, match="has more than 1,000,000 characters"):
        parse("#" * (DOCUMENT_LENGTH_MAX + 1), "f.toml")


def test_faults_inside_lists_name_their_place() -> None:
    text = "inner = [\n  { size = 1 },\n  { sise = 2 },\n]\n"
    with pytest.raises(FaultyDocumentError) as refused:
        validate(Sheet, parse(text, "f"), text, "f")
    assert refused.value.message.splitlines() == [
        "f:3: inner[2].size: is missing; add it",
        "f:3: inner[2].sise: is not a known setting; did you mean 'size'?",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("inner = 3", "f:1: inner: is not a list; put square brackets around it"),
        ("inner = [3]", "f:1: inner[1]: is not one table; write one header in single brackets"),
    ],
)
def test_other_shapes_are_named(text: str, message: str) -> None:
    with pytest.raises(FaultyDocumentError) as refused:
        validate(Sheet, parse(text, "f"), text, "f")
    assert refused.value.message.startswith(message)
