"""The key figures of a brand as of an instant, from the same rows that members' balances use."""

from dataclasses import dataclass
from datetime import datetime

from domain.brands.rules import Brand
from domain.programmes.rules import Timeline
from domain.tiers.queries import ladder_of
from kit.db import Session

_POINTS = """
SELECT coalesce(sum(t.amount) FILTER (WHERE t.code = 'accrual'), 0)::bigint AS issued,
       coalesce(sum(t.amount) FILTER (WHERE t.code = 'redemption'), 0)::bigint AS spent,
       coalesce(sum(t.amount) FILTER (WHERE t.code = 'expiry'), 0)::bigint AS expired,
       coalesce(sum(t.amount) FILTER (WHERE t.code = 'claw_back'), 0)::bigint AS reversed
FROM journal j JOIN transfer t ON t.journal_id = j.id JOIN asset s ON s.id = t.asset_id
WHERE j.brand_id = $1 AND j.effective_at <= $2 AND t.kind IN (0, 2) AND s.kind = 'points'
"""

_PURCHASES = """
SELECT count(*) AS purchases, coalesce(sum(amount), 0)::bigint AS spend
FROM purchase WHERE brand_id = $1 AND occurred_at <= $2
"""

_REFUNDED = """
SELECT coalesce(sum(amount), 0)::bigint FROM refund WHERE brand_id = $1 AND occurred_at <= $2
"""

# The years in which members may have reached what they hold, refunds of the time taken off.
_TIERS = """
SELECT width_bucket(greatest(y.this, y.last, 0), $5::bigint[]) - 1 AS rank, count(*) AS members
FROM member m LEFT JOIN LATERAL (
    SELECT sum(v.amount) FILTER (WHERE v.at >= $4) AS this,
           sum(v.amount) FILTER (WHERE v.at < $4) AS last
    FROM (
        SELECT p.occurred_at AS at, p.amount - coalesce((
            SELECT sum(r.amount) FROM refund r
            WHERE r.purchase_id = p.id AND r.occurred_at <= $2), 0) AS amount
        FROM purchase p
        WHERE p.member_id = m.id AND p.occurred_at BETWEEN $3 AND $2
    ) AS v
) AS y ON true
WHERE m.brand_id = $1 AND m.joined_at <= $2 GROUP BY 1
"""


@dataclass(frozen=True, slots=True)
class Figures:
    """A brand's figures. Money in the currency's smallest unit, points in the asset's.

    ``spend_minor`` is before refunds, ``refunded_minor`` what was given back. Outstanding is
    issued less spent, expired and reversed. ``tiers`` counts members per tier, lowest first.
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
    tiers: dict[str, int]


async def figures(session: Session, brand: Brand, timeline: Timeline, as_of: datetime) -> Figures:
    """Return the brand's figures over everything that took effect up to ``as_of``."""
    points = await session.one(_POINTS, brand.id, as_of)
    bought = await session.one(_PURCHASES, brand.id, as_of)
    assert points is not None
    assert bought is not None
    return Figures(
        as_of=as_of,
        members=await session.value(
            "SELECT count(*) FROM member WHERE brand_id = $1 AND joined_at <= $2", brand.id, as_of
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
) -> dict[str, int]:
    ladder = ladder_of(timeline.at(as_of), brand)
    if ladder is None:
        return {}
    year = brand.local(as_of).year
    rows = await session.fetch(
        _TIERS,
        brand.id,
        as_of,
        datetime(year - 1, 1, 1, tzinfo=brand.zone),
        datetime(year, 1, 1, tzinfo=brand.zone),
        list(ladder.thresholds),
    )
    counted = {row["rank"]: row["members"] for row in rows}
    return {name: counted.get(rank, 0) for rank, name in enumerate(ladder.names)}
