"""What the shipped programmes make of a real year, and what many rules and members cost.

    python -m bench programmes [--parts replay rules members] [--only NAME ...]
        [--purchases 155848] [--members 10000] [--rounds 20]

Replay: the real year of a grocer's card, moved to 2026 so that the files' dates apply, under each
shipped programme in a database of its own; the clock goes along with the baskets. Printed is what
was earned, by which rule, what is left at the end of the year, and who is in which tier: figures
that every machine gets. Then every invariant is checked: exit code 1 if one is broken.

Rules: the same year under thirty rules (bench/thirty_rules.toml), recorded in batches of 500 into
an empty shop. Members: the same rules in two shops, one with ten times the members of the other,
each of whom has bought before; batches of 500 baskets in turns, and the ratio of their medians.
"""

import argparse
import asyncio
import gc
import random
import statistics
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from api.sections import SECTIONS
from bench import report
from bench.purchases import BATCH
from bench.scratch import ROOT, Cluster, cluster
from bench.year import Shop, faults, moved, opened, recorded
from domain.earning.rules import Purchase
from domain.metrics.queries import Figures, figures
from domain.programmes import queries as programmes
from domain.wallets import queries as wallets
from domain.wallets.jobs import expire_lots
from domain.wallets.section import PointsSection
from kit.db import Session

YEAR_END = datetime(2027, 1, 2, tzinfo=UTC)
"""When the year is over wherever a shipped brand is."""
RULES = Path(__file__).with_name("thirty_rules.toml").read_text()
_BY_RULE = "SELECT rule, sum(points)::bigint AS points FROM award GROUP BY rule ORDER BY 2 DESC, 1"
RATE_BAR = 2_000
GROWTH_BAR = 1.3
GROWTH = 10
HISTORY = 2
FIRST_BOUGHT = datetime(2026, 2, 3, 17, tzinfo=UTC)
LATER = datetime(2026, 5, 5, 17, tzinfo=UTC)


@dataclass(frozen=True)
class Replay:
    """What a programme made of the year."""

    name: str
    unit: str
    scale: int
    figures: Figures
    by_rule: dict[str, int]
    rate: float
    broken: list[str]


async def replayed(scratch: Cluster, name: str, limit: int | None) -> Replay:
    """Replay the year under a shipped programme, book what ended, check the books."""
    database = "replay_" + name.replace("-", "_")
    text = (ROOT / "programmes" / f"{name}.toml").read_text()
    async with opened(scratch, database, text) as shop:
        count = await recorded(shop, moved(limit, shop.brand.currency), name)
        shop.clock.set(YEAR_END)

        async def ended(session: Session) -> int:
            return await expire_lots(session, shop.clock.now())

        while await shop.database.write(ended):
            pass
        report.progress(f"{name}: checking")
        async with shop.database.read() as session:
            timeline = await programmes.timeline(session, shop.brand.id, SECTIONS)
            at_end = await figures(session, shop.brand, timeline, shop.clock.now())
            by_rule = await session.fetch(_BY_RULE)
            books = await wallets.books(session, shop.brand.id)
        broken = await faults(shop)
        if books is None:
            raise AssertionError
        unit = shop.document.section(PointsSection).name
        rate = count / shop.seconds
    await scratch.drop(database)
    given = {row["rule"]: row["points"] for row in by_rule}
    return Replay(name, unit, books.scale, at_end, given, rate, broken)


async def ruled(scratch: Cluster, limit: int | None) -> tuple[float, float, list[str]]:
    """Record the year under thirty rules; return baskets a second, awards a basket, and faults."""
    async with opened(scratch, "ruled", RULES) as shop:
        count = await recorded(shop, moved(limit, shop.brand.currency), "thirty rules")
        report.progress("thirty rules: checking")
        broken = await faults(shop)
        async with shop.database.read() as session:
            awards = await session.value("SELECT count(*) FROM award")
    await scratch.drop("ruled")
    return count / shop.seconds, awards / count, broken


async def grown(scratch: Cluster, members: int, rounds: int) -> tuple[list[list[float]], list[str]]:
    """Return the milliseconds of batches in a shop and in one of ten times its members."""
    some = [purchase for block in moved(20_000, "USD") for purchase in block]
    chance = random.Random(7)
    took: list[list[float]] = [[], []]
    async with AsyncExitStack() as stack:
        shops = []
        for size in (members, members * GROWTH):
            name = f"members_{size}"
            shop = await stack.enter_async_context(opened(scratch, name, RULES))
            await recorded(shop, _histories(some, size), name)
            shops.append((shop, size))
        for shop, _ in shops:
            await _settled(scratch, shop)
        for number in range(-2, rounds):  # two rounds to warm up
            report.progress(f"members, round {max(0, number + 1)}/{rounds}; {report.load()}")
            basis = chance.sample(some, BATCH)
            for mine, (shop, size) in zip(took, shops, strict=True):
                batch = [
                    replace(
                        each,
                        external_id=f"round-{number}-{place}",
                        member=f"m{chance.randrange(size)}",
                        occurred_at=LATER + timedelta(minutes=number),
                    )
                    for place, each in enumerate(basis)
                ]
                before = shop.seconds
                await shop.record(batch)
                if number >= 0:
                    mine.append((shop.seconds - before) * 1000)
        report.progress("members: checking")
        broken = [code for shop, _ in shops for code in await faults(shop)]
    return took, broken


