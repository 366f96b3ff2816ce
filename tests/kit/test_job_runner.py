"""The worker: every job at least once, whatever dies; ticks in one worker only."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from kit import jobs
from kit.clock import MovableClock
from kit.db import Database
from kit.embedded import Servers
from kit.job_runner import JobRunner
from kit.log import bind_correlation, correlation_id

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PATIENCE_SECONDS = 20.0

VICTIM = """
import asyncio, sys
from kit.clock import SystemClock
from kit.job_runner import JobRunner

async def hang(payload, now):
    print("running", flush=True)
    await asyncio.sleep(3600)

async def tick(now):
    print("ticking", flush=True)

async def main():
    runner = JobRunner(sys.argv[1], SystemClock(), heartbeat_seconds=1)
    runner.handle("work", hang)
    if "tick" in sys.argv:
        runner.tick("tick", tick, every_seconds=0.1)
    await runner.run(asyncio.Event())

asyncio.run(main())
"""


class Seen:
    """A handler that remembers what it was called with."""

    def __init__(self) -> None:
        self.payloads: list[dict[str, Any]] = []
        self.nows: list[datetime] = []
        self.correlations: list[object] = []

    async def __call__(self, payload: dict[str, Any], now: datetime) -> None:
        """Remember."""
        self.payloads.append(payload)
        self.nows.append(now)
        self.correlations.append(correlation_id())


@pytest.fixture
def runner(job_schema: Servers) -> JobRunner:
    return a_runner(job_schema)


def a_runner(servers: Servers) -> JobRunner:
    return JobRunner(servers.database_url, MovableClock(NOW), heartbeat_seconds=1, concurrency=4)


@asynccontextmanager
async def working(*runners: JobRunner) -> AsyncIterator[asyncio.Event]:
    stop = asyncio.Event()
    tasks = [asyncio.create_task(runner.run(stop)) for runner in runners]
    try:
        yield stop
    finally:
        stop.set()
        await asyncio.wait_for(asyncio.gather(*tasks), PATIENCE_SECONDS)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not true():
            await asyncio.sleep(0.02)


async def until_empty(owner: asyncpg.Connection) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await owner.fetchval("SELECT count(*) FROM job.queue WHERE status <> 'failed'"):
            await asyncio.sleep(0.02)


async def put(database: Database, *payloads: jobs.Payload, name: str = "work") -> None:
    async with database.transaction() as session:
        await jobs.enqueue(session, name, payloads)


async def test_runs_a_committed_job_once_with_what_it_was_given(
    runner: JobRunner, job_database: Database, job_owner: asyncpg.Connection
) -> None:
    seen = Seen()
    runner.handle("work", seen)

    async with working(runner):
        await asyncio.sleep(0.3)
        with bind_correlation() as correlation:
            await put(job_database, {"n": 1})
        await until_empty(job_owner)

    assert seen.payloads == [{"n": 1}]
    assert seen.nows == [NOW]
    assert seen.correlations == [correlation]


async def test_two_workers_share_many_jobs(
    job_schema: Servers, job_database: Database, job_owner: asyncpg.Connection
) -> None:
    first, second, seen = a_runner(job_schema), a_runner(job_schema), Seen()
    first.handle("work", seen)
    second.handle("work", seen)
    await put(job_database, *({"n": number} for number in range(200)))

    async with working(first, second):
        await until_empty(job_owner)

    assert sorted(payload["n"] for payload in seen.payloads) == list(range(200))
    assert len(set(seen.correlations)) == 200


async def test_leaves_jobs_of_other_names_alone(
    runner: JobRunner, job_database: Database, job_owner: asyncpg.Connection
) -> None:
    seen = Seen()
    runner.handle("work", seen)
    await put(job_database, {}, name="other")
    await put(job_database, {})

    async with working(runner):
        await until(lambda: bool(seen.payloads))

    assert await job_owner.fetchval("SELECT entrypoint FROM job.queue") == "other"


async def test_tries_again_later_and_later_then_keeps_the_dead_job(
    runner: JobRunner, job_database: Database, job_owner: asyncpg.Connection
) -> None:
    tries: list[float] = []

    async def fail(payload: dict[str, Any], now: datetime) -> None:
        del payload, now
        tries.append(time.monotonic())
        raise ValueError("partner said no")

    runner.handle("work", fail, tries_max=3, first_delay_seconds=0.3)
    await put(job_database, {"n": 7})
    async with working(runner):
        await until_empty(job_owner)

    assert len(tries) == 3
    assert tries[1] - tries[0] >= 0.3
    assert tries[2] - tries[1] >= 0.6
    async with job_database.read() as session:
        (dead,) = await jobs.dead(session)
    assert (dead.name, dead.payload, dead.tries) == ("work", b'{"n":7}', 3)
    assert dead.error == "ValueError: partner said no"


async def test_revived_job_runs(
    job_schema: Servers, job_database: Database, job_owner: asyncpg.Connection
) -> None:
    failing, mended, seen = a_runner(job_schema), a_runner(job_schema), Seen()

    async def fail(payload: dict[str, Any], now: datetime) -> None:
        raise ValueError(payload, now)

    failing.handle("work", fail, tries_max=1)
    mended.handle("work", seen)
    await put(job_database, {"n": 7})
    async with working(failing):
        await until_empty(job_owner)
    async with job_database.transaction() as session:
        await jobs.revive(session, [dead.id for dead in await jobs.dead(session)])

    async with working(mended):
        await until_empty(job_owner)

    assert seen.payloads == [{"n": 7}]
    assert await job_owner.fetchval("SELECT count(*) FROM job.queue") == 0


async def test_gives_up_what_takes_too_long_and_what_is_no_json(
    runner: JobRunner, job_database: Database, job_owner: asyncpg.Connection
) -> None:
    async def hang(payload: dict[str, Any], now: datetime) -> None:
        del payload, now
        await asyncio.sleep(3600)

    runner.handle("work", hang, tries_max=1, seconds_max=0.1)
    await put(job_database, {}, b"\xff{", b"[]")
    async with working(runner):
        await until_empty(job_owner)

    async with job_database.read() as session:
        errors = sorted(dead.error.split(":")[0] for dead in await jobs.dead(session))
    assert errors == ["JSONDecodeError", "TimeoutError", "ValueError"]


@asynccontextmanager
async def a_victim(
    servers: Servers, *arguments: str, says: bytes
) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", VICTIM, servers.database_url, *arguments, stdout=-1
    )
    try:
        assert process.stdout is not None
        assert await asyncio.wait_for(process.stdout.readline(), PATIENCE_SECONDS) == says
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_job_of_a_killed_worker_is_run_by_another(
    runner: JobRunner,
    job_schema: Servers,
    job_database: Database,
    job_owner: asyncpg.Connection,
) -> None:
    seen = Seen()
    runner.handle("work", seen)
    await put(job_database, {"n": 1})
    async with a_victim(job_schema, says=b"running\n") as victim:
        victim.kill()

    async with working(runner):
        await until_empty(job_owner)

    assert seen.payloads == [{"n": 1}]


async def test_job_that_kills_its_workers_is_given_up(
    runner: JobRunner, job_database: Database, job_owner: asyncpg.Connection
) -> None:
    seen = Seen()
    runner.handle("work", seen)
    await put(job_database, {"n": 1})
    await job_owner.execute(
        """
        INSERT INTO job.log (job_id, status, priority, entrypoint)
        SELECT id, 'picked', 0, 'work' FROM job.queue, generate_series(1, 5);
        UPDATE job.queue SET status = 'picked', heartbeat = now() - interval '1 hour',
            created = now() - interval '1 hour', execute_after = now() - interval '1 hour'
        """
    )

    async with working(runner):
        await until_empty(job_owner)

    async with job_database.read() as session:
        (dead,) = await jobs.dead(session)
    assert dead.error.startswith("CrashedTooOftenError")
    assert seen.payloads == []


async def test_long_job_stays_with_its_worker(
    job_schema: Servers, job_database: Database, job_owner: asyncpg.Connection
) -> None:
    first, second = a_runner(job_schema), a_runner(job_schema)
    begun: list[int] = []

    async def last(payload: dict[str, Any], now: datetime) -> None:
        del now
        begun.append(payload["n"])
        await asyncio.sleep(3)

    first.handle("work", last)
    second.handle("work", last)
    await put(job_database, {"n": 1})
    async with working(first, second):
        await until_empty(job_owner)

    assert begun == [1]


async def test_stop_finishes_the_running_job_and_leaves_the_rest(
    runner: JobRunner, job_database: Database, job_owner: asyncpg.Connection
) -> None:
    begun: list[int] = []
    ended: list[int] = []

    async def work(payload: dict[str, Any], now: datetime) -> None:
        del now
        begun.append(payload["n"])
        await asyncio.sleep(0.5)
        ended.append(payload["n"])

    runner.handle("work", work)
    await put(job_database, *({"n": number} for number in range(20)))
    async with working(runner):
        await until(lambda: bool(begun))

    assert begun
    assert ended == begun
    statuses = await job_owner.fetch("SELECT status FROM job.queue")
    assert [row["status"] for row in statuses] == ["queued"] * (20 - len(ended))


async def test_one_worker_ticks_and_another_takes_over(
    runner: JobRunner, job_schema: Servers, job_database: Database
) -> None:
    del job_database
    ticks: list[datetime] = []

    async def tick(now: datetime) -> None:
        ticks.append(now)

    runner.tick("tick", tick, every_seconds=0.05)
    async with a_victim(job_schema, "tick", says=b"ticking\n") as victim, working(runner):
        await asyncio.sleep(2.5)
        assert ticks == []
        victim.kill()
        await until(lambda: len(ticks) >= 3)

    assert set(ticks) == {NOW}


async def test_ticks_never_overlap_and_survive_errors(
    job_schema: Servers, job_database: Database
) -> None:
    del job_database
    running = 0
    ticks = 0

    async def tick(now: datetime) -> None:
        nonlocal running, ticks
        assert running == 0
        running += 1
        await asyncio.sleep(0.1)
        running -= 1
        ticks += 1
        raise ValueError(now)

    runners = [a_runner(job_schema), a_runner(job_schema)]
    for runner in runners:
        runner.tick("tick", tick, every_seconds=0.01)
    async with working(*runners):
        await until(lambda: ticks >= 5)

    assert running == 0


async def test_carries_on_when_its_connections_are_cut(
    runner: JobRunner,
    job_schema: Servers,
    job_database: Database,
    job_owner: asyncpg.Connection,
) -> None:
    seen = Seen()
    ticks: list[datetime] = []

    async def tick(now: datetime) -> None:
        ticks.append(now)

    runner.handle("work", seen)
    runner.tick("tick", tick, every_seconds=0.1)
    url = make_url(job_schema.admin_database_url).set(drivername="postgresql")
    admin = await asyncpg.connect(url.render_as_string(hide_password=False))
    async with working(runner):
        await put(job_database, {"n": 1})
        await until(lambda: bool(seen.payloads and ticks))
        cut = await admin.fetch(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'laurel worker'"
        )
        before = len(ticks)
        await put(job_database, {"n": 2})
        await until(lambda: {"n": 2} in seen.payloads and len(ticks) > before + 2)
        await until_empty(job_owner)
    await admin.close()

    assert len(cut) >= 2
