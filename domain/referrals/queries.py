"""Who brought whom, and by which codes."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from domain.referrals.rules_course import State
from domain.vouchers.rules_code import shown
from kit.db import Session

_REFERRAL = (
    "SELECT id, referrer_id, friend_id, state, reason, version_id, claimed_at, expires_at,"
    " event_id, qualified_at, rewards_at, rewarded_at, reviewed_at, reviewed_by,"
    " review_note FROM referral "
)
_OF_MEMBERS = """
WHERE id IN (
    SELECT each.id FROM unnest($2::uuid[]) AS m(id) CROSS JOIN LATERAL (
        SELECT r.id FROM referral r WHERE r.brand_id = $1 AND r.referrer_id = m.id
          AND ($3::text[] IS NULL OR r.state = ANY ($3))
          AND ($4::uuid IS NULL
               OR (r.claimed_at, r.id) {way} (SELECT claimed_at, id FROM referral WHERE id = $4))
        ORDER BY r.claimed_at {order}, r.id {order} LIMIT $5
    ) AS each
) ORDER BY claimed_at {order}, id {order}
"""
_OF_BRAND = """
WHERE brand_id = $1 AND state = ANY ($2) AND ($3::uuid IS NULL
    OR (claimed_at, id) {way} (SELECT claimed_at, id FROM referral WHERE id = $3))
ORDER BY claimed_at {order}, id {order} LIMIT $4
"""
_NEWEST = {"way": "<", "order": "DESC"}
_OLDEST = {"way": ">", "order": "ASC"}


@dataclass(frozen=True, slots=True)
class Referral:
    """That a friend named a member's code, and what came of it.

    ``reason`` says why it is refused, or why staff look at it; staff see refused ones, members
    don't. The version in force when it was claimed says what counts. ``event_id`` is the purchase
    or activity by which it qualified, at ``qualified_at``. A pending one counts if the friend does
    it before ``expires_at``; a qualified one is rewarded from ``rewards_at`` on.
    """

    id: UUID
    referrer_id: UUID
    friend_id: UUID
    state: State
    reason: str | None
    version_id: int
    claimed_at: datetime
    expires_at: datetime
    event_id: UUID | None
    qualified_at: datetime | None
    rewards_at: datetime | None
    rewarded_at: datetime | None
    reviewed_at: datetime | None
    reviewed_by: str | None
    review_note: str | None


async def referrals(session: Session, brand_id: int, ids: Sequence[UUID]) -> dict[UUID, Referral]:
    """Return those of the referrals ``ids`` that are this brand's."""
    rows = await session.fetch(
        _REFERRAL + "WHERE brand_id = $1 AND id = ANY ($2)", brand_id, list(ids)
    )
    return {row["id"]: Referral(*row) for row in rows}


async def of_members(
    session: Session,
    brand_id: int,
    member_ids: Sequence[UUID],
    *,
    first: int,
    before: UUID | None = None,
    states: Collection[State] | None = None,
) -> dict[UUID, list[Referral]]:
    """Return up to ``first`` referrals by each of these members, newest first.

    ``before`` is the last referral that was seen: only older ones. ``states`` None: all of them.
    """
    rows = await session.fetch(
        _REFERRAL + _OF_MEMBERS.format(**_NEWEST),
        brand_id,
        list(member_ids),
        None if states is None else list(states),
        before,
        first,
    )
    return _by_member(member_ids, rows)


async def oldest_of_members(
    session: Session,
    brand_id: int,
    member_ids: Sequence[UUID],
    *,
    first: int,
    after: UUID | None = None,
    states: Collection[State] | None = None,
) -> dict[UUID, list[Referral]]:
    """Return up to ``first`` referrals by each member, the oldest first, newer than ``after``."""
    rows = await session.fetch(
        _REFERRAL + _OF_MEMBERS.format(**_OLDEST),
        brand_id,
        list(member_ids),
        None if states is None else list(states),
        after,
        first,
    )
    return _by_member(member_ids, rows)


def _by_member(
    member_ids: Sequence[UUID], rows: Sequence[asyncpg.Record]
) -> dict[UUID, list[Referral]]:
    found: dict[UUID, list[Referral]] = {member_id: [] for member_id in member_ids}
    for row in rows:
        found[row["referrer_id"]].append(Referral(*row))
    return found


async def of_friends(
    session: Session, brand_id: int, member_ids: Sequence[UUID]
) -> dict[UUID, Referral]:
    """Return by whom each of these members was brought; refused referrals are left out."""
    rows = await session.fetch(
        _REFERRAL + "WHERE brand_id = $1 AND friend_id = ANY ($2) AND state <> 'refused'",
        brand_id,
        list(member_ids),
    )
    return {row["friend_id"]: Referral(*row) for row in rows}


async def of_brand(
    session: Session,
    brand_id: int,
    *,
    states: Collection[State],
    first: int,
    before: UUID | None = None,
) -> list[Referral]:
    """Return up to ``first`` referrals in these states, newest first, older than ``before``.

    What staff look at: ``review`` waits for them, ``refused`` ones say why.
    """
    sql = _REFERRAL + _OF_BRAND.format(**_NEWEST)
    rows = await session.fetch(sql, brand_id, list(states), before, first)
    return [Referral(*row) for row in rows]


async def oldest_of_brand(
    session: Session,
    brand_id: int,
    *,
    states: Collection[State],
    first: int,
    after: UUID | None = None,
) -> list[Referral]:
    """Return up to ``first`` referrals in these states, the oldest first, newer than ``after``."""
    sql = _REFERRAL + _OF_BRAND.format(**_OLDEST)
    rows = await session.fetch(sql, brand_id, list(states), after, first)
    return [Referral(*row) for row in rows]


async def code_of(session: Session, brand_id: int, member_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Return the codes, as they are shown, of those of these members who ever asked for one."""
    rows = await session.fetch(
        "SELECT member_id, code FROM referral_code WHERE brand_id = $1 AND member_id = ANY ($2)",
        brand_id,
        list(member_ids),
    )
    return {row["member_id"]: shown(row["code"]) for row in rows}
