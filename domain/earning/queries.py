"""What members did as of an instant, and what it earned."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from domain.brands.rules import Brand
from domain.earning.rules_given import Given
from domain.members.queries import FAMILY
from domain.tallies.rules import Tallies
from kit.db import Session

_DONE = f"""
SELECT m.kept AS member_id, 'purchase' AS kind, (p.occurred_at AT TIME ZONE $4)::date AS day,
       sum(p.amount - coalesce(r.back, 0))::bigint AS amount,
       sum(coalesce(a.points, 0) - coalesce(a.due, 0))::bigint AS points,
       (count(*) - count(*) FILTER (WHERE p.amount > 0 AND r.back = p.amount
                                    OR p.amount = 0 AND a.due = a.given))::bigint AS count
FROM {FAMILY.format(ids="$2")} AS m JOIN purchase p ON p.member_id = m.id
LEFT JOIN LATERAL (
    SELECT sum(amount) AS back FROM refund WHERE purchase_id = p.id AND occurred_at <= $3
) AS r ON true
LEFT JOIN LATERAL (
    SELECT sum(w.points) FILTER (WHERE w.qualifies) AS points, sum(w.points) AS given,
           sum(c.due) FILTER (WHERE w.qualifies) AS due
    FROM award w LEFT JOIN LATERAL (
        SELECT sum(b.points_due) AS due FROM claw_back b JOIN refund f ON f.id = b.refund_id
        WHERE b.award_journal_id = w.journal_id AND f.occurred_at <= $3
    ) AS c ON true
    WHERE w.event_id = p.id
) AS a ON true
WHERE p.brand_id = $1 AND p.occurred_at <= $3
GROUP BY 1, 3
UNION ALL
SELECT m.kept, e.kind, (e.occurred_at AT TIME ZONE $4)::date, sum(e.amount)::bigint,
       coalesce(sum(a.points), 0)::bigint, count(*)
FROM {FAMILY.format(ids="$2")} AS m JOIN activity e ON e.member_id = m.id
LEFT JOIN LATERAL (
    SELECT sum(points) FILTER (WHERE qualifies) AS points FROM award WHERE event_id = e.id
) AS a ON true
WHERE e.brand_id = $1 AND e.occurred_at <= $3
GROUP BY 1, 2, 3
UNION ALL
SELECT member_id, kind, day, amount, points, count FROM tally
WHERE brand_id = $1 AND member_id = ANY ($2) AND kind IN ('redemption', 'adjustment')
  AND day <= ($3 AT TIME ZONE $4)::date
"""  # noqa: S608 - made of constants

_AWARDS = """
SELECT w.event_id, w.rule, w.points, l.available_at, l.expires_at, w.qualifies, l.fixed,
       l.release_days
FROM award w JOIN lot l ON l.journal_id = w.journal_id
WHERE w.brand_id = $1 AND w.event_id = ANY ($2)
ORDER BY w.event_id, w.rule <> 'base', w.rule, w.part
"""


async def tallies_as_of(
    session: Session, brand: Brand, member_ids: Sequence[UUID], as_of: datetime
) -> dict[UUID, Tallies]:
    """Return what members had done by ``as_of``, by the day, from what is recorded of them.

    A refund counts on the day of its purchase, from its own date on. Of spent points and of
    staff's corrections all of that day count, also those after ``as_of``.
    """
    found: dict[UUID, Tallies] = {member_id: {} for member_id in member_ids}
    rows = await session.fetch(_DONE, brand.id, list(found), as_of, brand.time_zone)
    for member_id, kind, day, *tally in rows:
        found[member_id][day, kind] = tally
    return found


async def awards(
    session: Session, brand_id: int, event_ids: Sequence[UUID]
) -> dict[UUID, tuple[Given, ...]]:
    """Return what these purchases and activities earned, with the dates as they are now.

    The base rate comes first, then the rules by name.
    """
    found: dict[UUID, list[Given]] = {}
    for event_id, *given in await session.fetch(_AWARDS, brand_id, list(event_ids)):
        found.setdefault(event_id, []).append(Given(*given))
    return {event_id: tuple(mine) for event_id, mine in found.items()}
