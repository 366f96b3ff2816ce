"""How far boards are filled, and which members' tiers time alone changes, loaded and written."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson

from kit.db import Session


@dataclass(frozen=True, slots=True)
class Fill:
    """How far a brand's boards are filled; see the table."""

    version_id: int
    shapes: Mapping[str, str]
    boards: Collection[str]
    since: datetime
    after: UUID | None
    done: bool


async def load(session: Session, brand_id: int) -> Fill | None:
    """Return and lock how far a brand's boards are filled, None if nobody has looked yet."""
    row = await session.one(
        "SELECT version_id, shapes, boards, since, after, done FROM board_fill"
        " WHERE brand_id = $1 FOR UPDATE",
        brand_id,
    )
    return Fill(*row) if row else None


async def write(session: Session, brand_id: int, fill: Fill) -> None:
    """Remember how far a brand's boards are filled."""
    await session.fetch(
        "INSERT INTO board_fill (brand_id, version_id, shapes, boards, since, after, done)"
        " VALUES ($1, $2, $3::text::jsonb, $4, $5, $6, $7) ON CONFLICT (brand_id) DO UPDATE"
        " SET version_id = excluded.version_id, shapes = excluded.shapes,"
        " boards = excluded.boards, since = excluded.since, after = excluded.after,"
        " done = excluded.done",
        brand_id,
        fill.version_id,
        orjson.dumps(dict(fill.shapes)).decode(),
        list(fill.boards),
        fill.since,
        fill.after,
        fill.done,
    )


async def members_after(
    session: Session, brand_id: int, after: UUID | None, limit: int
) -> list[UUID]:
    """Return the next members of a brand by id, those merged and erased included."""
    rows = await session.fetch(
        "SELECT id FROM member WHERE brand_id = $1 AND id > $2 ORDER BY id LIMIT $3",
        brand_id,
        after or UUID(int=0),
        limit,
    )
    return [row["id"] for row in rows]


async def filling(session: Session, brand_id: int) -> list[str]:
    """Return the boards of a brand that are being filled."""
    found = await session.value(
        "SELECT boards FROM board_fill WHERE brand_id = $1 AND NOT done", brand_id
    )
    return found or []


async def unfinished(session: Session, now: datetime) -> list[int]:
    """Return the brands whose boards must be filled, or looked at for the version in force."""
    rows = await session.fetch(
        "SELECT v.brand_id FROM (SELECT DISTINCT ON (brand_id) brand_id, id FROM programme_version"
        " WHERE effective_from <= $1 ORDER BY brand_id, effective_from DESC) AS v"
        " LEFT JOIN board_fill f ON f.brand_id = v.brand_id"
        " WHERE f.version_id IS DISTINCT FROM v.id OR NOT f.done ORDER BY v.brand_id",
        now,
    )
    return [row["brand_id"] for row in rows]


async def look_later(
    session: Session, brand_id: int, looks: Mapping[UUID, datetime | None]
) -> None:
    """Remember when members are to be looked at again; None: never."""
    await session.fetch(
        "DELETE FROM board_look WHERE member_id = ANY ($1)",
        [id_ for id_, at in looks.items() if at is None],
    )
    await session.fetch(
        "INSERT INTO board_look AS l (member_id, brand_id, due_at)"
        " SELECT m, $1, a FROM unnest($2::uuid[], $3::timestamptz[]) AS n(m, a) ORDER BY m"
        " ON CONFLICT (member_id) DO UPDATE SET due_at = excluded.due_at"
        " WHERE l.due_at <> excluded.due_at",
        brand_id,
        [id_ for id_, at in looks.items() if at is not None],
        [at for at in looks.values() if at is not None],
    )


async def due(session: Session, now: datetime, limit: int) -> dict[int, list[UUID]]:
    """Return members whom time alone gave another tier, by brand; they are not told again."""
    rows = await session.fetch(
        "DELETE FROM board_look WHERE member_id IN (SELECT member_id FROM board_look"
        " WHERE due_at <= $1 ORDER BY due_at LIMIT $2) RETURNING brand_id, member_id",
        now,
        limit,
    )
    found: dict[int, list[UUID]] = {}
    for brand_id, member_id in rows:
        found.setdefault(brand_id, []).append(member_id)
    return found
