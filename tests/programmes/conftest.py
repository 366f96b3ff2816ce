"""Fixtures of golden scenarios: a shop on a programme, coherent at the end."""

from collections.abc import AsyncIterator

import pytest

from kit.clock import MovableClock
from kit.db import Database
from tests.support.coherence import assert_coherent
from tests.support.scenes import Opener, Scene, opened_scene


@pytest.fixture
async def opened(database: Database, clock: MovableClock) -> AsyncIterator[Opener]:
    """Open a shop on a programme and a day; every invariant holds when the test is over."""

    async def work(programme: str, opens: str) -> Scene:
        return await opened_scene(database, clock, programme, opens)

    yield work
    await assert_coherent(database)
