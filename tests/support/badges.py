"""A shop with badges, and short ways to judge and award there."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from api.sections import SECTIONS
from domain.programmes import queries as programmes
from gamification.badges import queries, service
from gamification.badges.rules import needs_tiers
from gamification.badges.service import Award, AwardOutcome, Revoke, Share
from gamification.grounds.queries import ground
from kit.clock import MovableClock
from kit.db import Database, Session
from tests.support.programmes import GOOD
from tests.support.shop import Shop, opened_shop

VISITS = """
[badges]
about = { en = "Sells tea.", vi = "Bán trà." }
url = "https://shop.example"

[[badges.badge]]
code = "visits"
name = { en = "Regular", vi = "Khách quen" }
description = "Comes back."
criteria = { en = "Buy three times, or five.", vi = "Mua ba lần, hoặc năm." }

[badges.badge.goal]
kind = "count"

[[badges.badge.level]]
name = { en = "Bronze", vi = "Đồng" }
target = "3"

[[badges.badge.level]]
name = { en = "Silver", vi = "Bạc" }
target = "5"

[[badges.badge]]
code = "tea"
name = "Tea of the month"
description = "Drinks tea."
criteria = "Spend 10 dollars on tea in a month."
award = "month"
target = "10"
valid_days = 30
on_refund = "keep"

[badges.badge.goal]
kind = "sum"
of = "amount"
categories = ["tea"]

[[badges.badge]]
code = "vib"
name = "VIB"
description = "Is somebody."
criteria = "Become a VIB."
tier = "VIB"

[[badges.badge]]
code = "friend"
name = "Friend of the house"
description = "Helped us."
criteria = "Help us."
picture = "https://shop.example/friend.png"
"""


@dataclass(frozen=True)
class Proud:
    """A shop whose members are awarded badges. Each verb is one transaction."""

    shop: Shop

    async def judge(self, *names: str) -> None:
        """Judge members by all that is known of them."""
        ids = await self.shop.member_ids(*names)
        await self.shop.database.write(lambda session: self.judging(session, ids))

    async def judging(self, session: Session, ids: Sequence[UUID]) -> None:
        """Judge members in a transaction."""
        now, brand = self.shop.clock.now(), self.shop.brand
        timeline = await programmes.timeline_to_write(session, brand.id, SECTIONS)
        tiers = needs_tiers(timeline, brand)
        found = await ground(session, now, brand, timeline, ids, tiers=tiers)
        await service.judge(session, now, found)

    def item(self, key: str, member_id: UUID, badge: str, **other: Any) -> Award:
        """Return an award by hand, now."""
        given = {"level": None, "source": "hand", "actor": "eve", "at": self.shop.clock.now()}
        return Award(key, member_id, badge, **{**given, **other})

    async def award(self, *items: Award) -> list[AwardOutcome]:
        """Award in one batch."""

        async def work(session: Session) -> list[AwardOutcome]:
            brand = self.shop.brand
            timeline = await programmes.timeline_to_write(session, brand.id, SECTIONS)
            return await service.award(session, self.shop.clock.now(), brand, timeline, items)

        return await self.shop.database.write(work)

    async def revoke(self, *items: Revoke) -> list[AwardOutcome]:
        """Revoke in one batch."""
        now, brand = self.shop.clock.now(), self.shop.brand
        return await self.shop.database.write(
            lambda session: service.revoke(session, now, brand, items)
        )

    async def share(self, *items: Share) -> list[AwardOutcome]:
        """Share in one batch."""
        now, brand = self.shop.clock.now(), self.shop.brand
        return await self.shop.database.write(
            lambda session: service.share(session, now, brand, items)
        )

    async def awards(self, name: str, *, revoked: bool = False) -> list[queries.Award]:
        """Return a member's awards, the latest first."""
        (member_id,) = await self.shop.member_ids(name)
        async with self.shop.database.read() as session:
            found = await queries.awards_of(
                session, self.shop.brand.id, [member_id], revoked=revoked
            )
        return found[member_id]

    async def held(self, name: str) -> list[tuple[str, int, str | None]]:
        """Return which badge, level and period a member holds, in order."""
        awards = await self.awards(name)
        slots = [(a.badge, a.level, a.period.isoformat() if a.period else None) for a in awards]
        return sorted(slots, key=str)

    async def facts(self) -> list[tuple[str, str, int, str]]:
        """Return what was told: the kind, the badge, its level, and the source or reason."""
        async with self.shop.database.read() as session:
            rows = await session.fetch(
                "SELECT kind, payload FROM fact WHERE kind LIKE 'Badge%' ORDER BY id"
            )
        return [
            (kind, said["badge"], said["level"], said.get("source") or said["reason"])
            for kind, said in rows
        ]


async def opened(database: Database, clock: MovableClock, badges: str = VISITS) -> Proud:
    """Open a shop with badges."""
    return Proud(await opened_shop(database, clock, f"{GOOD}\n{badges}"))
