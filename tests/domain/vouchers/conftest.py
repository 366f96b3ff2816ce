"""A brand at whose tills vouchers are used."""

from collections.abc import AsyncIterator

import pytest

from kit.clock import MovableClock
from kit.db import Database
from tests.support.vouchers import Desk, broken, opened_desk


@pytest.fixture
async def desk(database: Database, clock: MovableClock) -> AsyncIterator[Desk]:
    """The grocer with one member; its vouchers are sound at the end."""
    yield await opened_desk(database, clock)
    assert await broken(database) == []
