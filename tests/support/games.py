"""A shop with games, and short ways to play them: what the worker does, prizes, histories."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from api.sections import SECTIONS
from domain.earning.rules import Activity
from domain.earning.rules_refund_request import Refund
from domain.programmes import queries as programmes
from gamification.prizes import queries as prizes_queries
from gamification.prizes import service as prizes
from gamification.prizes.queries import Paid
from gamification.prizes.rules import Due
from gamification.prizes.section_parts import Prize
from gamification.prizes.service import Flagged, FreezeGiver, Retried
from gamification.subscribers import follow, tick
from kit.clock import MovableClock
from kit.db import Database, Session
from kit.ids import derived_id
from tests.support.automatic import facts_are_ready, until_done
from tests.support.programmes import GOOD
from tests.support.shop import Shop, opened_shop, purchase

REWARDS = """
[rewards]

[[rewards.reward]]
code = "cup"
kind = "voucher"
name = "A cup"
points = "0"
listed = false

[[rewards.reward]]
code = "rare"
kind = "voucher"
name = "A rare cup"
points = "0"
stock = 1
listed = false

[[rewards.reward]]
code = "extra"
kind = "points"
name = "Extra points"
points = "0"
gives = "40"
listed = false
"""
BADGES = """
[badges]

[[badges.badge]]
code = "hero"
name = "Hero"
description = "Somebody to look up to"
criteria = "Won a prize"
"""


def programme(more: str = "", negative: str = '"refuse"') -> str:
    """Return a small programme with rewards and a badge to win; the shop is in New York.

    ``negative`` says what becomes of points that are taken back and spent.
    """
    points = GOOD.replace('expires = "never"', f'expires = "never"\nnegative_balance = {negative}')
    return f"{points}{REWARDS}{BADGES}{more}"


_OF_THE_DRIVER = ("typeinfo_tree", "current_setting")
"""What is in statements by which the driver learns about types, once per connection."""


@contextmanager
def statements(session: Session) -> Iterator[list[str]]:
    """Yield a list that fills with the statements of a session within the block."""
    seen: list[str] = []

    def note(record: Any) -> None:
        if not any(each in record.query for each in _OF_THE_DRIVER):
            seen.append(record.query)

    session.driver.add_query_logger(note)
    yield seen
    session.driver.remove_query_logger(note)


@dataclass(frozen=True)
class Games:
    """A shop whose members play. Each verb is one transaction at the clock's instant."""

    shop: Shop

    @property
    def clock(self) -> MovableClock:
        """The shop's clock."""
        return self.shop.clock

    async def buy(
        self, name: str, member: str, cents: int, at: datetime | None = None, category: str = ""
    ) -> None:
        """Record a purchase of one line, now unless said otherwise."""
        item = purchase(name, member, cents, at or self.clock.now(), category=category)
        (outcome,) = await self.shop.buy(item)
        assert outcome.status == "recorded", outcome

    async def act(self, name: str, member: str, kind: str, at: datetime | None = None) -> None:
        """Record an activity, now unless said otherwise."""
        item = Activity(name, member, kind, at or self.clock.now())
        (outcome,) = await self.shop.act(item)
        assert outcome.status == "recorded", outcome

    async def refund(self, name: str, cents: int | None = None) -> None:
        """Give money of a purchase back now, all that is left of it if nothing is said."""
        now = self.clock.now()
        (outcome,) = await self.shop.refund(Refund(f"r{name}{now}{cents}", name, now, cents))
        assert outcome.status == "recorded", outcome

    async def member(self, name: str) -> UUID:
        """Return a member's id."""
        return (await self.shop.member_ids(name))[0]

    async def points(self, *names: str) -> list[int]:
        """Return what members have."""
        return [(await self.shop.balance(name)).total for name in names]

    async def heard(self, limit: int = 500) -> None:
        """Let the games hear all that was told, and pay all that is due, until nothing is left."""
        while True:
            await facts_are_ready(self.shop)
            done = await until_done(self.shop, follow, limit)
            done += await until_done(self.shop, tick, limit)
            if not done:
                return

    async def due(
        self,
        key: str,
        member: str,
        prize: Prize,
        *,
        pay_from: datetime | None = None,
        budget: tuple[str, int] | None = None,
        at: datetime | None = None,
    ) -> Due:
        """Return what a member has deserved, known by ``key``."""
        id_, now = derived_id("test prize", key), at or self.clock.now()
        member_id = await self.member(member)
        return Due(id_, member_id, "test:prize", prize, now, pay_from or now, budget)

    async def owe(self, *dues: Due) -> None:
        """Owe prizes in one batch."""

        async def work(session: Session) -> None:
            timeline = await programmes.timeline_to_write(session, self.shop.brand.id, SECTIONS)
            await prizes.owe(session, self.clock.now(), self.shop.brand, timeline, dues)

        await self.shop.database.write(work)

    async def undo(self, *dues: Due, reason: str = "it was returned") -> None:
        """Undo prizes in one batch."""

        async def work(session: Session) -> None:
            timeline = await programmes.timeline_to_write(session, self.shop.brand.id, SECTIONS)
            ids = [due.id for due in dues]
            await prizes.undo(session, self.clock.now(), self.shop.brand, timeline, ids, reason)

        await self.shop.database.write(work)

    async def pay(
        self,
        limit: int = 500,
        flagged: Flagged | None = None,
        freezes: FreezeGiver | None = None,
    ) -> int:
        """Pay one batch of prizes."""

        async def work(session: Session) -> int:
            brand, now = self.shop.brand, self.clock.now()
            timeline = await programmes.timeline_to_write(session, brand.id, SECTIONS)
            return await prizes.pay(session, now, brand, timeline, limit, flagged, freezes)

        return await self.shop.database.write(work)

    async def retry(self, *dues: Due) -> list[Retried]:
        """Let staff try refused prizes again."""

        async def work(session: Session) -> list[Retried]:
            ids = [due.id for due in dues]
            return await prizes.retry(session, self.clock.now(), self.shop.brand, ids)

        return await self.shop.database.write(work)

    async def release(self, *names: str) -> None:
        """Let the prizes of members be looked at at once whose review is over."""
        ids, now, brand = await self.shop.member_ids(*names), self.clock.now(), self.shop.brand
        await self.shop.database.write(lambda session: prizes.release(session, now, brand, ids))

    async def prize(self, due: Due) -> Paid:
        """Return a prize as it is now."""
        async with self.shop.database.read() as session:
            found = await prizes_queries.by_ids(session, self.shop.brand.id, [due.id])
        return found[due.id]

    async def states(self, *dues: Due) -> list[tuple[str, str | None]]:
        """Return state and refusal of prizes."""
        found = [await self.prize(due) for due in dues]
        return [(each.state, each.refusal) for each in found]

    async def facts(self, *kinds: str) -> list[tuple[str, dict[str, object]]]:
        """Return what was told of these kinds, in order."""
        async with self.shop.database.read() as session:
            rows = await session.fetch(
                "SELECT kind, payload FROM fact WHERE kind = ANY ($1) ORDER BY id", list(kinds)
            )
        return [(row["kind"], row["payload"]) for row in rows]

    async def later(self, **how_long: int) -> None:
        """Let time pass: ``days=1``."""
        self.clock.set(self.clock.now() + timedelta(**how_long))


async def opened(database: Database, clock: MovableClock, text: str | None = None) -> Games:
    """Open a shop with games, its programme that of `programme` unless said otherwise."""
    return Games(await opened_shop(database, clock, text or programme()))


async def opened_with(
    database: Database, clock: MovableClock, members: Sequence[str], text: str | None = None
) -> Games:
    """Open a shop with games and members, each of whom bought something of 10.00 before."""
    games = await opened(database, clock, text)
    for name in members:
        await games.buy(f"first of {name}", name, 1_000)
    return games
