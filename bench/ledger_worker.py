"""One process of load at Python level; run by bench/ledger.py, prints one JSON object.

Ours goes through `domain.ledger.service.post` on `kit.db.Database`, the hot-row rival through
asyncpg's own pool. Tasks call in a closed loop between two instants of the monotonic clock.
"""

import asyncio
import json
import random
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass

import asyncpg

from domain.ledger import service
from domain.ledger.rules import Journal, Transfer
from kit.clock import SystemClock
from kit.db import Database
from kit.ids import new_id

Call = Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class Order:
    """What one process is to do; accounts of ``legs`` are sums of a number and {m}, {d}."""

    system: str
    url: str
    brand_id: int
    legs: list[tuple[str, str, int, int]]
    members: int
    batch: int
    tasks: int
    begins: float
    ends: float
    seed: int

    def as_text(self) -> str:
        """Return it as a command line's argument."""
        return json.dumps(asdict(self))


def drawing(order: Order) -> Callable[[], list[tuple[int, int, int, int]]]:
    """Return what draws the transfers of one journal."""
    chance = random.Random(order.seed)
    members = order.members
    made = [
        (compiled(debit), compiled(credit), asset, amount)
        for debit, credit, asset, amount in order.legs
    ]

    def draw() -> list[tuple[int, int, int, int]]:
        m, d = chance.randrange(members), chance.randrange(1, members)
        return [(debit(m, d), credit(m, d), asset, amount) for debit, credit, asset, amount in made]

    return draw


def compiled(account: str) -> Callable[[int, int], int]:
    """Return the function of a member and a distance that an account's text describes."""
    base, _, rest = account.partition(" + ")
    number = int(base)
    if not rest:
        return lambda _m, _d: number
    if "{d}" in rest:
        modulus = int(rest.rpartition(" % ")[2])
        return lambda m, d: number + (m + d) % modulus
    return lambda m, _d: number + m


def ours(order: Order, database: Database) -> Call:
    """Return a call of our verb, which stands and commits alone."""
    draw, clock = drawing(order), SystemClock()

    async def call() -> None:
        now = clock.now()
        day = now.date()
        journals = [
            Journal(
                new_id(),
                "move",
                now,
                day,
                tuple(Transfer(*leg, "move") for leg in draw()),
            )
            for _ in range(order.batch)
        ]
        async with database.alone() as session:
            outcomes = await service.post(session, now, order.brand_id, journals)
        if any(outcome.refusal for outcome in outcomes):
            raise AssertionError(outcomes)

    return call


def hot_row(order: Order, pool: asyncpg.Pool) -> Call:
    """Return a call of the rival's function."""
    draw = drawing(order)

    async def call() -> None:
        legs = [leg for _ in range(order.batch) for leg in draw()]
        await pool.fetch(
            "SELECT * FROM hot_transfers($1, $2, $3)",
            [leg[0] for leg in legs],
            [leg[1] for leg in legs],
            [leg[3] for leg in legs],
        )

    return call


async def loop(order: Order, call: Call, seen: list[float]) -> None:
    """Call until the time is over; note how long each call took, in seconds."""
    await asyncio.sleep(max(0.0, order.begins - time.monotonic()))
    while (started := time.monotonic()) < order.ends:
        await call()
        seen.append(time.monotonic() - started)


async def work(order: Order) -> dict[str, float]:
    """Run the tasks of one process and return what was done."""
    seen: list[float] = []
    if order.system == "ours":
        database = Database(order.url, pool_size=order.tasks)
        call, close = ours(order, database), database.close
    else:
        pool = await asyncpg.create_pool(order.url, min_size=order.tasks, max_size=order.tasks)
        call, close = hot_row(order, pool), pool.close
    await asyncio.gather(*(call() for _ in range(order.tasks)))
    await asyncio.gather(*(loop(order, call, seen) for _ in range(order.tasks)))
    await close()
    cuts = statistics.quantiles(seen, n=100) if len(seen) > 1 else [0.0] * 99
    return {
        "done": len(seen) * order.batch,
        "seconds": order.ends - order.begins,
        "p50": cuts[49] * 1000,
        "p99": cuts[98] * 1000,
    }


def main() -> None:
    """Do what the one argument says."""
    print(json.dumps(asyncio.run(work(Order(**json.loads(sys.argv[1]))))))


if __name__ == "__main__":
    main()
