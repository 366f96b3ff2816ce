"""Jobs: they live and die with the caller's transaction, and what is over can be looked at."""

import os
import subprocess
import sys
from datetime import timedelta

import asyncpg
import pytest
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver

from kit import jobs
from kit.clock import SystemClock
from kit.db import Database
from kit.ids import new_id
from kit.log import bind_correlation

COUNT = "SELECT count(*) FROM job.queue"


async def test_rolled_back_transaction_leaves_no_job(
    job_database: Database, job_owner: asyncpg.Connection
) -> None:
    with pytest.raises(ZeroDivisionError):
        async with job_database.transaction() as session:
            await jobs.enqueue(session, "work", [{"n": 1}])
            assert await session.value(COUNT) == 1
            raise ZeroDivisionError

    assert await job_owner.fetchval(COUNT) == 0
    assert await job_owner.fetchval("SELECT count(*) FROM job.log") == 0


async def test_nobody_sees_a_job_before_the_commit(
    job_database: Database, job_owner: asyncpg.Connection
) -> None:
    async with job_database.transaction() as session:
        await jobs.enqueue(session, "work", [{"n": 1}])
        assert await job_owner.fetchval(COUNT) == 0
    assert await job_owner.fetchval(COUNT) == 1


async def test_many_at_once_come_back_in_order(
    job_database: Database, job_owner: asyncpg.Connection
) -> None:
    async with job_database.transaction() as session:
        ids = await jobs.enqueue(session, "work", [{"n": 0}, b'{"n": 1}', {"n": 2, "id": new_id()}])
        assert await jobs.enqueue(session, "work", []) == ()

    rows = await job_owner.fetch("SELECT id, payload FROM job.queue ORDER BY id")
    assert [row["id"] for row in rows] == list(ids)
    assert [jobs.decoded(row["payload"])["n"] for row in rows] == [0, 1, 2]


async def test_may_not_start_before_its_time(
    job_database: Database, job_owner: asyncpg.Connection
) -> None:
    at = SystemClock().now() + timedelta(days=30, microseconds=7)

    async with job_database.transaction() as session:
        await jobs.enqueue(session, "work", [{}], at=at)

    assert await job_owner.fetchval("SELECT execute_after FROM job.queue") == at


async def test_same_key_waits_once_per_name(job_database: Database) -> None:
    async with job_database.transaction() as session:
        first = await jobs.enqueue(session, "work", [{}, {}, {}, {}], dedupe=["a", "a", None, "b"])
        again = await jobs.enqueue(session, "work", [{}, {}], dedupe=["b", "c"])
        other = await jobs.enqueue(session, "rest", [{}], dedupe=["a"])

        assert [number is None for number in (*first, *again, *other)] == (
            [False, True, False, False, True, False, False]
        )
        assert await session.value(COUNT) == 5


async def test_same_key_is_free_again_after_the_job(
    job_database: Database, job_owner: asyncpg.Connection
) -> None:
    async with job_database.transaction() as session:
        await jobs.enqueue(session, "work", [{}], dedupe=["a"])
    await job_owner.execute("DELETE FROM job.queue")

    async with job_database.transaction() as session:
        (number,) = await jobs.enqueue(session, "work", [{}], dedupe=["a"])

    assert number is not None


async def test_carries_the_correlation_id(
    job_database: Database, job_owner: asyncpg.Connection
) -> None:
    with bind_correlation() as correlation:
        async with job_database.transaction() as session:
            await jobs.enqueue(session, "work", [{}, {}])
    async with job_database.transaction() as session:
        await jobs.enqueue(session, "work", [{}])

    rows = await job_owner.fetch("SELECT headers ->> 'correlation_id' FROM job.queue ORDER BY id")
    assert [row[0] for row in rows] == [str(correlation), str(correlation), None]


async def test_forgets_what_is_over_and_keeps_what_is_not(
    job_database: Database, job_owner: asyncpg.Connection
) -> None:
    async with job_database.transaction() as session:
        over, waiting = await jobs.enqueue(session, "work", [{}, {}])
    await job_owner.execute("DELETE FROM job.queue WHERE id = $1", over)
    now = SystemClock().now()

    async with job_database.transaction() as session:
        assert await jobs.forget(session, now - timedelta(days=1)) == 0
        assert await jobs.forget(session, now + timedelta(days=1)) == 1

    assert await job_owner.fetchval("SELECT job_id FROM job.log") == waiting


async def test_tables_are_those_the_library_declares(
    job_database: Database, job_owner: asyncpg.Connection
) -> None:
    del job_database
    plan = await jobs.queries_on(AsyncpgDriver(job_owner)).plan_upgrade()

    assert list(plan.statements) == []


async def test_script_holds_every_statement() -> None:
    script = jobs.install_sql()

    assert all(statement.rstrip(";") in script for statement in jobs.install_statements())


def test_hears_no_environment_variable() -> None:
    foreign = {"QUEUE_TABLE": "other", "CHANNEL": "other", "PGQUEUER_SCHEMA": "other"}
    command = [sys.executable, "-c", "from kit import jobs; print(jobs.install_sql(), end='')"]

    answer = subprocess.run(
        command, env=os.environ | foreign, capture_output=True, text=True, check=True
    )

    assert answer.stdout == jobs.install_sql()
