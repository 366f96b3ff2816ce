"""Hands out what prizes are: points, rewards, badges and freezes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.brands.rules import Brand
from domain.earning.service_prize import PrizePoints, give_prizes
from domain.members import queries as members
from domain.programmes.rules import Timeline
from domain.rewards.service_redeem import Redeem, redeem
from gamification.badges.queries import awards
from gamification.badges.service import Award, award
from gamification.prizes.rules import Owed, paid, refused
from kit.db import LostRaceError, Session
from kit.ids import derived_id

NOBODY = "prizes"
"""Who asks for what nobody asks for."""
REVOKED = "AWARD_REVOKED"
"""The refusal of a badge that somebody of staff revoked when it was this prize before."""
NO_FREEZES = "NO_FREEZES"
"""The refusal of freezes where nobody knows of streaks."""


@dataclass(frozen=True, slots=True)
class Freezes:
    """Freezes of a streak for a member, known by ``key``."""

    key: UUID
    member_id: UUID
    streak: str
    count: int
    source: str


class FreezeGiver(Protocol):
    """Who knows of streaks, which are built upon prizes."""

    async def give(
        self,
        session: Session,
        now: datetime,
        brand: Brand,
        timeline: Timeline,
        items: Sequence[Freezes],
    ) -> Sequence[str | None]:
        """Give freezes; return why not, None for those that are given.

        Each are given once by their key, and given back by it if they were taken.
        """

    async def take(
        self,
        session: Session,
        now: datetime,
        brand: Brand,
        timeline: Timeline,
        keys: Sequence[UUID],
    ) -> None:
        """Take back what is not used of the freezes that were given by these keys."""


def key_of(row: Owed, what: str = "prize") -> UUID:
    """Return the key by which an attempt to pay a prize, or to take it back, is known."""
    return derived_id(what, str(row.id), str(row.attempt))


async def give_points(
    session: Session, now: datetime, brand: Brand, timeline: Timeline, rows: Sequence[Owed]
) -> list[Owed]:
    """Give the points of prizes, less what the member has of them; what counts in full."""
    items = [
        PrizePoints(
            key=key_of(row),
            member_id=row.member_id,
            points=row.left,
            qualifying=row.qualifying,
            rule=row.source,
            reference=str(row.id),
        )
        for row in rows
    ]
    journals = await give_prizes(session, now, brand, timeline, items) if items else []
    return [
        replace(paid(row, now), amount=row.left, journal_id=journal_id, given=row.given + row.left)
        for row, journal_id in zip(rows, journals, strict=True)
    ]


async def give_rewards(
    session: Session, now: datetime, brand: Brand, timeline: Timeline, rows: Sequence[Owed]
) -> list[Owed]:
    """Give rewards as those that nobody asks for are given; what the catalogue refuses is kept."""
    if not rows:
        return []
    people = await members.by_ids(session, brand.id, list({row.member_id for row in rows}))
    items = [
        Redeem(
            key=f"prize {row.id} {row.attempt}",
            member=people[row.member_id].external_id,
            reward=row.code or "",
            requested_by=NOBODY,
            occasion=f"prize {row.id}",
        )
        for row in rows
    ]
    outcomes = await redeem(session, now, brand, timeline, items)
    if any(outcome.replayed for outcome in outcomes):
        # Prizes are locked, and not paid: somebody went past them.
        raise LostRaceError
    return [
        refused(row, outcome.code)
        if outcome.code is not None
        else replace(paid(row, now), redemption_id=outcome.redemption_id)
        for row, outcome in zip(rows, outcomes, strict=True)
    ]


async def give_badges(
    session: Session, now: datetime, brand: Brand, timeline: Timeline, rows: Sequence[Owed]
) -> list[Owed]:
    """Award badges; what the badge refuses is kept with why.

    One that this prize was before, and that somebody revoked, is not won again (AWARD_REVOKED).
    """
    if not rows:
        return []
    before = await awards(session, brand.id, [row.award_id for row in rows if row.award_id])
    lost = {id_ for id_, each in before.items() if each.revoked_by not in (None, NOBODY)}
    after = [refused(row, REVOKED) for row in rows if row.award_id in lost]
    rows = [row for row in rows if row.award_id not in lost]
    items = [
        Award(
            key=f"prize {row.id} {row.attempt}",
            member_id=row.member_id,
            badge=row.code or "",
            level=row.count,
            source=row.source,
            actor=NOBODY,
            at=min(row.deserved_at, now),
        )
        for row in rows
    ]
    outcomes = await award(session, now, brand, timeline, items)
    return after + [
        refused(row, outcome.code)
        if outcome.code is not None
        else replace(paid(row, now), award_id=outcome.award_id)
        for row, outcome in zip(rows, outcomes, strict=True)
    ]


async def give_freezes(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    rows: Sequence[Owed],
    giver: FreezeGiver | None,
) -> list[Owed]:
    """Give freezes of streaks."""
    if not rows:
        return []
    if giver is None:
        return [refused(row, NO_FREEZES) for row in rows]
    items = [
        Freezes(
            # The same for all attempts: what was used before is not given again.
            derived_id("prize freezes", str(row.id)),
            row.member_id,
            row.code or "",
            row.count or 0,
            row.source,
        )
        for row in rows
    ]
    codes = await giver.give(session, now, brand, timeline, items)
    return [
        refused(row, code) if code is not None else replace(paid(row, now), freeze_key=item.key)
        for row, item, code in zip(rows, items, codes, strict=True)
    ]
