"""``laurel programme``: check, plan, apply, history, show, schema, reference."""

import json
import re
import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import jsonschema_rs
import pytest
from typer.testing import CliRunner

from api.commands import programme_told
from api.commands.programme import app, changed, instant
from api.sections import SECTIONS
from domain.earning.section_parts import VOCABULARY, rule_language
from domain.programmes.rules import Version
from domain.programmes.rules_schema import json_schema
from domain.tiers.section import PROGRESS
from kit.clock import SystemClock
from kit.embedded import running
from kit.errors import InvalidInputError
from tests.support.programmes import GOOD
from tests.support.tree import ROOT

PROGRAMMES = ROOT / "programmes"

SOON = SystemClock().now().year + 2
runner = CliRunner()


def test_check_calls_a_good_file_good(tmp_path: Path) -> None:
    file = tmp_path / "shop.toml"
    file.write_text(GOOD, encoding="utf-8")
    result = runner.invoke(app, ["check", str(file)])
    assert (result.exit_code, result.stdout) == (0, f"{file}: good\n")


def test_check_tells_the_faults_of_every_file(tmp_path: Path) -> None:
    bad, good = tmp_path / "bad.toml", tmp_path / "good.toml"
    bad.write_text(GOOD.replace('"USD"', '"USS"'), encoding="utf-8")
    good.write_text(GOOD, encoding="utf-8")
    result = runner.invoke(app, ["check", str(bad), str(tmp_path / "none.toml"), str(good)])
    assert result.exit_code == 1
    assert result.stdout == f"{good}: good\n"
    first, second = result.stderr.splitlines()
    assert first.startswith(f"{bad}:5: brand.currency: is 'USS', which is no currency; write")
    assert second == f"{tmp_path / 'none.toml'}: can't be read: No such file or directory"


