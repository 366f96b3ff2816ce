"""Lines of settings, for messages."""

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kit.toml_lines import DEPTH_MAX, Path, find_line, lines_by_path

TEXT = """\
title = "x"
[a.b]
"quoted key" = 1
c . d = 2  # e = 3
text = \"\"\"
[not.a.table]
key = 4
\"\"\"

[[list]]
name = "one"
[[list]]
name = "two"
steps = [
  { at.x = 1 },  # ]
  "]",
  { on = 2 },
]
[[list.inner]]
deep = 5
"""


def test_headers_keys_and_items_are_found() -> None:
    assert lines_by_path(TEXT) == {
        ("title",): 1,
        ("a",): 2,
        ("a", "b"): 2,
        ("a", "b", "quoted key"): 3,
        ("a", "b", "c"): 4,
        ("a", "b", "c", "d"): 4,
        ("a", "b", "text"): 5,
        ("list",): 10,
        ("list", 0): 10,
        ("list", 0, "name"): 11,
        ("list", 1): 12,
        ("list", 1, "name"): 13,
        ("list", 1, "steps"): 14,
        ("list", 1, "steps", 0): 15,
        ("list", 1, "steps", 0, "at"): 15,
        ("list", 1, "steps", 0, "at", "x"): 15,
        ("list", 1, "steps", 1): 16,
        ("list", 1, "steps", 2): 17,
        ("list", 1, "steps", 2, "on"): 17,
        ("list", 1, "inner"): 19,
        ("list", 1, "inner", 0): 19,
        ("list", 1, "inner", 0, "deep"): 20,
    }


def test_what_has_no_line_takes_that_of_what_surrounds_it() -> None:
    lines = lines_by_path(TEXT)
    assert find_line(lines, ("list", 1, "missing")) == 12
    assert find_line(lines, ("list", 1, "steps", 2, "missing")) == 17
    assert find_line(lines, ("missing",)) is None


NAMES = st.sampled_from(["a", "b-1", '"a b"', "'c.d'", '"\\u00e9"'])
SCALARS = st.sampled_from(
    [
        "1", "1.5", "true", "2026-05-01", "2026-05-01 10:00:00Z", "07:32:00", '"x # ] }"', "'{'",
        '"""\nk = 1\n[z]\n"""', "'''\n[[y]]\n'''", '"""a""""', '"\\""',
    ]
)  # fmt: skip
GAPS = st.sampled_from(["", " ", "\n", " # [x]\n", "\n\n  "])


@st.composite
def lists(draw: st.DrawFn, values: st.SearchStrategy[str]) -> str:
    items = draw(st.lists(values, max_size=3))
    inner = ",".join(f"{draw(GAPS)}{each}{draw(GAPS)}" for each in items)
    return f"[{inner}{draw(GAPS)}]"


@st.composite
def inline(draw: st.DrawFn, values: st.SearchStrategy[str]) -> str:
    names = draw(st.lists(NAMES, unique=True, max_size=3))
    return "{ " + ", ".join(f"{name} = {draw(values)}" for name in names) + " }"


# What stands in an inline table may break its line only within brackets of its own.
VALUES = st.recursive(SCALARS, lambda inner: lists(inner) | inline(inner), max_leaves=6)


@st.composite
def texts(draw: st.DrawFn) -> str:
    lines = []
    for number in range(draw(st.integers(0, 3))):
        header = draw(st.sampled_from(["", f"[t{number}.u]\n", "[[l]]\n", "[[l]]\n[[l.m]]\n"]))
        if number and not header:
            continue
        lines.append(header)
        lines += [
            f"{name} = {draw(VALUES)}{draw(st.sampled_from(['', ' # c']))}\n"
            for name in draw(st.lists(NAMES, unique=True, max_size=3))
        ]
    return "".join(lines)


def paths(value: Any, path: Path = ()) -> Iterator[Path]:
    if path:
        yield path
    if isinstance(value, dict | list):
        for name, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from paths(each, (*path, name))


@given(texts())
def test_every_path_has_a_line_on_which_it_stands(text: str) -> None:
    lines = lines_by_path(text)
    assert set(lines) == set(paths(tomllib.loads(text)))
    written = text.split("\n")
    for path, line in lines.items():
        name = path[-1]
        if isinstance(name, str):
            assert name.replace("é", "\\u00e9") in written[line - 1]


@given(st.text("[]{}=,.#\"'\\\n ab1") | st.text())
@example('"\\q" = 1')
def test_what_is_no_toml_is_passed_over(text: str) -> None:
    assert all(0 < line <= text.count("\n") + 1 for line in lines_by_path(text).values())


@pytest.mark.parametrize(
    "text",
    ["a=" + "[" * 50_000, "a={b=[" * 5_000, "a." * 50_000 + "a=1", "[" + "a." * 50_000 + "a]"],
    ids=["lists", "tables", "a key", "a header"],
)
def test_the_deepest_nesting_costs_no_more_than_its_length(text: str) -> None:
    assert all(len(path) <= DEPTH_MAX for path in lines_by_path(text))
