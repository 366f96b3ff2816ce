"""``laurel import purchases``: a file into a real database, once and again."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.commands import imports, programme
from tests.support.programmes import GOOD

runner = CliRunner()

ROWS = "purchase_id,member_id,occurred_at,amount\n" + "".join(
    f"p{number},m{number % 3},2017-03-01T12:00:00Z,1.50\n" for number in range(10)
)


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("laurel")


@pytest.fixture
def shop(data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAUREL_DATA_DIR", str(data_dir))
    file = tmp_path / "shop.toml"
    file.write_text(GOOD, encoding="utf-8")
    runner.invoke(programme.app, ["apply", str(file), "--effective-from", "2017-01-01"])


def imported(path: Path, *options: str) -> tuple[int, str]:
    """Run the command; return its exit code and what it said."""
    said = runner.invoke(imports.app, ["purchases", str(path), "--brand", "shop", *options])
    return said.exit_code, " ".join(said.stderr.split())


@pytest.mark.usefixtures("shop")
def test_dry_run_then_import_then_again(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    path.write_text(ROWS, encoding="utf-8")
    code, said = imported(path, "--dry-run")
    assert (code, "10 purchases recorded, 0 already known" in said) == (0, True), said
    code, said = imported(path, "--batch", "3")
    assert (code, "10 purchases recorded, 0 already known" in said) == (0, True), said
    code, said = imported(path)
    assert (code, "0 purchases recorded, 10 already known" in said) == (0, True), said
    path.write_text(ROWS.replace("p7,m1", "p7,m2"), encoding="utf-8")
    code, said = imported(path)
    assert (code, "1 rejected (0 could not be read, 1 were refused)" in said) == (1, True), said
    rejects = (tmp_path / "file.csv.rejects.csv").read_text(encoding="utf-8")
    assert rejects.splitlines()[1].startswith("9,p7,PURCHASE_CONFLICT,")


@pytest.mark.usefixtures("shop")
def test_what_cannot_run_says_why(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    code, said = imported(path)
    assert (code, said) == (2, f"SOURCE_UNREADABLE: {path} is not a file.")
    path.write_text("basket\n", encoding="utf-8")
    code, said = imported(path)
    assert (code, said.split(":")[0]) == (2, "COLUMN_MISSING")
    code, said = imported(path, "--brand", "nobody")
    assert (code, said.split(":")[0]) == (2, "UNKNOWN_BRAND")
