"""A Valkey that these tests may empty and kill."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import redis.asyncio

from kit.embedded import running
from kit.valkey import Nodes, opened


@pytest.fixture(scope="session")
def own_valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """The directory and the address of a Valkey of this run's own."""
    directory = tmp_path_factory.mktemp("valkey")
    with running(directory, postgres=False) as servers:
        yield directory, servers.valkey_url


@pytest.fixture
async def home(own_valkey: tuple[Path, str]) -> AsyncIterator[redis.asyncio.Redis]:
    """A client of the empty server."""
    client = opened(own_valkey[1])
    await client.flushall()
    yield client
    await client.aclose()


@pytest.fixture
async def nodes(home: redis.asyncio.Redis) -> AsyncIterator[Nodes]:
    """All servers that hold keys: one."""
    nodes = Nodes(home)
    yield nodes
    await nodes.aclose()
