"""How fast boards count what members do: from facts to scores in PostgreSQL, on one connection.

    python -m bench scores [--purchases 20000] [--batch 250] [--boards 5]

The real year of a grocer's card is recorded, in its order, on a programme with five boards of four
windows each. After each batch the worker's own step counts the scores; only that is measured. Then
every fact is told again, which must change nothing. Exit code 1 if it does, or if fewer purchases
are counted in a second of a core (ours and the database's together) than the bar asks for.
"""

import argparse
import asyncio
import os
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from api.programmes import apply_programme
from api.sections import SECTIONS
from bench import report
from bench.purchases import LONG_AGO, Shop, year
from bench.scratch import ROOT, Cluster, cluster, plain
from domain.brands import queries as brands
from domain.brands.rules import Brand
from domain.programmes.rules import load
from gamification.leaderboards.jobs_scores import follow, roll, tend
from kit.clock import SystemClock
from kit.db import Database, Session
from migrations.run import upgrade

BAR = 500
BOARDS = (
    'score = "spend"',
    'score = "points"',
    'score = "visits"\napart_minutes = 30\nper_day = 5',
    'score = "spend"\ncategories = ["SOFT DRINKS", "CHEESE"]',
    'score = "value"\nkeep = "best"\nvalue = \'int(event.amount)\'',
)
_BOARD = """
[[leaderboards.board]]
code = "board-{number}"
name = "Board {number}"
periods = ["day", "week", "month", "all"]
{what}
"""
_COUNT = "SELECT count(*), coalesce(max(seq), 0) FROM board_score"


@dataclass
class Measured:
    """What counting took, batch by batch."""

    backend: int
    purchases: int = 0
    seconds: list[float] = field(default_factory=list)
    ours: float = 0.0
    theirs: float = 0.0

    @property
    def busy(self) -> float:
        """Seconds of a core that counting took, in our process and in the database's."""
        return self.ours + self.theirs


async def run(scratch: Cluster, options: argparse.Namespace) -> int:
    """Record purchases in batches, count each, print the table."""
    servers = await scratch.create("laurel_bench_scores")
    await upgrade(servers.owner_database_url, servers.database_url)
    database = Database(servers.database_url, pool_size=1)
    shop = Shop(
        database, await _opened(database, options.boards), plain(servers.owner_database_url)
    )
    await _work(database)
    async with database.alone() as session:
        done = Measured(await session.value("SELECT pg_backend_pid()"))
    waiting = []
    for block in year(options.purchases):
        waiting += block
        while len(waiting) >= options.batch:
            await _batch(shop, waiting[: options.batch], done)
            waiting = waiting[options.batch :]
        report.progress(f"{done.purchases:,} purchases, {_rate(done):,.0f}/s")
    report.done()
    again = await _again(database)
    rows, changes = (await scratch.admin(_COUNT, "laurel_bench_scores"))[0]
    ordered = sorted(done.seconds)
    shown = [
        ["purchases counted a second", f"{_rate(done):,.0f}"],
        [f"a batch of {options.batch}, median", f"{ordered[len(ordered) // 2] * 1e3:,.0f} ms"],
        [f"a batch of {options.batch}, the slowest", f"{ordered[-1] * 1e3:,.0f} ms"],
        ["purchases a second of a core", f"{done.purchases / done.busy:,.0f}"],
        ["of it in our own process", f"{done.ours / done.busy:.0%}"],
        ["rows of scores", f"{rows:,}"],
        ["changes of them", f"{changes:,}"],
        ["changes when all is told again", f"{again:,}"],
    ]
    print(report.table(["boards in PostgreSQL", ""], shown))
    print(
        f"\n{done.purchases:,} purchases, {options.boards} boards of 4 windows; {report.load()}\n"
    )
    rate = done.purchases / done.busy
    print(report.verdict("purchases counted in a second of a core", rate, BAR))
    await database.close()
    return 0 if rate >= BAR and not again else 1


def _cpu(process: int) -> float:
    """Return how many seconds of a core a process of this machine has used."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _rate(done: Measured) -> float:
    return done.purchases / sum(done.seconds) if done.seconds else 0.0


async def _opened(database: Database, boards: int) -> Brand:
    text = (ROOT / "programmes" / "grocer.toml").read_text().partition("[[leaderboards")[0]
    text += "".join(
        _BOARD.format(number=number, what=what) for number, what in enumerate(BOARDS[:boards])
    )
    document = load(text, SECTIONS, "bench")

    async def work(session: Session) -> Brand:
        applied = await apply_programme(session, SystemClock().now(), document, LONG_AGO, "bench")
        brand = await brands.by_id(session, applied.brand_id)
        if brand is None:
            raise AssertionError
        return brand

    return await database.write(work)


async def _batch(shop: Shop, purchases: list, done: Measured) -> None:  # type: ignore[type-arg]
    await shop.record(purchases)
    started, ours, theirs = time.perf_counter(), time.process_time(), _cpu(done.backend)
    await _work(shop.database)
    done.seconds.append(time.perf_counter() - started)
    done.ours += time.process_time() - ours
    done.theirs += _cpu(done.backend) - theirs
    done.purchases += len(purchases)


async def _work(database: Database) -> None:
    now = SystemClock().now()
    while await database.write(lambda session: follow(session, now, SECTIONS)):
        pass
    if not await database.write(lambda session: tend(session, now, SECTIONS)):
        return
    while await database.write(lambda session: tend(session, now, SECTIONS)):
        pass
    await database.write(lambda session: roll(session, now, SECTIONS))


async def _again(database: Database) -> int:
    """Let every fact be told again; return how many scores have changed."""
    async with database.transaction() as session:
        before: int = await session.value("SELECT coalesce(max(seq), 0) FROM board_score")
        await session.fetch("UPDATE fact_cursor SET xid = '0', fact_id = 0")
    await _work(database)
    async with database.read() as session:
        found: int = await session.value("SELECT count(*) FROM board_score WHERE seq > $1", before)
    return found


def main() -> int:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(
        prog="python -m bench scores",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--purchases", type=int, default=20_000, help="so many of the year")
    parser.add_argument("--batch", type=int, default=250, help="recorded before each count")
    parser.add_argument("--boards", type=int, default=len(BOARDS), help="so many of the five")
    with cluster(fast_commit=False) as scratch:
        return asyncio.run(run(scratch, parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
