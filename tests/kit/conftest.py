"""A real PostgreSQL with the schema `job`, for the tests of jobs."""

from collections.abc import AsyncIterator, Iterator

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from kit import jobs
from kit.db import Database
from kit.embedded import Servers, running


@pytest.fixture(scope="session")
def job_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    with running(tmp_path_factory.mktemp("jobs"), valkey=False) as servers:
        yield servers


@pytest.fixture(scope="session")
async def job_schema(job_servers: Servers) -> Servers:
    engine = create_async_engine(job_servers.owner_database_url)
    async with engine.begin() as connection:
        for statement in [*jobs.install_statements(), *jobs.grant_statements("laurel_app")]:
            await connection.execute(text(statement))
    await engine.dispose()
    return job_servers


@pytest.fixture
async def job_owner(job_schema: Servers) -> AsyncIterator[asyncpg.Connection]:
    url = make_url(job_schema.owner_database_url).set(drivername="postgresql")
    connection = await asyncpg.connect(url.render_as_string(hide_password=False))
    yield connection
    await connection.close()


@pytest.fixture
async def job_database(
    job_schema: Servers, job_owner: asyncpg.Connection
) -> AsyncIterator[Database]:
    await job_owner.execute("TRUNCATE job.queue, job.log")
    database = Database(job_schema.database_url, pool_size=4)
    yield database
    await database.close()
