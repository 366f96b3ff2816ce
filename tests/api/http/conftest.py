"""A socket that is accepted, and the look at what sockets leave behind."""

from collections.abc import AsyncIterator

import pytest

from tests.support.client import Client
from tests.support.live import leaving_nothing
from tests.support.socket_client import Socket, accepted, opened


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
