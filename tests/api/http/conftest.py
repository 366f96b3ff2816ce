"""A client of production, a socket that is accepted, and the look at what sockets leave behind."""

from collections.abc import AsyncIterator

import pytest

from api.runtime import Runtime
from api.tokens import Tokens
from tests.support.client import Client, altered, client_of, serving
from tests.support.live import leaving_nothing
from tests.support.shop import Shop
from tests.support.socket_client import Socket, accepted, opened

SECRET = "a secret that is long enough for anyone"


@pytest.fixture
async def production(runtime: Runtime, grocer: Shop) -> AsyncIterator[Client]:
    """The grocer in production."""
    settings = runtime.settings.model_copy(
        update={"environment": "production", "jwt_key": SECRET, "secret_key": SECRET}
    )
    async with serving(altered(runtime, settings=settings)) as app:
        yield await client_of(app, grocer, Tokens(settings))


@pytest.fixture
async def nothing_left(client: Client) -> AsyncIterator[None]:
    assert client
    async with leaving_nothing():
        yield


@pytest.fixture
async def socket(client: Client, nothing_left: None) -> AsyncIterator[Socket]:
    """An accepted socket of the application."""
    del nothing_left
    async with opened(client.app) as socket:
        assert await accepted(socket) == "graphql-transport-ws"
        yield socket
