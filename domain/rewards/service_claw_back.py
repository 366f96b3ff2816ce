"""Takes back the points that redemptions gave, as a refund takes back what a purchase earned."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from domain.brands.rules import Brand
from domain.programmes.rules import Timeline
from domain.rewards.rules_steps import Redemption
from domain.wallets import store as wallets
from domain.wallets.queries import books
from domain.wallets.section import PointsSection
from domain.wallets.service_take_back import ClawBack, take_back
from kit.db import Session
from kit.ids import derived_id


def points_key(redemption_id: UUID) -> UUID:
    """Return the key of the accrual by which a redemption gives points."""
    return derived_id("redemption points", str(redemption_id))


async def take_points(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    redemptions: Collection[Redemption],
) -> set[UUID]:
    """Take back the points that these redemptions gave; return those of which something is kept.

    What is spent becomes a debt by the policy of the programme in force, or is kept. The caller
    holds the wallets' locks and has seen that nothing was taken back before.
    """
    gave = {points_key(each.id): each for each in redemptions if each.kind == "points"}
    accounts, programme = await books(session, brand.id), timeline.at(now)
    if not gave or accounts is None or programme is None:
        return set()
    items, of = await _items(session, now, brand, gave)
    gone = await wallets.lost(session, now, [item.source for item in items])
    policy = programme.document.section(PointsSection).negative_balance
    done = await take_back(session, now, brand, accounts, items, policy)
    kept = set()
    for item, redemption_id, taken in zip(items, of, done, strict=True):
        ended = gone[item.source].points if item.source in gone else 0
        if taken.points + taken.owed + ended < item.points:
            kept.add(redemption_id)
    return kept


async def _items(
    session: Session, now: datetime, brand: Brand, gave: dict[UUID, Redemption]
) -> tuple[Sequence[ClawBack], Sequence[UUID]]:
    rows = await session.fetch(
        "SELECT j.key, j.id, l.account_id, l.amount"
        " FROM journal j JOIN lot l ON l.journal_id = j.id"
        " WHERE j.brand_id = $1 AND j.key = ANY ($2) ORDER BY j.id",
        brand.id,
        list(gave),
    )
    redemptions = [gave[row["key"]] for row in rows]
    items = [
        ClawBack(
            key=derived_id("redemption claw back", str(redemption.id)),
            account_id=row["account_id"],
            points=row["amount"],
            source=row["id"],
            at=now,
            reference=str(redemption.id),
            rule=redemption.reward,
        )
        for row, redemption in zip(rows, redemptions, strict=True)
    ]
    return items, [each.id for each in redemptions]
