"""How awards are loaded and written, many at once."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from domain.members.queries import FAMILY
from gamification.badges.rules import Held, NewAward, Slot
from kit.db import Session

_HELD = """
SELECT f.kept, a.id, badge, level, period, source, revoked_at, revoked_by
FROM badge_award a JOIN {family} AS f ON f.id = a.member_id
WHERE brand_id = $1 ORDER BY awarded_at, a.id
""".format(family=FAMILY.format(ids="$2"))

# In one order, so that two who award the same people wait and don't deadlock.
_INSERT = """
INSERT INTO badge_award (id, brand_id, member_id, badge, level, period, source, actor, awarded_at,
                         expires_at, recorded_at)
SELECT i, $1, m, b, l, p, s, a, w, e, $2
FROM unnest($3::uuid[], $4::uuid[], $5::text[], $6::int[], $7::date[], $8::text[], $9::text[],
            $10::timestamptz[], $11::timestamptz[]) AS n(i, m, b, l, p, s, a, w, e)
ORDER BY m, b, l, p NULLS FIRST
ON CONFLICT DO NOTHING RETURNING id
"""

_REVOKE = """
WITH locked AS (
    SELECT a.id, n.revoked_by, n.reason
    FROM badge_award a
    JOIN unnest($3::uuid[], $4::text[], $5::text[]) AS n(id, revoked_by, reason) ON n.id = a.id
    WHERE a.brand_id = $1 AND a.revoked_at IS NULL
    ORDER BY a.id FOR NO KEY UPDATE OF a
)
UPDATE badge_award SET revoked_at = $2, revoked_by = locked.revoked_by, reason = locked.reason
FROM locked WHERE badge_award.id = locked.id RETURNING badge_award.id
"""

_SHARE = """
UPDATE badge_award SET shared_at = CASE WHEN n.shared THEN coalesce(shared_at, $2) END,
    shown_name = CASE WHEN n.shared THEN n.shown_name END
FROM unnest($3::uuid[], $4::bool[], $5::text[]) AS n(id, shared, shown_name)
WHERE badge_award.id = n.id AND brand_id = $1
"""


class Revoked(NamedTuple):
    """An award to be revoked: by whom, and why."""

    id: UUID
    revoked_by: str
    reason: str


class Shared(NamedTuple):
    """Whether an award is to be public, and which name is on it, if any."""

    id: UUID
    shared: bool
    shown_name: str | None


async def held(
    session: Session, brand_id: int, member_ids: Collection[UUID]
) -> dict[UUID, list[Held]]:
    """Return every award these members ever had, by member."""
    found: dict[UUID, list[Held]] = {member_id: [] for member_id in member_ids}
    for row in await session.fetch(_HELD, brand_id, list(found)):
        member_id, id_, badge, level, period, *rest = row
        found[member_id].append(Held(id_, Slot(badge, level, period), *rest))
    return found


async def insert(
    session: Session, now: datetime, brand_id: int, awards: Sequence[NewAward]
) -> set[UUID]:
    """Write awards; return those that are new: nobody holds the same by now."""
    if not awards:
        return set()
    rows = await session.fetch(
        _INSERT,
        brand_id,
        now,
        [each.id for each in awards],
        [each.member_id for each in awards],
        [each.slot.badge for each in awards],
        [each.slot.level for each in awards],
        [each.slot.period for each in awards],
        [each.source for each in awards],
        [each.actor for each in awards],
        [each.awarded_at for each in awards],
        [each.expires_at for each in awards],
    )
    return {row["id"] for row in rows}


async def revoke(
    session: Session, now: datetime, brand_id: int, rows: Sequence[Revoked]
) -> set[UUID]:
    """Revoke awards; return those that were not revoked before."""
    if not rows:
        return set()
    done = await session.fetch(
        _REVOKE,
        brand_id,
        now,
        [row.id for row in rows],
        [row.revoked_by for row in rows],
        [row.reason for row in rows],
    )
    return {row["id"] for row in done}


async def share(session: Session, now: datetime, brand_id: int, rows: Sequence[Shared]) -> None:
    """Make awards public, or not any more."""
    if rows:
        await session.fetch(
            _SHARE,
            brand_id,
            now,
            [row.id for row in rows],
            [row.shared for row in rows],
            [row.shown_name for row in rows],
        )


async def forget_erased(session: Session, brand_id: int, member_ids: Collection[UUID]) -> None:
    """Let nothing be public, and no name stay, of those of these members who were erased."""
    await session.fetch(
        "UPDATE badge_award a SET shared_at = NULL, shown_name = NULL FROM member m"
        " WHERE a.brand_id = $1 AND a.shared_at IS NOT NULL AND m.id = a.member_id"
        " AND m.erased_at IS NOT NULL AND (m.id = ANY ($2) OR m.merged_into = ANY ($2))",
        brand_id,
        list(member_ids),
    )
