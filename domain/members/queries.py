"""Who the members are."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from domain.members.rules import Member, Move, name_hash
from kit.db import Session

__all__ = [
    "FAMILY",
    "Member",
    "by_external_ids",
    "by_ids",
    "count",
    "has_erased",
    "kept",
    "moves",
    "page",
    "refused_before",
]

FAMILY = (
    "(SELECT id, coalesce(merged_into, id) AS kept FROM member"
    " WHERE merged_into IS NULL AND id = ANY ({ids}) OR merged_into = ANY ({ids}))"
)
"""The members ``{ids}`` who were not merged, and all who were merged into them: ``id``, ``kept``.

For reading what never changes, such as purchases, and still has the id of who was merged.
"""

_COLUMNS = (
    "m.id, m.brand_id, m.external_id, m.display_name, m.joined_at, m.birthday, m.region,"
    " m.attributes"
)
_LIVING = "m.merged_into IS NULL AND m.erased_at IS NULL"
_NAMED = (
    f"SELECT n.id AS asked, n.external_id AS name, {_COLUMNS} FROM member n"  # noqa: S608
    " JOIN member m ON m.id = coalesce(n.merged_into, n.id) WHERE n.brand_id = $1 AND"
)


async def by_ids(session: Session, brand_id: int, ids: Sequence[UUID]) -> dict[UUID, Member]:
    """Return those of the members ``ids`` that are this brand's, by the ids asked for.

    For who was merged into another member it is that member.
    """
    rows = await session.fetch(f"{_NAMED} n.id = ANY ($2)", brand_id, list(ids))
    return {row["asked"]: _member(row) for row in rows}


async def by_external_ids(
    session: Session, brand_id: int, external_ids: Sequence[str]
) -> dict[str, Member]:
    """Return the members whom the brand knows by ``external_ids``, by the ids asked for.

    The id of who was merged is one of the member who is left; nobody is known by the id of who
    was erased.
    """
    rows = await session.fetch(
        f"{_NAMED} n.external_id = ANY ($2) AND n.erased_at IS NULL", brand_id, list(external_ids)
    )
    return {row["name"]: _member(row) for row in rows}


async def kept(session: Session, brand_id: int, ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """Return who each of these members of the brand is by now: another one if they were merged."""
    rows = await session.fetch(
        "SELECT id, coalesce(merged_into, id) FROM member WHERE brand_id = $1 AND id = ANY ($2)",
        brand_id,
        list(ids),
    )
    return {row[0]: row[1] for row in rows}


async def has_erased(session: Session, brand_id: int) -> bool:
    """Return whether the brand has ever erased a member."""
    found: bool = await session.value(
        "SELECT EXISTS (SELECT FROM erased_name WHERE brand_id = $1)", brand_id
    )
    return found


async def refused_before(session: Session, brand_id: int, external_id: str) -> datetime | None:
    """Return before when tokens of this name were issued that name nobody any more, or None."""
    found: datetime | None = await session.value(
        "SELECT erased_at FROM erased_name WHERE brand_id = $1 AND name_hash = $2",
        brand_id,
        name_hash(brand_id, external_id),
    )
    return found


async def moves(session: Session, ids: Sequence[UUID]) -> dict[UUID, list[Move]]:
    """Return where those of the members ``ids`` who moved lived before, the earliest move first.

    Where who was merged into them lived is no move of theirs.
    """
    rows = await session.fetch(
        "SELECT member_id, moved_at, region FROM member_move WHERE member_id = ANY ($1)"
        " ORDER BY member_id, moved_at",
        list(ids),
    )
    found: dict[UUID, list[Move]] = {}
    for member_id, *move in rows:
        found.setdefault(member_id, []).append(Move(*move))
    return found


async def page(
    session: Session,
    brand_id: int,
    *,
    first: int,
    after: UUID | None = None,
    backwards: bool = False,
) -> list[Member]:
    """Return up to ``first`` members behind ``after``, by id; ``backwards``: those before it."""
    way, order = ("<", "DESC") if backwards else (">", "ASC")
    rows = await session.fetch(
        f"SELECT {_COLUMNS} FROM member m WHERE m.brand_id = $1 AND {_LIVING}"  # noqa: S608
        f" AND ($2::uuid IS NULL OR m.id {way} $2) ORDER BY m.id {order} LIMIT $3",
        brand_id,
        after,
        first,
    )
    return [_member(row) for row in rows]


async def count(session: Session, brand_id: int) -> int:
    """Return how many members a brand has, without those who were merged or erased."""
    found: int = await session.value(
        f"SELECT count(*) FROM member m WHERE m.brand_id = $1 AND {_LIVING}",  # noqa: S608
        brand_id,
    )
    return found


def _member(row: asyncpg.Record) -> Member:
    return Member(*(row[name] for name in Member.__slots__))
