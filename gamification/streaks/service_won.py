"""Freezes that members win: given, taken back and given again, whatever was used in between."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from domain.brands.rules import Brand
from domain.programmes.rules import Timeline
from gamification.prizes.service import Freezes
from gamification.prizes.service_give import NOBODY
from gamification.streaks import store
from gamification.streaks.service_freezes import Grant, grant_freezes, take_freezes
from kit.db import Session


class WonFreezes:
    """What prizes ask of streaks; see `prizes.service_give.FreezeGiver`."""

    async def give(
        self,
        session: Session,
        now: datetime,
        brand: Brand,
        timeline: Timeline,
        items: Sequence[Freezes],
    ) -> list[str | None]:
        """Give freezes once by their key; those that were taken count again. Return why not."""
        grants = [
            Grant(str(each.key), each.member_id, each.streak, each.count, each.source, NOBODY)
            for each in items
        ]
        outcomes = await grant_freezes(session, now, brand, timeline, grants)
        again = [each.grant_id for each in outcomes if each.code is None and each.replayed]
        if again:
            await store.give_back(session, brand.id, again)
        return [each.code for each in outcomes]

    async def take(
        self,
        session: Session,
        now: datetime,
        brand: Brand,
        timeline: Timeline,
        keys: Sequence[UUID],
    ) -> None:
        """Take back what is not used of freezes that were given by these keys."""
        await take_freezes(session, now, brand, timeline, [str(key) for key in keys])
