"""Warns members of points that end soon."""

from datetime import datetime, timedelta

from domain.brands import queries as brands
from domain.brands.rules import Brand
from domain.programmes import queries as programmes
from domain.programmes.rules import SectionKinds
from domain.wallets.section import PointsSection
from kit.calendar import day_start
from kit.db import Session
from kit.facts import Fact, record

# One statement finds and remembers, so that of two workers one warns. What is due by several of
# the programme's warnings is told once, by the nearest.
_WARN = """
WITH due AS (
    SELECT l.account_id, w.member_id, l.expires_at, sum(l.remaining)::bigint AS points
    FROM lot l JOIN wallet w USING (account_id)
    WHERE l.brand_id = $1 AND l.remaining > 0 AND l.expires_at > $2 AND l.expires_at < $3
      AND NOT EXISTS (SELECT FROM expiry_warning e WHERE e.account_id = l.account_id
                      AND e.expires_at = l.expires_at AND e.days = $4)
    GROUP BY l.account_id, w.member_id, l.expires_at
    ORDER BY l.account_id, l.expires_at LIMIT $6
), new AS (
    INSERT INTO expiry_warning (account_id, expires_at, days)
    SELECT account_id, expires_at, days FROM due, unnest($5::int[]) AS n(days)
    ORDER BY account_id, expires_at, days ON CONFLICT DO NOTHING
    RETURNING account_id, expires_at, days
)
SELECT due.member_id, due.points, due.expires_at FROM due
JOIN new USING (account_id, expires_at) WHERE new.days = $4
"""


async def warn(session: Session, now: datetime, sections: SectionKinds, limit: int = 500) -> int:
    """Tell of up to ``limit`` ends that come soon; return how many were told of. 0: all done.

    Each of the programme's ``warn_days`` is a fact PointsExpiring once per member and end, from
    the start of the day so many days before: how many points, when they end, and which warning.
    An end that has moved is told of anew.
    """
    for brand in await brands.every(session):
        timeline = await programmes.timeline(session, brand.id, sections)
        programme = timeline.at(now)
        points = programme and programme.document.find(PointsSection)
        told = (
            await _warn(session, now, brand, sorted(set(points.warn_days)), limit) if points else 0
        )
        if told:
            return told
    await session.fetch("DELETE FROM expiry_warning WHERE expires_at <= $1", now)
    return 0


async def _warn(
    session: Session, now: datetime, brand: Brand, warnings: list[int], limit: int
) -> int:
    for place, days in enumerate(warnings):
        rows = await session.fetch(
            _WARN,
            brand.id,
            now,
            day_start(brand.zone, brand.day(now) + timedelta(days=days + 1)),
            days,
            warnings[place:],
            limit,
        )
        await record(
            session,
            now,
            [
                Fact(
                    brand.id,
                    "PointsExpiring",
                    str(row["member_id"]),
                    {"points": row["points"], "expiresAt": row["expires_at"], "days": days},
                )
                for row in rows
            ],
        )
        if rows:
            return len(rows)
    return 0
