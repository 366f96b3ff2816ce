"""Takes back what prizes gave, as far as the member still has it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from domain.brands.rules import Brand
from domain.earning.service_prize import PrizeBack, take_prizes
from domain.programmes.rules import Timeline
from domain.rewards.service_cancel import Return, take_return
from gamification.badges.service import Revoke, revoke
from gamification.prizes.rules import Owed, undone
from gamification.prizes.service_give import NOBODY, FreezeGiver, key_of
from kit.db import Session

_NOTHING_LEFT = frozenset({None, "VOUCHER_EXPIRED", "NOT_FULFILLED"})
"""What becomes of the return of something that the member has nothing of: it has ended."""


async def take_points(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    rows: Sequence[Owed],
    reason: str,
) -> list[Owed]:
    """Take points back as a refund does; what the member keeps of them is noted."""
    items = [
        PrizeBack(
            key=key_of(row, "prize back"),
            member_id=row.member_id,
            points=row.amount,
            source=row.journal_id,
            qualifying=row.qualifying,
            on=brand.day(row.paid_at or now),
            rule=row.source,
            reference=str(row.id),
        )
        for row in rows
    ]
    done = await take_prizes(session, now, brand, timeline, items) if items else []
    return [
        replace(
            undone(row, now, reason, kept=False, kept_points=row.kept_points + back.kept),
            taken=row.taken + back.taken,
        )
        for row, back in zip(rows, done, strict=True)
    ]


async def take_rewards(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    rows: Sequence[Owed],
    reason: str,
) -> list[Owed]:
    """Take rewards back that are not used; used ones the member keeps."""
    items = [
        Return(
            key=f"prize {row.redemption_id}",
            redemption_id=row.redemption_id,
            actor=NOBODY,
            reason=reason,
            at_any_time=True,
        )
        for row in rows
        if row.redemption_id is not None
    ]
    outcomes = await take_return(session, now, brand, timeline, items) if items else []
    # One that was taken back before and is still here gave points that were spent.
    used = {
        each.redemption_id
        for each in outcomes
        if each.code not in _NOTHING_LEFT or each.keeps or each.replayed
    }
    return [undone(row, now, reason, kept=row.redemption_id in used) for row in rows]


async def take_badges(
    session: Session, now: datetime, brand: Brand, rows: Sequence[Owed], reason: str
) -> list[Owed]:
    """Revoke badges."""
    items = [Revoke(row.award_id, NOBODY, reason) for row in rows if row.award_id is not None]
    if items:
        await revoke(session, now, brand, items)
    return [undone(row, now, reason, kept=False) for row in rows]


async def take_freezes(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    rows: Sequence[Owed],
    giver: FreezeGiver | None,
) -> list[Owed]:
    """Take freezes back that are not used, of prizes that are undone."""
    keys = [row.freeze_key for row in rows if row.freeze_key is not None]
    if giver and keys:
        await giver.take(session, now, brand, timeline, keys)
    return [replace(row, due_at=None) for row in rows]
