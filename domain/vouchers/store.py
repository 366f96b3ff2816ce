"""How vouchers are loaded under their lock and written, and how codes of pools are taken."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from domain.vouchers.rules import Voucher, state
from kit.db import Session

COLUMNS = (
    "id, member_id, redemption_id, reward, kind, version_id, code, value, used,"
    " issued_at, expires_at, used_at, returned_at"
)

_TAKE = """
SELECT asked.pool, free.id, free.code
FROM unnest($2::text[], $3::int[]) WITH ORDINALITY AS asked (pool, wanted, place)
CROSS JOIN LATERAL (
    SELECT id, code FROM pool_code
    WHERE brand_id = $1 AND pool = asked.pool AND voucher_id IS NULL
    ORDER BY id LIMIT asked.wanted FOR UPDATE SKIP LOCKED
) AS free ORDER BY asked.place, free.id
"""


@dataclass(frozen=True, slots=True)
class NewVoucher:
    """A voucher to issue under its own id, given once.

    ``value`` is money in the brand's smallest unit, None or 0 if it has none; ``pool`` is where
    its code comes from, None if it is made here.
    """

    id: UUID
    member_id: UUID
    redemption_id: UUID
    reward: str
    kind: str
    version_id: int
    value: int | None
    expires_at: datetime | None
    pool: str | None


class Use(NamedTuple):
    """A use as it is kept: ``rest`` is the money left after it, None for what has no value."""

    id: UUID
    voucher_id: UUID
    amount: int | None
    rest: int | None
    store: str
    actor: str
    request: bytes


class TakenCode(NamedTuple):
    """A free code of a pool, locked until the transaction ends."""

    id: int
    code: str


def voucher(row: asyncpg.Record, now: datetime) -> Voucher:
    """Return a row of `COLUMNS` as it stands at ``now``."""
    now_is = state(now, row["expires_at"], row["used_at"], row["returned_at"])
    return Voucher(**row, state=now_is)


async def take_codes(
    session: Session, brand_id: int, wanted: Mapping[str, int]
) -> dict[str, list[TakenCode]]:
    """Lock so many free codes of each pool, in the order they came in; fewer if there are not.

    Codes that another transaction holds are passed by, never waited for.
    """
    rows = await session.fetch(_TAKE, brand_id, list(wanted), list(wanted.values()))
    taken: dict[str, list[TakenCode]] = {pool: [] for pool in wanted}
    for pool, *code in rows:
        taken[pool].append(TakenCode(*code))
    return taken


async def insert(
    session: Session,
    now: datetime,
    brand_id: int,
    items: Sequence[tuple[NewVoucher, str]],
) -> None:
    """Write vouchers, each with its code."""
    new = [item for item, _ in items]
    await session.fetch(
        "INSERT INTO voucher (id, brand_id, member_id, redemption_id, reward, kind, version_id,"
        " code, value, issued_at, expires_at) SELECT i, $1, m, d, r, k, v, c, a, $2, e"
        " FROM unnest($3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::bigint[],"
        " $9::text[], $10::bigint[], $11::timestamptz[]) AS n(i, m, d, r, k, v, c, a, e)",
        brand_id,
        now,
        [item.id for item in new],
        [item.member_id for item in new],
        [item.redemption_id for item in new],
        [item.reward for item in new],
        [item.kind for item in new],
        [item.version_id for item in new],
        [code for _, code in items],
        [item.value or None for item in new],
        [item.expires_at for item in new],
    )


async def give_codes(session: Session, given: Mapping[int, UUID]) -> None:
    """Note which voucher each of these codes of pools became."""
    await session.fetch(
        "UPDATE pool_code p SET voucher_id = n.voucher_id"
        " FROM unnest($1::bigint[], $2::uuid[]) AS n(id, voucher_id) WHERE p.id = n.id",
        list(given),
        list(given.values()),
    )


async def lock_codes(
    session: Session, now: datetime, brand_id: int, codes: Collection[str]
) -> dict[str, Voucher]:
    """Lock the vouchers of these codes, as they are shown, and return those there are."""
    rows = await session.fetch(
        f"SELECT {COLUMNS} FROM voucher WHERE brand_id = $1 AND code = ANY ($2)"  # noqa: S608
        " ORDER BY id FOR NO KEY UPDATE",
        brand_id,
        list(codes),
    )
    return {row["code"]: voucher(row, now) for row in rows}


async def lock_redemptions(
    session: Session, now: datetime, brand_id: int, redemption_ids: Collection[UUID]
) -> list[Voucher]:
    """Lock and return the vouchers of these redemptions."""
    rows = await session.fetch(
        f"SELECT {COLUMNS} FROM voucher WHERE brand_id = $1"  # noqa: S608
        " AND redemption_id = ANY ($2) ORDER BY id FOR NO KEY UPDATE",
        brand_id,
        list(redemption_ids),
    )
    return [voucher(row, now) for row in rows]


async def known_uses(
    session: Session, brand_id: int, ids: Sequence[UUID]
) -> dict[UUID, tuple[Use, UUID]]:
    """Return those of the uses ``ids`` that the brand has recorded, with the voucher's member."""
    rows = await session.fetch(
        "SELECT v.member_id, u.id, u.voucher_id, u.amount, u.rest, u.store, u.actor, u.request"
        " FROM voucher_use u JOIN voucher v ON v.id = u.voucher_id"
        " WHERE u.brand_id = $1 AND u.id = ANY ($2)",
        brand_id,
        list(ids),
    )
    return {use[0]: (Use(*use), member_id) for member_id, *use in rows}


