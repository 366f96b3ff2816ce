"""Compare two job libraries on a real PostgreSQL: what enqueuing, running and recovery cost.

    python -m bench.jobs [--rounds 3]

pgqueuer is measured as we use it, through `kit.jobs`. procrastinate is measured if it can be
imported; it is no dependency of ours, so put it beside:
`uv pip install --target DIR 'procrastinate==3.10.*' 'psycopg[binary]'`, then `PYTHONPATH=DIR`.
"""

import argparse
import asyncio
import contextlib
import importlib
import logging
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import asyncpg
from rich.console import Console
from rich.table import Table
from sqlalchemy.engine import make_url

from kit import jobs
from kit.clock import SystemClock
from kit.db import Database, Session
from kit.embedded import Servers, running
from kit.job_runner import JobRunner

SINGLES = 1_000
BATCH = 10_000
BACKLOG = 5_000
PACED = 300
PACE_SECONDS = 0.01
STALE_SECONDS = 5
CONCURRENCY = 20
WRITERS = 8

Payload = dict[str, Any]
Handler = Callable[[Payload], Awaitable[None]]
Begin = Callable[[], AbstractAsyncContextManager[Any]]


class Contender(Protocol):
    """One library under test."""

    name: str
    tables: str

    async def install(self) -> None:
        """Create the tables of the library."""

    def connected(self) -> AbstractAsyncContextManager[Begin]:
        """Connect as the application would; what is yielded begins a transaction."""

    async def enqueue(self, transaction: Any, payloads: list[Payload]) -> None:
        """Enqueue in the caller's transaction."""

    def working(self, handler: Handler) -> AbstractAsyncContextManager[None]:
        """Run a worker while the block runs."""


class Ours:
    """pgqueuer on asyncpg, through kit.jobs."""

    name = "pgqueuer"
    tables = "job.queue, job.log"

    def __init__(self, servers: Servers) -> None:
        """Measure on ``servers``."""
        self._servers = servers

    async def install(self) -> None:
        """Create the schema `job` as the owner; everything else is done as the application."""
        connection = await asyncpg.connect(plain(self._servers.owner_database_url))
        await connection.execute(jobs.install_sql())
        await connection.execute(";".join(jobs.grant_statements("laurel_app")))
        await connection.close()

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Begin]:
        """Connect through our own engine."""
        database = Database(self._servers.database_url, pool_size=1)
        yield database.transaction
        await database.close()

    async def enqueue(self, transaction: Session, payloads: list[Payload]) -> None:
        """Enqueue on the session's connection."""
        await jobs.enqueue(transaction, "bench", payloads)

    @asynccontextmanager
    async def working(self, handler: Handler) -> AsyncIterator[None]:
        """Run our worker."""
        runner = JobRunner(
            self._servers.database_url,
            SystemClock(),
            concurrency=CONCURRENCY,
            heartbeat_seconds=STALE_SECONDS,
        )
        runner.handle("bench", lambda payload, _: handler(payload))
        stop = asyncio.Event()
        task = asyncio.create_task(runner.run(stop))
        yield
        stop.set()
        await task


