"""How freezes, repairs, milestones and what was told are loaded and written, many at once."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from domain.members.queries import FAMILY
from gamification.streaks.rules_purse import Freezes
from gamification.streaks.rules_repair import Repaired
from gamification.streaks.section_parts import OnRefund
from kit.db import Session

# What is of who was merged into a member is his.
_FAMILY = FAMILY.format(ids="$2") + " AS f"

Key = tuple[UUID, str]
"""A member and the code of a streak."""


class GrantRow(NamedTuple):
    """Freezes that were given, as they are stored."""

    id: UUID
    member_id: UUID
    streak: str
    units: int
    source: str
    actor: str


class RepairRow(NamedTuple):
    """A repair as it is stored."""

    id: UUID
    member_id: UUID
    streak: str
    redemption_id: UUID | None
    unit: int | None


class MilestoneRow(NamedTuple):
    """A milestone that was reached, as it is stored."""

    id: UUID
    member_id: UUID
    streak: str
    life: int
    length: int
    time: int
    on_refund: OnRefund
    period: date
    reached_at: datetime
    undone: bool = False


class Told(NamedTuple):
    """What facts have told of a streak."""

    life: int
    length: int
    kept_on: date | None
    frozen_on: date | None
    broken_at: datetime | None


async def freezes(
    session: Session, brand_id: int, member_ids: Collection[UUID]
) -> dict[Key, list[Freezes]]:
    """Return the freezes that these members were given, taken back or not."""
    rows = await session.fetch(
        "SELECT f.kept, s.streak, s.id, s.granted_at, s.units, s.taken_at"  # noqa: S608
        f" FROM {_FAMILY} JOIN streak_freeze s ON s.member_id = f.id WHERE s.brand_id = $1",
        brand_id,
        list(member_ids),
    )
    found: dict[Key, list[Freezes]] = {}
    for member_id, streak, *row in rows:
        found.setdefault((member_id, streak), []).append(Freezes(*row))
    return found


async def repairs(
    session: Session, brand_id: int, member_ids: Collection[UUID]
) -> dict[Key, list[Repaired]]:
    """Return the repairs that these members have had, the oldest first."""
    rows = await session.fetch(
        "SELECT f.kept, s.streak, s.repaired_at, s.redemption_id"  # noqa: S608
        f" FROM {_FAMILY} JOIN streak_repair s ON s.member_id = f.id WHERE s.brand_id = $1"
        " ORDER BY s.repaired_at, s.id",
        brand_id,
        list(member_ids),
    )
    found: dict[Key, list[Repaired]] = {}
    for member_id, streak, *row in rows:
        found.setdefault((member_id, streak), []).append(Repaired(*row))
    return found


async def insert_grants(
    session: Session, now: datetime, brand_id: int, rows: Sequence[GrantRow]
) -> None:
    """Write freezes that are given."""
    if not rows:
        return
    await session.fetch(
        "INSERT INTO streak_freeze"
        " (id, brand_id, member_id, streak, units, source, actor, granted_at)"
        " SELECT i, $1, m, s, u, w, a, $2 FROM unnest($3::uuid[], $4::uuid[], $5::text[],"
        " $6::int[], $7::text[], $8::text[]) AS n(i, m, s, u, w, a) ORDER BY i",
        brand_id,
        now,
        *map(list, zip(*rows, strict=True)),
    )


async def grants(session: Session, brand_id: int, ids: Collection[UUID]) -> dict[UUID, GrantRow]:
    """Return those of these freezes that were given."""
    rows = await session.fetch(
        "SELECT f.id, coalesce(m.merged_into, m.id), streak, units, source, actor"
        " FROM streak_freeze f JOIN member m ON m.id = f.member_id"
        " WHERE f.brand_id = $1 AND f.id = ANY ($2)",
        brand_id,
        list(ids),
    )
    return {row["id"]: GrantRow(*row) for row in rows}


async def take(session: Session, now: datetime, brand_id: int, ids: Collection[UUID]) -> set[UUID]:
    """Take freezes back, each once; return the ids of those that were given at all."""
    rows = await session.fetch(
        "WITH known AS (SELECT id FROM streak_freeze WHERE brand_id = $1 AND id = ANY ($2)"
        " ORDER BY id FOR NO KEY UPDATE), taken AS (UPDATE streak_freeze f"
        " SET taken_at = greatest($3, f.granted_at) FROM known WHERE f.id = known.id"
        " AND f.taken_at IS NULL) SELECT id FROM known",
        brand_id,
        list(ids),
        now,
    )
    return {row["id"] for row in rows}


async def give_back(session: Session, brand_id: int, ids: Collection[UUID]) -> None:
    """Let freezes that were taken back count again, as if they had never been taken."""
    await session.fetch(
        "UPDATE streak_freeze SET taken_at = NULL WHERE id IN (SELECT id FROM streak_freeze"
        " WHERE brand_id = $1 AND id = ANY ($2) AND taken_at IS NOT NULL"
        " ORDER BY id FOR NO KEY UPDATE)",
        brand_id,
        list(ids),
    )


async def known_repairs(
    session: Session, brand_id: int, ids: Collection[UUID]
) -> dict[UUID, RepairRow]:
    """Return those of these repairs that were made."""
    rows = await session.fetch(
        "SELECT id, member_id, streak, redemption_id, unit FROM streak_repair"
        " WHERE brand_id = $1 AND id = ANY ($2)",
        brand_id,
        list(ids),
    )
    return {row["id"]: RepairRow(*row) for row in rows}


async def insert_repairs(
    session: Session, now: datetime, brand_id: int, rows: Sequence[RepairRow]
) -> None:
    """Write repairs of members whose wallets are locked."""
    if not rows:
        return
    await session.fetch(
        "INSERT INTO streak_repair"
        " (id, brand_id, member_id, streak, redemption_id, unit, repaired_at)"
        " SELECT i, $1, m, s, r, u, $2 FROM unnest($3::uuid[], $4::uuid[], $5::text[],"
        " $6::uuid[], $7::int[]) AS n(i, m, s, r, u)",
        brand_id,
        now,
        *map(list, zip(*rows, strict=True)),
    )


async def milestones(
    session: Session, brand_id: int, member_ids: Collection[UUID]
) -> dict[tuple[UUID, str, int, int], list[MilestoneRow]]:
    """Return what these members reached, by member, streak, life and length, in order of time."""
    rows = await session.fetch(
        "SELECT f.kept, s.id, s.member_id, s.streak, s.life, s.length, s.time,"  # noqa: S608
        " s.on_refund, s.period, s.reached_at, s.undone_at IS NOT NULL"
        f" FROM {_FAMILY} JOIN streak_milestone s ON s.member_id = f.id WHERE s.brand_id = $1"
        " ORDER BY s.time, s.id",
        brand_id,
        list(member_ids),
    )
    found: dict[tuple[UUID, str, int, int], list[MilestoneRow]] = {}
    for member_id, *row in rows:
        each = MilestoneRow(*row)
        found.setdefault((member_id, each.streak, each.life, each.length), []).append(each)
    return found


async def write_milestones(
    session: Session, now: datetime, brand_id: int, rows: Sequence[MilestoneRow]
) -> None:
    """Write milestones that are reached, now or again."""
    if not rows:
        return
    await session.fetch(
        "INSERT INTO streak_milestone (id, brand_id, member_id, streak, life, length, time,"
        " on_refund, period, reached_at, recorded_at)"
        " SELECT i, $1, m, s, l, n, t, o, p, r, $2 FROM unnest($3::uuid[], $4::uuid[], $5::text[],"
        " $6::int[], $7::int[], $8::int[], $9::text[], $10::date[], $11::timestamptz[])"
        " AS n(i, m, s, l, n, t, o, p, r) ORDER BY i"
        " ON CONFLICT (id) DO UPDATE SET undone_at = NULL, on_refund = EXCLUDED.on_refund,"
        " period = EXCLUDED.period, reached_at = EXCLUDED.reached_at,"
        " recorded_at = EXCLUDED.recorded_at",
        brand_id,
        now,
        *map(list, zip(*(row[:-1] for row in rows), strict=True)),
    )


async def undo_milestones(session: Session, now: datetime, ids: Collection[UUID]) -> None:
    """Note that milestones are not reached any more."""
    if ids:
        await session.fetch(
            "UPDATE streak_milestone SET undone_at = $1 WHERE id = ANY ($2) AND undone_at IS NULL",
            now,
            list(ids),
        )


async def told(session: Session, brand_id: int, member_ids: Collection[UUID]) -> dict[Key, Told]:
    """Return what was told of these members' streaks."""
    rows = await session.fetch(
        "SELECT member_id, streak, life, length, kept_on, frozen_on, broken_at"
        " FROM streak_told WHERE brand_id = $1 AND member_id = ANY ($2)",
        brand_id,
        list(member_ids),
    )
    return {(row["member_id"], row["streak"]): Told(*row[2:]) for row in rows}


async def tell(session: Session, brand_id: int, rows: Sequence[tuple[Key, Told]]) -> None:
    """Note what is told of streaks by now."""
    if not rows:
        return
    flat = sorted((*key, *each) for key, each in rows)
    await session.fetch(
        "INSERT INTO streak_told (brand_id, member_id, streak, life, length, kept_on, frozen_on,"
        " broken_at) SELECT $1, * FROM unnest($2::uuid[], $3::text[], $4::int[],"
        " $5::int[], $6::date[], $7::date[], $8::timestamptz[])"
        " ON CONFLICT (member_id, streak) DO UPDATE SET life = EXCLUDED.life,"
        " length = EXCLUDED.length, kept_on = EXCLUDED.kept_on, frozen_on = EXCLUDED.frozen_on,"
        " broken_at = EXCLUDED.broken_at",
        brand_id,
        *map(list, zip(*flat, strict=True)),
    )