async def insert_uses(session: Session, now: datetime, brand_id: int, uses: Sequence[Use]) -> None:
    """Write uses."""
    await session.fetch(
        "INSERT INTO voucher_use (id, brand_id, voucher_id, amount, rest, store, actor, request,"
        " used_at) SELECT i, $1, v, a, l, s, w, r, $2 FROM unnest($3::uuid[], $4::uuid[],"
        " $5::bigint[], $6::bigint[], $7::text[], $8::text[], $9::bytea[])"
        " AS n(i, v, a, l, s, w, r)",
        brand_id,
        now,
        *map(list, zip(*uses, strict=True)),
    )


async def update(session: Session, vouchers: Collection[Voucher]) -> None:
    """Write what is used of vouchers that are locked, and when they were used up or returned."""
    await session.fetch(
        "UPDATE voucher v SET used = n.used, used_at = n.used_at, returned_at = n.returned_at"
        " FROM unnest($1::uuid[], $2::bigint[], $3::timestamptz[], $4::timestamptz[])"
        " AS n(id, used, used_at, returned_at) WHERE v.id = n.id",
        [each.id for each in vouchers],
        [each.used for each in vouchers],
        [each.used_at for each in vouchers],
        [each.returned_at for each in vouchers],
    )


async def join(session: Session, into: Mapping[UUID, UUID]) -> None:
    """Let the members that ``into`` names have the vouchers of those who turn out to be them."""
    await session.fetch(
        "UPDATE voucher SET member_id = n.new"
        " FROM unnest($1::uuid[], $2::uuid[]) AS n(old, new) WHERE member_id = n.old",
        list(into),
        list(into.values()),
    )


async def end(session: Session, now: datetime, member_ids: Collection[UUID]) -> None:
    """Let what these members have not used end now."""
    await session.fetch(
        # What was used at this very instant was used before.
        "UPDATE voucher v SET expires_at = greatest($1, coalesce((SELECT max(used_at)"
        " FROM voucher_use u WHERE u.voucher_id = v.id) + interval '1 microsecond', $1))"
        " WHERE member_id = ANY ($2) AND used_at IS NULL AND returned_at IS NULL"
        " AND (expires_at IS NULL OR expires_at > $1)",
        now,
        list(member_ids),
    )
