"""The application on the test's database, and two brands that must not see each other."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import redis.asyncio
from starlette.applications import Starlette

from api.runtime import Runtime
from api.tokens import Tokens
from kit.clock import MovableClock
from kit.db import Database
from kit.embedded import Servers
from kit.settings import Settings
from tests.support.client import THRIFTY, Client, changed, client_of, on_valkey, serving
from tests.support.served import pages, production, site  # noqa: F401 - fixtures
from tests.support.shop import Shop, opened_shop


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Development, with an empty data directory, and enough for all tests of one address."""
    return Settings(environment="development", data_dir=tmp_path, allowance=100)


@pytest.fixture
async def runtime(
    settings: Settings, servers: Servers, database: Database, clock: MovableClock
) -> AsyncIterator[Runtime]:
    """The parts of a process, on the test's database and clock."""
    valkey = redis.asyncio.from_url(servers.valkey_url)
    runtime = Runtime(settings, servers, database, clock, valkey)
    yield runtime
    await runtime.nodes.aclose()
    await valkey.aclose()


@pytest.fixture
async def app(runtime: Runtime) -> AsyncIterator[Starlette]:
    """The application, started."""
    async with serving(runtime) as app:
        yield app


@pytest.fixture
async def client(app: Starlette, runtime: Runtime, grocer: Shop) -> Client:
    """A client of the grocer."""
    return await client_of(app, grocer, Tokens(runtime.settings))


@pytest.fixture
async def other(
    app: Starlette, runtime: Runtime, database: Database, clock: MovableClock
) -> Client:
    """A client of another brand."""
    shop = await opened_shop(database, clock, "coffee")
    return await client_of(app, shop, Tokens(runtime.settings))


@pytest.fixture(params=["valkey", "valkey away"])
async def thrifty(
    request: pytest.FixtureRequest, runtime: Runtime, grocer: Shop
) -> AsyncIterator[Client]:
    """A client whose allowances are a tenth of the usual ones, with Valkey and without."""
    async with AsyncExitStack() as stack:
        if request.param == "valkey away":
            runtime = await stack.enter_async_context(on_valkey(runtime))
        yield await stack.enter_async_context(changed(runtime, grocer, allowance=THRIFTY))
