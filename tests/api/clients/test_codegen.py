"""Types made from the published schema and the examples' operations: they fit, and they help."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.node import node, script
from tests.support.served import Site
from tests.support.tree import ROOT

TYPESCRIPT = Path("node_modules", "typescript", "bin", "tsc")
CODEGEN = ROOT / "docs" / "clients" / "codegen"
WRONG = [
    ("balance.spendable", "balance.spendible"),
    ("{ first: 1 }", "{ first: 'one' }"),
    ("currency: 'USD'", "curency: 'USD'"),
    ("'CURRENCY_MISMATCH'", "'CURRENCY_MISSMATCH'"),
]
SAID = """\
m1 has 77 points.
refused: The shop uses another currency. Please convert the amounts first.
"""


@pytest.fixture(scope="module")
def typed(clients: Path) -> Path:
    done = script(clients, "codegen")
    assert done.returncode == 0, done.stderr
    return clients / "codegen"


def complaints(clients: Path, *arguments: str) -> str:
    return node(clients / TYPESCRIPT, *arguments, cwd=clients / "codegen").stdout


def test_typescript_agrees(clients: Path, typed: Path) -> None:
    assert complaints(clients, "--project", str(typed)) == ""


def test_typescript_finds_what_does_not_fit(clients: Path, typed: Path) -> None:
    text = (typed / "home.ts").read_text().replace("./__generated__/", "./")
    paths = [typed / "__generated__" / f"wrong{number}.ts" for number in range(len(WRONG))]
    try:
        for path, (right, wrong) in zip(paths, WRONG, strict=True):
            assert right in text
            path.write_text(text.replace(right, wrong))
        said = complaints(clients, "--project", str(typed))
    finally:
        for path in paths:
            path.unlink(missing_ok=True)
    assert [path.name for path in paths if path.name not in said] == []
    assert "home.ts" not in said


@pytest.fixture(scope="module")
def generator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ariadne-codegen where it can have the graphql-core it wants, which is not ours."""
    place = tmp_path_factory.mktemp("generator") / "venv"
    uv = [sys.executable, "-m", "uv", "--quiet"]
    lock = str(CODEGEN / "requirements.lock")
    for command in (
        ["venv", "--python", sys.executable, str(place)],
        ["pip", "install", "--python", str(place), "--require-hashes", "-r", lock],
    ):
        done = subprocess.run([*uv, *command], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    return place / "bin"


def test_python_with_types(generator: Path, site: Site) -> None:
    (CODEGEN / "__generated__").mkdir(exist_ok=True)
    made = ran(generator / "ariadne-codegen", "--config", "ariadne.toml")
    assert made.returncode == 0, made.stdout + made.stderr
    given = {
        "LAUREL_URL": site.address,
        "LAUREL_TOKEN": site.member(),
        "LAUREL_KEY": site.server,
    }
    done = ran(generator / "python", "home.py", **given)
    assert done.stderr == ""
    assert done.stdout == SAID


def ran(*command: Path | str, **given: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(each) for each in command],
        cwd=CODEGEN,
        env={**os.environ, **given},
        capture_output=True,
        text=True,
        check=False,
    )
