"""``laurel programme``: check, apply, history."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner

from api.commands.programme import app, instant
from tests.support.programmes import GOOD

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
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("laurel")


@pytest.fixture
def shop(data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LAUREL_DATA_DIR", str(data_dir))
    file = tmp_path / "shop.toml"
    file.write_text(GOOD, encoding="utf-8")
    return file


def test_apply_then_history(shop: Path) -> None:
    first = runner.invoke(app, ["apply", str(shop), "--effective-from", "2017-01-01"])
    start = "2017-01-01T05:00:00+00:00"
    assert first.stdout == f"shop: applied as version 1, in force from {start}\n"
    again = runner.invoke(app, ["apply", str(shop)])
    assert again.stdout == f"shop: unchanged, already version 1, in force from {start}\n"

    shop.write_text(GOOD.replace('"1.00"', '"2.00"'), encoding="utf-8")
    refused = runner.invoke(app, ["apply", str(shop), "--effective-from", "2018-01-01T00:00Z"])
    assert refused.exit_code == 1
    assert refused.stderr.startswith("effective_from is in the past")
    later = runner.invoke(app, ["apply", str(shop), "--effective-from", "2999-01-01"])
    assert later.exit_code == 0

    listed = runner.invoke(app, ["history", "shop"])
    assert [line[:36] for line in listed.stdout.splitlines()] == [
        f"* 1  from {start}  "[:36],
        "  2  from 2999-01-01T05:00:00+00:00  "[:36],
    ]


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
