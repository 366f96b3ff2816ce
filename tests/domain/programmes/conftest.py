"""A real PostgreSQL with the whole schema, for the tests of applied programmes."""

from collections.abc import AsyncIterator, Iterator

import pytest

from kit.db import Database
from kit.embedded import Servers, running
from migrations.run import upgrade


@pytest.fixture(scope="session")
def programme_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    with running(tmp_path_factory.mktemp("programmes"), valkey=False) as servers:
        yield servers


@pytest.fixture(scope="session")
async def programme_schema(programme_servers: Servers) -> Servers:
    await upgrade(programme_servers.owner_database_url, programme_servers.database_url)
    return programme_servers


@pytest.fixture
async def programme_database(programme_schema: Servers) -> AsyncIterator[Database]:
    database = Database(programme_schema.database_url, pool_size=4)
    yield database
    await database.close()
