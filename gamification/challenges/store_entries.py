"""How joining and leaving challenges is loaded and written, many at once."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from kit.db import Session

_ENTRY = "SELECT id, challenge, member_id, joined_at, left_at, left_by FROM challenge_entry "


class Entry(NamedTuple):
    """That a member joined a challenge, and left it (see `models.ChallengeEntryRow`)."""

    id: UUID
    challenge: str
    member_id: UUID
    joined_at: datetime
    left_at: datetime | None
    left_by: UUID | None


async def by_ids(session: Session, brand_id: int, ids: Collection[UUID]) -> list[Entry]:
    """Return those of these entries that there are."""
    rows = await session.fetch(
        _ENTRY + "WHERE brand_id = $1 AND id = ANY ($2)", brand_id, list(ids)
    )
    return [Entry(*row) for row in rows]


async def by_leaving(session: Session, brand_id: int, ids: Collection[UUID]) -> list[Entry]:
    """Return the entries that these requests have ended."""
    rows = await session.fetch(
        _ENTRY + "WHERE brand_id = $1 AND left_by = ANY ($2)", brand_id, list(ids)
    )
    return [Entry(*row) for row in rows]


async def lock_open(session: Session, brand_id: int, member_ids: Collection[UUID]) -> list[Entry]:
    """Keep others from letting these members join or leave; return what they are in."""
    await session.fetch(
        "SELECT FROM member WHERE brand_id = $1 AND id = ANY ($2) ORDER BY id FOR NO KEY UPDATE",
        brand_id,
        list(member_ids),
    )
    rows = await session.fetch(
        _ENTRY + "WHERE brand_id = $1 AND member_id = ANY ($2) AND left_at IS NULL",
        brand_id,
        list(member_ids),
    )
    return [Entry(*row) for row in rows]


async def insert(session: Session, brand_id: int, rows: Sequence[Entry]) -> None:
    """Write that members joined."""
    if rows:
        await session.fetch(
            "INSERT INTO challenge_entry (brand_id, id, challenge, member_id, joined_at)"
            " SELECT $1, n.* FROM unnest($2::uuid[], $3::text[], $4::uuid[], $5::timestamptz[])"
            " AS n",
            brand_id,
            *([row[place] for row in rows] for place in range(4)),
        )


async def leave(session: Session, rows: Sequence[Entry]) -> None:
    """Write that members left."""
    if rows:
        await session.fetch(
            "UPDATE challenge_entry SET left_at = n.left_at, left_by = n.left_by"
            " FROM unnest($1::uuid[], $2::timestamptz[], $3::uuid[]) AS n (id, left_at, left_by)"
            " WHERE challenge_entry.id = n.id",
            [row.id for row in rows],
            [row.left_at for row in rows],
            [row.left_by for row in rows],
        )
