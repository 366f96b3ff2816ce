"""What members notice when Valkey is killed and comes back empty while they buy and look.

    python -m bench valkey-lost [--members 200000] [--outage 5] [--seconds 10]

`laurel serve` and `laurel worker`, one process each; a board of five windows with so many members
in each (a million scores). Members buy over GraphQL, each time seeing the exact balance; others
read pages of boards, places and balances. Valkey is ended by SIGKILL, stays away for a while and
comes back without a file. Nobody does anything about the boards. Exit code 1 if any answer failed
or told a wrong balance, if a live board was smaller than before, or if it does not end equal.
"""

import argparse
import asyncio
import os
import socket
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, ExitStack, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import asyncpg
import psutil

from api.programmes import apply_programme
from api.sections import SECTIONS
from api.tokens import Tokens
from bench import report
from bench.purchases import LONG_AGO, Shop
from bench.scratch import Cluster, cluster, plain
from bench.soak import serving
from bench.valkey_lost_load import BOARD, WINDOWS, Load, Site
from domain.brands import queries as brands
from domain.brands.rules import Brand
from domain.brands.service import issue_keys
from domain.earning.rules import Line, Purchase
from domain.programmes.rules import SectionKinds, load
from gamification.leaderboards import queries_showing
from gamification.leaderboards.jobs_scores import follow, roll, tend
from gamification.leaderboards.verifying import Verifier
from kit.clock import SystemClock
from kit.db import Database, Session
from kit.embedded import running
from kit.ids import new_secret
from kit.settings import Settings
from kit.valkey import Nodes, opened
from migrations.run import upgrade

Work = Callable[[Session, datetime, SectionKinds], Awaitable[int]]

PROGRAMME = f"""
[brand]
code = "bench"
name = "Bench"
time_zone = "UTC"
currency = "USD"
[enrolment]
on_first_purchase = true
[points]
code = "points"
name = "Points"
expires = "never"
[earning]
points = "1"
per = "1.00"
rounding = "floor"
base = "after_discount"
[[leaderboards.board]]
code = "{BOARD}"
name = "Spend"
score = "spend"
periods = [{", ".join(f'"{each.lower()}"' for each in WINDOWS)}]
rolling_days = 30
"""
_SCORES = """
    INSERT INTO board_score (window_id, entity, score, reached_at, listed, seq)
    SELECT w.id, d.entity, d.score, d.reached_at, true, nextval('board_change_seq')
    FROM board_window AS w, board_day AS d WHERE d.entity <> $1
"""
_DAYS = """
    INSERT INTO board_day
    SELECT (jsonb_populate_record(d, jsonb_build_object(
        'entity', m.id, 'score', (random() * 1000000)::bigint))).*
    FROM board_day AS d, member AS m WHERE m.id <> d.entity
"""
_MEMBERS = """
    INSERT INTO member
    SELECT (jsonb_populate_record(m, jsonb_build_object(
        'id', gen_random_uuid(), 'external_id', 'crowd' || n))).*
    FROM member AS m, generate_series(2, $1::int) AS n
"""
_HEADS = "UPDATE board_window SET head = (SELECT max(seq) FROM board_score WHERE window_id = id)"


async def prepared(scratch: Cluster, members: int) -> Shop:
    """Make a brand whose board has five windows with so many members in each."""
    servers = await scratch.create("lost")
    await upgrade(servers.owner_database_url, servers.database_url)
    database = Database(servers.database_url, pool_size=4)
    now, document = SystemClock().now(), load(PROGRAMME, SECTIONS, "bench")

    async def applied(session: Session) -> Brand:
        done = await apply_programme(session, now, document, LONG_AGO, "bench")
        brand = await brands.by_id(session, done.brand_id)
        if brand is None:
            raise AssertionError
        return brand

    shop = Shop(database, await database.write(applied), plain(servers.owner_database_url))
    await shop.record([Purchase("first", "first", now, "USD", (Line(amount=100),))])
    for work in (follow, tend, roll, tend, roll):
        while await database.write(partial(_worked, work, now)):
            pass
    report.progress(f"{members:,} members on {len(WINDOWS) + 1} windows")
    owner = await asyncpg.connect(plain(servers.admin_database_url))
    await owner.execute("SET session_replication_role = replica")
    first = await owner.fetchval("SELECT id FROM member")
    await owner.execute(_MEMBERS, members)
    await owner.execute(_DAYS)
    await owner.execute(_SCORES, first, timeout=600)
    await owner.execute(_HEADS)
    await owner.execute("ANALYZE")
    await owner.close()
    return shop


