"""When games look at members again, though nothing is told of them."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from kit.db import Session


async def look_again(session: Session, brand_id: int, looks: Mapping[UUID, datetime]) -> None:
    """Remember to judge these members once an instant has come, besides what is remembered.

    Whoever judges a member and knows that something ends by time alone calls this, each time.
    """
    if looks:
        await session.fetch(
            "INSERT INTO game_look (member_id, brand_id, due_at) SELECT m, $1, d"
            " FROM unnest($2::uuid[], $3::timestamptz[]) AS n(m, d) ORDER BY m"
            " ON CONFLICT (member_id) DO UPDATE SET due_at = excluded.due_at"
            " WHERE excluded.due_at < game_look.due_at",
            brand_id,
            list(looks),
            list(looks.values()),
        )


async def brands_due(session: Session, now: datetime) -> list[int]:
    """Return the brands that have anybody to look at by ``now``."""
    rows = await session.fetch(
        "SELECT b.id FROM brand b WHERE EXISTS (SELECT FROM game_look g WHERE g.brand_id = b.id"
        " AND g.due_at <= $1) ORDER BY b.id",
        now,
    )
    return [row["id"] for row in rows]


async def due(session: Session, now: datetime, brand_id: int, limit: int) -> list[UUID]:
    """Return up to ``limit`` members of a brand to judge by ``now``, the longest due first."""
    rows = await session.fetch(
        "SELECT member_id FROM game_look WHERE brand_id = $1 AND due_at <= $2"
        " ORDER BY due_at, member_id LIMIT $3",
        brand_id,
        now,
        limit,
    )
    return [row["member_id"] for row in rows]


async def looked(
    session: Session, now: datetime, brand_id: int, member_ids: Collection[UUID]
) -> None:
    """Forget what was remembered of these members up to ``now``: they are about to be judged."""
    await session.fetch(
        "DELETE FROM game_look WHERE member_id IN (SELECT member_id FROM game_look"
        " WHERE brand_id = $1 AND member_id = ANY ($2) AND due_at <= $3"
        " ORDER BY member_id FOR UPDATE)",
        brand_id,
        list(member_ids),
        now,
    )
