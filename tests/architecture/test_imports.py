"""The import contracts are kept, complete, and each of them fails when it is broken."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.support.tree import ROOMS, ROOT

CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
    "contracts"
]
IDS = {contract["name"]: contract["id"] for contract in CONTRACTS}
TABLES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for room in ("domain", "gamification", "partners")
    for path in ROOT.glob(f"{room}/*/models*.py")
)

BREAKS = [
    ("rooms", "kit/clock.py", "import domain.brands.rules"),
    ("rooms", "domain/ledger/queries.py", "import gamification"),
    ("rooms", "gamification/__init__.py", "import partners"),
    ("history", "migrations/run.py", "import domain.brands.rules"),
    ("concepts", "domain/brands/rules.py", "import domain.metrics"),
    ("concepts", "domain/coupons/__init__.py", ""),
    ("games", "gamification/quests/__init__.py", ""),
    ("partnerships", "partners/swaps/__init__.py", ""),
    ("pure", "domain/brands/rules.py", "import sqlalchemy"),
    ("pure", "domain/earning/section.py", "import asyncio"),
    ("pure", "domain/earning/rules_refund.py", "import domain.brands.queries"),
    ("pure", "kit/calendar.py", "import kit.db"),
    ("web", "kit/log.py", "import rich"),
    ("web", "domain/ledger/queries.py", "import strawberry"),
    ("queue", "api/runtime.py", "import pgqueuer"),
    ("expressions", "domain/brands/section.py", "import cel_expr_python"),
]
TABLE_BREAKS = [
    (f"{module.split('.')[1]}-tables", "api/__init__.py", f"import {module}") for module in TABLES
]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for room in ROOMS:
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("*.pyc"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def add(file: Path, line: str) -> None:
    file.parent.mkdir(exist_ok=True)
    with file.open("a") as end:
        end.write(f"{line}\n")


def broken(tree: Path) -> tuple[set[str], str]:
    command = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports())"
    environment = {name: v for name, v in os.environ.items() if not name.startswith("COVERAGE")}
    done = subprocess.run(
        [sys.executable, "-c", command],
        cwd=tree,
        env=environment | {"NO_COLOR": "1", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    verdicts = dict(re.findall(r"^(.+) (KEPT|BROKEN)\b", done.stdout, re.MULTILINE))
    assert verdicts.keys() == IDS.keys(), done.stdout + done.stderr
    names = {IDS[name] for name, verdict in verdicts.items() if verdict == "BROKEN"}
    assert bool(names) == bool(done.returncode)
    return names, done.stdout


def test_contracts_are_kept(copy: Path) -> None:
    names, report = broken(copy)
    assert not names, report


@pytest.mark.parametrize(("contract", "path", "line"), BREAKS, ids=str)
def test_a_broken_contract_is_found(copy: Path, contract: str, path: str, line: str) -> None:
    add(copy / path, line)
    assert broken(copy)[0] == {contract}


@pytest.mark.parametrize("half", [0, 1])
def test_whoever_reads_tables_of_others_is_found(copy: Path, half: int) -> None:
    for _, path, line in TABLE_BREAKS[half::2]:
        add(copy / path, line)
    assert broken(copy)[0] == {contract for contract, _, _ in TABLE_BREAKS[half::2]}


def test_each_contract_is_broken_above() -> None:
    assert {contract for contract, _, _ in BREAKS + TABLE_BREAKS} == set(IDS.values())


def test_each_concept_keeps_its_tables() -> None:
    protected = {m for c in CONTRACTS for m in c.get("protected_modules", ())}
    assert protected == set(TABLES)


@pytest.mark.parametrize("room", ["domain", "gamification", "partners"])
def test_all_rules_are_pure(room: str) -> None:
    (pure,) = (set(c["source_modules"]) for c in CONTRACTS if c["id"] == "pure")
    names = {path.stem for path in ROOT.glob(f"{room}/*/*.py")}
    assert {
        f"{room}.*.{name}" for name in names if name == "section" or name.startswith("rules")
    } <= pure
