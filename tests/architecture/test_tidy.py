"""House rules that no other tool checks: sizes, places, leftovers."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.support.tree import ROOMS, ROOT, files, shown

FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 400
LINE_LENGTH_MAX = 100

PYTHON = files(".py")
WRITTEN = [*files(".py", ".sql", ".md", ".toml", ".mako", ".graphql"), ROOT / "Makefile"]
# Made by a tool from the models, and history from the day of its release.
VERSIONS = ROOT / "migrations" / "versions"
HAND_MADE = [path for path in files(".py", ".sql") if path.parent != VERSIONS]

COMMITS = {"kit/db.py", "migrations/env.py"}
LOYALTY_NOUNS = {
    "badge",
    "brand",
    "challenge",
    "earning",
    "leaderboard",
    "lot",
    "loyalty",
    "member",
    "partner",
    "point",
    "points",
    "purchase",
    "refund",
    "reward",
    "streak",
    "swap",
    "tier",
    "wallet",
}
OTHER_TESTS = {
    "architecture",
    "bench",
    "clients",
    "concurrency",
    "conformance",
    "flows",
    "support",
}

LEFTOVERS = re.compile(r"\b(T[O]DO|FI[X]ME|X[X]X)\b")
BARE = re.compile(r"#\s*noqa(?!: [A-Z]+\d)|#\s*type:\s*ignore(?!\[)")
MACHINE = re.compile(r"(?<![\w.}])/(work|root|home)/")
REGISTRY = re.compile(r"pypi\.org|python[h]osted|npm[j]s|--(extra-)?index-url|crates\.io")


def lines_with(pattern: re.Pattern[str], paths: list[Path]) -> list[str]:
    return [
        f"{shown(path)}:{number}: {line.strip()}"
        for path in paths
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if pattern.search(line)
    ]


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_functions_are_short() -> None:
    long = [
        f"{shown(path)}: {function.name} has {length} lines"
        for path in HAND_MADE
        if path.suffix == ".py"
        for function in functions(path)
        if (length := (function.end_lineno or 0) - function.lineno + 1) > FUNCTION_LINES_MAX
    ]
    assert not long


def test_files_are_short() -> None:
    sizes = {shown(path): len(path.read_text().splitlines()) for path in HAND_MADE}
    assert {path: size for path, size in sizes.items() if size > FILE_LINES_MAX} == {}


def test_lines_are_short() -> None:
    assert not lines_with(re.compile(rf".{{{LINE_LENGTH_MAX + 1}}}"), HAND_MADE)


def test_only_the_database_module_commits() -> None:
    rooms = files(".py", below=ROOMS)
    found = lines_with(re.compile(r"\.commit\("), [p for p in rooms if shown(p) not in COMMITS])
    assert not found


def test_kit_has_no_loyalty_noun() -> None:
    found = []
    for path in files(".py", below=("kit",)):
        for token in tokenize.generate_tokens(io.StringIO(path.read_text()).readline):
            words = re.findall(r"[a-z]+", re.sub(r"([A-Z])", r"_\1", token.string).lower())
            if token.type == tokenize.NAME and LOYALTY_NOUNS.intersection(words):
                found.append(f"{shown(path)}:{token.start[0]}: {token.string}")
    assert not found


def test_nothing_is_left_for_later() -> None:
    assert not lines_with(LEFTOVERS, WRITTEN)


def test_each_exception_to_a_check_names_it() -> None:
    assert not lines_with(BARE, PYTHON)


def test_no_path_of_one_machine() -> None:
    assert not lines_with(MACHINE, [*WRITTEN, ROOT / ".ci" / "run"])


def test_no_address_of_a_registry() -> None:
    assert not lines_with(REGISTRY, [*WRITTEN, ROOT / "requirements.lock", ROOT / ".ci" / "run"])


def test_each_module_says_what_it_is() -> None:
    assert not [shown(p) for p in PYTHON if not ast.get_docstring(parsed(p))]


def test_tests_mirror_the_source() -> None:
    folders = {path.parent.relative_to(ROOT / "tests") for path in files(".py", below=("tests",))}
    places = [folder for folder in folders if not OTHER_TESTS.intersection(folder.parts)]
    assert not [folder.as_posix() for folder in places if not (ROOT / folder).is_dir()]


@pytest.mark.parametrize("path", files(".py", below=("tests",)), ids=shown)
def test_skipped_tests_say_why(path: Path) -> None:
    tree = parsed(path)
    called = {id(node.func): node for node in ast.walk(tree) if isinstance(node, ast.Call)}
    silent = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute) or node.attr not in {"skip", "skipif", "xfail"}:
            continue
        call = called.get(id(node))
        marked = ast.unparse(node).startswith("pytest.mark.")
        told = call and ("reason" in {k.arg for k in call.keywords} or (call.args and not marked))
        if ast.unparse(node).startswith("pytest.") and not told:
            silent.append(node.lineno)
    assert not silent
