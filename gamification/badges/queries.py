"""Which badges there are, who was awarded them, and how rare they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import asyncpg

from domain.members import queries as members
from domain.programmes.rules import Programme, Timeline
from gamification.badges.section import BadgesSection
from gamification.badges.section_parts import Badge
from kit.db import Session

_AWARD = (
    "SELECT a.id, a.member_id, a.badge, a.level, a.period, a.source, a.actor, a.awarded_at,"
    " a.expires_at, a.status_index, a.revoked_at, a.revoked_by, a.reason, a.shared_at,"
    " a.shown_name FROM badge_award a "
)
_OF_MEMBERS = f"""
{_AWARD.replace(" FROM", ", f.kept FROM")} JOIN {members.FAMILY.format(ids="$2")} AS f
    ON f.id = a.member_id
WHERE a.brand_id = $1 AND ($3 OR a.revoked_at IS NULL)
ORDER BY a.awarded_at DESC, a.badge, a.level DESC, a.id
"""
_RARITY = """
SELECT a.badge, a.level, count(DISTINCT coalesce(m.merged_into, m.id))
FROM badge_award a JOIN member m ON m.id = a.member_id AND m.erased_at IS NULL
WHERE a.brand_id = $1 AND a.revoked_at IS NULL GROUP BY a.badge, a.level
"""


@dataclass(frozen=True, slots=True)
class Award:
    """That a member was awarded a level of a badge.

    ``level`` is 1 for a badge without levels, ``period`` the first day of what a badge awarded
    more than once counts in. Valid until before ``expires_at`` unless it was revoked; it is public
    since ``shared_at``, with ``shown_name`` on it.
    """

    id: UUID
    member_id: UUID
    badge: str
    level: int
    period: date | None
    source: str
    actor: str
    awarded_at: datetime
    expires_at: datetime | None
    status_index: int
    revoked_at: datetime | None
    revoked_by: str | None
    reason: str | None
    shared_at: datetime | None
    shown_name: str | None


@dataclass(frozen=True, slots=True)
class Rarity:
    """How many hold something, of how many members."""

    holders: int
    members: int

    @property
    def permille(self) -> int:
        """How many of a thousand members hold it, rounded up: who holds it is never none."""
        return -(-self.holders * 1000 // self.members) if self.members else 0


def badges(programme: Programme | None) -> tuple[Badge, ...]:
    """Return the badges of a programme, in the order of the file."""
    section = programme.document.find(BadgesSection) if programme else None
    return section.badge if section else ()


def section(timeline: Timeline, at: datetime) -> BadgesSection | None:
    """Return the section of the last version by ``at`` that has one, None if none ever had."""
    for programme in reversed(timeline.programmes):
        if programme.effective_from <= at:
            found = programme.document.find(BadgesSection)
            if found is not None:
                return found
    return None


def badge(timeline: Timeline, code: str, at: datetime) -> Badge | None:
    """Return a badge as the last version by ``at`` that knows it says, or None."""
    for programme in reversed(timeline.programmes):
        if programme.effective_from <= at:
            found = next((each for each in badges(programme) if each.code == code), None)
            if found is not None:
                return found
    return None


async def awards(session: Session, brand_id: int, ids: Sequence[UUID]) -> dict[UUID, Award]:
    """Return those of the awards ``ids`` that are this brand's, the revoked ones included."""
    rows = await session.fetch(
        _AWARD + "WHERE a.brand_id = $1 AND a.id = ANY ($2)", brand_id, list(ids)
    )
    return {row["id"]: _award(row) for row in rows}


async def shared(session: Session, brand_id: int, award_id: UUID) -> Award | None:
    """Return an award if it is public: the member shared it, and was not erased."""
    row = await session.one(
        _AWARD + "JOIN member m ON m.id = a.member_id AND m.erased_at IS NULL"
        " WHERE a.brand_id = $1 AND a.id = $2 AND a.shared_at IS NOT NULL",
        brand_id,
        award_id,
    )
    return _award(row) if row else None


async def awards_of(
    session: Session, brand_id: int, member_ids: Sequence[UUID], *, revoked: bool = False
) -> dict[UUID, list[Award]]:
    """Return what each of these members was awarded, the latest first.

    ``revoked``: what was revoked since as well. Every member is there.
    """
    rows = await session.fetch(_OF_MEMBERS, brand_id, list(member_ids), revoked)
    found: dict[UUID, list[Award]] = {member_id: [] for member_id in member_ids}
    for *award, kept in rows:
        found[kept].append(Award(*award))
    return found


async def rarity(session: Session, brand_id: int) -> Mapping[tuple[str, int], Rarity]:
    """Return how many members were awarded each level of each badge, by code and level.

    What nobody has is not there. What was revoked does not count.
    """
    every = await members.count(session, brand_id)
    rows = await session.fetch(_RARITY, brand_id)
    return {(badge, level): Rarity(holders, every) for badge, level, holders in rows}


def _award(row: asyncpg.Record) -> Award:
    return Award(*row)


async def revoked_between(
    session: Session, brand_id: int, first: int, end: int
) -> list[int] | None:
    """Return the status indices from ``first`` to before ``end`` of what is revoked, ascending.

    None if the brand has no award there.
    """
    there = await session.value(
        "SELECT EXISTS (SELECT FROM badge_award WHERE brand_id = $1"
        " AND status_index >= $2 AND status_index < $3)",
        brand_id,
        first,
        end,
    )
    if not there:
        return None
    rows = await session.fetch(
        "SELECT status_index FROM badge_award WHERE brand_id = $1 AND revoked_at IS NOT NULL"
        " AND status_index >= $2 AND status_index < $3 ORDER BY status_index",
        brand_id,
        first,
        end,
    )
    return [row["status_index"] for row in rows]
