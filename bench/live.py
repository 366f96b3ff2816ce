"""How soon those who follow see a purchase: thousands of subscriptions on one serving process.

    python -m bench live [--followers 2000] [--per-second 500] [--seconds 10] [--only together]

One process of `laurel serve` holds the subscriptions: nine in ten follow a public board, most over
sockets, some over streams of events, and the others are members who follow their own balance. One
`laurel worker` works. Purchases are recorded in ten batches a second by the verb, at a steady rate;
in each batch the board's leader buys something, so that an answer tells by the leader's score which
batches it knows. For each follower and each batch: the time from the commit to the first answer
that knows it, 10 s if there is none. Then, of one member of each batch, to the rank that is seen.
First each answer is made for one follower (apart), then once for all who follow the same. Exit
code 1 if more than 1 % of the latter took over a second.
"""

import argparse
import asyncio
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import orjson
import psutil
import uvloop

from api.programmes import apply_programme
from api.sections import SECTIONS
from api.tokens import Tokens
from bench import report
from bench.boards_valkey import visible
from bench.purchases import LONG_AGO, Shop
from bench.scratch import ROOT, Cluster, MeasurementError, cluster, plain
from domain.brands import queries as brands
from domain.brands.rules import Brand
from domain.earning.rules import Line, Purchase
from domain.programmes.rules import load
from gamification.leaderboards import queries_scores as scores
from gamification.leaderboards.views import Boards
from kit.clock import SystemClock
from kit.db import Database, Session
from kit.embedded import running
from kit.ids import new_secret
from kit.settings import Settings
from kit.valkey import Nodes, opened
from migrations.run import upgrade

BATCHES_PER_SECOND = 10
MEMBERS = 3_000
BUYERS_FOLLOWED = 2
"""How many of a batch follow their own balance."""
LEAD = 1_000_000_00
BAR_SECONDS = 1
SECONDS_MAX = 10
_SETTLE_SECONDS = 2
_START_SECONDS = 40
_BOARD = """
[leaderboards]
[[leaderboards.board]]
code = "spend"
name = "Spend"
score = "spend"
periods = ["week", "all"]
"""
FOLLOW_BOARD = """
subscription { board(brand: "grocer", code: "spend", period: ALL) {
  version size state places(first: 10) {
    nodes { key rank name percent score { value unit currency } } } } }
"""
FOLLOW_BALANCE = "subscription { me { balance { total } } }"


@dataclass
class Load:
    """Purchases in batches, and when each batch was committed."""

    shop: Shop
    window: int
    size: int
    followed: int
    ids: dict[str, UUID]
    scores: dict[str, int]
    commits: list[tuple[float, float]] = field(default_factory=list)
    """The moment, and the leader's score in money from then on."""
    balances: list[tuple[float, int, float]] = field(default_factory=list)
    """The moment, which follower, and the points from then on."""
    _random: random.Random = field(default_factory=lambda: random.Random(1))
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def batch(self) -> tuple[int, UUID, int]:
        """Record one batch; return what one of its members leads to on the board."""
        async with self._turn:
            followed = self._random.sample(
                range(self.followed), min(BUYERS_FOLLOWED, self.followed)
            )
            others = self.size - 1 - len(followed)
            first = self.followed + 1
            names = [f"m{self._random.randrange(first, MEMBERS)}" for _ in range(others)]
            names += [f"m{1 + each}" for each in followed] + ["m0"]
            await self.record([(name, 1_00) for name in names])
            at = time.monotonic()
            self.commits.append((at, self.scores["m0"] / 100))
            self.balances += [(at, each, self.scores[f"m{1 + each}"] / 100) for each in followed]
            return self.window, self.ids[names[0]], self.scores[names[0]]

    async def record(self, bought: Sequence[tuple[str, int]]) -> None:
        """Record purchases of members, in cents."""
        now, mark = SystemClock().now(), new_secret()[:12]
        for name, cents in bought:
            self.scores[name] = self.scores.get(name, 0) + cents
        await self.shop.record(
            [
                Purchase(
                    external_id=f"{mark}-{number}",
                    member=name,
                    occurred_at=now,
                    currency="USD",
                    channel="",
                    store="",
                    lines=(Line(amount=cents),),
                )
                for number, (name, cents) in enumerate(bought)
            ]
        )


@dataclass(frozen=True)
class Measured:
    """Seconds: to followers of the board, of balances, and to the rank; and the server's CPU."""

    boards: list[float]
    balances: list[float]
    ranks: list[float]
    answers: int
    busy: float


