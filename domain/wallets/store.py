"""How wallets and lots are loaded under their lock and written back, many at once."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from domain.members.rules import AttributeValue
from domain.wallets.rules import Lot
from kit.db import LostRaceError, Session

_LOT = "SELECT id, account_id, journal_id, remaining, earned_at, available_at, expires_at FROM lot "

# Whoever is in debt has nothing to spend: what may come back was there before the debt was made.
LATE_LOT = """
LATERAL (SELECT l.expired + l.remaining + l.held - l.forgone AS free, (
    SELECT coalesce(sum(d.amount), 0)::bigint
    FROM wallet f JOIN account a ON a.brand_id = w.brand_id AND a.asset_id = w.asset_id
        AND a.code = 'debt' AND a.owner_id = f.member_id
    JOIN transfer d ON d.debit_account = a.id AND d.code <> 'merge'
    WHERE (f.account_id = w.account_id OR f.merged_into = w.account_id)
      AND w.debt > 0 AND d.recorded_at >= l.expires_at) AS later
) AS x
"""
"""What refunds don't forgo of the lot ``l`` of the wallet ``w``, and debts made after its end."""

_NAMED = (
    "SELECT n.external_id AS name, w.merged_into IS NOT NULL OR w.erased_at IS NOT NULL AS gone,"
    " w.account_id, w.member_id, w.debt, m.external_id, m.joined_at, m.birthday,"
    " m.region, m.attributes FROM member n JOIN member m ON m.id = coalesce(n.merged_into, n.id)"
    " JOIN wallet w ON w.member_id = m.id"
    " WHERE n.brand_id = $1 AND w.asset_id = $2 AND n.external_id = ANY ($3)"
    " AND n.erased_at IS NULL ORDER BY w.account_id"
)


@dataclass(frozen=True, slots=True)
class Wallet:
    """A member's account and who it is. Whoever holds one has locked it until the commit.

    ``debt`` is what the member's next points will pay, in the asset's smallest unit.
    """

    account_id: int
    member_id: UUID
    debt: int
    external_id: str
    joined_at: datetime
    birthday: date | None
    region: str | None
    attributes: dict[str, AttributeValue]


class NewLot(NamedTuple):
    """Points of one accrual, as its lot begins."""

    journal_id: int
    account_id: int
    amount: int
    earned_at: datetime
    available_at: datetime
    expires_at: datetime | None
    fixed: bool = False
    release_days: int | None = None
    version_id: int | None = None


class LotChange(NamedTuple):
    """What a journal does to a lot: ``taken`` out of its rest, ``held`` more reserved.

    ``expired`` is how much of what was taken had come to its end.
    """

    journal_id: int
    lot_id: int
    taken: int
    held: int
    expired: int = 0


class Lost(NamedTuple):
    """What an accrual lost by expiry, and how much of that refunds have forgone already."""

    lot_id: int
    points: int
    forgone: int


async def lock_named(
    session: Session, brand_id: int, asset_id: int, external_ids: Sequence[str]
) -> dict[str, Wallet]:
    """Lock the wallets of the members a brand knows by these ids, in one order for all callers.

    By the ids asked for: several may be those of one member. Raises LostRaceError if one was
    merged or erased while it was waited for.
    """
    rows = await session.fetch(
        f"{_NAMED} FOR NO KEY UPDATE OF w", brand_id, asset_id, list(external_ids)
    )
    if any(row["gone"] for row in rows):
        raise LostRaceError
    return {name: Wallet(*wallet) for name, _, *wallet in rows}


async def named(
    session: Session, brand_id: int, asset_id: int, external_ids: Sequence[str]
) -> dict[str, Wallet]:
    """Return the wallets of the members a brand knows by these ids; nothing is locked."""
    rows = await session.fetch(_NAMED, brand_id, asset_id, list(external_ids))
    return {name: Wallet(*wallet) for name, _, *wallet in rows}


