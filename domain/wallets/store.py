"""How wallets and lots are loaded under their lock and written back, many at once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import asyncpg

from domain.wallets.rules import Lot, Take
from kit.db import Session

_LOT = "SELECT id, account_id, journal_id, remaining, earned_at, available_at, expires_at FROM lot "


@dataclass(frozen=True, slots=True)
class Wallet:
    """A member's account. Whoever holds one from here has locked it until the commit."""

    account_id: int
    member_id: UUID
    external_id: str
    joined_at: datetime


@dataclass(frozen=True, slots=True)
class LotChange:
    """What a journal does to a lot: ``taken`` out of its rest, ``held`` more reserved."""

    journal_id: int
    lot_id: int
    taken: int
    held: int


async def lock_named(
    session: Session, brand_id: int, asset_id: int, external_ids: Sequence[str]
) -> dict[str, Wallet]:
    """Lock the wallets of the members a brand knows by these ids, in one order for all callers."""
    rows = await session.fetch(
        "SELECT w.account_id, w.member_id, m.external_id, m.joined_at FROM wallet w"
        " JOIN member m ON m.id = w.member_id"
        " WHERE m.brand_id = $1 AND w.asset_id = $2 AND m.external_id = ANY ($3)"
        " ORDER BY w.account_id FOR NO KEY UPDATE OF w",
        brand_id,
        asset_id,
        list(external_ids),
    )
    return {row["external_id"]: Wallet(*row) for row in rows}


async def lock_members(
    session: Session, brand_id: int, asset_id: int, member_ids: Iterable[UUID]
) -> dict[UUID, int]:
    """Lock the wallets of these members; return their accounts."""
    rows = await session.fetch(
        "SELECT account_id, member_id FROM wallet WHERE brand_id = $1 AND asset_id = $2"
        " AND member_id = ANY ($3) ORDER BY account_id FOR NO KEY UPDATE",
        brand_id,
        asset_id,
        list(member_ids),
    )
    return {row["member_id"]: row["account_id"] for row in rows}


async def lock_accounts(session: Session, brand_id: int, account_ids: Iterable[int]) -> None:
    """Lock the wallets with these accounts."""
    await session.fetch(
        "SELECT FROM wallet WHERE brand_id = $1 AND account_id = ANY ($2)"
        " ORDER BY account_id FOR NO KEY UPDATE",
        brand_id,
        list(account_ids),
    )


async def open_lots(session: Session, account_ids: Iterable[int]) -> dict[int, list[Lot]]:
    """Return the lots that have something left, by account."""
    rows = await session.fetch(
        _LOT + "WHERE account_id = ANY ($1) AND remaining > 0", list(account_ids)
    )
    return _by_account(rows)


async def booked_expiry(session: Session, sources: Sequence[int]) -> dict[int, int]:
    """Return how much of the accruals by these journals was booked as expired."""
    rows = await session.fetch(
        "SELECT l.journal_id, sum(u.amount)::bigint FROM lot l JOIN lot_use u ON u.lot_id = l.id"
        " JOIN journal j ON j.id = u.journal_id AND j.code = 'expiry'"
        " WHERE l.journal_id = ANY ($1) GROUP BY l.journal_id",
        list(sources),
    )
    return {row[0]: row[1] for row in rows}


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
        "WITH done AS (SELECT j, l, t, h FROM unnest($1::bigint[], $2::bigint[], $3::bigint[],"
        " $4::bigint[]) AS c(j, l, t, h)), kept AS ("
        " INSERT INTO lot_use (journal_id, lot_id, amount) SELECT j, l, t FROM done WHERE t <> 0)"
        " UPDATE lot SET remaining = lot.remaining - d.taken, held = lot.held + d.held"
        " FROM (SELECT l, sum(t) AS taken, sum(h) AS held FROM done GROUP BY l) AS d"
        " WHERE lot.id = d.l",
        [each.journal_id for each in changes],
        [each.lot_id for each in changes],
        [each.taken for each in changes],
        [each.held for each in changes],
    )


def without(lots: Sequence[Lot], takes: Sequence[Take]) -> list[Lot]:
    """Return ``lots`` as they are once ``takes`` are gone."""
    gone = {take.lot_id: take.amount for take in takes}
    return [replace(lot, remaining=lot.remaining - gone.get(lot.id, 0)) for lot in lots]


def _by_account(rows: Sequence[asyncpg.Record]) -> dict[int, list[Lot]]:
    found: dict[int, list[Lot]] = {}
    for row in rows:
        lot = Lot(*row)
        found.setdefault(lot.account_id, []).append(lot)
    return found
