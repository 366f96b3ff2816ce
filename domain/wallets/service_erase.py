"""The verb by which points are forfeited: their owner is erased, and nobody can have them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from domain.brands.rules import Brand
from domain.ledger.rules import AMOUNT_MAX, Journal, Transfer
from domain.wallets import service_debt, store
from domain.wallets.queries import Books
from domain.wallets.rules import Lot
from domain.wallets.service_posting import post_all
from domain.wallets.store import LotChange
from kit.db import Session
from kit.ids import new_id

ERASURE = "erasure"
"""What journals and transfers are called by which points of who is erased are gone."""

EXPIRY = "expiry"

# What the member did, as it is told later, moves no end any more.
_CLOSE = """
WITH mine AS (
    UPDATE wallet SET debt = 0, erased_at = $1
    WHERE account_id = ANY ($2) OR merged_into = ANY ($2) RETURNING account_id
)
UPDATE lot SET fixed = true FROM mine
WHERE lot.account_id = mine.account_id AND (expired > 0 OR remaining > 0)
"""


async def erase(
    session: Session, now: datetime, brand: Brand, books: Books, member_ids: Collection[UUID]
) -> dict[UUID, int]:
    """Let these members have nothing, and get nothing; return how many points were forfeited.

    Points go where those that end go, debts are written off. The caller holds the wallets and
    has seen that no open hold reserves anything.
    """
    rows = await session.fetch(
        "SELECT member_id, account_id, debt FROM wallet"
        " WHERE brand_id = $1 AND asset_id = $2 AND member_id = ANY ($3) ORDER BY account_id",
        brand.id,
        books.asset_id,
        list(member_ids),
    )
    accounts = {row["account_id"]: row["member_id"] for row in rows}
    debts = {row["account_id"]: row["debt"] for row in rows if row["debt"]}
    lots = await store.open_lots(session, accounts)
    # Fixed first: nothing is left of them to find them by afterwards.
    await session.fetch(_CLOSE, now, list(accounts))
    await _write_off(session, now, brand, books, debts)
    gone = await forfeit(session, now, brand, books, lots)
    return {member_id: gone.get(account, 0) for account, member_id in accounts.items()}


async def forfeit(
    session: Session,
    now: datetime,
    brand: Brand,
    books: Books,
    lots: Mapping[int, Sequence[Lot]],
) -> dict[int, int]:
    """Take all that is left of these lots, by account; return how much that was of each.

    What has ended is booked as that, as if a job had come before; it is not told.
    """
    parts = [
        (account, code, each)
        for account, mine in lots.items()
        for code, each in (
            (ERASURE, [lot for lot in mine if lot.remaining and not lot.expired(now)]),
            (EXPIRY, [lot for lot in mine if lot.remaining and lot.expired(now)]),
        )
        if each
    ]
    journals = [
        _journal(now, brand, books, (account, books.breakage), _rest(mine), code)
        for account, code, mine in parts
    ]
    ids = await post_all(session, now, brand, journals)
    await store.change(
        session,
        [
            LotChange(id_, lot.id, lot.remaining, 0, lot.remaining if code == EXPIRY else 0)
            for id_, (_, code, mine) in zip(ids, parts, strict=True)
            for lot in mine
        ],
    )
    return {account: _rest(mine) for account, code, mine in parts if code == ERASURE}


async def forfeit_new(
    session: Session, now: datetime, brand: Brand, books: Books, lots: Sequence[Lot]
) -> None:
    """Take what came for those owners of ``lots`` who were erased."""
    if not lots:
        return
    rows = await session.fetch(
        "SELECT account_id FROM wallet WHERE account_id = ANY ($1) AND erased_at IS NOT NULL",
        list({lot.account_id for lot in lots}),
    )
    if rows:
        mine = await store.open_lots(session, [row["account_id"] for row in rows])
        await forfeit(session, now, brand, books, mine)


def _rest(lots: Sequence[Lot]) -> int:
    return sum(lot.remaining for lot in lots)


async def _write_off(
    session: Session, now: datetime, brand: Brand, books: Books, debts: Mapping[int, int]
) -> None:
    debt_of = await service_debt.open_accounts(session, brand, books, debts)
    await post_all(
        session,
        now,
        brand,
        [
            _journal(now, brand, books, (books.breakage, debt_of[account]), debt, ERASURE)
            for account, debt in debts.items()
        ],
    )


def _journal(
    now: datetime, brand: Brand, books: Books, way: tuple[int, int], points: int, code: str
) -> Journal:
    whole, rest = divmod(points, AMOUNT_MAX)
    return Journal(
        # Nothing to derive it from: points may come back to who was erased, and are gone again.
        key=new_id(),
        code=code,
        effective_at=now,
        effective_on=brand.day(now),
        transfers=tuple(
            Transfer(*way, books.asset_id, part, code)
            for part in [AMOUNT_MAX] * whole + [rest] * bool(rest)
        ),
    )