@asynccontextmanager
async def process(*command: str, log: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a program of ours while the block runs."""
    with log.open("ab") as said:
        started = await asyncio.create_subprocess_exec(
            sys.executable,
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=said,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            limit=2**30,
        )
    try:
        yield started
    finally:
        if started.returncode is None:
            started.send_signal(signal.SIGTERM)
        await started.wait()


async def measured(way: str, load_: Load, boards: Boards, options: argparse.Namespace) -> Measured:
    """Open all subscriptions on a server of its own, buy, and gather what came."""
    load_.commits, load_.balances = [], []
    log, members, board = options.log, load_.followed, options.followers - load_.followed
    tokens = Tokens(Settings())
    streams = board // 10
    asked = {
        "port": options.port,
        "sockets": board - streams,
        "streams": streams,
        "tokens": [
            tokens.issue("grocer", f"m{1 + n}", SystemClock().now()) for n in range(members)
        ],
        "board": FOLLOW_BOARD,
        "balance": FOLLOW_BALANCE,
    }
    async with (
        process("-m", "bench.live_server", str(options.port), way, log=log) as server,
        process("-m", "bench.live_client", log=log) as client,
    ):
        await _until_open(options.port, server)
        report.progress(f"{way}: opening {options.followers:,} subscriptions")
        await _say(client, asked)
        if await _heard(client) != b"ready\n":
            raise MeasurementError(options.log.read_text()[-2_000:])
        report.progress(f"{way}: buying")
        usage = psutil.Process(server.pid)
        before, began = sum(usage.cpu_times()[:2]), time.monotonic()
        count = int(options.seconds * BATCHES_PER_SECOND)
        changes = [load_.batch] * count
        ranks = await visible(boards, changes, BATCHES_PER_SECOND, SECONDS_MAX)
        busy = (sum(usage.cpu_times()[:2]) - before) / (time.monotonic() - began)
        await asyncio.sleep(_SETTLE_SECONDS)
        await _say(client, "done")
        came = orjson.loads(await _heard(client))
    public, own = came[:board], came[board:]
    waits = [wait for each in public for wait in _waits(each, load_.commits)]
    mine = [
        wait
        for number, each in enumerate(own)
        for wait in _waits(each, [(at, to) for at, who, to in load_.balances if who == number])
    ]
    return Measured(waits, mine, ranks, sum(map(len, public)), busy)


def _waits(came: list[list[float]], commits: Sequence[tuple[float, float]]) -> list[float]:
    """Return after how many seconds each commit was in what came."""
    waits, place = [], 0
    for at, wanted in commits:
        while place < len(came) and came[place][1] < wanted:
            place += 1
        waits.append(max(came[place][0] - at, 0) if place < len(came) else SECONDS_MAX)
    return waits


async def _say(client: asyncio.subprocess.Process, what: object) -> None:
    if client.stdin is None:
        raise AssertionError
    client.stdin.write(orjson.dumps(what) + b"\n")
    await client.stdin.drain()


async def _heard(client: asyncio.subprocess.Process) -> bytes:
    if client.stdout is None:
        raise AssertionError
    return await client.stdout.readline()


async def _until_open(port: int, server: asyncio.subprocess.Process) -> None:
    for _ in range(_START_SECONDS * 10):
        if server.returncode is not None:
            break
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.1)
            continue
        writer.close()
        return
    raise MeasurementError("the server did not start")


async def _prepared(shop: Shop, boards: Boards, options: argparse.Namespace) -> Load:
    """Let everybody buy something, and wait until the board shows it."""
    size = max(options.per_second // BATCHES_PER_SECOND, 4)
    load_ = Load(shop, 0, size, options.followers // 10, {}, {})
    for start in range(0, MEMBERS, 500):
        await load_.record([(f"m{n}", 100) for n in range(start, start + 500)])
    await load_.record([("m0", LEAD)])
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until:
        await asyncio.sleep(0.2)
        async with shop.database.read() as session:
            wish = scores.Asked(boards=["spend"], periods=["all"])
            found = await scores.windows(session, shop.brand.id, wish, first=1)
            rows = await session.fetch("SELECT external_id, id FROM member")
        if found:
            load_.window, load_.ids = found[0].id, {row[0]: row[1] for row in rows}
            (answer,) = await boards.sizes([load_.window])
            if answer.state == "live" and answer.size == MEMBERS:
                return load_
    raise MeasurementError("the board was not shown")


async def _brand(database: Database, until: str) -> Brand:
    text = (ROOT / "programmes" / "grocer.toml").read_text().partition(until)[0]
    document = load(text + _BOARD, SECTIONS, "bench")

    async def work(session: Session) -> Brand:
        applied = await apply_programme(session, SystemClock().now(), document, LONG_AGO, "bench")
        brand = await brands.by_id(session, applied.brand_id)
        if brand is None:
            raise AssertionError
        return brand

    return await database.write(work)


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value below which such a share of values lies."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else float("nan")


def rows_of(found: dict[str, Measured]) -> list[list[str]]:
    """Return the rows of the table, in milliseconds."""
    rows = []
    for way, each in found.items():
        for name, values in (
            ("a follower of the board", each.boards),
            ("a follower of the own balance", each.balances),
            ("the rank that is seen", each.ranks),
        ):
            cells = [f"{quantile(values, share) * 1e3:,.0f}" for share in (0.5, 0.99)]
            most = f"{max(values, default=float('nan')) * 1e3:,.0f}"
            rows.append([f"{way}: {name}", f"{len(values):,}", *cells, most])
    return rows


def told(found: dict[str, Measured]) -> int:
    """Print what was measured; return the exit code."""
    head = ["from the commit to", "times", "p50 ms", "p99 ms", "most ms"]
    print(report.table(head, rows_of(found)), end="\n\n")
    for way, each in found.items():
        print(f"- {way}: {each.answers:,} answers sent, {each.busy:.0%} of a core in the server")
    ours = quantile(found["together"].boards, 0.99)
    rank = quantile(found["together"].ranks, 0.99)
    if "apart" in found:
        ratio = quantile(found["apart"].boards, 0.99) / ours
        print(f"- p99 apart by p99 together: {ratio:.1f}")
    print(report.verdict("seconds to followers of the board, p99", ours, BAR_SECONDS, most=True))
    print(report.verdict("seconds to the rank, p99", rank, BAR_SECONDS, most=True))
    return int(max(ours, rank) > BAR_SECONDS)


async def run(scratch: Cluster, valkey_url: str, options: argparse.Namespace) -> int:
    """Measure and print; return the exit code."""
    servers = await scratch.create("live")
    await upgrade(servers.owner_database_url, servers.database_url)
    os.environ.update(
        LAUREL_DATABASE_URL=servers.database_url,
        LAUREL_OWNER_DATABASE_URL=servers.owner_database_url,
        LAUREL_VALKEY_URL=valkey_url,
        LAUREL_DATA_DIR=str(options.log.parent),
        LAUREL_JWT_KEY=new_secret(),
        LAUREL_ALLOWANCE="100",
        LAUREL_LOG_LEVEL="warning",
    )
    database, home = Database(servers.database_url, pool_size=2), opened(valkey_url)
    boards = Boards(Nodes(home))
    brand = await _brand(database, "[leaderboards]" if options.games else "[rewards]")
    shop = Shop(database, brand, plain(servers.owner_database_url))
    found = {}
    async with process("-c", "from api.cli import main; main()", "worker", log=options.log):
        report.progress("filling the board")
        load_ = await _prepared(shop, boards, options)
        for way in options.only or ("apart", "together"):
            found[way] = await measured(way, load_, boards, options)
    await home.aclose()
    await database.close()
    report.done()
    print(
        f"{options.followers:,} subscriptions, {load_.size * BATCHES_PER_SECOND:,} purchases/s for"
        f" {options.seconds:g} s; {report.load()}\n"
    )
    return told(found)


def main() -> int:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(
        prog="python -m bench live",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--followers", type=int, default=2_000, help="subscriptions held open")
    parser.add_argument("--per-second", type=int, default=500, help="purchases, 40 at least")
    parser.add_argument("--seconds", type=float, default=8, help="how long each way is loaded")
    parser.add_argument("--only", nargs="+", choices=["together"], help="leave the others out")
    parser.add_argument("--games", action="store_true", help="with all that the grocer's card has")
    parser.add_argument("--port", type=int, default=18_020, help="where the server listens")
    options = parser.parse_args()
    with (
        cluster(fast_commit=True) as scratch,
        tempfile.TemporaryDirectory(prefix="laurel-bench-") as folder,
    ):
        place = Path(folder)
        place.chmod(0o711)
        options.log = place / "said.log"
        with running(place, postgres=False) as servers:
            return uvloop.run(run(scratch, servers.valkey_url, options))


if __name__ == "__main__":
    sys.exit(main())
