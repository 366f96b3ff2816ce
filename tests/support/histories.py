"""Made-up histories of a shop through the live verbs, and what they left behind in the database."""

import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from api.sections import SECTIONS
from domain.earning.rules import Activity, Line, Purchase
from domain.earning.rules_refund_request import Refund
from domain.earning.section import EarningSection
from domain.earning.service_adjust import Correction, adjust_points
from domain.earning.service_release import Earning, release_points
from domain.expiry.service_member import amend
from domain.expiry.service_spend import give_back
from domain.expiry.service_status import Status, grant_status, revoke_status
from domain.gifts.rules import NewGift
from domain.gifts.section import GiftsSection
from domain.gifts.service import give
from domain.ledger.rules import Kind, Resolution
from domain.members.rules import MemberChange
from domain.members.section import EnrolmentSection
from domain.members.service import NewMember
from domain.metrics.queries import Figures, figures
from domain.programmes import queries as programmes
from domain.tiers.section import TiersSection
from domain.wallets.jobs import expire_holds, expire_lots
from domain.wallets.section import PointsSection
from domain.wallets.service_give_back import GiveBack
from domain.wallets.service_hold import Hold
from kit.clock import MovableClock
from kit.db import Session
from kit.ids import derived_id
from tests.support.shop import Shop

BEGIN = datetime(2026, 1, 5, 9, tzinfo=UTC)
NAMES = ("ann", "bea", "cleo", "dan", "eve", "fay")
CATEGORIES = ("groceries", "pharmacy", "coffee", "gift card", "garden")
REGIONS = (None, "CA-ON", "CA-QC", "US-NY", "HK")

_LOTS = """
SELECT m.external_id, l.remaining + l.held AS left_over, l.earned_at, l.available_at, l.expires_at
FROM lot l JOIN wallet w USING (account_id) JOIN member m ON m.id = w.member_id
WHERE l.remaining + l.held > 0 AND (l.expires_at IS NULL OR l.expires_at > $1)
ORDER BY 1, 3, 4, 5, 2
"""
_WALLETS = """
SELECT m.external_id, b.cr - b.dr AS points, w.debt, w.owed, w.forgiven
FROM wallet w JOIN member m ON m.id = w.member_id JOIN balance b USING (account_id) ORDER BY 1
"""