class Procrastinate:
    """procrastinate on psycopg 3, as its documentation sets it up."""

    name = "procrastinate"
    tables = "procrastinate_jobs, procrastinate_events, procrastinate_periodic_defers"

    def __init__(self, servers: Servers) -> None:
        """Measure on ``servers``."""
        self._url = plain(servers.owner_database_url)
        self._app: Any = None

    def _new_app(self, handler: Handler | None = None) -> Any:
        library = importlib.import_module("procrastinate")
        connector = library.PsycopgConnector(conninfo=self._url, min_size=2, max_size=4)
        app = library.App(connector=connector)

        @app.task(name="bench")  # type: ignore[untyped-decorator]
        async def run(**payload: Any) -> None:
            if handler is not None:
                await handler(payload)

        # The library tells which jobs lost their worker; reviving them is left to its user.
        @app.periodic(cron="*/2 * * * * *")  # type: ignore[untyped-decorator]
        @app.task(name="revive", queueing_lock="revive")  # type: ignore[untyped-decorator]
        async def revive(timestamp: int) -> None:
            del timestamp
            manager = app.job_manager
            for job in await manager.get_stalled_jobs(seconds_since_heartbeat=STALE_SECONDS):
                await manager.retry_job(job)

        return app

    async def install(self) -> None:
        """Create its tables."""
        async with self._new_app().open_async() as app:
            await app.schema_manager.apply_schema_async()

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Begin]:
        """Connect with psycopg: it can't use a connection of asyncpg."""
        psycopg = importlib.import_module("psycopg")
        async with self._new_app().open_async() as self._app:
            connection = await psycopg.AsyncConnection.connect(self._url, autocommit=True)

            @asynccontextmanager
            async def begin() -> AsyncIterator[Any]:
                async with connection.transaction():
                    yield connection

            async with connection:
                yield begin

    async def enqueue(self, transaction: Any, payloads: list[Payload]) -> None:
        """Enqueue on the caller's connection."""
        deferrer = self._app.tasks["bench"].configure(connection=transaction)
        await deferrer.batch_defer_async(*payloads)

    @asynccontextmanager
    async def working(self, handler: Handler) -> AsyncIterator[None]:
        """Run its worker."""
        async with self._new_app(handler).open_async() as app:
            worker = app.run_worker_async(
                concurrency=CONCURRENCY,
                install_signal_handlers=False,
                fetch_job_polling_interval=1.0,
                update_heartbeat_interval=STALE_SECONDS / 2,
                stalled_worker_timeout=STALE_SECONDS,
                delete_jobs="always",
                shutdown_graceful_timeout=5,
            )
            task = asyncio.create_task(worker)
            yield
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def rolled_back(contender: Contender, servers: Servers) -> str:
    """Tell whether a job vanishes with the caller's transaction."""
    async with contender.connected() as begin:
        with contextlib.suppress(ZeroDivisionError):
            async with begin() as transaction:
                await contender.enqueue(transaction, [{"n": 1}])
                raise ZeroDivisionError
    table = contender.tables.split(",")[0]
    left = await on_admin(servers, f"SELECT count(*) FROM {table}")
    return "JOB LEFT BEHIND" if left else "no job left"


async def single_rate(contender: Contender, servers: Servers) -> str:
    """Enqueue one job per transaction on one connection."""
    return await write(contender, servers, writers=1)


async def writers_rate(contender: Contender, servers: Servers) -> str:
    """Enqueue one job per transaction from several connections at once."""
    return await write(contender, servers, writers=WRITERS)


async def quiet_rate(contender: Contender, servers: Servers) -> str:
    """Do the same without NOTIFY, which PostgreSQL commits one transaction at a time."""
    if not isinstance(contender, Ours):
        return "-"
    trigger = "ALTER TABLE job.queue {} TRIGGER queue_announce"
    await on_admin(servers, trigger.format("DISABLE"))
    answer = await write(contender, servers, writers=WRITERS)
    await on_admin(servers, trigger.format("ENABLE"))
    return answer


