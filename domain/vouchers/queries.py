"""What members have to show at a till, what was used of it, and what waits in pools."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from domain.vouchers.rules import State, Voucher
from domain.vouchers.rules_code import meant
from domain.vouchers.store import COLUMNS, voucher
from kit.db import Session

__all__ = [
    "Pool",
    "State",
    "Use",
    "Voucher",
    "by_codes",
    "free_codes",
    "of_members",
    "of_redemptions",
    "oldest_of_members",
    "pools",
    "uses",
    "vouchers",
]

_VOUCHER = f"SELECT {COLUMNS} FROM voucher "  # noqa: S608 - made of constants

# The same as `rules.state`, a test says so.
_STATE = """CASE WHEN returned_at IS NOT NULL THEN 'returned' WHEN used_at IS NOT NULL THEN 'used'
     WHEN expires_at <= $2 THEN 'expired' ELSE 'issued' END"""
_OF_MEMBERS = f"""
SELECT v.* FROM unnest($3::uuid[]) AS asked (member_id) CROSS JOIN LATERAL (
    SELECT {COLUMNS} FROM voucher WHERE brand_id = $1 AND member_id = asked.member_id
    AND ($4::text[] IS NULL OR {_STATE} = ANY ($4))
    AND ($5::uuid IS NULL
         OR (issued_at, id) {{way}} (SELECT issued_at, id FROM voucher
                                 WHERE brand_id = $1 AND id = $5))
    ORDER BY issued_at {{order}}, id {{order}} LIMIT $6
) AS v
"""  # noqa: S608 - made of constants
_NEWEST = _OF_MEMBERS.format(way="<", order="DESC")
_OLDEST = _OF_MEMBERS.format(way=">", order="ASC")


@dataclass(frozen=True, slots=True)
class Use:
    """One use of a voucher at a till.

    ``amount`` is how much money of it was used and ``left`` how much remained then, in the
    brand's smallest unit; both None for a voucher without value.
    """

    id: UUID
    voucher_id: UUID
    amount: int | None
    left: int | None
    store: str
    actor: str
    used_at: datetime


@dataclass(frozen=True, slots=True)
class Pool:
    """Codes that a brand brought along, and how many of them were not given yet."""

    name: str
    codes: int
    free: int


async def vouchers(
    session: Session, now: datetime, brand_id: int, ids: Sequence[UUID]
) -> dict[UUID, Voucher]:
    """Return those of the vouchers ``ids`` that the brand has, as they stand at ``now``."""
    rows = await session.fetch(
        _VOUCHER + "WHERE brand_id = $1 AND id = ANY ($2)", brand_id, list(ids)
    )
    return {row["id"]: voucher(row, now) for row in rows}


async def by_codes(
    session: Session, now: datetime, brand_id: int, codes: Sequence[str]
) -> dict[str, Voucher]:
    """Return the vouchers that these codes mean, as they were read or typed; see `meant`."""
    names = {code: meant(code) for code in codes}
    rows = await session.fetch(
        _VOUCHER + "WHERE brand_id = $1 AND code = ANY ($2)",
        brand_id,
        list({name for some in names.values() for name in some}),
    )
    found = {row["code"]: voucher(row, now) for row in rows}
    return {
        code: next(found[name] for name in some if name in found)
        for code, some in names.items()
        if not found.keys().isdisjoint(some)
    }


async def of_members(
    session: Session,
    now: datetime,
    brand_id: int,
    member_ids: Sequence[UUID],
    *,
    first: int,
    before: UUID | None = None,
    states: Collection[State] | None = None,
) -> dict[UUID, list[Voucher]]:
    """Return up to ``first`` vouchers of each member, the newest first.

    ``before``: only those older than this voucher. ``states`` None: all of them.
    """
    wanted = None if states is None else list(states)
    ids = list(set(member_ids))
    rows = await session.fetch(_NEWEST, brand_id, now, ids, wanted, before, first)
    return _by_member(member_ids, rows, now)


async def oldest_of_members(
    session: Session,
    now: datetime,
    brand_id: int,
    member_ids: Sequence[UUID],
    *,
    first: int,
    after: UUID | None = None,
    states: Collection[State] | None = None,
) -> dict[UUID, list[Voucher]]:
    """Return up to ``first`` vouchers of each member, the oldest first.

    ``after``: only those newer than this voucher. ``states`` None: all of them.
    """
    wanted = None if states is None else list(states)
    ids = list(set(member_ids))
    rows = await session.fetch(_OLDEST, brand_id, now, ids, wanted, after, first)
    return _by_member(member_ids, rows, now)


def _by_member(
    member_ids: Sequence[UUID], rows: Sequence[asyncpg.Record], now: datetime
) -> dict[UUID, list[Voucher]]:
    found: dict[UUID, list[Voucher]] = {member_id: [] for member_id in member_ids}
    for row in rows:
        found[row["member_id"]].append(voucher(row, now))
    return found


async def of_redemptions(
    session: Session, now: datetime, brand_id: int, redemption_ids: Sequence[UUID]
) -> dict[UUID, list[Voucher]]:
    """Return the vouchers that each of these redemptions gave."""
    rows = await session.fetch(
        _VOUCHER + "WHERE brand_id = $1 AND redemption_id = ANY ($2) ORDER BY issued_at, id",
        brand_id,
        list(redemption_ids),
    )
    found: dict[UUID, list[Voucher]] = {redemption_id: [] for redemption_id in redemption_ids}
    for row in rows:
        found[row["redemption_id"]].append(voucher(row, now))
    return found


async def uses(
    session: Session, brand_id: int, voucher_ids: Sequence[UUID]
) -> dict[UUID, list[Use]]:
    """Return the uses of each of these vouchers, the first one first."""
    rows = await session.fetch(
        "SELECT id, voucher_id, amount, rest, store, actor, used_at FROM voucher_use"
        " WHERE brand_id = $1 AND voucher_id = ANY ($2) ORDER BY used_at, rest DESC, id",
        brand_id,
        list(voucher_ids),
    )
    found: dict[UUID, list[Use]] = {voucher_id: [] for voucher_id in voucher_ids}
    for row in rows:
        found[row["voucher_id"]].append(Use(*row))
    return found


async def pools(session: Session, brand_id: int) -> list[Pool]:
    """Return the brand's pools by name. Counts every code: for staff, not for each request."""
    rows = await session.fetch(
        "SELECT pool, count(*), count(*) FILTER (WHERE voucher_id IS NULL)"
        " FROM pool_code WHERE brand_id = $1 GROUP BY pool ORDER BY pool",
        brand_id,
    )
    return [Pool(*row) for row in rows]


async def free_codes(
    session: Session, brand_id: int, names: Collection[str], *, at_most: int
) -> dict[str, int]:
    """Return how many codes these pools have left, counted no further than ``at_most`` each."""
    rows = await session.fetch(
        "SELECT asked.pool, count(free) FROM unnest($2::text[]) AS asked (pool) LEFT JOIN LATERAL"
        " (SELECT true AS free FROM pool_code WHERE brand_id = $1 AND pool = asked.pool"
        " AND voucher_id IS NULL LIMIT $3) AS codes ON true GROUP BY asked.pool",
        brand_id,
        list(names),
        at_most,
    )
    return {row[0]: row[1] for row in rows}
