"""``laurel schema``: print, reference, permissions, diff."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from graphql import build_schema
from typer.testing import CliRunner, Result

from api.commands.schema import RELEASED, app
from api.graphql import permissions, reference
from api.graphql.deprecations import FORM
from api.graphql.schema import core, sdl
from tests.support.tree import ROOT

runner = CliRunner()
REFERENCE = ROOT / "docs" / "api-reference.md"

OLD = """
type Query {
  me: Member
  shop(name: String, size: Int = 10): String
    @deprecated(reason: "Use brand instead. Goes on 2026-06-30.")
  brand: String
}
type Member implements Node { id: ID! name(short: Boolean): String! kind: Kind age: Int }
interface Node { id: ID! }
enum Kind { A B @deprecated(reason: "Use A instead. Goes on 2026-06-30.") }
input By { id: ID name: String }
scalar Date
"""


def run(*arguments: object) -> Result:
    return runner.invoke(app, [str(each) for each in arguments])


@pytest.fixture
def old(tmp_path: Path) -> Path:
    file = tmp_path / "old.graphql"
    file.write_text(OLD)
    return file


def changed(old: Path, *replacements: tuple[str, str]) -> Path:
    text = OLD
    for before, after in replacements:
        assert before in text
        text = text.replace(before, after)
    file = old.with_name("new.graphql")
    file.write_text(text)
    return file


# What is printed.


def test_print() -> None:
    result = run("print")
    assert (result.exit_code, result.stdout) == (0, sdl())


def test_the_reference_is_current() -> None:
    assert run("reference").stdout == reference.page(core())
    said = "run: laurel schema reference > docs/api-reference.md"
    assert REFERENCE.read_text() == reference.page(core()), said


def test_the_permissions_are_printed() -> None:
    assert run("permissions").stdout == permissions.page(core())


def test_the_reference_has_every_part_of_the_schema_and_no_heading_twice() -> None:
    text = REFERENCE.read_text()
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    anchors = [re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings]
    assert len(set(anchors)) == len(anchors)
    for name, kind in core().type_map.items():
        if name.startswith("__") or kind in {core().query_type, core().mutation_type}:
            continue
        for part in (*getattr(kind, "fields", ()), *getattr(kind, "values", ())):
            assert f"`{part}`" in text or f"### {name}.{part}" in text, (name, part)


def test_the_reference_says_what_is_deprecated_and_what_stands_where_nothing_is_given() -> None:
    schema = build_schema(OLD)
    text = reference.page(schema)
    row = r"\*\*Deprecated\.\*\* Use brand instead\. Goes on 2026-06-30\."
    assert re.search(row, text)
    assert "| `size` | `Int` |  Without it, `10`. |" in text
    assert "| `name(short:)` | `Boolean` |  |  |" in text
    assert "One of: [`Member`](#member)." in text
    assert "Is a [`Node`](#node)." in text


# Changes.


def test_nothing_has_changed(old: Path) -> None:
    result = run("diff", old, old)
    assert (result.exit_code, result.stdout) == (0, "0 breaking, 0 dangerous, 0 safe\n")


def test_the_present_schema_breaks_no_client_of_the_last_release() -> None:
    result = run("diff", "--allow-expired-deprecations")
    assert result.exit_code == 0, (
        f"{result.stdout}\nThat breaks clients. Keep it, add what is new beside it, and deprecate"
        f" it with the reason {FORM!r} at least six months ahead; see docs/api-migration.md"
    )
    assert RELEASED.is_file()


BREAKING = [
    (("me: Member\n", ""), "FIELD_REMOVED", "Field Query.me was removed."),
    (("age: Int", "age: String"), "FIELD_CHANGED_KIND", "from Int to String"),
    (("short: Boolean", "short: Boolean!"), "ARG_CHANGED_KIND", "from Boolean to Boolean!"),
    (("input By", "input By @oneOf"), "ONE_OF_ADDED", "By takes exactly one of its fields."),
    (("scalar Date\n", ""), "TYPE_REMOVED", "Date was removed."),
    (("{ A B", "{ B"), "VALUE_REMOVED_FROM_ENUM", "Kind.A was removed"),
]
HARMLESS = [
    (("brand: String", "brand: String!"), "safe", "FIELD_CHANGED_KIND_SAFE"),
    (("brand: String", "brand: String new: Int"), "safe", "FIELD_ADDED"),
    (("{ A B", "{ A C B"), "dangerous", "VALUE_ADDED_TO_ENUM"),
    (("name: String }", "name: String new: ID }"), "dangerous", "OPTIONAL_INPUT_FIELD_ADDED"),
    (("size: Int = 10", "size: Int = 20"), "dangerous", "ARG_DEFAULT_VALUE_CHANGE"),
    (
        ("age: Int", 'age: Int @deprecated(reason: "Use born instead. Goes on 2026-12-01.")'),
        "safe",
        "DEPRECATED",
    ),
    (
        ("age: Int", 'age: Int @deprecated(reason: "Use born instead. Goes on 2026-11-30.")'),
        "dangerous",
        "DEPRECATED_HASTILY",
    ),
    (("age: Int", "age: Int @deprecated"), "dangerous", "DEPRECATED_HASTILY"),
    ((' B @deprecated(reason: "Use A instead. Goes on 2026-06-30.")', " B"), "safe", "DEPRECATION"),
]


@pytest.mark.parametrize(("change", "kind", "said"), BREAKING)
def test_what_breaks_clients(old: Path, change: tuple[str, str], kind: str, said: str) -> None:
    result = run("diff", old, changed(old, change))
    assert result.exit_code == 1
    assert re.search(rf"^breaking +{kind}  .*{re.escape(said)}", result.stdout, re.MULTILINE)


@pytest.mark.parametrize(("change", "severity", "kind"), HARMLESS)
def test_what_breaks_nobody(old: Path, change: tuple[str, str], severity: str, kind: str) -> None:
    result = run("diff", old, changed(old, change), "--today", "2026-06-01")
    assert result.exit_code == 0
    assert re.search(rf"^{severity} +{kind}", result.stdout, re.MULTILINE), result.stdout


def test_several_ways_at_once_again_are_harmless(old: Path) -> None:
    strict = changed(old, ("input By", "input By @oneOf"))
    result = run("diff", strict, old)
    assert (result.exit_code, "ONE_OF_REMOVED" in result.stdout) == (0, True)


def test_roots_that_go_or_change_their_name(old: Path) -> None:
    named = "schema { query: Query mutation: M } type M { a: Int } type N { a: Int }"
    old.write_text(OLD + named)
    gone = changed(old)
    gone.write_text(OLD + named.replace(" mutation: M", ""))
    assert "ROOT_REMOVED  M is no root any more." in run("diff", old, gone).stdout
    gone.write_text(OLD + named.replace("mutation: M", "mutation: N"))
    result = run("diff", old, gone)
    assert (result.exit_code, "The root M is called N." in result.stdout) == (1, True)


def test_who_may_ask_is_part_of_the_contract(old: Path) -> None:
    wide = changed(old, ("me: Member", '"Yourself. For every signed-in caller." me: Member'))
    narrow = old.with_name("narrow.graphql")
    narrow.write_text(wide.read_text().replace("every signed-in caller", "members"))
    result = run("diff", wide, narrow)
    assert result.exit_code == 1
    said = "Query.me is no longer for the brand's servers and the brand's staff."
    assert f"CALLERS_REMOVED  {said}" in result.stdout
    result = run("diff", narrow, wide)
    assert result.exit_code == 0
    assert "Query.me is also for the brand's servers and the brand's staff." in result.stdout


WITHOUT_DEPRECATED = (
    (
        """
  shop(name: String, size: Int = 10): String
    @deprecated(reason: "Use brand instead. Goes on 2026-06-30.")""",
        "",
    ),
    (' B @deprecated(reason: "Use A instead. Goes on 2026-06-30.")', ""),
)


@pytest.mark.parametrize(
    ("today", "flag", "code"),
    [
        ("2026-06-29", "--allow-expired-deprecations", 1),
        ("2026-06-30", "--allow-expired-deprecations", 0),
        ("2026-06-30", "--no-allow-expired-deprecations", 1),
    ],
)
def test_what_was_announced_may_go_on_its_day(old: Path, today: str, flag: str, code: int) -> None:
    new = changed(old, *WITHOUT_DEPRECATED)
    result = run("diff", old, new, "--today", today, flag)
    assert result.exit_code == code
    assert "breaking   FIELD_REMOVED  Field Query.shop was removed." in result.stdout


def test_types_go_with_the_last_field_that_leads_there(old: Path) -> None:
    expired = '@deprecated(reason: "Use me instead. Goes on 2026-06-30.")'
    more = f"""
    extend type Query {{ first(a: Filter): Old {expired} me2(x: Filter {expired}, y: Int): Int }}
    type Old {{ node: Face }} interface Face {{ id: ID }} input Filter {{ x: Int }}
    type Old2 implements Face {{ id: ID }} type Never {{ a: Int }}
    """
    old.write_text(OLD + more)
    new = changed(old)
    new.write_text(OLD + "type Never { a: Int } extend type Query { me2(y: Int): Int }")
    flags = ("--today", "2026-07-01", "--allow-expired-deprecations")
    assert run("diff", old, new, *flags).exit_code == 0
    new.write_text(OLD + "extend type Query { me2(y: Int): Int }")
    result = run("diff", old, new, *flags, "--json")
    told = json.loads(result.stdout)
    assert (result.exit_code, told["refused"], told["breaking"]) == (1, 1, 7)
    (refused,) = [each for each in told["changes"] if not each["announced"]]
    assert refused == {
        "severity": "breaking",
        "kind": "TYPE_REMOVED",
        "message": "Never was removed.",
        "announced": False,
    }


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "can't be read: No such file"),
        (b"\xff", "is not UTF-8 at byte 0"),
        (b"type {", "is no schema: Syntax Error"),
        (b"type Query { a: Nothing }", "is no schema: Unknown type 'Nothing'."),
    ],
)
def test_a_file_that_is_no_schema(old: Path, content: bytes | None, said: str) -> None:
    file = old.with_name("bad.graphql")
    if content is not None:
        file.write_bytes(content)
    result = run("diff", old, file)
    assert result.exit_code == 2
    assert said in result.stderr


def test_today_is_the_clocks(old: Path) -> None:
    day = datetime.now(UTC).date().isoformat()  # noqa: TID251 - what the command must find itself
    expired = f'@deprecated(reason: "Use brand instead. Goes on {day}.")'
    old.write_text(OLD + f"extend type Query {{ x: Int {expired} }}")
    result = run("diff", old, changed(old), "--allow-expired-deprecations")
    assert (result.exit_code, "(announced)" in result.stdout) == (0, True)
