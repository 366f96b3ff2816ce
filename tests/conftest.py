"""Fixtures that all tests share: the servers of the run, an empty database, a clock, a shop."""

import os
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest

from kit.clock import MovableClock
from kit.db import Database
from kit.embedded import Servers, running
from tests.support.cluster import cluster, servers_of_cluster  # noqa: F401 - fixtures
from tests.support.coherence import assert_coherent
from tests.support.database import dsn, empty, own_database
from tests.support.shop import Shop, opened_shop

DATA_DIR = Path(os.environ.get("LAUREL_TEST_DATA_DIR", Path(__file__).parents[1] / ".laurel/test"))


@pytest.fixture(scope="session")
def running_servers() -> Iterator[Servers]:
    """PostgreSQL and Valkey, kept warm between runs in one directory."""
    with running(DATA_DIR) as servers:
        yield servers


@pytest.fixture(scope="session")
async def servers(running_servers: Servers) -> AsyncIterator[Servers]:
    """The servers, with a migrated database that only this run uses."""
    async with own_database(running_servers) as mine:
        yield mine


@pytest.fixture(scope="session")
async def admin(servers: Servers) -> AsyncIterator[asyncpg.Connection]:
    """A superuser's connection to the run's database."""
    connection = await asyncpg.connect(dsn(servers.admin_database_url))
    yield connection
    await connection.close()


@pytest.fixture(scope="session")
async def warm(servers: Servers) -> AsyncIterator[Database]:
    """The application's database, whose connections know the run's statements already."""
    database = Database(servers.database_url, pool_size=20)
    yield database
    await database.close()


@pytest.fixture
async def database(warm: Database, admin: asyncpg.Connection) -> AsyncIterator[Database]:
    """The application's database, empty; whoever uses it gives every connection back."""
    await empty(admin)
    yield warm
    assert warm.connections_in_use() == 0


@pytest.fixture
def clock() -> MovableClock:
    """A clock that stands at noon UTC on Monday, 2 March 2026, until it is moved."""
    return MovableClock(datetime(2026, 3, 2, 12, tzinfo=UTC))


@pytest.fixture
async def grocer(database: Database, clock: MovableClock) -> AsyncIterator[Shop]:
    """The grocer's programme: a point per whole dollar, Sephora's tiers. Coherent at the end."""
    yield await opened_shop(database, clock, "grocer")
    await assert_coherent(database)
