"""What was bought, as of an instant."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from domain.brands.rules import Brand
from kit.db import Session

_SPENT = """
SELECT p.member_id, extract(year FROM p.occurred_at AT TIME ZONE $4)::int AS year,
       sum(p.amount - coalesce(r.back, 0))::bigint AS amount
FROM purchase p LEFT JOIN LATERAL (
    SELECT sum(amount) AS back FROM refund WHERE purchase_id = p.id AND occurred_at <= $3
) AS r ON true
WHERE p.brand_id = $1 AND p.member_id = ANY ($2) AND p.occurred_at BETWEEN $5 AND $3
GROUP BY 1, 2
"""


async def spend_by_year(
    session: Session, brand: Brand, member_ids: Sequence[UUID], as_of: datetime
) -> dict[UUID, dict[int, int]]:
    """Return what members had spent by ``as_of`` in its year and the one before, less refunds.

    Years are the brand's; a refund counts in the year of its purchase, from its own date on.
    """
    since = datetime(max(brand.local(as_of).year - 1, 1), 1, 1, tzinfo=brand.zone)
    rows = await session.fetch(_SPENT, brand.id, list(member_ids), as_of, brand.time_zone, since)
    found: dict[UUID, dict[int, int]] = {member_id: {} for member_id in member_ids}
    for row in rows:
        found[row["member_id"]][row["year"]] = row["amount"]
    return found
