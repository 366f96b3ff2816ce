"""Whatever a file says, checking it ends soon, and in a programme or in faults."""

import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.sections import SECTIONS
from domain.programmes.rules import load
from domain.programmes.rules_difference import spelled
from domain.programmes.rules_schema import json_schema
from kit.documents import FaultyDocumentError
from tests.support.programmes import RICH, SHARING
from tests.support.world import bounded

STEPS_MAX = 100_000
"""Calls of functions that checking a file of this size may take; about ten times the most seen."""

SCHEMA = json_schema(SECTIONS)
FILES = (RICH.splitlines(), SHARING.splitlines())
WORDS = st.sampled_from(
    [
        "true", "0", "-1", "1.5", "9" * 30, '""', '"x"', '"0"', '"1.234567890"', '"never"', "[]",
        '["a", "a"]', "{}", "{ months = 0 }", "2026-05-01", "2026-02-30", "10:00:00", "nan",
        '"Visit"', '"VIB"', '"base"', '"purchase"', "'tier == \"x\"'", "'1'", '"\\u0000"', '"é"',
    ]
)  # fmt: skip
WORD = st.sampled_from(["", "x", "é"])


def steps(work: Callable[[], object]) -> int:
    """Return how many functions are called while ``work`` is done."""
    count = 0

    def note(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


def checked(text: str) -> str:
    """Check a file; return what is told of its faults, nothing of a good one."""
    try:
        load(text, SECTIONS, "f.toml")
    except FaultyDocumentError as error:
        return error.message
    return ""


@st.composite
def bent(draw: st.DrawFn) -> str:
    """Return a good file with some of its lines gone, doubled, moved or with another value."""
    lines = list(draw(st.sampled_from(FILES)))
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(lines) - 1))
        match draw(
            st.sampled_from(["drop", "double", "move", "value", "value", "line", "bracket"])
        ):
            case "drop":
                del lines[place]
            case "double":
                lines.insert(place, lines[place])
            case "move":
                lines.insert(draw(st.integers(0, len(lines) - 1)), lines.pop(place))
            case "value":
                name = lines[place].partition("=")[0]
                lines[place] = f"{name}= {draw(WORDS)}"
            case "bracket":
                lines[place] = lines[place].replace("[[", "[").replace("]]", "]")
            case _:
                lines[place] = draw(st.text(max_size=20))
    return "\n".join(lines)


def any_of(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Return values of a schema, and some of any other kind."""
    if "$ref" in schema:
        return st.deferred(lambda: table(SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]]))
    if "anyOf" in schema:
        return st.one_of([any_of(each) for each in schema["anyOf"]])
    if "enum" in schema or "const" in schema:
        return st.sampled_from(schema.get("enum") or [schema["const"]])
    if schema["type"] == "array":
        return st.lists(any_of(schema["items"]), max_size=3)
    if "format" in schema:
        return st.dates()
    kinds: dict[str, st.SearchStrategy[Any]] = {
        "boolean": st.booleans(),
        "integer": st.integers(-1, 400),
        "object": st.dictionaries(st.sampled_from(["en", "vi", "english"]), WORD, max_size=2),
        "string": st.sampled_from(["a", "b", "0", "5", "0.5", "purchase", "tier == 'a'", "06-18"]),
    }
    right = kinds[schema["type"]]
    return right | right | right | st.none() | st.floats()


def table(schema: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Return tables with the needed settings and some of the others."""
    each = {name: any_of(inner) for name, inner in schema["properties"].items()}
    needed = {name: each[name] for name in schema.get("required", ())}
    return st.fixed_dictionaries(
        needed, optional={n: v for n, v in each.items() if n not in needed}
    )


def written(document: dict[str, Any]) -> str:
    """Return a document as TOML, each section on a line; what TOML can't say is left out."""
    return "\n".join(f"{name} = {spelled(_sayable(each))}" for name, each in document.items())


def _sayable(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _sayable(each) for name, each in value.items() if each is not None}
    if isinstance(value, list):
        return [_sayable(each) for each in value if each is not None]
    return value


@settings(parent=bounded(200, 1))
@given(bent())
def test_a_bent_file_is_good_or_faulty_and_checked_soon(text: str) -> None:
    assert steps(lambda: checked(text)) < STEPS_MAX


@settings(parent=bounded(150, 1))
@given(table(SCHEMA))
def test_any_values_are_good_or_faulty_and_checked_soon(document: dict[str, Any]) -> None:
    text = written(document)
    told: list[str] = []
    assert steps(lambda: told.append(checked(text))) < STEPS_MAX
    assert all(line.startswith("f.toml") for line in told[0].splitlines())


@settings(parent=bounded(100, 1))
@given(st.text(max_size=200) | st.text("[]{}=\"'.#\n a1", max_size=100))
def test_any_text_is_good_or_faulty(text: str) -> None:
    assert checked(text)


def rules(count: int, each: Callable[[int], str]) -> str:
    head = RICH[: RICH.index("[[earning.rule]]")]
    tail = RICH[RICH.index("[[earning.cap]]") :].replace('["Visit", "Tuesday"]', '["base"]')
    return (
        head + "".join(f'[[earning.rule]]\nname = "r{n}"\n{each(n)}\n' for n in range(count)) + tail
    )


SHAPES: dict[str, Callable[[int], str]] = {
    "conditions": lambda n: f'points = "1"\nwhen = \'event.amount > {n}.0 && tier == "VIB"\'',
    "long conditions": lambda _: f"points = \"1\"\nwhen = '{' || '.join(['now.hour == 1'] * 90)}'",
    "a chain of shares": lambda n: f'of = "{f"r{n - 1}" if n else "base"}"\nshare = "1"',
    "a circle of shares": lambda n: f'of = "r{(n + 1) % 200}"\nshare = "1"',
    "one group": lambda n: f'points = "1"\ngroup = "g"\npriority = {n}',
    "one name": lambda _: 'points = "1"\nname = "r"',
    "unknown names": lambda n: f'of = "x{n}"\nshare = "1"\ntiers = ["Insder"]',
    "unknown settings": lambda n: f'points = "1"\nponts{n} = 1',
}


def rewards(count: int, each: Callable[[int], str]) -> str:
    head = '[[rewards.reward]]\nname = "R"\nkind = "voucher"\npoints = "1"\n'
    return SHARING + "".join(f'{head}code = "r{n}"\n{each(n)}\n' for n in range(count))


REWARDS: dict[str, Callable[[int], str]] = {
    "rewards": lambda _: 'tiers = ["VIB"]\ncategory = "drinks"',
    "one code": lambda _: 'article = "x"',
    "unknown categories": lambda n: f'category = "drink{n}"',
}


@pytest.mark.parametrize("shape", REWARDS)
def test_the_work_grows_with_the_catalogue_and_no_faster(shape: str) -> None:
    few, many = (rewards(count, REWARDS[shape]) for count in (20, 200))
    checked(few)  # What is made once is made.
    assert steps(lambda: checked(many)) < 15 * steps(lambda: checked(few))


@pytest.mark.parametrize("shape", SHAPES)
def test_the_work_grows_with_the_file_and_no_faster(shape: str) -> None:
    few, many = (rules(count, SHAPES[shape]) for count in (20, 200))
    checked(few)  # What is made once is made.
    # Among ten times the names, who was meant takes ten times as long to be found.
    most = 25 if shape == "unknown names" else 15
    assert steps(lambda: checked(many)) < most * steps(lambda: checked(few))