@dataclass
class Historian:
    """Does what chance says in a shop, one thing after another, and remembers what can follow."""

    shop: Shop
    clock: MovableClock
    chance: random.Random
    step: timedelta = timedelta(hours=60)
    number: int = 0
    bought: list[Purchase] = field(default_factory=list)
    acted: list[Activity] = field(default_factory=list)
    holds: list[tuple[int, int]] = field(default_factory=list)
    spent: list[tuple[int, int]] = field(default_factory=list)
    grants: list[UUID] = field(default_factory=list)

    async def go_on(self, steps: int) -> None:
        """Let so many things happen."""
        await self._enrol()
        ways = (
            [self._buy] * 10
            + [self._act] * 3
            + [self._refund] * 3
            + [self._hold] * 3
            + [self._settle] * 3
            + [self._return] * 2
            + [self._correct, self._grant, self._revoke, self._move, self._release]
            + ([self._give] * 3 if self._document.find(GiftsSection) else [])
        )
        for _ in range(steps):
            self.clock.move(self.step * self.chance.uniform(0.01, 2))
            await self.chance.choice(ways)()

    async def begin(self) -> None:
        """Read what the programme speaks of."""
        async with self.shop.database.read() as session:
            timeline = await programmes.timeline(session, self.shop.brand.id, SECTIONS)
        self._document = timeline.programmes[0].document
        rules = self._document.section(EarningSection).rule
        self._kinds = sorted({each.on for each in rules if each.on != "purchase"} | {"walk"})
        tiers = self._document.find(TiersSection)
        self._tiers = [
            (ladder.code, tier.name)
            for ladder in (tiers.ladder if tiers else ())
            for tier in ladder.tier
        ]

    def _next(self, word: str) -> str:
        self.number += 1
        return f"{word}-{self.number}"

    def _when(self) -> datetime:
        late = self.chance.choice([0, 0, 0, 1, 20, 200, 1500])
        return self.clock.now() - timedelta(hours=late * self.chance.random())

    async def _enrol(self) -> None:
        known = [
            NewMember(
                name,
                BEGIN - timedelta(days=self.chance.randrange(400)),
                birthday=date(1990, self.chance.randrange(1, 13), 15),
                region=self.chance.choice(REGIONS),
                attributes={"vip": self.chance.random() < 0.5},
            )
            for name in NAMES[:4]
        ]
        await self.shop.enrol(*known)

    async def _buy(self) -> None:
        await self.begin()
        names = NAMES if self._enrols else NAMES[:4]
        lines = tuple(
            Line(
                self.chance.choice([0, 99, 450, 3_000, 25_000]),
                self.chance.choice([0, 0, 100]),
                1,
                "sku",
                self.chance.choice(CATEGORIES),
            )
            for _ in range(self.chance.randrange(1, 4))
        )
        some = [
            Purchase(
                self._next("p"),
                self.chance.choice(names),
                self._when(),
                self.shop.brand.currency,
                lines,
                self.chance.choice(["store", "app"]),
            )
            for _ in range(self.chance.choice([1, 1, 3]))
        ]
        some.sort(key=lambda each: each.occurred_at)
        done = await self.shop.buy(*some)
        self.bought += [
            each for each, one in zip(some, done, strict=True) if one.status == "recorded"
        ]

    @property
    def _enrols(self) -> bool:
        return self._document.section(EnrolmentSection).on_first_purchase

    async def _act(self) -> None:
        await self.begin()
        done = Activity(
            self._next("a"),
            self.chance.choice(NAMES[:4]),
            self.chance.choice(self._kinds),
            self._when(),
            self.chance.choice([0, 1_000, 9_900]),
            attributes={"store": "main", "legs": 2, "nights": 3, "distance": 700},
        )
        (outcome,) = await self.shop.act(done)
        if outcome.status == "recorded":
            self.acted.append(done)

    async def _refund(self) -> None:
        if not self.bought:
            return
        purchase = self.chance.choice(self.bought[-12:])
        amount = self.chance.choice([None, purchase.amount // 3 or None])
        earliest, now = purchase.occurred_at, self.clock.now()
        at = earliest + (now - earliest) * self.chance.choice([1.0, 1.0, 0.5])
        await self.shop.refund(Refund(self._next("r"), purchase.external_id, at, amount))

    async def _hold(self) -> None:
        name = self.chance.choice(NAMES[:4])
        (member_id,) = await self.shop.member_ids(name)
        has = (await self.shop.balance(name)).spendable
        if not has:
            return
        points = max(1, has * self.chance.choice([1, 2, 4]) // 4)
        key = derived_id("hold", self._next("h"))
        deadline = self.clock.now() + timedelta(days=self.chance.choice([2, 9, 60]))
        (outcome,) = await self.shop.hold(Hold(key, member_id, points, deadline, "test"))
        if outcome.hold_id is not None:
            self.holds.append((outcome.hold_id, points))

    async def _settle(self) -> None:
        if not self.holds:
            return
        hold_id, points = self.holds.pop(self.chance.randrange(len(self.holds)))
        key = derived_id("settle", str(hold_id))
        kind = self.chance.choice([Kind.POST, Kind.POST, Kind.VOID])
        amount = self.chance.choice([None, max(1, points // 2)]) if kind is Kind.POST else None
        code = "redemption" if kind is Kind.POST else "void"
        (outcome,) = await self.shop.settle(Resolution(key, hold_id, kind, code, amount))
        if outcome.transfer_ids and kind is Kind.POST:
            self.spent.append((hold_id, points if amount is None else amount))

    async def _return(self) -> None:
        if not self.spent:
            return
        hold_id, points = self.spent.pop(self.chance.randrange(len(self.spent)))
        part = max(1, points // self.chance.choice([1, 1, 3]))
        if part < points:
            self.spent.append((hold_id, points - part))
        key = derived_id("return", self._next("b"))
        await self._write(give_back, GiveBack(key, hold_id, part, "test", ""))

    async def _give(self) -> None:
        giver, receiver = self.chance.sample(NAMES[:4], 2)
        has = (await self.shop.balance(giver)).spendable
        points = max(1, has // self.chance.choice([1, 2, 5]))
        await self._write(give, NewGift(self._next("gift"), giver, receiver, points))

    async def _correct(self) -> None:
        end = self.chance.choice([None, None, self.clock.now() + timedelta(days=45)])
        points = self.chance.choice([50, 700, -30, -400]) * 10**self._scale
        item = Correction(
            self._next("c"),
            self.chance.choice(NAMES[:4]),
            points,
            "because",
            "staff",
            end if points > 0 else None,
            self.chance.random() < 0.5,
        )
        await self._write(adjust_points, item)

    @property
    def _scale(self) -> int:
        return self._document.section(PointsSection).scale

    async def _grant(self) -> None:
        await self.begin()
        if not self._tiers:
            return
        ladder, tier = self.chance.choice(self._tiers)
        now = self.clock.now()
        starts = self.chance.choice([None, now + timedelta(days=10)])
        ends = self.chance.choice([None, now + timedelta(days=70)])
        item = Status(
            self._next("g"),
            self.chance.choice(NAMES[:4]),
            tier,
            "kind",
            "staff",
            ladder,
            starts,
            ends,
        )
        (outcome,) = await self._write(grant_status, item)
        if outcome.grant is not None:
            self.grants.append(outcome.grant.id)

    async def _revoke(self) -> None:
        if self.grants:
            gone = self.grants.pop()
            await self._write(revoke_status, gone)

    async def _move(self) -> None:
        change = MemberChange(self.chance.choice(NAMES[:4]), region=self.chance.choice(REGIONS))
        await self._write(amend, change)

    async def _release(self) -> None:
        if self.bought:
            purchase = self.chance.choice(self.bought[-12:])
            item = Earning("purchase", purchase.external_id)

            async def work(session: Session) -> object:
                return await release_points(session, self.clock.now(), self.shop.brand, [item])

            await self.shop.database.write(work)

    async def _write(self, verb: Callable[..., Awaitable[Any]], item: object) -> Any:
        async def work(session: Session) -> Any:
            timeline = await programmes.timeline_to_write(session, self.shop.brand.id, SECTIONS)
            return await verb(session, self.clock.now(), self.shop.brand, timeline, [item])

        return await self.shop.database.write(work)


async def book_what_ended(shop: Shop) -> None:
    """Let the worker's jobs book all that time has done."""
    for job in (expire_holds, expire_lots):
        work = partial(_booked, job, shop.clock.now())
        while await shop.database.write(work):
            pass


async def _booked(
    job: Callable[[Session, datetime], Awaitable[int]], now: datetime, session: Session
) -> int:
    return await job(session, now)


async def live_figures(shop: Shop, ends: Sequence[datetime]) -> list[Figures]:
    """Return the brand's figures at the end of each month."""
    async with shop.database.read() as session:
        timeline = await programmes.timeline(session, shop.brand.id, SECTIONS)
        return [await figures(session, shop.brand, timeline, each) for each in ends]


async def live_lots(shop: Shop, at: datetime) -> list[tuple[Any, ...]]:
    """Return what is left of members' lots that have not ended."""
    async with shop.database.read() as session:
        return [tuple(row) for row in await session.fetch(_LOTS, at)]


async def live_wallets(shop: Shop) -> dict[str, tuple[int, ...]]:
    """Return what members have in the books, owe, and owe once a hold ends."""
    async with shop.database.read() as session:
        return {name: tuple(rest) for name, *rest in await session.fetch(_WALLETS)}
