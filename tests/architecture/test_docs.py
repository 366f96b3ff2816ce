"""What the documents name exists: files, headings, targets, settings, lock."""

import re
import tomllib
from itertools import chain
from pathlib import Path

import pytest

from api.cli import COMMANDS, loaded
from kit.settings import Settings
from tests.support.tree import ROOT, files, shown

TEXT = (ROOT / "README.md").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()
LOCK = (ROOT / "requirements.lock").read_text()


def anchors(path: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings}


@pytest.mark.parametrize("path", files(".md"), ids=shown)
def test_links_resolve(path: Path) -> None:
    text = re.sub(r"```.*?```", "", path.read_text(), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        name, _, anchor = target.partition("#")
        place = (path.parent / name).resolve() if name else path
        assert place.exists(), target
        assert not anchor or anchor in anchors(place), target


def test_paths_in_the_readme_exist() -> None:
    folders = sorted(p.name for p in ROOT.iterdir() if p.is_dir() and p.name[0] != ".")
    rooms = "|".join(folders)
    named = set(re.findall(rf"`((?:{rooms})/[\w/.-]*)`", TEXT))
    assert not {path for path in named if not (ROOT / path).exists()}


def test_readme_and_makefile_name_the_same_targets() -> None:
    explained = set(re.findall(r"^([a-z]+):[^#\n]*## ", MAKEFILE, re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z]+)", TEXT)) == explained


def test_readme_lists_every_command() -> None:
    listed = {
        (name, *verbs.replace("\\", "").split("|"))
        for name, verbs in re.findall(r"^\| `laurel (\w+) ?([a-z\\|-]*)", TEXT, re.MULTILINE)
    }
    commands = {(name, *getattr(loaded(name), "commands", {"": None})) for name in COMMANDS}
    assert listed == commands


def test_readme_lists_every_setting() -> None:
    listed = set(re.findall(r"^\| `LAUREL_(\w+)`", TEXT, re.MULTILINE))
    assert listed == {name.upper() for name in Settings.model_fields}


def test_decisions_are_numbered_without_a_gap() -> None:
    found = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [int(path.name[:4]) for path in found] == list(range(1, len(found) + 1))
    for path in found:
        assert path.read_text().startswith(f"# {int(path.name[:4])}. ")


def test_lock_holds_every_dependency_with_its_hashes() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = project["dependencies"] + list(chain(*project["optional-dependencies"].values()))
    names = {re.split(r"[\[<>=!~ ;]", line)[0] for line in wanted}
    locked = re.findall(r"^([a-z0-9.-]+)==", LOCK, re.MULTILINE)
    assert names <= set(locked)
    hashed = re.findall(r"^[a-z0-9.-]+==.*\\\n    --hash=sha256:", LOCK, re.MULTILINE)
    assert len(hashed) == len(locked)
    assert not [line for line in LOCK.splitlines() if not re.match(r"[a-z]|    --hash=", line)]
