"""``laurel pool``: a file of codes into a real database, once, again, and killed on the way."""

import asyncio
import csv
import gzip
from pathlib import Path

import pytest

from kit.clock import MovableClock
from kit.db import Database
from kit.embedded import Servers
from tests.support.process import run_here, start
from tests.support.vouchers import Desk, opened_desk

MANY = 60_000


@pytest.fixture
async def desk(database: Database, clock: MovableClock) -> Desk:
    return await opened_desk(database, clock)


async def imported(servers: Servers, path: Path, *options: str) -> tuple[int, str]:
    """Import a file into the grocer's pool; return the exit code and what was said."""
    words = ("import", str(path), "--brand", "grocer", "--pool", "spring", *options)
    code, out, err = await said_by(servers, *words)
    assert not out
    return code, " ".join(err.split())


async def said_by(servers: Servers, *words: str) -> tuple[int, str, str]:
    """Run the command; return its exit code and what it printed."""
    return await run_here(servers, "pool", *words)


async def test_import_then_again_then_another_pool(
    desk: Desk, servers: Servers, tmp_path: Path
) -> None:
    path = tmp_path / "codes.csv"
    rows = [f"C-{number};x" for number in range(1_000)] + ["C-7;twice", " ;", "c-7;small"]
    path.write_text("\n".join(["voucher;note", *rows]), encoding="utf-8")
    options = ("--header", "--delimiter", ";")
    code, said = await imported(servers, path, *options)
    assert (code, said.startswith("1,001 codes added, 1 already known, in ")) == (1, True), said
    with path.with_name("codes.csv.rejects.csv").open(encoding="utf-8") as file:
        (reject,) = csv.DictReader(file)
    assert (reject["line"], reject["code"]) == ("1003", "CODE_EMPTY")
    assert "1 rejected: see " in said
    code, said = await imported(servers, path, *options)
    assert (code, said.startswith("0 codes added, 1,002 already known, in ")) == (1, True), said
    await desk.issued(pool="spring")
    assert await said_by(servers, "show", "--brand", "grocer") == (
        0,
        "spring          1,001 codes          1,000 free\n",
        "",
    )


async def test_killed_in_the_middle_and_run_again_each_code_is_there_once(
    desk: Desk, servers: Servers, tmp_path: Path
) -> None:
    path = tmp_path / "codes.txt"
    path.write_text("".join(f"{number}\n" for number in range(MANY)), encoding="utf-8")
    words = ("pool", "import", str(path), "--brand", "grocer", "--pool", "spring")
    process = await start(servers, *words)
    while not await desk.pools() and process.returncode is None:
        await asyncio.sleep(0.02)
    process.kill()
    await process.communicate()
    codes, _ = (await desk.pools())["spring"]
    assert 0 < codes < MANY
    code, said = await imported(servers, path)
    assert (code, f"{MANY - codes:,} codes added, {codes:,} already known" in said) == (0, True)
    assert await desk.pools() == {"spring": (MANY, MANY)}


async def test_a_file_that_breaks_off_says_what_to_do(
    desk: Desk, servers: Servers, tmp_path: Path
) -> None:
    path = tmp_path / "codes.txt.gz"
    packed = gzip.compress("".join(f"{n * n}\n" for n in range(50_000)).encode())
    path.write_bytes(packed[:-1_000])
    code, said = await imported(servers, path)
    codes, _ = (await desk.pools())["spring"]
    assert (code, said.startswith(f"{codes:,} codes added, ")) == (2, True)
    assert f"SOURCE_TRUNCATED: {path} breaks off" in said
    assert said.endswith("What was added stands; run it again with the whole file to go on.")


async def test_what_cannot_run_says_why(desk: Desk, servers: Servers, tmp_path: Path) -> None:
    path = tmp_path / "codes.txt"
    assert await imported(servers, path) == (2, f"SOURCE_UNREADABLE: {path} is not a file.")
    path.write_text("a\n", encoding="utf-8")
    for options, reason in (
        (("--pool", "Spring 26"), "INVALID_POOL: pool is 'Spring 26'; use a letter"),
        (("--brand", "nobody"), "UNKNOWN_BRAND: "),
        (("--delimiter", "||"), "Usage: "),
    ):
        code, said = await imported(servers, path, *options)
        assert (code, said.startswith(reason)) == (2, True), said
    code, out, err = await said_by(servers, "show", "--brand", "grocer")
    assert (code, out) == (0, "")
    assert err.startswith("There is no pool yet")
    assert await desk.pools() == {}
