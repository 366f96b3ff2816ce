"""Reads of what members did by the day."""

from collections.abc import Sequence
from itertools import repeat
from uuid import UUID

from domain.tallies.rules import Tallies
from kit.db import Session

# A row a member and kind, not a row a day: a batch of a thousand members has a hundred thousand
# days. Each group is one run of the primary key, so that nothing is sorted.
_TALLIES = """
    SELECT member_id, t.*
    FROM unnest($2::uuid[]) AS m (member_id) CROSS JOIN LATERAL (
        SELECT kind, array_agg(day), array_agg(amount), array_agg(points), array_agg(count)
        FROM tally
        WHERE member_id = m.member_id AND brand_id = $1
        GROUP BY kind
    ) AS t
"""


async def tallies(
    session: Session, brand_id: int, member_ids: Sequence[UUID]
) -> dict[UUID, Tallies]:
    """Return what each of these members did, an empty tally for who did nothing."""
    found: dict[UUID, Tallies] = {member_id: {} for member_id in member_ids}
    for member_id, kind, days, *sums in await session.fetch(_TALLIES, brand_id, list(found)):
        keys = zip(days, repeat(kind))
        found[member_id].update(zip(keys, map(list, zip(*sums, strict=True)), strict=True))
    return found