async def write(contender: Contender, servers: Servers, *, writers: int) -> str:
    """Enqueue from ``writers`` connections and return the rate."""
    del servers
    gate = asyncio.Event()

    async def one() -> None:
        async with contender.connected() as begin:
            async with begin():
                pass
            await gate.wait()
            for number in range(SINGLES // writers):
                async with begin() as transaction:
                    await contender.enqueue(transaction, [{"n": number}])

    tasks = [asyncio.create_task(one()) for _ in range(writers)]
    await asyncio.sleep(1)
    started = time.monotonic()
    gate.set()
    await asyncio.gather(*tasks)
    return f"{SINGLES / (time.monotonic() - started):,.0f}/s"


async def batch_rate(contender: Contender, servers: Servers) -> str:
    """Enqueue many jobs in one transaction."""
    del servers
    async with contender.connected() as begin:
        started = time.monotonic()
        async with begin() as transaction:
            await contender.enqueue(transaction, [{"n": number} for number in range(BATCH)])
        return f"{BATCH / (time.monotonic() - started):,.0f}/s"


async def drain(contender: Contender, servers: Servers) -> str:
    """Run a backlog with one worker and handlers that do nothing."""
    del servers
    async with contender.connected() as begin, begin() as transaction:
        await contender.enqueue(transaction, [{"n": number} for number in range(BACKLOG)])
    left = BACKLOG
    done = asyncio.Event()

    async def handle(_: Payload) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            done.set()

    started = time.monotonic()
    async with contender.working(handle):
        await asyncio.wait_for(done.wait(), 120)
        took = time.monotonic() - started
    return f"{BACKLOG / took:,.0f}/s"


async def latency(contender: Contender, servers: Servers) -> str:
    """Time from before the transaction to the start of the handler, jobs coming singly."""
    del servers
    seen: list[float] = []

    async def handle(payload: Payload) -> None:
        seen.append((time.monotonic() - payload["sent"]) * 1000)

    async with contender.connected() as begin, contender.working(handle):
        await asyncio.sleep(1)
        for _ in range(PACED):
            async with begin() as transaction:
                await contender.enqueue(transaction, [{"sent": time.monotonic()}])
            await asyncio.sleep(PACE_SECONDS)
        async with asyncio.timeout(10):
            while len(seen) < PACED:
                await asyncio.sleep(0.1)
    cuts = statistics.quantiles(seen, n=100)
    return f"p50 {cuts[49]:.1f} ms, p99 {cuts[98]:.1f} ms"


async def recovery(contender: Contender, servers: Servers) -> str:
    """Kill a worker in the middle of a job and wait until another has run it."""
    async with contender.connected() as begin, begin() as transaction:
        await contender.enqueue(transaction, [{"n": 1}])
    victim = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "bench.jobs", "--victim", contender.name),
        *(servers.database_url, servers.owner_database_url),
        stdout=asyncio.subprocess.PIPE,
    )
    if victim.stdout is not None:
        await asyncio.wait_for(victim.stdout.readline(), 20)
    victim.kill()
    await victim.wait()
    killed = time.monotonic()
    again = asyncio.Event()

    async def handle(_: Payload) -> None:
        again.set()

    async with contender.working(handle):
        await asyncio.wait_for(again.wait(), 60)
        return f"{time.monotonic() - killed:.1f} s"


async def be_victim(contender: Contender) -> None:
    """Take a job, say so, and never finish it."""

    async def handle(_: Payload) -> None:
        sys.stdout.write("running\n")
        sys.stdout.flush()
        await asyncio.sleep(3600)

    async with contender.working(handle):
        await asyncio.sleep(3600)


async def on_admin(servers: Servers, sql: str) -> Any:
    """Run one statement as superuser and return its first value."""
    connection = await asyncpg.connect(plain(servers.admin_database_url))
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


def plain(url: str) -> str:
    """Return ``url`` without the driver in its scheme."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


MEASUREMENTS = {
    "enqueued, then rolled back": rolled_back,
    "enqueue, one per transaction": single_rate,
    f"the same from {WRITERS} connections": writers_rate,
    "the same without NOTIFY": quiet_rate,
    f"enqueue {BATCH:,} in one transaction": batch_rate,
    f"run {BACKLOG:,} waiting jobs, one worker": drain,
    "enqueued to handler": latency,
    f"after kill -9 (silent for {STALE_SECONDS} s)": recovery,
}
ONCE = {rolled_back, recovery}


async def compare(servers: Servers, rounds: int) -> None:
    """Measure every contender that can be imported, taking turns, and print one table."""
    contenders: list[Contender] = [Ours(servers)]
    if find_spec("procrastinate"):
        contenders.append(Procrastinate(servers))
    table = Table("measured", *(contender.name for contender in contenders))
    for contender in contenders:
        await contender.install()
    for label, measure in MEASUREMENTS.items():
        results: list[list[str]] = [[] for _ in contenders]
        for _ in range(1 if measure in ONCE else rounds):
            for contender, mine in zip(contenders, results, strict=True):
                await on_admin(servers, f"TRUNCATE {contender.tables}")
                mine.append(await measure(contender, servers))
        table.add_row(label, *("\n".join(mine) for mine in results))
    console = Console(width=110)
    console.print(table)
    if len(contenders) == 1:
        console.print("procrastinate was not measured: see the head of bench/jobs.py")


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--victim", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    logging.getLogger("procrastinate").setLevel(logging.CRITICAL)
    if options.victim:
        name, database_url, owner_database_url = options.victim
        servers = Servers(database_url=database_url, owner_database_url=owner_database_url)
        asyncio.run(be_victim(Ours(servers) if name == Ours.name else Procrastinate(servers)))
        return
    with tempfile.TemporaryDirectory() as folder, running(Path(folder), valkey=False) as servers:
        asyncio.run(compare(servers, options.rounds))


if __name__ == "__main__":
    main()
