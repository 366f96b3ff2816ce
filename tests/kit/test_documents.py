"""Models of files that people write."""

from decimal import Decimal
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, ValidationError

from kit.document_faults import spell
from kit.documents import (
    DOCUMENT_LENGTH_MAX,
    Code,
    Day,
    Exact,
    ExactPositive,
    FaultyDocumentError,
    Flag,
    Part,
    Problem,
    Text,
    Whole,
    no_such,
    parse,
    validate,
)


class Inner(Part):
    size: Whole


class Span(Part):
    days: Whole


class Sheet(Part):
    price: Exact = Decimal(0)
    rate: ExactPositive = Decimal(1)
    count: Whole = 0
    on: Flag = False
    name: Text = "x"
    inner: Annotated[tuple[Inner, ...], Field(max_length=2)] = ()
    note: Annotated[str, Field(max_length=5)] = ""
    ends: Literal["never", "today"] | Span = "never"
    day: Day | None = None
    code: Code = "x"


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
        ("count", 2**63),
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
        (
            "[inner]\nsize = 1",
            "f:1: inner: is a list of tables; write its header in double brackets:",
        ),
        ("inner = [{size=1}, {size=1}, {size=1}]", "f:1: inner: must have at most 2 items"),
        ('note = "too long"', "f:1: note: is longer than 5 characters; divide it"),
        (
            "day = 2026-05-01T10:00:00",
            "f:1: day: is not a day; write one such as 2026-05-01, without",
        ),
        ('code = "X"', "f:1: code: is 'X'; use a letter a-z, then up to 62 of a-z, 0-9, - and _"),
        # Where a word or a table may stand, only what was meant is told.
        ('ends = "nevr"', "f:1: ends: must be one of 'never' or 'today'; did you mean 'never'?"),
        (
            "ends = { dys = 1, days = 1 }",
            "f:1: ends.dys: is not a known setting; did you mean 'days'?",
        ),
        ("[ends]\ndays = 1.5", "f:2: ends.days: is not a whole number"),
    ],
)
def test_other_shapes_are_named(text: str, message: str) -> None:
    with pytest.raises(FaultyDocumentError) as refused:
        validate(Sheet, parse(text, "f"), text, "f")
    assert refused.value.message.startswith(message)
    assert len(refused.value.problems) == 1


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("a = x", "put quotes around text and around numbers with a point"),
        ("a = 1\na = 2", "this setting stands here twice; leave one out"),
        ("[a]\n[a]", "this header stands here twice; a list has double ones: [[...]]"),
        ('a = "x', "a quote is missing at its end"),
        ('a = "x\n', "a quote is missing at the end of the line"),
        ("a = 1 b = 2", "write one setting to a line, and text in quotes"),
        ("a", "write name = value"),
        ("a = [1", "a closing ] is missing"),
        ("[a", "a closing ] is missing"),
        ("a = {b = 1", "a closing } is missing"),
        ("a = {\nb = 1}", "write a name; { ... } stands on one line"),
    ],
)
def test_what_is_no_toml_has_its_remedy(text: str, remedy: str) -> None:
    with pytest.raises(FaultyDocumentError, match="is not valid TOML here: ") as refused:
        parse(text, "f")
    assert refused.value.message.endswith(f"; {remedy}")


def test_dots_in_quotes_and_remarks_are_no_long_key() -> None:
    parse(f'a = "{"." * 200}" # {"." * 200}', "f")


def test_a_name_that_nothing_has_is_told_with_the_one_that_was_meant() -> None:
    assert (
        no_such("Gld", "tier", ["Gold", "Green"]) == "'Gld', which is no tier; did you mean 'Gold'?"
    )
    assert no_such("x", "tier", {"b", "a"}) == "'x', which is no tier; known are a, b"
    assert no_such("x", "tier", ()) == "'x', which is no tier; there is no tier"
