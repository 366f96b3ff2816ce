"""A shop whose members bring friends, and short ways to do so."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from api.sections import SECTIONS
from domain.members.rules import MemberChange
from domain.members.service import NewMember, update
from domain.programmes import queries as programmes
from domain.referrals import queries
from domain.referrals.jobs import follow, reward
from domain.referrals.queries import Referral
from domain.referrals.rules_course import State
from domain.referrals.service import (
    Claim,
    ClaimOutcome,
    Review,
    ReviewOutcome,
    claim,
    codes_of,
    review,
)
from kit.clock import MovableClock
from kit.db import Database, Session
from tests.support.programmes import GOOD
from tests.support.shop import Shop, opened_shop

RULES = """
[[earning.rule]]
name = "Brought a friend"
on = "referral"
points = "500"

[[earning.rule]]
name = "Came as a friend"
on = "referred"
points = "200"
"""


def programme(settings: str) -> str:
    """Return a programme with these settings of referrals; the shop is in New York."""
    return f"{GOOD}{RULES}\n[referrals]\n{settings}\n"


@dataclass(frozen=True)
class Friends:
    """Members of a shop who bring others. Each verb is one transaction at the clock's instant."""

    shop: Shop

    async def join(
        self, *names: str, at: datetime | None = None, **attributes: str | float
    ) -> None:
        """Enrol members, now unless said otherwise, of whom all this is known."""
        joined_at = at or self.shop.clock.now()
        newcomers = [NewMember(name, joined_at, attributes=attributes) for name in names]
        await self.shop.enrol(*newcomers)

    async def amend(self, *changes: MemberChange) -> None:
        """Note what else is known of members."""
        now, brand = self.shop.clock.now(), self.shop.brand
        await self.shop.database.write(lambda session: update(session, now, brand, changes))

    async def codes(self, *names: str) -> dict[str, str]:
        """Return members' codes."""

        async def work(session: Session) -> dict[str, str]:
            timeline = await programmes.timeline_to_write(session, self.shop.brand.id, SECTIONS)
            return await codes_of(session, self.shop.clock.now(), self.shop.brand, timeline, names)

        return await self.shop.database.write(work)

    async def claim(self, *items: Claim) -> list[ClaimOutcome]:
        """Name codes, in one batch."""

        async def work(session: Session) -> list[ClaimOutcome]:
            timeline = await programmes.timeline_to_write(session, self.shop.brand.id, SECTIONS)
            return await claim(session, self.shop.clock.now(), self.shop.brand, timeline, items)

        return await self.shop.database.write(work)

    async def bring(
        self, referrer: str, friend: str, followed_at: datetime | None = None
    ) -> ClaimOutcome:
        """Let ``friend`` name the code of ``referrer``."""
        code = (await self.codes(referrer))[referrer]
        (outcome,) = await self.claim(Claim(friend, code, followed_at))
        return outcome

    async def review(self, *items: Review) -> list[ReviewOutcome]:
        """Say what staff say, in one batch."""

        async def work(session: Session) -> list[ReviewOutcome]:
            timeline = await programmes.timeline_to_write(session, self.shop.brand.id, SECTIONS)
            return await review(session, self.shop.clock.now(), self.shop.brand, timeline, items)

        return await self.shop.database.write(work)

    async def heard(self) -> None:
        """Wait until every fact can be read: any older transaction of the server holds them up."""
        waits = (
            "SELECT EXISTS (SELECT FROM fact WHERE xid >= pg_snapshot_xmin(pg_current_snapshot()))"
        )
        async with self.shop.database.alone() as session:
            while await session.value(waits):
                await asyncio.sleep(0.01)

    async def work(self) -> None:
        """Let the worker do all that there is to do."""
        await self.heard()
        now = self.shop.clock.now()
        while await self.shop.database.write(lambda session: follow(session, now, SECTIONS, 7)):
            pass
        while await self.shop.database.write(lambda session: reward(session, now, SECTIONS, 3)):
            pass

    async def referral(self, outcome: ClaimOutcome) -> Referral:
        """Return the referral that came of a claim, as it is now."""
        assert outcome.referral_id is not None
        async with self.shop.database.read() as session:
            found = await queries.referrals(session, self.shop.brand.id, [outcome.referral_id])
        return found[outcome.referral_id]

    async def listed(self, *states: State) -> list[Referral]:
        """Return the brand's referrals in these states, newest first."""
        async with self.shop.database.read() as session:
            return await queries.of_brand(session, self.shop.brand.id, states=states, first=100)

    async def points(self, *names: str) -> list[int]:
        """Return what members have."""
        return [(await self.shop.balance(name)).total for name in names]

    async def facts(self, *kinds: str) -> list[tuple[str, UUID, dict[str, object]]]:
        """Return what was told of these kinds, in order."""
        async with self.shop.database.read() as session:
            rows = await session.fetch(
                "SELECT kind, subject, payload FROM fact WHERE kind = ANY ($1) ORDER BY id",
                list(kinds),
            )
        return [(kind, UUID(subject), payload) for kind, subject, payload in rows]


async def opened(database: Database, clock: MovableClock, settings: str) -> Friends:
    """Open a shop whose members may bring friends."""
    return Friends(await opened_shop(database, clock, programme(settings)))


def states(outcomes: Sequence[ClaimOutcome | ReviewOutcome]) -> list[tuple[str | None, str | None]]:
    """Return state and code of each outcome."""
    return [(outcome.state, outcome.code) for outcome in outcomes]
