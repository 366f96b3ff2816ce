"""A shop with challenges, and short ways to judge, join and look there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from api.sections import SECTIONS
from domain.programmes import queries as programmes
from domain.wallets.queries import books
from domain.wallets.store import lock_members
from gamification.challenges import queries, service
from gamification.challenges.jobs import spread
from gamification.challenges.queries import BarView, ChallengeView
from gamification.challenges.service_join import Joining, JoinOutcome, join, leave
from gamification.grounds.queries import ground
from gamification.prizes import service as prizes
from kit.clock import MovableClock
from kit.db import Database, Session
from tests.support.programmes import GOOD
from tests.support.shop import Shop, opened_shop

Row = tuple[str, str, str, str, int, datetime, int, str]
"""Member, challenge, window, level, round, reached at, points, state."""


def challenge(code: str, goal: str, more: str = "", prize: str = "", *, levels: str = "") -> str:
    """Return a challenge with one goal; ``more`` are its own settings."""
    won = f"[[challenges.challenge.prize]]\n{prize}\n" if prize else ""
    return (
        f'[[challenges.challenge]]\ncode = "{code}"\nname = "{code.title()}"\n{more}\n'
        f"[[challenges.challenge.goal]]\n{goal}\n{won}{levels}\n"
    )


def level(code: str, target: str, more: str = "", prize: str = "") -> str:
    """Return a level of a challenge with one goal."""
    won = f"[[challenges.challenge.level.prize]]\n{prize}\n" if prize else ""
    return f'[[challenges.challenge.level]]\ncode = "{code}"\ntargets = ["{target}"]\n{more}\n{won}'


@dataclass(frozen=True)
class Games:
    """A shop with challenges. Each verb is one transaction at the clock's instant."""

    shop: Shop

    async def judge(self, *names: str) -> None:
        """Judge members by all that is known of them."""

        async def work(session: Session) -> None:
            brand, now = self.shop.brand, self.shop.clock.now()
            timeline = await programmes.timeline_to_write(session, brand.id, SECTIONS)
            accounts = await books(session, brand.id)
            assert accounts is not None
            ids = [
                row["id"]
                for row in await session.fetch(
                    "SELECT id FROM member WHERE brand_id = $1 AND external_id = ANY ($2)",
                    brand.id,
                    list(names),
                )
            ]
            await lock_members(session, brand.id, accounts.asset_id, ids)
            tiers = service.asks_tiers(timeline, brand)
            judged = await ground(session, now, brand, timeline, ids, tiers=tiers)
            await service.judge(session, now, judged)

        await self.shop.database.write(work)

    async def spread(self, limit: int = 500) -> int:
        """Tell everyone of bars; return how many were told."""
        total = 0
        while done := await self.shop.database.write(
            lambda session: spread(session, self.shop.clock.now(), SECTIONS, limit)
        ):
            total += done
        return total

    async def pay(self) -> int:
        """Pay all prizes that are due."""

        async def work(session: Session) -> int:
            brand = self.shop.brand
            timeline = await programmes.timeline_to_write(session, brand.id, SECTIONS)
            return await prizes.pay(session, self.shop.clock.now(), brand, timeline, 500)

        return await self.shop.database.write(work)

    async def join(self, *items: Joining) -> list[JoinOutcome]:
        """Let members join."""

        async def work(session: Session) -> list[JoinOutcome]:
            timeline = await programmes.timeline_to_write(session, self.shop.brand.id, SECTIONS)
            return await join(session, self.shop.clock.now(), self.shop.brand, timeline, items)

        return await self.shop.database.write(work)

    async def leave(self, *items: Joining) -> list[JoinOutcome]:
        """Let members leave."""

        async def work(session: Session) -> list[JoinOutcome]:
            timeline = await programmes.timeline_to_write(session, self.shop.brand.id, SECTIONS)
            return await leave(session, self.shop.clock.now(), self.shop.brand, timeline, items)

        return await self.shop.database.write(work)

    async def rows(self) -> list[Row]:
        """Return all completions as they are written down, in order of time."""
        async with self.shop.database.read() as session:
            rows = await session.fetch(
                "SELECT m.external_id, challenge, window_key, level, round, reached_at, points,"
                " state FROM challenge_completion c JOIN member m ON m.id = c.member_id"
                " ORDER BY reached_at, m.external_id, challenge, window_key, level, round"
            )
        return [tuple(row) for row in rows]

    async def won(self) -> list[tuple[str, str, str, str | None, bool]]:
        """Return member, source, state, refusal and whether it was paid of all prizes."""
        async with self.shop.database.read() as session:
            rows = await session.fetch(
                "SELECT m.external_id, source, state, refusal, paid_at IS NOT NULL FROM prize_due p"
                " JOIN member m ON m.id = p.member_id ORDER BY deserved_at, m.external_id, source"
            )
        return [tuple(row) for row in rows]

    async def progress(self, name: str) -> dict[str, ChallengeView]:
        """Return how far a member is, by challenge."""
        (member_id,) = await self.shop.member_ids(name)
        async with self.shop.database.read() as session:
            brand = self.shop.brand
            timeline = await programmes.timeline(session, brand.id, SECTIONS)
            found = await queries.progress(
                session, self.shop.clock.now(), brand, timeline, [member_id]
            )
        return {each.code: each for each in found[member_id]}

    async def bars(self, *teams: str) -> list[BarView]:
        """Return the bars that are shared."""
        async with self.shop.database.read() as session:
            brand = self.shop.brand
            timeline = await programmes.timeline(session, brand.id, SECTIONS)
            return await queries.community(session, self.shop.clock.now(), brand, timeline, teams)

    async def facts(self) -> list[tuple[str, dict[str, Any]]]:
        """Return kind and payload of what was told of challenges, in order."""
        async with self.shop.database.read() as session:
            rows = await session.fetch(
                "SELECT kind, payload FROM fact WHERE starts_with(kind, 'Challenge') ORDER BY id"
            )
        return [tuple(row) for row in rows]


async def played(database: Database, clock: MovableClock, *challenges: str) -> Games:
    """Open a shop in New York with these challenges."""
    return Games(await opened_shop(database, clock, GOOD + "\n" + "\n".join(challenges)))


def told(outcomes: Sequence[JoinOutcome]) -> list[tuple[str | None, bool]]:
    """Return code and whether it was replayed of each outcome."""
    return [(each.code, each.replayed) for each in outcomes]
