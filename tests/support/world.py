"""Where state machines live: they are no coroutines, so they bring an event loop of their own."""

import asyncio
import os
from collections.abc import Awaitable
from types import TracebackType
from typing import Self, TypeVar

import asyncpg
from hypothesis import HealthCheck, settings

from kit.db import Database
from kit.embedded import Servers
from tests.support.database import dsn

T = TypeVar("T")


def bounded(examples: int, steps: int) -> settings:
    """Return the settings of a state machine; in CI it takes the same ways each time."""
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        derandomize="CI" in os.environ,
        print_blob=True,
        # They measure the machine: under load an example is slow, not wrong.
        suppress_health_check=list(HealthCheck),
    )


class World:
    """What outlives an example: an event loop and connections to the run's database."""

    def __init__(self, servers: Servers) -> None:
        self._servers = servers

    def __enter__(self) -> Self:
        # A loop of its own that is never the thread's current one: that is pytest's.
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self.admin = self.run(asyncpg.connect(dsn(self._servers.admin_database_url)))
        self.database = self.run(self._connect())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.run(self.database.close())
        self.run(self.admin.close())
        self._runner.close()

    async def _connect(self) -> Database:
        return Database(self._servers.database_url, pool_size=2)

    def run(self, work: Awaitable[T]) -> T:
        """Wait for ``work`` to be done."""

        async def whole() -> T:
            return await work

        return self._runner.run(whole())
