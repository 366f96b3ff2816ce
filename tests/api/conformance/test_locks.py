"""The locks of what is written in JavaScript: exact, hashed, and tied to no address."""

import json
from pathlib import Path

import pytest

from tests.support.tree import ROOT, shown

LOCKS = [
    ROOT / "docs" / "clients" / "package-lock.json",
    ROOT / "tests" / "api" / "conformance" / "package-lock.json",
]


@pytest.mark.parametrize("path", LOCKS, ids=shown)
def test_locks_hold_hashes_and_no_addresses(path: Path) -> None:
    text = path.read_text()
    assert "://" not in text
    assert "resolved" not in text
    packages = json.loads(text)["packages"]
    assert all("integrity" in packages[name] for name in packages if name)


@pytest.mark.parametrize("path", LOCKS, ids=shown)
def test_locks_fit_what_is_wanted(path: Path) -> None:
    wanted = json.loads((path.parent / "package.json").read_text())
    locked = json.loads(path.read_text())["packages"][""]
    for kind in ("dependencies", "devDependencies", "engines"):
        assert locked.get(kind) == wanted.get(kind)
