"""Books what time has done: expired lots, holds past their deadline. Reads never wait for it."""

from datetime import datetime

from domain.brands import queries as brands
from domain.brands.rules import Brand
from domain.ledger import queries as ledger_queries
from domain.ledger import service as ledger
from domain.ledger.rules import Journal, Transfer
from domain.wallets import store
from domain.wallets.queries import books
from domain.wallets.rules import Lot, open_day
from domain.wallets.service_hold import expiry, settle
from domain.wallets.store import LotChange
from kit.db import Session
from kit.ids import new_id


async def expire_lots(session: Session, now: datetime, limit: int = 500) -> int:
    """Book up to ``limit`` lots of one brand as breakage; return how many were. 0: all done."""
    rows = await session.fetch(
        "SELECT brand_id, account_id FROM lot WHERE remaining > 0 AND expires_at <= $1"
        " ORDER BY brand_id, expires_at LIMIT $2",
        now,
        limit,
    )
    if not rows:
        return 0
    brand = await brands.by_id(session, rows[0]["brand_id"])
    assert brand is not None
    accounts = {row["account_id"] for row in rows if row["brand_id"] == brand.id}
    await store.lock_accounts(session, brand.id, accounts)
    lots = [
        lot
        for mine in (await store.open_lots(session, accounts)).values()
        for lot in mine
        if lot.expired(now)
    ]
    return await _book_expiry(session, now, brand, lots)


async def _book_expiry(session: Session, now: datetime, brand: Brand, lots: list[Lot]) -> int:
    accounts = await books(session, brand.id)
    assert accounts is not None
    closed = await ledger_queries.closed_to(session, brand.id)
    outcomes = await ledger.post(
        session,
        now,
        brand.id,
        [
            Journal(
                # Not derived from the lot: a hold that is voided later gives it points again.
                key=new_id(),
                code="expiry",
                effective_at=lot.expires_at or now,
                effective_on=open_day(brand, lot.expires_at or now, closed, now),
                transfers=(
                    Transfer(
                        lot.account_id,
                        accounts.breakage,
                        accounts.asset_id,
                        lot.remaining,
                        "expiry",
                    ),
                ),
            )
            for lot in lots
        ],
    )
    changes = [
        LotChange(outcome.journal_id, lot.id, lot.remaining, 0, lot.remaining)
        for lot, outcome in zip(lots, outcomes, strict=True)
        if outcome.transfer_ids
    ]
    await store.change(session, changes)
    return len(changes)


async def expire_holds(session: Session, now: datetime, limit: int = 500) -> int:
    """Give back up to ``limit`` holds of one brand whose deadline has passed. 0: all done."""
    rows = await session.fetch(
        "SELECT t.id, t.brand_id FROM open_hold h JOIN transfer t ON t.id = h.transfer_id"
        " JOIN wallet w ON w.account_id = t.debit_account"
        " WHERE h.expires_at <= $1 ORDER BY t.brand_id, h.expires_at LIMIT $2",
        now,
        limit,
    )
    if not rows:
        return 0
    brand = await brands.by_id(session, rows[0]["brand_id"])
    assert brand is not None
    holds = [row["id"] for row in rows if row["brand_id"] == brand.id]
    outcomes = await settle(
        session,
        now,
        brand,
        [expiry(id_) for id_ in holds],
    )
    return sum(bool(outcome.transfer_ids) for outcome in outcomes)
