"""How fast a draft is simulated over the real year, and whether it gives the live figures.

    python -m bench simulate [--purchases 155848] [--rounds 3] [--draft hk-explorer]

The real year of a grocer's card is imported once. Then the programme in force is simulated beside
itself, over what the database knows (by one process and by two) and over the year's own file; and
another draft beside it. A basket counts once, though it is replayed under both programmes. What
is simulated must be the live figures: exit code 1 if it is not, or if the bar is missed.
"""

import argparse
import asyncio
import gc
import importlib.util
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from api.sections import SECTIONS
from api.simulating import run as simulating
from api.simulating.run import Simulated, Wish
from bench import report
from bench.purchases import DATA_PACKAGE, Shop, imported, opened, year
from bench.scratch import ROOT, Cluster, cluster
from domain.metrics.queries import figures
from domain.programmes import queries as programmes
from domain.programmes.rules import Document, load
from kit.clock import SystemClock
from kit.embedded import Servers

BAR = 5_000


@dataclass(frozen=True)
class Case:
    """One way to simulate."""

    name: str
    wish: Wish


async def run(scratch: Cluster, options: argparse.Namespace) -> int:
    """Import the year, simulate it in every way, print the table."""
    async with opened(scratch, "laurel_bench_simulate") as shop:
        limit = options.purchases
        count, seconds = await imported(shop, year(limit))
        report.progress(f"imported {count:,} baskets in {seconds:,.0f} s")
        servers = scratch.at("laurel_bench_simulate")
        rows, rates = [], {}
        right = True
        for case in _cases(options.draft, whole=limit is None):
            took = []
            for _ in range(options.rounds):
                started = time.monotonic()
                done = await _simulated(shop, servers, case.wish)
                took.append(count / (time.monotonic() - started))
                right &= await _is_right(shop, done)
            rates[case.name] = took
            rows.append([case.name, report.spread(took)])
        report.done()
        print(report.table(["replayed", "baskets a second"], rows))
        print(f"\n{count:,} baskets, both programmes each; {report.load()}\n")
        best = max(sum(each) / len(each) for each in rates.values())
        print(report.verdict("baskets a second", best, BAR))
        print(f"- the live figures: {'the same' if right else 'NOT THE SAME'}")
        return 0 if right and best >= BAR else 1


def _cases(draft: str, *, whole: bool) -> list[Case]:
    own, other = _document("grocer"), _document(draft)
    cases = [
        Case("in force beside itself, one process", Wish(own, "grocer", processes=1)),
        Case("in force beside itself, two processes", Wish(own, "grocer", processes=2)),
        Case(f"{draft} beside it, two processes", Wish(other, "grocer", processes=2)),
    ]
    if whole:
        mapping = ROOT / "programmes" / "grocer.import.toml"
        cases.append(Case("the file, no programme beside", Wish(own, None, _year(), mapping)))
    return cases


def _document(name: str) -> Document:
    return load((ROOT / "programmes" / f"{name}.toml").read_text(), SECTIONS, f"{name}.toml")


def _year() -> Path:
    spec = importlib.util.find_spec(DATA_PACKAGE)
    if spec is None or spec.origin is None:
        sys.exit(f"The real year is missing: install the package {DATA_PACKAGE}.")
    return Path(spec.origin).parent / "data" / "transactions.parquet"


async def _simulated(shop: Shop, servers: Servers, wish: Wish) -> Simulated:
    def begun(_total: int) -> simulating.Show:
        return lambda _more, _baskets: None

    if wish.history is not None:
        return simulating.from_file(wish, simulating.unknown(wish), SystemClock().now(), begun)
    return await simulating.from_database(shop.database, servers.database_url, wish, begun)


async def _is_right(shop: Shop, done: Simulated) -> bool:
    """Whether the side that was in force has the live figures."""
    side = done.found.beside or done.found.draft
    async with shop.database.read() as session:
        timeline = await programmes.timeline(session, shop.brand.id, SECTIONS)
        live = await figures(session, shop.brand, timeline, done.asked.months.ends[-1])
    return (
        live.points_issued == sum(side.sums.issued)
        and live.points_outstanding == side.sums.outstanding()[-1]
        and live.members == sum(side.sums.joined)
        and live.spend_minor == sum(side.sums.spend)
    )


def main() -> int:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(
        prog="python -m bench simulate",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--purchases", type=int, help="so many of the year; left out: all")
    parser.add_argument("--rounds", type=int, default=3, help="of each way")
    parser.add_argument("--draft", default="hk-explorer", help="the other programme's file")
    options = parser.parse_args()
    gc.set_threshold(100_000, 50, 50)  # as the command sets it
    with cluster(fast_commit=False) as scratch:
        return asyncio.run(run(scratch, options))


if __name__ == "__main__":
    sys.exit(main())
