"""Reads of what members did by the day."""

from collections.abc import Sequence
from uuid import UUID

from domain.tallies.rules import Tallies
from kit.db import Session

# A row a member, not a row a day: a batch of a thousand members has a hundred thousand days.
_TALLIES = """
    SELECT member_id, array_agg(day), array_agg(kind),
           array_agg(amount), array_agg(points), array_agg(count)
    FROM tally
    WHERE brand_id = $1 AND member_id = ANY ($2)
    GROUP BY member_id
"""


async def tallies(
    session: Session, brand_id: int, member_ids: Sequence[UUID]
) -> dict[UUID, Tallies]:
    """Return what each of these members did, an empty tally for who did nothing."""
    found: dict[UUID, Tallies] = {member_id: {} for member_id in member_ids}
    for member_id, days, kinds, *sums in await session.fetch(_TALLIES, brand_id, list(found)):
        found[member_id] = dict(
            zip(zip(days, kinds, strict=True), map(list, zip(*sums, strict=True)), strict=True)
        )
    return found
