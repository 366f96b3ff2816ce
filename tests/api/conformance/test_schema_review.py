"""The published schema as its reviewers see it: style, Relay, changes, the documents in use."""

import json
from pathlib import Path

from tests.support.node import node
from tests.support.tree import ROOT, files

SCHEMA = ROOT / "api" / "graphql" / "schema.graphql"
RELEASED = ROOT / "api" / "graphql" / "released.graphql"

BREAKING = [
    ("  displayName: String\n", "  nickname: String\n"),
    ("  joinedAt: DateTime!\n", "  joinedAt: DateTime\n"),
    ("  RECORDED\n", "  WRITTEN\n"),
    ("input RefundLineInput {\n", "input RefundLineInput {\n  reason: String!\n"),
    ("type Brand implements Node {\n", "type Brand {\n"),
]
HARMLESS = [
    ("  displayName: String\n", "  displayName: String\n  nickname: String\n"),
    ("  joinedAt: DateTime!\n", '  joinedAt: DateTime! @deprecated(reason: "Use `since`.")\n'),
    ("input RefundLineInput {\n", "input RefundLineInput {\n  reason: String\n"),
]


def inspected(suites: Path, command: str, *files: Path) -> dict[Path, list[str]]:
    done = node(suites / "inspector.mjs", command, *map(str, files))
    assert done.returncode == 0, done.stderr
    return {Path(name): found for name, found in json.loads(done.stdout).items()}


def changed(changes: list[tuple[str, str]], place: Path) -> list[Path]:
    """Return a schema for each of the changes."""
    text = SCHEMA.read_text()
    paths = [place / f"{number}.graphql" for number in range(len(changes))]
    for path, (before, after) in zip(paths, changes, strict=True):
        assert before in text
        path.write_text(text.replace(before, after))
    return paths


def test_eslint_has_nothing_to_say(suites: Path) -> None:
    eslint = suites / "node_modules" / "eslint" / "bin" / "eslint.js"
    rules = suites / "eslint.config.mjs"
    done = node(eslint, "--config", str(rules), "--max-warnings=0", str(SCHEMA), cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_nothing_breaks_clients_of_the_last_release(suites: Path) -> None:
    assert inspected(suites, "diff", RELEASED, SCHEMA) == {SCHEMA: []}


def test_breaking_changes_are_refused(suites: Path, tmp_path: Path) -> None:
    broken = inspected(suites, "diff", SCHEMA, *changed(BREAKING, tmp_path))
    assert len(broken) == len(BREAKING)
    assert all(broken.values())


def test_additions_are_not(suites: Path, tmp_path: Path) -> None:
    broken = inspected(suites, "diff", SCHEMA, *changed(HARMLESS, tmp_path))
    assert len(broken) == len(HARMLESS)
    assert not any(broken.values())


def test_the_documents_of_the_examples_are_valid(suites: Path) -> None:
    documents = files(".graphql", below=("docs/clients",))
    assert documents
    found = inspected(suites, "validate", SCHEMA, *documents)
    assert found == {document: [] for document in documents}
