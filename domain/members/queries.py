"""Who the members are."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from domain.members.rules import Member, Move
from kit.db import Session

__all__ = ["Member", "by_external_ids", "by_ids", "count", "moves", "page"]

_MEMBER = (
    "SELECT id, brand_id, external_id, display_name, joined_at, birthday, region, attributes"
    " FROM member "
)


async def by_ids(session: Session, brand_id: int, ids: Sequence[UUID]) -> dict[UUID, Member]:
    """Return those of the members ``ids`` that are this brand's."""
    rows = await session.fetch(
        _MEMBER + "WHERE brand_id = $1 AND id = ANY ($2)", brand_id, list(ids)
    )
    return {row["id"]: _member(row) for row in rows}


async def by_external_ids(
    session: Session, brand_id: int, external_ids: Sequence[str]
) -> dict[str, Member]:
    """Return the members whom the brand knows by ``external_ids``."""
    rows = await session.fetch(
        _MEMBER + "WHERE brand_id = $1 AND external_id = ANY ($2)", brand_id, list(external_ids)
    )
    return {row["external_id"]: _member(row) for row in rows}


async def moves(session: Session, ids: Sequence[UUID]) -> dict[UUID, list[Move]]:
    """Return where those of the members ``ids`` who moved lived before, the earliest move first."""
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
        f"{_MEMBER} WHERE brand_id = $1 AND ($2::uuid IS NULL OR id {way} $2)"
        f" ORDER BY id {order} LIMIT $3",
        brand_id,
        after,
        first,
    )
    return [_member(row) for row in rows]


async def count(session: Session, brand_id: int) -> int:
    """Return how many members a brand has."""
    found: int = await session.value("SELECT count(*) FROM member WHERE brand_id = $1", brand_id)
    return found


def _member(row: asyncpg.Record) -> Member:
    return Member(*row)