async def _worked(work: Work, now: datetime, session: Session) -> int:
    return await work(session, now, SECTIONS)


async def site_of(shop: Shop, port: int, members: int) -> Site:
    """Return what the load needs to know."""

    async def work(session: Session) -> str:
        (key,) = await issue_keys(session, SystemClock().now(), shop.brand, [("server", "till")])
        return key.secret

    return Site(port, shop.brand.code, Tokens(Settings()), await shop.database.write(work), members)


async def verified(database: Database, nodes: Nodes) -> tuple[int, int]:
    """Compare every window; return the members compared and the windows that differ."""
    async with database.read() as session:
        windows = await queries_showing.shown(session, datetime(1970, 1, 1, tzinfo=UTC))
    verifier, wrong = Verifier(database, nodes), 0
    for checked in asyncio.as_completed([verifier.verify(window) for window in windows]):
        wrong += not (await checked).equal
        report.progress(f"{verifier.members:,} scores compared")
    return verifier.members, wrong


async def lost(
    options: argparse.Namespace, load: Load, folder: Path, pid: int
) -> tuple[float, ExitStack]:
    """Kill Valkey, start it again; return how long until all windows were live again."""
    load.phase = "before"
    await asyncio.sleep(options.seconds)
    load.phase = "away"
    psutil.Process(pid).kill()
    await asyncio.sleep(options.outage)
    with suppress(FileNotFoundError):
        (folder / "valkey" / "dump.rdb").unlink()
    again = ExitStack()
    await asyncio.to_thread(again.enter_context, running(folder, postgres=False))
    began = time.monotonic()
    load.phase = "rebuilding"
    await load.all_live()
    seconds = time.monotonic() - began
    load.phase = "after"
    await asyncio.sleep(options.seconds)
    return seconds, again


async def measured(options: argparse.Namespace, scratch: Cluster, folder: Path, url: str) -> int:
    """Do all of it, print, return the exit code."""
    shop = await prepared(scratch, options.members)
    servers = scratch.at("lost")
    os.environ.update(
        LAUREL_DATABASE_URL=servers.database_url,
        LAUREL_OWNER_DATABASE_URL=servers.owner_database_url,
        LAUREL_VALKEY_URL=url,
        LAUREL_DATA_DIR=str(folder),
        LAUREL_JWT_KEY=new_secret(),
        LAUREL_ALLOWANCE="10000",
        LAUREL_LOG_LEVEL="warning",
    )
    port = _free_port()
    home = opened(url)
    nodes = Nodes(home)
    pid = (await home.info("server"))["process_id"]
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(serving(port, folder / "server.log"))
        worker = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", "from api.cli import main; main()", "worker"),
            stderr=(folder / "worker.log").open("wb"),
        )
        stack.push_async_callback(worker.wait)
        stack.callback(worker.terminate)
        load = Load(await site_of(shop, port, options.members), options.buyers)
        began = time.monotonic()
        async with load.going(options.readers):
            await load.all_live()
            first = time.monotonic() - began
            seconds, again = await lost(options, load, folder, pid)
        report.done()
        print(load.table(), "\n", flush=True)
        members, wrong = await verified(shop.database, nodes)
        stack.callback(again.close)
        await nodes.aclose()
        await home.aclose()
        await shop.database.close()
    report.done()
    print(
        f"{members:,} scores: live {first:,.1f} s after the worker's start, and again"
        f" {seconds:,.1f} s after an empty Valkey was there; compared: {wrong} windows differ\n"
    )
    for fault, count in load.faults.most_common(5):
        print(f"- {count} x {fault}")
    print(report.load())
    return int(bool(load.faults or wrong))


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def main() -> int:
    """Parse options and measure."""
    parser = argparse.ArgumentParser(
        prog="python -m bench valkey-lost",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--members", type=int, default=200_000, help="on each of five windows")
    parser.add_argument("--outage", type=float, default=5, help="seconds without Valkey")
    parser.add_argument("--seconds", type=float, default=10, help="of load before and after")
    parser.add_argument("--buyers", type=int, default=2, help="who buy at once")
    parser.add_argument("--readers", type=int, default=4, help="who read at once")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="laurel-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        with cluster(fast_commit=True) as scratch, running(folder, postgres=False) as servers:
            return asyncio.run(measured(options, scratch, folder, servers.valkey_url))


if __name__ == "__main__":
    sys.exit(main())