async def lock_members(
    session: Session,
    brand_id: int,
    asset_id: int,
    member_ids: Iterable[UUID],
    *,
    living: bool = False,
) -> dict[UUID, int]:
    """Lock the wallets of these members; return their accounts.

    Raises LostRaceError if one was merged into another member: whoever asks for that one has
    looked before it happened. ``living``: also if one was erased.
    """
    rows = await session.fetch(
        "SELECT account_id, member_id, merged_into IS NOT NULL AS merged,"
        " erased_at IS NOT NULL AS erased FROM wallet WHERE brand_id = $1 AND asset_id = $2"
        " AND member_id = ANY ($3) ORDER BY account_id FOR NO KEY UPDATE",
        brand_id,
        asset_id,
        list(member_ids),
    )
    if any(row["merged"] or (living and row["erased"]) for row in rows):
        raise LostRaceError
    return {row["member_id"]: row["account_id"] for row in rows}


async def lock_accounts(session: Session, brand_id: int, account_ids: Iterable[int]) -> None:
    """Lock the wallets with these accounts, or those that they were merged into.

    Raises LostRaceError if one was merged while it was waited for.
    """
    rows = await session.fetch(
        "SELECT merged_into FROM wallet WHERE brand_id = $1 AND account_id IN ("
        "SELECT coalesce(merged_into, account_id) FROM wallet WHERE account_id = ANY ($2))"
        " ORDER BY account_id FOR NO KEY UPDATE",
        brand_id,
        list(account_ids),
    )
    if any(row["merged_into"] is not None for row in rows):
        raise LostRaceError


async def owners(session: Session, account_ids: Collection[int]) -> dict[int, UUID]:
    """Return whose wallets these are by now."""
    rows = await session.fetch(
        "SELECT a.account_id, w.member_id FROM wallet a"
        " JOIN wallet w ON w.account_id = coalesce(a.merged_into, a.account_id)"
        " WHERE a.account_id = ANY ($1)",
        list(account_ids),
    )
    return {row["account_id"]: row["member_id"] for row in rows}


async def debts(session: Session, account_ids: Collection[int]) -> dict[int, int]:
    """Return what those of these wallets owe that owe anything."""
    rows = await session.fetch(
        "SELECT account_id, debt FROM wallet WHERE account_id = ANY ($1) AND debt > 0",
        list(account_ids),
    )
    return {row["account_id"]: row["debt"] for row in rows}


async def ended(session: Session, lot_ids: Collection[int]) -> dict[int, tuple[int, int]]:
    """Return of lots that have ended what refunds don't forgo, and the debts made since then."""
    rows = await session.fetch(
        "SELECT l.id, x.free, x.later FROM lot l JOIN wallet w USING (account_id),"  # noqa: S608
        f" {LATE_LOT} WHERE l.id = ANY ($1)",
        list(lot_ids),
    )
    return {row["id"]: (row["free"], row["later"]) for row in rows}


async def change_debts(session: Session, changes: Sequence[tuple[int, int]]) -> None:
    """Add to what wallets owe; the ledger has it already."""
    if not any(amount for _, amount in changes):
        return
    await session.fetch(
        "UPDATE wallet SET debt = debt + c.more FROM (SELECT a, sum(m) AS more"
        " FROM unnest($1::bigint[], $2::bigint[]) AS n(a, m) GROUP BY a) AS c"
        " WHERE account_id = c.a",
        [account_id for account_id, _ in changes],
        [amount for _, amount in changes],
    )


async def insert_lots(session: Session, brand_id: int, lots: Sequence[NewLot]) -> list[Lot]:
    """Write new lots; return, in the order given, those that may not stay.

    Their owner is in debt, or was forgiven, or erased.
    """
    rows = await session.fetch(
        "WITH new AS (INSERT INTO lot (brand_id, journal_id, account_id, amount, remaining,"
        " earned_at, available_at, expires_at, fixed, release_days, version_id)"
        " SELECT $1, j, a, p, p, e, v, x, f, r, i FROM unnest($2::bigint[], $3::bigint[],"
        " $4::bigint[], $5::timestamptz[], $6::timestamptz[], $7::timestamptz[], $8::bool[],"
        " $9::smallint[], $10::bigint[]) AS n(j, a, p, e, v, x, f, r, i) RETURNING *)"
        " SELECT new.id, account_id, new.journal_id, new.remaining, new.earned_at,"
        " new.available_at, new.expires_at"
        " FROM new JOIN wallet USING (account_id)"
        " WHERE debt > 0 OR forgiven > 0 OR erased_at IS NOT NULL ORDER BY new.id",
        brand_id,
        *(list(column) for column in zip(*lots, strict=True)),
    )
    return [Lot(*row) for row in rows]


