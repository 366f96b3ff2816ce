"""What one operation reads: one snapshot of the database, over one connection, in turns.

A home screen shows a balance, a tier and movements that were true at the same instant. The
connection is taken with the first read and given back when the operation ends.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, TypeVar

from kit.db import Database, Session
from kit.tasks import completed

T = TypeVar("T")


class Reads:
    """The reads of one operation; resolvers and loaders that run at once wait for each other."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._turn = asyncio.Lock()
        self._open = AsyncExitStack()
        self._session: Session | None = None
        self._readers: set[asyncio.Task[Any]] = set()
        self._over = False

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Session]:
        """Open the session for one reader. Don't wait in it for what another reader brings.

        Once closed, raises CancelledError: nobody waits any more for whoever comes then.
        """
        async with self._alone():
            if self._session is None:
                self._session = await self._open.enter_async_context(self._database.read())
            try:
                yield self._session
            except BaseException:
                # A failed statement ends its snapshot; the others begin another one.
                await self._end()
                raise

    async def apart(self, work: Callable[[Session], Awaitable[T]]) -> T:
        """Run ``work`` in a transaction of its own, for what is made when it is first asked for.

        Nobody holds a connection and waits for another one: the snapshot ends before, and what is
        read later is a new one. Once closed, raises CancelledError as `session`.
        """
        async with self._alone():
            await self._end()
            return await self._database.write(work)

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        # A loader's batch is a task of its own: whoever gives up waiting for it doesn't end it.
        task = asyncio.current_task()
        if task is None:
            raise AssertionError
        self._readers.add(task)
        try:
            async with self._turn:
                if self._over:
                    # A batch that had waited for another one; nobody would end what it opens.
                    raise asyncio.CancelledError
                yield
        finally:
            self._readers.discard(task)

    async def close(self) -> None:
        """End the reads under way, for which nobody waits any more, and the snapshot for good."""
        self._over = True
        for task in self._readers:
            task.cancel()
        if self._session is not None or self._readers:
            # Whoever leaves may be ended more than once.
            await completed(self._last())

    async def _last(self) -> None:
        async with self._turn:
            await self._end()

    async def _end(self) -> None:
        self._session = None
        await self._open.aclose()
