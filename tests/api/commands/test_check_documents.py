"""``laurel schema check-documents``: what this version would refuse of a client."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from graphql import build_schema
from typer.testing import CliRunner, Result

from api.commands.schema import app
from api.graphql import client_check

runner = CliRunner()


def run(*arguments: object) -> Result:
    return runner.invoke(app, [str(each) for each in arguments])


def checked(*paths: Path) -> tuple[int, list[str]]:
    result = run("check-documents", *paths)
    return result.exit_code, result.stdout.splitlines()


def test_good_documents(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "home.graphql").write_text(
        "query Home { me { ...Card } }\nquery B { brand { id } }"
    )
    (tmp_path / "deep" / "card.gql").write_text(
        "fragment Card on Member { balance { ...Total } }\nfragment Total on Balance { total }"
    )
    code, lines = checked(tmp_path)
    assert (code, lines) == (0, ["good operations: 2, errors: 0, warnings: 0"])


def test_faults_are_told_where_they_are(tmp_path: Path) -> None:
    home, card = tmp_path / "home.graphql", tmp_path / "card.gql"
    home.write_text(
        "query A { me { ...Card } }\n\n  query B { me { ...Card nope } }\n{ brand { id } }"
    )
    card.write_text("\nfragment Card on Member {\n  balanc { total }\n}")
    broken = tmp_path / "x.graphql"
    broken.write_text("query {\n  me {")
    code, lines = checked(tmp_path)
    assert code == 1
    assert lines == [
        f"{card}:3:3 Cannot query field 'balanc' on type 'Member'. Did you mean 'balance'?",
        f"{home}:3:26 Cannot query field 'nope' on type 'Member'.",
        f"{home}:4:1 Name the operation: the file has several.",
        f"{broken}:2:7 Syntax Error: Expected Name, found <EOF>.",
        "good operations: 1, errors: 4, warnings: 0",
    ]


def test_a_fragment_has_one_definition(tmp_path: Path) -> None:
    one, two = tmp_path / "1.graphql", tmp_path / "2.graphql"
    one.write_text("fragment A on Brand { id }\n{ brand { ...A ...B } }")
    two.write_text("fragment A on Brand { code }")
    assert checked(one, two) == (
        1,
        [
            f"{one}:2:19 Unknown fragment 'B'.",
            f"{two}:1:1 Fragment 'A' is defined at {one}:1 already.",
            "good operations: 0, errors: 2, warnings: 0",
        ],
    )


def test_the_limits_of_the_server_hold(tmp_path: Path) -> None:
    file = tmp_path / "large.graphql"
    aliases = " ".join(f"a{number}: code" for number in range(40))
    page = "members(first: 100) { nodes { movements(first: 100) { nodes { code } } } }"
    file.write_text(f"query Wide {{ brand {{ {aliases} }} }}\nquery Dear {{ {page} }}")
    code, lines = checked(file)
    assert code == 1
    assert re.match(rf"{re.escape(str(file))}:1:1 The document has 40 aliases; \d+ are", lines[0])
    assert re.match(rf"{re.escape(str(file))}:2:1 The operation costs \d+; 5000 are", lines[1])


def relay(texts: dict[str, Any]) -> str:
    return json.dumps(texts)


def apollo(version: int, operations: object) -> str:
    manifest = {"format": "apollo-persisted-query-manifest", "version": version}
    return json.dumps({**manifest, "operations": operations})


def test_manifests_of_relay_and_apollo(tmp_path: Path) -> None:
    (tmp_path / "persisted.json").write_text(relay({"abc": "query A { brand { id } }"}))
    body = "query B {\n  brand { nope } }"
    operation = {"id": "def", "name": "B", "type": "query", "body": body}
    (tmp_path / "apollo.json").write_text(apollo(1, [operation]))
    (tmp_path / "package.json").write_text(json.dumps({"name": "app"}))
    (tmp_path / "words.json").write_text(json.dumps(["query"]))
    (tmp_path / "schema.graphql").write_text("type Query { a: Int }")
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / "bad.graphql").write_text("{")
    code, lines = checked(tmp_path)
    assert code == 1
    start = f"{tmp_path / 'apollo.json'}#def:2:11 Cannot query field 'nope' on type 'Brand'."
    assert lines[0].startswith(start)
    assert lines[1:] == ["good operations: 1, errors: 1, warnings: 0"]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("none.graphql", None, "can't be read: No such file"),
        ("none.json", None, "is no manifest of documents"),
        ("bad.json", b"{", "is no manifest of documents"),
        ("list.json", b"[]", "is no manifest of documents"),
        ("bad.gql", b"\xff", "is not UTF-8 at byte 0"),
        ("schema.graphql", b"type Query { a: Int }", "is a schema; give the documents of a client"),
    ],
)
def test_files_that_hold_no_documents(
    tmp_path: Path, name: str, content: bytes | None, said: str
) -> None:
    file = tmp_path / name
    if content is not None:
        file.write_bytes(content)
    result = run("check-documents", file)
    assert result.exit_code == 2
    assert f"{file}: {said}" in result.stderr


def test_documents_as_json(tmp_path: Path) -> None:
    file = tmp_path / "a.graphql"
    file.write_text("query A { brand { id } }\nquery B { nope }")
    result = run("check-documents", "--json", file)
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert told["operations"] == [
        {"file": str(file), "line": 1, "name": "A", "type": "query", "cost": 1}
    ]
    (problem,) = told["problems"]
    assert (problem["line"], problem["column"], problem["severity"]) == (2, 11, "error")
    assert told["unreadable"] == []


def test_what_is_deprecated_is_a_warning(tmp_path: Path) -> None:
    file = tmp_path / "a.graphql"
    file.write_text("query A {\n  old(at: 1) }\nquery B { new }")
    schema = build_schema("""
    type Query { old(at: Int): Int @deprecated(reason: "Use new instead.") new: Int }
    """)
    report = client_check.check(schema, [file])
    assert (len(report.operations), report.errors) == (2, 0)
    assert [client_check.line(each) for each in report.remarks] == [
        f"{file}:2:3 warning: The field Query.old is deprecated. Use new instead."
    ]
    assert client_check.summary(report) == "good operations: 2, errors: 0, warnings: 1"
