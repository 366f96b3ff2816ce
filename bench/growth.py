"""Whether an operation costs more with 1,000,000 members than with 10,000.

    python -m bench growth [--members 1000000] [--history 2] [--rounds 30]

Two databases of one cluster, each with a brand, its members and their purchases, lots and
transfers, loaded in bulk. Each round does every operation in both, one after the other, on
members drawn at random: posting one journal and a hundred, recording 500 purchases, one purchase
of a new member, the balances of 50 members, a page of one member's movements, a balance as of an
earlier day. Medians of the milliseconds and their ratio; the bar is 1.3. Afterwards every
other invariant is checked: exit code 1 if one is broken (`--no-check` leaves that out).
"""

import argparse
import asyncio
import random
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import asyncpg

from bench import report
from bench.purchases import Shop, faults, opened
from bench.scratch import Cluster, cluster, plain
from domain.earning.rules import Line, Purchase
from domain.ledger import queries as ledger_queries
from domain.ledger import service as ledger
from domain.ledger.rules import Journal, Transfer
from domain.wallets import queries as wallets
from kit.clock import SystemClock
from kit.ids import new_id

SMALL = 10_000
BAR = 1.3
POSTED = 100
BOUGHT = 500
LOOKED_AT = 50
PAGE = 20
# What is posted past the wallets has no lots; everything else must still hold.
UNCHECKED = "LOTS_DIFFER_FROM_LEDGER"
BOUGHT_AT = datetime(2025, 11, 1, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Town:
    """A loaded shop and what is drawn from."""

    shop: Shop
    books: wallets.Books
    members: list[tuple[UUID, int, str]]
    chance: random.Random

    def draw(self, count: int) -> list[tuple[UUID, int, str]]:
        """Draw members: their ids, accounts and external ids."""
        return self.chance.sample(self.members, count)

    async def post(self, count: int) -> None:
        """Post journals of one transfer each, from members to the redemption account."""
        now = SystemClock().now()
        journals = [
            Journal(
                new_id(),
                "bench",
                now,
                now.date(),
                (Transfer(self.books.issuance, account, self.books.asset_id, 1, "bench"),),
            )
            for _, account, _ in self.draw(count)
        ]
        async with self.shop.database.alone() as session:
            outcomes = await ledger.post(session, now, self.shop.brand.id, journals)
        if any(outcome.refusal for outcome in outcomes):
            raise AssertionError(outcomes[0])

    async def buy(self, names: list[str]) -> None:
        """Record a purchase of each of these members."""
        await self.shop.record(
            [
                Purchase(str(new_id()), name, BOUGHT_AT, "USD", (Line(amount=1234),))
                for name in names
            ]
        )

    async def look(self, count: int) -> None:
        """Read the balances of members."""
        ids = [member for member, _, _ in self.draw(count)]
        async with self.shop.database.read() as session:
            await wallets.balances(session, SystemClock().now(), self.shop.brand.id, ids)

    async def page(self) -> None:
        """Read a page of one member's movements."""
        ((member, _, _),) = self.draw(1)
        async with self.shop.database.read() as session:
            await wallets.history(session, self.shop.brand.id, [member], first=PAGE)

    async def as_of(self) -> None:
        """Read what one member had on an earlier day, as known then."""
        ((_, account, _),) = self.draw(1)
        at, day = datetime(2025, 3, 1, tzinfo=UTC), date(2025, 3, 1)
        async with self.shop.database.read() as session:
            await ledger_queries.balances_as_of(
                session, [account], recorded_at=at, effective_on=day
            )


OPERATIONS: dict[str, Callable[[Town], Awaitable[None]]] = {
    "post one journal": lambda town: town.post(1),
    f"post {POSTED} journals": lambda town: town.post(POSTED),
    f"record {BOUGHT} purchases": lambda town: town.buy([m[2] for m in town.draw(BOUGHT)]),
    "one purchase of a new member": lambda town: town.buy([f"new-{new_id()}"]),
    f"balances of {LOOKED_AT} members": lambda town: town.look(LOOKED_AT),
    f"a page of activity, {PAGE}": lambda town: town.page(),
    "balance as of a day": lambda town: town.as_of(),
}


async def loaded(scratch: Cluster, shop: Shop, name: str, members: int, history: int) -> Town:
    """Load a shop's database with members and their history."""
    async with shop.database.read() as session:
        books = await wallets.books(session, shop.brand.id)
        version = await session.value("SELECT max(id) FROM programme_version")
    if books is None:
        raise AssertionError
    text = Path(__file__).with_name("growth.sql").read_text()
    values = {
        "brand": shop.brand.id,
        "asset": books.asset_id,
        "issuance": books.issuance,
        "version": version,
        "members": members,
        "history": history,
    }
    connection = await asyncpg.connect(plain(scratch.at(name).admin_database_url))
    for statement in text.format(**values).split(";\n"):
        if statement.strip():
            report.progress(f"{name}: {' '.join(statement.split()[:4])} ...")
            await connection.execute(statement, timeout=600)
    await connection.execute("VACUUM (ANALYZE)")
    rows = await connection.fetch(
        "SELECT member_id, account_id, external_id FROM wallet JOIN member m ON m.id = member_id"
        " ORDER BY random() LIMIT 50000"
    )
    await connection.execute("CHECKPOINT")
    await connection.close()
    return Town(shop, books, [tuple(row) for row in rows], random.Random(7))


async def measured(towns: list[Town], rounds: int) -> dict[str, list[list[float]]]:
    """Return the milliseconds of each operation in each town."""
    took: dict[str, list[list[float]]] = {name: [[] for _ in towns] for name in OPERATIONS}
    for number in range(-2, rounds):  # two rounds to warm up
        report.progress(f"round {max(0, number + 1)}/{rounds}; {report.load()}")
        for name, operation in OPERATIONS.items():
            for mine, town in zip(took[name], towns, strict=True):
                started = time.monotonic()
                await operation(town)
                if number >= 0:
                    mine.append((time.monotonic() - started) * 1000)
    return took


async def run(scratch: Cluster, options: argparse.Namespace) -> int:
    """Measure and print; return the exit code."""
    before, sizes = report.load(), (SMALL, options.members)
    async with AsyncExitStack() as shops:
        towns, started = [], time.monotonic()
        for size in sizes:
            shop = await shops.enter_async_context(opened(scratch, f"members_{size}"))
            town = await loaded(scratch, shop, f"members_{size}", size, options.history)
            towns.append(town)
        loading = time.monotonic() - started
        took = await measured(towns, options.rounds)
        broken: list[str] = []
        for town in towns if options.check else []:
            report.progress(f"checking; {report.load()}")
            broken += [code for code in await faults(town.shop) if code != UNCHECKED]
    report.done()
    print(f"Commits: {scratch.title}. Before: {before}; after: {report.load()}.")
    print(f"Loaded in {loading:,.0f} s, {options.history} purchases a member.")
    print(f"Milliseconds, {options.rounds} rounds in turns, median (range).\n")
    rows, bars = [], []
    for name, (small, large) in took.items():
        factor = statistics.median(large) / statistics.median(small)
        rows.append([name, report.spread(small, 2), report.spread(large, 2), f"{factor:.2f}"])
        bars.append(report.verdict(name, factor, BAR, most=True))
    print(report.table(["", *(f"{size:,} members" for size in sizes), "ratio"], rows), end="\n\n")
    print("\n".join(bars))
    for code in sorted(set(broken)):
        print(f"- INVARIANT BROKEN: {code}")
    return 1 if broken else 0


def main() -> int:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(
        prog="python -m bench growth",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--members", type=int, default=1_000_000, help="of the larger brand")
    parser.add_argument("--history", type=int, default=2, help="purchases of each member")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--no-check", dest="check", action="store_false")
    parser.add_argument("--fast-commit", action="store_true", help="commits of 1 ms, in memory")
    options = parser.parse_args()
    with cluster(fast_commit=options.fast_commit) as scratch:
        return asyncio.run(run(scratch, options))


if __name__ == "__main__":
    sys.exit(main())
