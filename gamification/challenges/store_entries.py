"""How joining and leaving challenges is loaded and written, many at once."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from domain.members.queries import FAMILY
from kit.db import Session

_ENTRY = (
    "SELECT e.id, challenge, coalesce(m.merged_into, m.id), e.joined_at, left_at, left_by"
    " FROM challenge_entry e JOIN member m ON m.id = e.member_id "
)


_OPEN = f"""
SELECT e.id, challenge, f.kept, joined_at, left_at, left_by
FROM {FAMILY.format(ids="$2")} AS f JOIN challenge_entry e ON e.member_id = f.id
WHERE brand_id = $1 AND left_at IS NULL
"""  # noqa: S608 - made of constants


class Entry(NamedTuple):
    """That a member joined a challenge, and left it (see `models.ChallengeEntryRow`).

    ``member_id`` is the member who is left if that one was merged.
    """

    id: UUID
    challenge: str
    member_id: UUID
    joined_at: datetime
    left_at: datetime | None
    left_by: UUID | None


async def by_ids(session: Session, brand_id: int, ids: Collection[UUID]) -> list[Entry]:
    """Return those of these entries that there are."""
    rows = await session.fetch(
        _ENTRY + "WHERE e.brand_id = $1 AND e.id = ANY ($2)", brand_id, list(ids)
    )
    return [Entry(*row) for row in rows]


async def by_leaving(session: Session, brand_id: int, ids: Collection[UUID]) -> list[Entry]:
    """Return the entries that these requests have ended."""
    rows = await session.fetch(
        _ENTRY + "WHERE e.brand_id = $1 AND left_by = ANY ($2)", brand_id, list(ids)
    )
    return [Entry(*row) for row in rows]


async def lock_open(
    session: Session, brand_id: int, member_ids: Collection[UUID]
) -> dict[tuple[UUID, str], list[Entry]]:
    """Keep others from letting these members join or leave; return what they are in.

    By member and challenge; of who was merged as well, so that there may be several.
    """
    await session.fetch(
        "SELECT FROM member WHERE brand_id = $1 AND id = ANY ($2) ORDER BY id FOR NO KEY UPDATE",
        brand_id,
        list(member_ids),
    )
    rows = await session.fetch(_OPEN, brand_id, list(member_ids))
    found: dict[tuple[UUID, str], list[Entry]] = {}
    for row in rows:
        entry = Entry(*row)
        found.setdefault((entry.member_id, entry.challenge), []).append(entry)
    return found


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