def test_check_names_the_byte_that_is_not_utf_8(tmp_path: Path) -> None:
    file = tmp_path / "latin.toml"
    file.write_bytes(b'name = "\xe4"')
    result = runner.invoke(app, ["check", str(file)])
    assert (result.exit_code, result.stderr) == (
        1,
        f"{file}: is not UTF-8 at byte 8; save it as UTF-8\n",
    )


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return where servers run from the first command to the last."""
    directory = tmp_path_factory.mktemp("laurel")
    with running(directory):
        yield directory


@pytest.fixture
def shop(data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LAUREL_DATA_DIR", str(data_dir))
    file = tmp_path / "shop.toml"
    file.write_text(GOOD, encoding="utf-8")
    return file


def test_plan_apply_history_and_show(shop: Path) -> None:
    start = "2017-01-01T05:00:00+00:00"
    new = runner.invoke(app, ["plan", str(shop), "--effective-from", "2017-01-01"])
    assert new.stdout.splitlines()[:2] == [
        f"shop: a new brand, from {start}",
        '  brand.code: (not set) → "shop"',
    ]
    first = runner.invoke(app, ["apply", str(shop), "--effective-from", "2017-01-01"])
    assert first.stdout == f"shop: applied as version 1, in force from {start}\n"
    assert not first.stderr
    for command in ("apply", "plan"):
        again = runner.invoke(app, [command, str(shop)])
        assert again.stdout == f"shop: unchanged, already version 1, in force from {start}\n"

    shop.write_text(GOOD.replace('"1.00"', '"2.00"'), encoding="utf-8")
    for command in ("apply", "plan"):
        refused = runner.invoke(app, [command, str(shop), "--effective-from", "2018-01-01T00:00Z"])
        assert refused.exit_code == 1
        assert refused.stderr.startswith("effective_from is in the past")

    planned = runner.invoke(app, ["plan", str(shop), "--effective-from", f"{SOON}-01-01", "--json"])
    told = json.loads(planned.stdout)
    assert (told["brand"], told["version_id"], told["members"]) == ("shop", 1, 0)
    assert told["differences"] == [
        {"path": "earning.per", "kind": "changed", "before": '"1.00"', "after": '"2.00"'}
    ]
    later = runner.invoke(app, ["apply", str(shop), "--effective-from", f"{SOON}-01-01"])
    assert (later.exit_code, later.stderr) == (0, '  earning.per: "1.00" → "2.00"\n')
    assert (
        later.stdout == f"shop: applied as version 2, in force from {SOON}-01-01T05:00:00+00:00\n"
    )

    listed = runner.invoke(app, ["history", "shop"]).stdout.splitlines()
    assert [line.partition("  applied ")[0] for line in listed] == [
        f"* 1  from {start}",
        "    the first version",
        f"  2  from {SOON}-01-01T05:00:00+00:00",
        '    earning.per: "1.00" → "2.00"',
    ]
    assert runner.invoke(app, ["show", "shop"]).stdout == GOOD
    asked = runner.invoke(app, ["show", "shop", "--version", "2"])
    assert asked.stdout == GOOD.replace('"1.00"', '"2.00"')
    unknown = runner.invoke(app, ["show", "shop", "--version", "7"])
    assert unknown.exit_code == 1
    assert unknown.stderr == "There is no such version of 'shop'. Its versions: 1, 2.\n"


def test_on_a_terminal_apply_asks_first(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = GOOD.replace('"shop"', '"desk"')
    shop.write_text(desk, encoding="utf-8")
    assert runner.invoke(app, ["apply", str(shop)]).exit_code == 0
    shop.write_text(desk.replace('"1.00"', '"3.00"'), encoding="utf-8")
    monkeypatch.setattr(programme_told, "has_terminal", lambda: True)
    declined = runner.invoke(
        app, ["apply", str(shop), "--effective-from", f"{SOON}-05-01"], input="n"
    )
    assert declined.exit_code == 1
    assert declined.stderr.endswith("Apply it? [y/N]:Nothing was applied.\n")
    agreed = runner.invoke(
        app, ["apply", str(shop), "--effective-from", f"{SOON}-05-01"], input="y"
    )
    assert "applied as version" in agreed.stdout
    shop.write_text(desk.replace('"1.00"', '"4.00"'), encoding="utf-8")
    start = ["--effective-from", f"{SOON}-06-01", "--yes"]
    assert "applied as version" in runner.invoke(app, ["apply", str(shop), *start]).stdout


def test_a_version_of_another_release_is_listed_all_the_same() -> None:
    at = datetime(2026, 3, 2, tzinfo=UTC)
    old = Version(1, 1, at, "[brand]\nrenamed = 1\n", b"", at, "me")
    new = Version(2, 1, at, GOOD, b"", at, "me")
    assert changed(None, new) == ["  the first version"]
    assert changed(old, new) == [
        "  it can't be compared: one of the two files is of another release of Laurel"
    ]


def test_the_published_schema_is_current_and_every_shipped_file_follows_it() -> None:
    printed = runner.invoke(app, ["schema"]).stdout
    assert printed == (ROOT / "docs" / "programme.schema.json").read_text(encoding="utf-8")
    schema = json.loads(printed)
    jsonschema_rs.meta.validate(schema)
    validator = jsonschema_rs.validator_for(schema, validate_formats=True)
    files = [file for file in PROGRAMMES.glob("*.toml") if not file.name.endswith(".import.toml")]
    assert len(files) > 10
    for file in files:
        document = json.loads(
            json.dumps(tomllib.loads(file.read_text(encoding="utf-8")), default=date.isoformat)
        )
        assert [str(error) for error in validator.iter_errors(document)] == [], file.name


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"1.00"', "1.00"),
        ('"1.00"', '"1,00"'),
        ("per =", "pre ="),
        ('per = "1.00"\n', 'excluded_categories = [""]\n'),
        ('"never"', '"nevr"'),
        ('"never"', "{ moths = 1 }"),
        ('"never"', "{ months = -1 }"),
        ('"floor"', '"down"'),
        ('rounding = "floor"\n', ""),
        ('"end_of_next_window"', "{ months = 0 }"),
        ('code = "points"', 'code = "Points"'),
        ("[[tiers.ladder.tier]]", "[[tiers.ladder.teir]]"),
    ],
)
def test_the_schema_refuses_what_check_would_refuse(old: str, new: str) -> None:
    validator = jsonschema_rs.validator_for(json_schema(SECTIONS))
    assert old in GOOD
    assert validator.is_valid(tomllib.loads(GOOD))
    assert not validator.is_valid(tomllib.loads(GOOD.replace(old, new)))


def test_the_guide_holds_the_reference_and_every_name_of_expressions() -> None:
    guide = (ROOT / "docs" / "programmes.md").read_text(encoding="utf-8")
    assert runner.invoke(app, ["reference"]).stdout in guide
    for name in [*VOCABULARY, *PROGRESS]:
        assert f"| `{name}` |" in guide
    written = tomllib.loads(
        "[[rule]]\n" + "[[rule]]\n".join(re.findall("^(?:when|each) = .*\n", guide, re.MULTILINE))
    )
    assert len(written["rule"]) == 5
    for rule in written["rule"]:
        for name, text in rule.items():
            assert rule_language().expression(text, "bool" if name == "when" else "int")


def test_every_section_has_its_note_in_a_plan() -> None:
    assert programme_told.NOTES.keys() == SECTIONS.keys()


def test_apply_refuses_what_is_no_date(shop: Path) -> None:
    result = runner.invoke(app, ["apply", str(shop), "--effective-from", "soon"])
    assert result.exit_code == 1
    assert result.stderr.startswith("'soon' is no date; write 2026-05-01 or")


@pytest.mark.usefixtures("shop")
def test_history_of_an_unknown_brand_names_those_there_are() -> None:
    result = runner.invoke(app, ["history", "nobody"])
    assert result.exit_code == 1
    assert "no brand 'nobody'" in result.stderr


def test_a_day_begins_on_the_brands_clock() -> None:
    zone = ZoneInfo("America/New_York")
    assert instant("2026-05-01", zone) == datetime(2026, 5, 1, 4, tzinfo=UTC)
    assert instant("2026-05-01T00:00:00Z", zone) == datetime(2026, 5, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["soon", "2026-13-01", "0001-01-01", "9999-12-31", "0001-01-01T00:00:00+14:00"]
)
def test_what_is_no_date_or_out_of_reach(text: str) -> None:
    with pytest.raises(InvalidInputError):
        instant(text, ZoneInfo("Pacific/Kiritimati"))
