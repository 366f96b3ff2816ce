"""How what is owed is loaded, locked and written, many at once.

Whoever locks several things has the members' wallets first: nobody else then writes any of it.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from gamification.prizes.rules import Owed
from kit.db import Session

_TYPES = {
    "id": "uuid",
    "member_id": "uuid",
    "source": "text",
    "kind": "text",
    "mystery": "bool",
    "points": "bigint",
    "qualifying": "bigint",
    "code": "text",
    "count": "smallint",
    "deserved_at": "timestamptz",
    "pay_from": "timestamptz",
    "due_at": "timestamptz",
    "state": "text",
    "attempt": "int",
    "budget": "text",
    "counted": "bool",
    "amount": "bigint",
    "journal_id": "bigint",
    "redemption_id": "uuid",
    "award_id": "uuid",
    "freeze_key": "uuid",
    "kept": "bool",
    "kept_points": "bigint",
    "given": "bigint",
    "taken": "bigint",
    "paid_at": "timestamptz",
    "refusal": "text",
    "reason": "text",
}
COLUMNS = ", ".join(_TYPES)
_ROWS = ", ".join(f"${place}::{kind}[]" for place, kind in enumerate(_TYPES.values(), start=3))
_FIXED = {"id", "member_id", "source", "kind", "mystery", "points", "qualifying", "code", "count"}
_INSERT = f"""
INSERT INTO prize_due (brand_id, changed_at, {COLUMNS})
SELECT $1, $2, n.* FROM unnest({_ROWS}) AS n
"""  # noqa: S608 - made of constants
_UPDATE = f"""
UPDATE prize_due p SET changed_at = $2,
    {", ".join(f"{name} = n.{name}" for name in _TYPES if name not in _FIXED)}
FROM unnest({_ROWS}) AS n ({COLUMNS}) WHERE p.id = n.id AND p.brand_id = $1
"""  # noqa: S608 - made of constants


async def members_of(session: Session, brand_id: int, ids: Collection[UUID]) -> set[UUID]:
    """Return whose prizes these are."""
    rows = await session.fetch(
        "SELECT DISTINCT member_id FROM prize_due WHERE brand_id = $1 AND id = ANY ($2)",
        brand_id,
        list(ids),
    )
    return {row["member_id"] for row in rows}


async def erased(session: Session, brand_id: int, member_ids: Collection[UUID]) -> set[UUID]:
    """Return those of these members who were erased, and so can have nothing."""
    rows = await session.fetch(
        "SELECT id FROM member WHERE brand_id = $1 AND id = ANY ($2) AND erased_at IS NOT NULL",
        brand_id,
        list(member_ids),
    )
    return {row["id"] for row in rows}


async def lock(session: Session, brand_id: int, ids: Collection[UUID]) -> dict[UUID, Owed]:
    """Lock and return those of these prizes that were ever owed."""
    rows = await session.fetch(
        f"SELECT {COLUMNS} FROM prize_due WHERE brand_id = $1 AND id = ANY ($2)"  # noqa: S608
        " ORDER BY id FOR NO KEY UPDATE",
        brand_id,
        list(ids),
    )
    return {row["id"]: owed(row) for row in rows}


async def due(
    session: Session, now: datetime, brand_id: int, limit: int
) -> list[tuple[UUID, UUID]]:
    """Return up to ``limit`` prizes of a brand to look at by ``now``, each with its member."""
    rows = await session.fetch(
        "SELECT id, member_id FROM prize_due WHERE brand_id = $1 AND due_at <= $2"
        " ORDER BY due_at, id LIMIT $3",
        brand_id,
        now,
        limit,
    )
    return [(row["id"], row["member_id"]) for row in rows]


async def brands_due(session: Session, now: datetime) -> list[int]:
    """Return the brands that have any prize to look at by ``now``."""
    rows = await session.fetch(
        "SELECT b.id FROM brand b WHERE EXISTS (SELECT FROM prize_due p WHERE p.brand_id = b.id"
        " AND p.due_at <= $1) ORDER BY b.id",
        now,
    )
    return [row["id"] for row in rows]


async def insert(session: Session, now: datetime, brand_id: int, rows: Sequence[Owed]) -> None:
    """Write what is owed for the first time."""
    if rows:
        await session.fetch(_INSERT, brand_id, now, *_columns(rows))


async def update(session: Session, now: datetime, brand_id: int, rows: Sequence[Owed]) -> None:
    """Write what has become of prizes that are locked."""
    if rows:
        await session.fetch(_UPDATE, brand_id, now, *_columns(rows))


async def release(
    session: Session, now: datetime, brand_id: int, member_ids: Collection[UUID]
) -> None:
    """Let the prizes of these members that are held be looked at at once."""
    await session.fetch(
        "UPDATE prize_due SET due_at = $2 WHERE brand_id = $1 AND member_id = ANY ($3)"
        " AND state = 'held' AND due_at > $2",
        brand_id,
        now,
        list(member_ids),
    )


async def reopen_badges(
    session: Session, now: datetime, brand_id: int, badges: Collection[tuple[UUID, str]]
) -> None:
    """Owe once more what was refused because the member had the badge that was revoked now.

    Also what is owed to who was merged into the member.
    """
    if badges:
        await session.fetch(
            "UPDATE prize_due SET state = 'owed', refusal = NULL, due_at = $2, changed_at = $2"
            " WHERE id IN (SELECT p.id FROM unnest($3::uuid[], $4::text[]) AS b (kept, code)"
            " JOIN member m ON m.id = b.kept OR m.merged_into = b.kept"
            " JOIN prize_due p ON p.member_id = m.id AND p.code = b.code WHERE p.brand_id = $1"
            " AND kind = 'badge' AND refusal = 'ALREADY_AWARDED'"
            " ORDER BY p.id FOR NO KEY UPDATE OF p)",
            brand_id,
            now,
            [member_id for member_id, _ in badges],
            [code for _, code in badges],
        )


async def lock_budgets(session: Session, brand_id: int, names: Collection[str]) -> dict[str, int]:
    """Lock these budgets in the order of their names; return how much of each is used."""
    if not names:
        return {}
    await session.fetch(
        "INSERT INTO prize_budget (brand_id, name, used) SELECT $1, n, 0"
        " FROM unnest($2::text[]) AS b(n) ORDER BY n ON CONFLICT DO NOTHING",
        brand_id,
        sorted(names),
    )
    rows = await session.fetch(
        "SELECT name, used FROM prize_budget WHERE brand_id = $1 AND name = ANY ($2)"
        " ORDER BY name FOR NO KEY UPDATE",
        brand_id,
        list(names),
    )
    return {row["name"]: row["used"] for row in rows}


async def use_budgets(session: Session, brand_id: int, more: Mapping[str, int]) -> None:
    """Add to what of budgets is used, or take from it."""
    changes = {name: units for name, units in more.items() if units}
    if not changes:
        return
    await session.fetch(
        "UPDATE prize_budget b SET used = b.used + n.units FROM ("
        " SELECT o.name, c.units FROM unnest($2::text[], $3::bigint[]) AS c(name, units)"
        " JOIN prize_budget o ON o.brand_id = $1 AND o.name = c.name"
        " ORDER BY o.name FOR NO KEY UPDATE OF o) AS n WHERE b.brand_id = $1 AND b.name = n.name",
        brand_id,
        list(changes),
        list(changes.values()),
    )


def owed(row: asyncpg.Record) -> Owed:
    """Return a row of `COLUMNS`."""
    return Owed(*row)


def _columns(rows: Sequence[Owed]) -> list[list[object]]:
    return [[getattr(each, name) for each in rows] for name in _TYPES]