async def open_lots(session: Session, account_ids: Iterable[int]) -> dict[int, list[Lot]]:
    """Return the lots that have something left, by account."""
    rows = await session.fetch(
        _LOT + "WHERE account_id = ANY ($1) AND remaining > 0", list(account_ids)
    )
    return _by_account(rows)


async def terms(session: Session, lot_ids: Collection[int]) -> dict[int, tuple[bool, int | None]]:
    """Return whether each of these lots has a fixed end, and the version that judged it."""
    rows = await session.fetch(
        "SELECT id, fixed, version_id FROM lot WHERE id = ANY ($1)", list(lot_ids)
    )
    return {row["id"]: (row["fixed"], row["version_id"]) for row in rows}


async def lost(session: Session, now: datetime, sources: Sequence[int]) -> dict[int, Lost]:
    """Return what the accruals by these journals lost by expiry, those that lost anything.

    What a hold reserves of a lot that has ended is lost as well, unless it is spent: see
    `service_forgone.spent`. It makes no difference whether a job has booked any of it.
    """
    rows = await session.fetch(
        "SELECT journal_id, id, points, forgone FROM lot, LATERAL (SELECT expired"
        " + CASE WHEN expires_at <= $1 THEN remaining + held ELSE 0 END AS points) AS l"
        " WHERE journal_id = ANY ($2) AND points > 0",
        now,
        list(sources),
    )
    return {row["journal_id"]: Lost(*row[1:]) for row in rows}


async def change_forgone(session: Session, changes: Sequence[tuple[int, int]]) -> None:
    """Add to what refunds forgo of lots because they have ended."""
    if not any(amount for _, amount in changes):
        return
    await session.fetch(
        "UPDATE lot SET forgone = forgone + c.more FROM (SELECT l, sum(m) AS more"
        " FROM unnest($1::bigint[], $2::bigint[]) AS n(l, m) GROUP BY l) AS c WHERE id = c.l",
        [lot_id for lot_id, _ in changes],
        [amount for _, amount in changes],
    )


async def reserved(
    session: Session, journal_ids: Sequence[int]
) -> dict[int, list[tuple[Lot, int]]]:
    """Return what the holds of these journals reserved of which lots."""
    rows = await session.fetch(
        "SELECT u.journal_id AS hold, u.amount, l.id, l.account_id, l.journal_id, l.remaining,"
        " l.earned_at, l.available_at, l.expires_at FROM lot_use u JOIN lot l ON l.id = u.lot_id"
        " WHERE u.journal_id = ANY ($1)",
        list(journal_ids),
    )
    found: dict[int, list[tuple[Lot, int]]] = {}
    for row in rows:
        hold, amount, *lot = row
        found.setdefault(hold, []).append((Lot(*lot), amount))
    return found


async def change(session: Session, changes: Sequence[LotChange]) -> None:
    """Write what journals did to lots, and keep it on record."""
    if not changes:
        return
    await session.fetch(
        "WITH done AS (SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[],"
        " $4::bigint[], $5::bigint[]) AS c(j, l, t, h, x)), kept AS ("
        " INSERT INTO lot_use (journal_id, lot_id, amount) SELECT j, l, t FROM done WHERE t <> 0)"
        " UPDATE lot SET remaining = lot.remaining - d.taken, held = lot.held + d.held,"
        " expired = lot.expired + d.expired"
        " FROM (SELECT l, sum(t) AS taken, sum(h) AS held, sum(x) AS expired FROM done GROUP BY l)"
        " AS d WHERE lot.id = d.l",
        *(list(column) for column in zip(*changes, strict=True)),
    )


def _by_account(rows: Sequence[asyncpg.Record]) -> dict[int, list[Lot]]:
    found: dict[int, list[Lot]] = {}
    for row in rows:
        lot = Lot(*row)
        found.setdefault(lot.account_id, []).append(lot)
    return found
