"""A shop with boards: short ways to let the worker count, and to look at what is counted."""

import asyncio
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from api.sections import SECTIONS
from domain.programmes import queries as programmes
from gamification.leaderboards import queries_scores as queries
from gamification.leaderboards.jobs_scores import follow, roll, tend
from gamification.leaderboards.queries_scores import Asked, Row, Window
from kit.clock import MovableClock
from kit.db import Database
from tests.support.programmes import GOOD
from tests.support.shop import Shop, opened_shop

_WAIT_SECONDS = 0.01


def board(code: str, settings: str, score: str = "spend") -> str:
    """Return the table of a board."""
    return (
        f'[[leaderboards.board]]\ncode = "{code}"\nname = "{code}"\nscore = "{score}"\n{settings}\n'
    )


@dataclass(frozen=True)
class Boards:
    """A shop whose boards are counted when they are told to be."""

    shop: Shop

    async def heard(self) -> None:
        """Wait until every fact can be read: any older transaction of the server holds them up."""
        waits = (
            "SELECT EXISTS (SELECT FROM fact WHERE xid >= pg_snapshot_xmin(pg_current_snapshot()))"
        )
        async with self.shop.database.alone() as session:
            while await session.value(waits):
                await asyncio.sleep(_WAIT_SECONDS)

    async def work(self, limit: int = 1_000) -> None:
        """Let the worker do all that there is to do."""
        await self.heard()
        await self.tended()
        now, database = self.shop.clock.now(), self.shop.database
        while await database.write(lambda session: follow(session, now, SECTIONS, limit)):
            pass
        await self.tended()

    async def tended(self, limit: int = 3) -> None:
        """Let boards be filled and rolling windows be opened."""
        now, database = self.shop.clock.now(), self.shop.database
        while await database.write(lambda session: roll(session, now, SECTIONS)):
            pass
        while await database.write(lambda session: tend(session, now, SECTIONS, limit)):
            pass

    async def again(self) -> None:
        """Let every fact be told again."""
        async with self.shop.database.transaction() as session:
            await session.fetch("UPDATE fact_cursor SET xid = '0', fact_id = 0")
        await self.work(7)

    async def windows(self, **asked: object) -> list[Window]:
        """Return the shop's windows."""
        async with self.shop.database.read() as session:
            wish = Asked(**asked)  # type: ignore[arg-type]
            return await queries.windows(session, self.shop.brand.id, wish, first=100_000)

    async def current(self, *boards: str) -> list[Window]:
        """Return the windows that boards show now."""
        async with self.shop.database.read() as session:
            timeline = await programmes.timeline(session, self.shop.brand.id, SECTIONS)
            return await queries.current_windows(
                session, self.shop.clock.now(), self.shop.brand, timeline, boards
            )

    async def rows(self, window: Window) -> list[Row]:
        """Return the rows of a window in the order of the board."""
        async with self.shop.database.read() as session:
            return await queries.top(session, window.id, 100_000)

    async def names(self) -> dict[UUID, str]:
        """Return the names of members and teams by their ids."""
        async with self.shop.database.read() as session:
            rows = await session.fetch(
                "SELECT id, external_id FROM member UNION ALL SELECT entity, name FROM board_team"
            )
        return {row[0]: row[1] for row in rows}

    async def top(
        self, board: str, period: str, day: date | None = None, scope: str = ""
    ) -> list[tuple[str, int]]:
        """Return who is on a window, with the scores, in order; empty if there is none."""
        on = day or self.shop.brand.day(self.shop.clock.now())
        found = await self.windows(boards=[board], periods=[period], scopes=[scope], day=on)
        if period == "rolling":
            found = [each for each in found if each.ends_on and (each.ends_on - on).days == 1]
        if not found:
            return []
        (window,) = found
        names = await self.names()
        return [(names[row.entity], row.score) for row in await self.rows(window)]


async def opened(
    database: Database, clock: MovableClock, *boards: str, more: str = "", first: str = ""
) -> Boards:
    """Open a shop in New York with these boards."""
    return Boards(await opened_shop(database, clock, programme(*boards, more=more, first=first)))


def programme(*boards: str, more: str = "", first: str = "") -> str:
    """Return a programme with these boards; ``first`` are settings before the boards."""
    return f"{GOOD}\n{first}\n{''.join(boards)}\n{more}\n"
