"""The demo as a process: it loads once, says what to try, and its books are sound."""

import json
from pathlib import Path

import asyncpg
import pytest

from kit.clock import MovableClock
from kit.db import Database
from kit.embedded import Servers
from tests.support.process import run, run_here
from tests.support.shop import opened_shop, purchase


async def test_the_demo_loads_once_and_what_it_says_to_try_is_there(
    servers: Servers, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del database  # empty: the demo begins with nothing
    monkeypatch.setenv("LAUREL_DATA_DIR", str(tmp_path))
    code, out, err = await run(servers, "migrate")
    assert code == 0, out + err
    code, out, err = await run(servers, "demo", "--rows", "3000", "--no-serve")
    assert code == 0, out + err
    assert "282 purchases recorded, 0 already known, 3,004 lines" in " ".join(err.split()), err
    queries = json.loads((tmp_path / "demo.json").read_text())
    assert [query["title"] for query in queries] == [
        "A member's home screen",
        "The brand's figures, for its staff",
        "A purchase, from the brand's server",
    ]
    code, out, err = await run(servers, "demo", "--rows", "3000", "--no-serve")
    assert (code, "here already" in err) == (0, True), err
    code, out, err = await run(servers, "ledger", "check")
    assert (code, "invariants hold" in out) == (0, True), out + err


async def test_broken_books_are_told_by_code(
    servers: Servers, database: Database, admin: asyncpg.Connection, clock: MovableClock
) -> None:
    shop = await opened_shop(database, clock, "grocer")
    await shop.buy(purchase("p1", "ann", 500, clock.now()))
    await admin.execute("UPDATE lot SET remaining = remaining - 1")
    code, out, err = await run_here(servers, "ledger", "check")
    assert code == 1
    assert "LOTS_DIFFER_FROM_LEDGER " in out
    assert "LOT_DIFFERS_FROM_USES: 1 found" in err
