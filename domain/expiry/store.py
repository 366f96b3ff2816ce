"""How the ends of open lots are loaded and written, many members at once."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from kit.db import Session

_LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)

# What had ended by $3 can't come back, booked or not.
_LOTS = """
SELECT w.member_id, l.id, w.account_id, l.earned_at, l.expires_at, l.expired, l.fixed,
       l.version_id, w.debt
FROM wallet w CROSS JOIN LATERAL (
    SELECT id, earned_at, expires_at, expired, fixed, version_id FROM lot
    WHERE account_id = w.account_id AND (remaining > 0 OR held > 0) AND (NOT fixed OR w.debt > 0)
      AND (expires_at IS NULL OR expires_at > $3)
    UNION
    SELECT id, earned_at, expires_at, expired, fixed, version_id FROM lot
    WHERE account_id = w.account_id AND expired > 0 AND NOT fixed AND expires_at > $3
    UNION
    SELECT lot.id, earned_at, lot.expires_at, expired, fixed, version_id FROM transfer t
    JOIN lot_use u ON u.journal_id = t.journal_id JOIN lot ON lot.id = u.lot_id
    WHERE t.id = ANY ($4) AND lot.account_id = w.account_id AND NOT fixed
) AS l WHERE w.brand_id = $1 AND w.member_id = ANY ($2)
"""


class DatedLot(NamedTuple):
    """Points that follow the member, but for ``fixed`` ones. ``expired`` are booked as gone.

    ``debt`` is what their owner owes.
    """

    member_id: UUID
    id: int
    account_id: int
    earned_at: datetime
    expires_at: datetime | None
    expired: int
    fixed: bool
    version_id: int | None
    debt: int


async def lots(
    session: Session,
    brand_id: int,
    member_ids: Collection[UUID],
    since: datetime | None,
    spent_by: Collection[int] = (),
) -> list[DatedLot]:
    """Return the lots whose end may move: those that are open, or had not ended by ``since``.

    Those too that the holds ``spent_by`` took points from, open or not. Of who is in debt also
    those whose end is fixed: all that is open pays.
    """
    rows = await session.fetch(
        _LOTS, brand_id, list(member_ids), since or _LONG_AGO, list(spent_by)
    )
    return [DatedLot(*row) for row in rows]


async def write_ends(session: Session, ends: Sequence[tuple[int, datetime | None]]) -> None:
    """Write when lots end, by their ids."""
    await session.fetch(
        "UPDATE lot SET expires_at = e.at FROM unnest($1::bigint[], $2::timestamptz[])"
        " AS e(id, at) WHERE lot.id = e.id",
        [lot_id for lot_id, _ in ends],
        [end for _, end in ends],
    )


async def next_members(session: Session, brand_id: int, after: int, size: int) -> dict[int, UUID]:
    """Lock the next ``size`` wallets behind the account ``after``; return whose they are."""
    rows = await session.fetch(
        "SELECT account_id, member_id FROM wallet WHERE brand_id = $1 AND account_id > $2"
        " AND merged_into IS NULL ORDER BY account_id LIMIT $3 FOR NO KEY UPDATE",
        brand_id,
        after,
        size,
    )
    return {row["account_id"]: row["member_id"] for row in rows}


async def endless(session: Session, journal_ids: Sequence[int]) -> list[DatedLot]:
    """Return those of the lots of these journals that have no end so far, and may get one."""
    rows = await session.fetch(
        "SELECT w.member_id, l.id, l.account_id, l.earned_at, l.expires_at, l.expired, l.fixed,"
        " l.version_id, w.debt FROM lot l JOIN wallet w USING (account_id)"
        " WHERE l.journal_id = ANY ($1) AND NOT l.fixed AND l.expires_at IS NULL",
        list(journal_ids),
    )
    return [DatedLot(*row) for row in rows]


async def begin(session: Session, now: datetime, lot_ids: Sequence[int]) -> None:
    """Let the clock of these lots begin now."""
    if lot_ids:
        await session.fetch("UPDATE lot SET earned_at = $1 WHERE id = ANY ($2)", now, list(lot_ids))
