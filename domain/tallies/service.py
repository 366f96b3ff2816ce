"""The verb that counts what members did."""

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from domain.tallies.rules import Count
from kit.db import Session

# In the order of the key, so that two who count the same wait and don't deadlock.
_COUNT = """
    INSERT INTO tally AS t (member_id, kind, day, brand_id, amount, points, count)
    SELECT m, k, d, $1, a, p, c
    FROM unnest($2::uuid[], $3::text[], $4::date[], $5::bigint[], $6::bigint[], $7::int[])
        AS n(m, k, d, a, p, c)
    ORDER BY m, k, d
    ON CONFLICT (member_id, kind, day) DO UPDATE SET
        amount = t.amount + excluded.amount,
        points = t.points + excluded.points,
        count = t.count + excluded.count
"""


async def count(session: Session, brand_id: int, changes: Sequence[Count]) -> None:
    """Add ``changes`` to what the brand's members did; several of one day and kind are one."""
    sums: dict[tuple[UUID, str, date], list[int]] = {}
    for change in changes:
        total = sums.setdefault((change.member_id, change.kind, change.day), [0, 0, 0])
        total[0] += change.amount
        total[1] += change.points
        total[2] += change.count
    if not sums:
        return
    members, kinds, days = zip(*sums, strict=True)
    amounts, points, counts = zip(*sums.values(), strict=True)
    await session.fetch(_COUNT, brand_id, members, kinds, days, amounts, points, counts)


_JOIN = """
    WITH gone AS (DELETE FROM tally USING unnest($2::uuid[], $3::uuid[]) AS n(old, new)
        WHERE brand_id = $1 AND member_id = n.old RETURNING n.new, kind, day, amount, points, count)
    INSERT INTO tally AS t (member_id, kind, day, brand_id, amount, points, count)
    SELECT new, kind, day, $1, sum(amount), sum(points), sum(count) FROM gone
    GROUP BY new, kind, day ORDER BY new, kind, day
    ON CONFLICT (member_id, kind, day) DO UPDATE SET
        amount = t.amount + excluded.amount,
        points = t.points + excluded.points,
        count = t.count + excluded.count
"""


async def join(session: Session, brand_id: int, into: Mapping[UUID, UUID]) -> None:
    """Let the members that ``into`` names have done what those did who turn out to be them."""
    await session.fetch(_JOIN, brand_id, list(into), list(into.values()))
