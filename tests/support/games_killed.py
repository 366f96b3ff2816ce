"""The worker that judges, counts, pays and shows, and dies wherever it is told to."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import asyncpg

from api.sections import SECTIONS
from gamification import subscribers
from gamification.leaderboards import jobs_close, jobs_scores
from gamification.leaderboards.showing import Shower
from kit.db import Session
from kit.valkey import Call, Nodes
from tests.support.automatic import facts_are_ready, until_done
from tests.support.shop import Shop

T = TypeVar("T")
LONG = timedelta(days=36_500)
"""Valkey's clock is not the shop's: to it all windows here froze long ago."""


class KilledError(BaseException):
    """Somebody pulled the plug."""


@dataclass
class Fate:
    """After so many statements ``how`` strikes: before the next one, during it or after it."""

    left: int
    how: str

    def strike(self, when: str) -> None:
        """Die now, if it is time."""
        if self.left or when != ("after" if self.how == "after" else "before"):
            return
        self.left = -1
        if self.how == "fails":
            raise ValueError("made up")
        if self.how == "cancelled":
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
            return
        raise KilledError


class Doomed(Session):
    """A session whose owner dies."""

    fate: Fate

    def __init__(self, session: Session, fate: Fate) -> None:
        super().__init__(session.connection, session.driver)
        object.__setattr__(self, "fate", fate)

    async def fetch(self, sql: str, *values: object) -> list[asyncpg.Record]:
        return await self._asked(super().fetch(sql, *values))

    async def one(self, sql: str, *values: object) -> asyncpg.Record | None:
        return await self._asked(super().one(sql, *values))

    async def value(self, sql: str, *values: object) -> Any:
        return await self._asked(super().value(sql, *values))

    async def _asked(self, asked: Coroutine[Any, Any, T]) -> T:
        try:
            self.fate.strike("before")
        except BaseException:
            asked.close()
            raise
        answer = await asked
        self.fate.strike("after")
        self.fate.left -= 1
        return answer


class DoomedNodes:
    """Ways to Valkey whose owner dies half-way through what was sent, after so many questions."""

    def __init__(self, nodes: Nodes, left: int) -> None:
        self._nodes, self._left = nodes, left

    def __getattr__(self, name: str) -> Any:
        return getattr(self._nodes, name)

    async def ask(self, calls: Sequence[Call], *more: Any) -> list[Any]:
        """Send some of it and die, if it is time."""
        self._left -= 1
        if self._left < 0:
            await self._nodes.ask(calls[: len(calls) // 2], *more)
            raise KilledError
        return await self._nodes.ask(calls, *more)


Batch = Callable[..., Awaitable[int]]
JOBS: dict[str, tuple[Batch, ...]] = {
    "games": (subscribers.follow, subscribers.tick),
    "boards": (jobs_scores.follow, jobs_scores.tend),
    "close": (jobs_close.tick,),
}
FATES = ("killed", "after", "cancelled", "fails")


@dataclass
class Worker:
    """What the worker's process does, as often and as far as it is told to."""

    shop: Shop
    nodes: Nodes

    async def whole(self, job: str, limit: int) -> int:
        """Do all there is of a job."""
        total = 0
        await facts_are_ready(self.shop)
        for batch in JOBS[job]:
            total += await until_done(self.shop, batch, limit)
        return total

    async def part(self, job: str, limit: int, fate: Fate | None) -> None:
        """Do one batch of each part of a job, and die on the way if that is its fate."""
        for batch in JOBS[job]:

            async def once(batch: Batch = batch) -> None:
                async with self.shop.database.transaction() as session:
                    doomed = Doomed(session, fate) if fate else session
                    await self._call(batch, doomed, limit)

            task = asyncio.ensure_future(once())
            with suppress(KilledError, asyncio.CancelledError, ValueError):
                await task

    async def _call(self, batch: Batch, session: Session, limit: int) -> int:
        return await batch(session, self.shop.clock.now(), SECTIONS, limit)

    async def roll(self) -> int:
        """Open rolling windows."""
        now = self.shop.clock.now()
        return await self.shop.database.write(
            lambda session: jobs_scores.roll(session, now, SECTIONS)
        )

    async def all(self, limit: int) -> None:
        """Do everything until nothing is left."""
        for _ in range(60):
            done = await self.roll() + await self.whole("games", limit)
            done += await self.whole("boards", limit)
            if not done and not await self.missing() & {"games", "boards"}:
                return
        raise AssertionError("the worker never comes to an end")

    async def missing(self) -> set[str]:
        """Return who failed and has not tried again."""
        async with self.shop.database.read() as session:
            rows = await session.fetch(
                "SELECT split_part(subscriber, ' missing ', 1) FROM fact_cursor"
                " WHERE subscriber LIKE '% missing %'"
            )
        return {row[0] for row in rows}

    async def show(self, asks: int | None) -> None:
        """Show boards, as a process that has just begun, which may die after so many asks."""
        if asks is not None:
            doomed: Any = DoomedNodes(self.nodes, asks)
            with suppress(KilledError):
                await Shower(self.shop.database, doomed, audit=LONG).tick(self.shop.clock.now())
            return
        shower = Shower(self.shop.database, self.nodes, audit=LONG)
        await shower.tick(self.shop.clock.now())
        assert not shower.left()