def _histories(some: list[Purchase], members: int) -> Iterator[list[Purchase]]:
    """Yield ``HISTORY`` baskets of each member, a round of everybody after the other."""
    for turn in range(HISTORY):
        for start in range(0, members, BATCH):
            at = FIRST_BOUGHT + timedelta(days=30 * turn)
            yield [
                replace(
                    some[(turn * members + number) % len(some)],
                    external_id=f"{turn}-{number}",
                    member=f"m{number}",
                    occurred_at=at,
                )
                for number in range(start, min(start + BATCH, members))
            ]


async def _settled(scratch: Cluster, shop: Shop) -> None:
    """Leave nothing to the database that it would do in one shop while the other is measured."""
    await scratch.admin("VACUUM (ANALYZE)", shop.name)
    await scratch.admin("CHECKPOINT", shop.name)


def shown(points: int, scale: int) -> str:
    """Return points as people write them."""
    return f"{Decimal(points).scaleb(-scale):,}"


def told(replays: list[Replay]) -> None:
    """Print the figures of the replays, and which rule gave how much."""
    rows = [
        [
            each.name,
            each.unit,
            *(
                shown(value, each.scale)
                for value in (
                    each.figures.points_issued,
                    each.figures.points_expired,
                    each.figures.points_outstanding,
                )
            ),
            "; ".join(
                ", ".join(f"{tier} {count:,}" for tier, count in ladder.items())
                for ladder in each.figures.tiers.values()
            )
            or "-",
        ]
        for each in replays
    ]
    head = ["programme", "unit", "earned", "ended", "left", "members by tier"]
    print(report.table(head, rows), end="\n\n")
    rules = [
        [each.name, rule, shown(points, each.scale)]
        for each in replays
        for rule, points in each.by_rule.items()
    ]
    print(report.table(["programme", "rule", "earned"], rules), end="\n\n")


async def replay(scratch: Cluster, options: argparse.Namespace) -> list[str]:
    """Replay the year under the programmes asked for; print, return what is broken."""
    replays = [await replayed(scratch, name, options.purchases) for name in options.only]
    report.done()
    first = replays[0].figures
    print(f"{first.purchases:,} baskets of {first.members:,} members, as if in 2026.\n")
    told(replays)
    rows = [[each.name, f"{each.rate:,.0f}"] for each in replays]
    print(report.table(["", "baskets/s"], rows), end="\n\n")
    return [f"{each.name}: {code}" for each in replays for code in each.broken]


async def rules(scratch: Cluster, options: argparse.Namespace) -> list[str]:
    """Measure thirty rules; print, return what is broken."""
    rate, awards, broken = await ruled(scratch, options.purchases)
    report.done()
    name = f"baskets/s under thirty rules, {awards:.1f} of which give something for a basket"
    print(report.verdict(name, rate, RATE_BAR), end="\n\n")
    return [f"thirty rules: {code}" for code in broken]


async def members(scratch: Cluster, options: argparse.Namespace) -> list[str]:
    """Measure ten times the members; print, return what is broken."""
    took, broken = await grown(scratch, options.members, options.rounds)
    report.done()
    sizes = [f"{size:,} members" for size in (options.members, options.members * GROWTH)]
    factor = statistics.median(took[1]) / statistics.median(took[0])
    row = [f"{BATCH} baskets, ms", *(report.spread(each) for each in took), f"{factor:.2f}"]
    print(report.table(["", *sizes, "ratio"], [row]), end="\n\n")
    name = "a basket at ten times the members"
    print(report.verdict(name, factor, GROWTH_BAR, most=True), end="\n\n")
    return [f"members: {code}" for code in broken]


PARTS = {"replay": replay, "rules": rules, "members": members}


async def run(scratch: Cluster, options: argparse.Namespace) -> int:
    """Measure and print; return the exit code."""
    before = report.load()
    broken = [fault for part in options.parts for fault in await PARTS[part](scratch, options)]
    print(f"Commits: {scratch.title}. Before: {before}; after: {report.load()}.")
    for fault in broken:
        print(f"- INVARIANT BROKEN: {fault}")
    return 1 if broken else 0


def main() -> int:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(
        prog="python -m bench programmes",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    every = [path.stem for path in sorted((ROOT / "programmes").glob("*.toml"))]
    names = [name for name in every if "." not in name]
    parts = list(PARTS)
    parser.add_argument("--parts", nargs="+", choices=parts, default=parts, help="left out: all")
    parser.add_argument("--only", nargs="+", choices=names, default=names, help="replay these")
    parser.add_argument("--purchases", type=int, help="so many of the year; left out: all")
    parser.add_argument("--members", type=int, default=10_000, help="of the smaller shop")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--fast-commit", action="store_true", help="commits of 1 ms, in memory")
    options = parser.parse_args()
    gc.set_threshold(100_000, 50, 50)  # as the import sets it
    with cluster(fast_commit=options.fast_commit) as scratch:
        return asyncio.run(run(scratch, options))


if __name__ == "__main__":
    sys.exit(main())
