"""The key figures of a brand as of an instant, from the same rows that members' balances use."""

from dataclasses import dataclass
from datetime import datetime

from domain.brands.rules import Brand
from domain.earning.queries import tallies_as_of
from domain.programmes.rules import Timeline
from domain.tiers.queries import grants
from domain.tiers.rules import ladders_of, tiers_at
from kit.db import Session

# What goes out of members' accounts and comes into them. What is taken back of points that were
# spent is a debt, which counts once it is paid: until then nothing has left the members' points.
_POINTS = """
SELECT coalesce(sum(t.amount) FILTER (WHERE d.code = 'issuance'
           AND t.code IN ('accrual', 'prize', 'adjustment')), 0)::bigint AS issued,
       coalesce(sum(CASE t.code WHEN 'redemption' THEN t.amount WHEN 'return' THEN -t.amount END),
           0)::bigint AS spent,
       coalesce(sum(CASE t.code WHEN 'expiry' THEN t.amount WHEN 'revival' THEN -t.amount
           WHEN 'erasure' THEN CASE d.code WHEN 'member' THEN t.amount END END),
           0)::bigint AS expired,
       coalesce(sum(t.amount) FILTER (WHERE d.code = 'member'
           AND t.code IN ('claw_back', 'debt_payment', 'adjustment')), 0)::bigint AS reversed
FROM journal j JOIN transfer t ON t.journal_id = j.id JOIN asset s ON s.id = t.asset_id
JOIN account d ON d.id = t.debit_account
WHERE j.brand_id = $1 AND j.effective_at <= $2 AND t.kind IN (0, 2) AND s.kind = 'points'
"""

_PURCHASES = """
SELECT count(*) AS purchases, coalesce(sum(amount), 0)::bigint AS spend
FROM purchase WHERE brand_id = $1 AND occurred_at <= $2
"""

_REFUNDED = """
SELECT coalesce(sum(amount), 0)::bigint FROM refund WHERE brand_id = $1 AND occurred_at <= $2
"""

_MEMBERS = """
SELECT id, joined_at FROM member
WHERE brand_id = $1 AND joined_at <= $2 AND merged_into IS NULL
  AND (erased_at IS NULL OR erased_at > $2) AND ($3::uuid IS NULL OR id > $3) ORDER BY id LIMIT $4
"""
_BATCH = 2_000


@dataclass(frozen=True, slots=True)
class Figures:
    """A brand's figures. Money in the currency's smallest unit, points in the asset's.

    ``spend_minor`` is before refunds, ``refunded_minor`` what was given back. Points are issued
    by accruals and by hand; what came back is not spent; reversed are those taken back from
    members or by hand, and those that paid debts. Outstanding is issued less spent, expired and
    reversed: what members have. What was forfeited by who was erased is among the expired.
    Members who were merged are one, those who were erased by then none.
    ``tiers`` counts members per ladder, the main one first, and tier, the lowest first.
    """

    as_of: datetime
    members: int
    purchases: int
    spend_minor: int
    refunded_minor: int
    points_issued: int
    points_spent: int
    points_expired: int
    points_reversed: int
    points_outstanding: int
    tiers: dict[str, dict[str, int]]


async def figures(session: Session, brand: Brand, timeline: Timeline, as_of: datetime) -> Figures:
    """Return the brand's figures over everything that took effect up to ``as_of``."""
    points = await session.one(_POINTS, brand.id, as_of)
    bought = await session.one(_PURCHASES, brand.id, as_of)
    assert points is not None
    assert bought is not None
    return Figures(
        as_of=as_of,
        members=await session.value(
            "SELECT count(*) FROM member WHERE brand_id = $1 AND joined_at <= $2"
            " AND merged_into IS NULL AND (erased_at IS NULL OR erased_at > $2)",
            brand.id,
            as_of,
        ),
        purchases=bought["purchases"],
        spend_minor=bought["spend"],
        refunded_minor=await session.value(_REFUNDED, brand.id, as_of),
        points_issued=points["issued"],
        points_spent=points["spent"],
        points_expired=points["expired"],
        points_reversed=points["reversed"],
        points_outstanding=points["issued"]
        - points["spent"]
        - points["expired"]
        - points["reversed"],
        tiers=await _tiers(session, brand, timeline, as_of),
    )


async def _tiers(
    session: Session, brand: Brand, timeline: Timeline, as_of: datetime
) -> dict[str, dict[str, int]]:
    ladders = ladders_of(timeline, brand)
    in_force = ladders.at(as_of)
    counted = {each.code: {rung.name: 0 for rung in each.rungs} for each in in_force}
    if not counted:
        return {}
    last = None
    # In batches: what all members did at once could be more than fits into memory.
    while rows := await session.fetch(_MEMBERS, brand.id, as_of, last, _BATCH):
        ids = [row["id"] for row in rows]
        done = await tallies_as_of(session, brand, ids, as_of)
        granted = await grants(session, brand.id, ids)
        for member_id, joined_at in rows:
            tiers = tiers_at(
                ladders, joined_at, done[member_id], granted[member_id], brand.zone, as_of
            )
            for code, members in counted.items():
                members[tiers[code]] += 1
        last = ids[-1]
    return counted
