"""``laurel import purchases``: a file into a real database, once and again."""

from pathlib import Path

import pytest

from kit.clock import MovableClock
from kit.db import Database
from kit.embedded import Servers
from tests.support.process import run_here
from tests.support.programmes import GOOD
from tests.support.shop import opened_shop

ROWS = "purchase_id,member_id,occurred_at,amount\n" + "".join(
    f"p{number},m{number % 3},2017-03-01T12:00:00Z,1.50\n" for number in range(10)
)


@pytest.fixture
async def shop(database: Database, clock: MovableClock) -> None:
    await opened_shop(database, clock, GOOD)


async def imported(servers: Servers, path: Path, *options: str) -> tuple[int, str]:
    """Run the command; return its exit code and what it said."""
    words = ("import", "purchases", str(path), "--brand", "shop", *options)
    code, _, said = await run_here(servers, *words)
    return code, " ".join(said.split())


@pytest.mark.usefixtures("shop")
async def test_dry_run_then_import_then_again(servers: Servers, tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    path.write_text(ROWS, encoding="utf-8")
    code, said = await imported(servers, path, "--dry-run")
    assert (code, "10 purchases recorded, 0 already known" in said) == (0, True), said
    code, said = await imported(servers, path, "--batch", "3")
    assert (code, "10 purchases recorded, 0 already known" in said) == (0, True), said
    code, said = await imported(servers, path)
    assert (code, "0 purchases recorded, 10 already known" in said) == (0, True), said
    path.write_text(ROWS.replace("p7,m1", "p7,m2"), encoding="utf-8")
    code, said = await imported(servers, path)
    assert (code, "1 rejected (0 could not be read, 1 were refused)" in said) == (1, True), said
    rejects = (tmp_path / "file.csv.rejects.csv").read_text(encoding="utf-8")
    assert rejects.splitlines()[1].startswith("9,p7,PURCHASE_CONFLICT,")


@pytest.mark.usefixtures("shop")
async def test_what_cannot_run_says_why(servers: Servers, tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    code, said = await imported(servers, path)
    assert (code, said) == (2, f"SOURCE_UNREADABLE: {path} is not a file.")
    path.write_text("basket\n", encoding="utf-8")
    code, said = await imported(servers, path)
    assert (code, said.split(":")[0]) == (2, "COLUMN_MISSING")
    code, said = await imported(servers, path, "--brand", "nobody")
    assert (code, said.split(":")[0]) == (2, "UNKNOWN_BRAND")
