"""What boards in Valkey cost: changing and reading them, memory, and rebuilding.

    python -m bench boards [--members 1000000] [--rows 1000000] [--seconds 3] [--rival DIR]

One board with so many members: a changed score, then the member's rank with five neighbours on
each side, by 50 tasks of one process, beside redis-py sending the same scripts or plain commands,
beside a composite score, and beside the package `leaderboard` if it is in DIR (see
`bench/rival_leaderboard.py`). Then rows are rebuilt from PostgreSQL: --rows 10000000 for the
figure that is promised. Exit code 1 if the rate is less than 0.8 of the raw client's.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

import asyncpg
import uvloop

from bench import boards_valkey as parts
from bench import report
from bench.scratch import cluster, plain
from kit.db import Database
from kit.embedded import running
from kit.valkey import Nodes, opened
from migrations.run import upgrade

BAR = 0.8


@asynccontextmanager
async def valkey(url: str) -> AsyncIterator[parts.Valkey]:
    """Connect to the server of the measurement, which keeps nothing on disk."""
    home = opened(url)
    nodes = Nodes(home)
    await home.config_set("save", "")
    try:
        yield parts.Valkey(home, nodes, unquote(urlsplit(url).path))
    finally:
        await nodes.aclose()
        await home.aclose()


async def rates(server: parts.Valkey, options: argparse.Namespace) -> float | None:
    """Measure and print the rates on one board; return ours by the raw client's."""
    members, seconds = options.members, options.seconds
    board = parts.Board(server, members)
    report.progress("filling the board")
    await board.fill()
    await parts.filled_plain(server, members, "plain")
    await parts.filled_plain(server, members, "composite")
    steps: list[tuple[str, Callable[[int], object]]] = [
        ("ours", board.ours),
        ("redis-py, the same two scripts, a call each", board.raw_scripts),
        ("redis-py, plain sorted set: ZINCRBY + ZREVRANK, ZREVRANGE", board.raw_commands),
        ("ours, but with a composite score", parts.composite(server, members)),
        ("ours, reading alone", board.read),
    ]
    found: dict[str, list[float]] = {name: [] for name, _ in steps}
    for round_ in range(options.rounds):
        for name, step in steps:
            report.progress(f"round {round_ + 1}: {name}")
            found[name].append(await parts.rate(step, seconds))  # type: ignore[arg-type]
            await board.caught_up()
    if options.rival:
        await server.empty()
        report.progress("the package leaderboard")
        rate = await asyncio.to_thread(parts.rival, options.rival, server.path, members, seconds)
        found["PyPI leaderboard 3.7.3, one call at a time"] = [rate]
    report.done()
    first, second, *_ = found
    rows = [
        (
            name,
            report.spread(values),
            f"{ratio:.2f}" if (ratio := report.ratio(values, found[second])) else "-",
        )
        for name, values in found.items()
    ]
    print(f"{members:,} members, increment + my rank + neighbours, {parts.CLIENTS} tasks\n")
    print(report.table(("what", "a second", "by the raw client"), rows), "\n")
    return report.ratio(found[first], found[second])


async def memory(server: parts.Valkey, members: int) -> None:
    """Measure and print what a member takes in each form."""
    rows = []
    for kind in ("ours", "composite", "plain", "text"):
        report.progress(f"memory: {kind}")
        await server.empty()
        before = await server.memory()
        board = parts.Board(server, members)
        if kind == "ours":
            seconds = await board.fill()
        else:
            seconds = await parts.filled_plain(server, members, kind)
        size = (await server.memory() - before) / members
        rows.append((_FORMS[kind], f"{size:.0f}", f"{members / seconds:,.0f}"))
    await server.empty()
    report.done()
    print(report.table(("form", "bytes a member", "members written a second"), rows), "\n")


_FORMS = {
    "ours": "exact: score, and a member of moment and entity, found by a hash",
    "composite": "composite: 53 bits of points and seconds, entity as 16 bytes",
    "plain": "score alone, no order of ties, entity as 16 bytes",
    "text": "score alone, entity as text",
}


async def rebuilding(server: parts.Valkey, rows: int) -> None:
    """Measure and print how long a window takes from PostgreSQL."""
    with cluster(fast_commit=False) as scratch:
        servers = await scratch.create("boards")
        await upgrade(servers.owner_database_url, servers.database_url)
        owner = await asyncpg.connect(plain(servers.admin_database_url))
        database = Database(servers.database_url, pool_size=2)
        try:
            window = await parts.filled_rows(owner, rows)
            await server.empty()
            before = await server.memory()
            seconds = await parts.rebuilt(database, server, window, rows)
            size = (await server.memory() - before) / rows
        finally:
            await database.close()
            await owner.close()
    report.done()
    print(
        f"{rows:,} rows rebuilt from PostgreSQL in {seconds:,.1f} s: {rows / seconds:,.0f} rows/s,"
        f" {size:.0f} bytes a row\n"
    )


async def measure(options: argparse.Namespace, url: str) -> int:
    """Run all parts; return the exit code."""
    async with valkey(url) as server:
        print(f"{report.load()}\n")
        ratio = None
        if options.members:
            await memory(server, options.members)
            ratio = await rates(server, options)
            print(report.verdict("ours by the raw client", ratio, BAR), "\n")
        if options.rows:
            await rebuilding(server, options.rows)
    return int(ratio is not None and ratio < BAR)


def main() -> int:
    """Parse options and measure."""
    parser = argparse.ArgumentParser(prog="python -m bench boards", description=__doc__)
    parser.add_argument("--members", type=int, default=1_000_000, help="0: no rates, no memory")
    parser.add_argument("--rows", type=int, default=1_000_000, help="0: nothing is rebuilt")
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rival", type=Path, help="where the package leaderboard is")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="laurel-bench-") as folder:
        place = Path(folder)
        place.chmod(0o711)
        with running(place, postgres=False) as servers:
            return uvloop.run(measure(options, servers.valkey_url))


if __name__ == "__main__":
    sys.exit(main())
