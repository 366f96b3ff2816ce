"""Debts: points taken back that were spent already, paid out of the next ones that come.

A member's debt is the balance of an account of its own, so that the books show it: taking back
debits that account instead of the member's, paying moves points from the member's to it.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from domain.brands.rules import Brand
from domain.ledger import service as ledger
from domain.ledger.rules import AMOUNT_MAX, Bound, Journal, NewAccount, Transfer
from domain.wallets import store
from domain.wallets.queries import Books
from domain.wallets.rules import Lot, Take, total
from domain.wallets.service_posting import post_all
from domain.wallets.store import LotChange
from kit.db import Session
from kit.ids import new_id

DEBT = "debt"
"""What the accounts of members' debts are called."""


async def open_accounts(
    session: Session, brand: Brand, books: Books, account_ids: Collection[int]
) -> dict[int, int]:
    """Return the debt account of each of these wallets, opened where it is missing."""
    if not account_ids:
        return {}
    owners = await store.owners(session, account_ids)
    opened = await ledger.open_accounts(
        session,
        brand.id,
        [
            NewAccount(books.asset_id, DEBT, member_id, Bound.CREDITS_WITHIN_DEBITS)
            for member_id in owners.values()
        ],
    )
    return dict(zip(owners, opened, strict=True))


async def pay(
    session: Session,
    now: datetime,
    brand: Brand,
    books: Books,
    lots: Sequence[Lot],
    *,
    back: bool = False,
) -> dict[int, int]:
    """Let the owners of ``lots`` who are in debt pay it out of these, one lot after another.

    A lot that is there twice pays twice. Pending points pay as well, those that have ended don't,
    unless they come ``back``: then they pay the debts that were made before they ended. The
    caller holds the wallets' locks. Returns what was taken of which lots.
    """
    debts = await store.debts(session, {lot.account_id for lot in lots}) if lots else {}
    late = [lot.id for lot in lots if back and lot.account_id in debts and lot.expired(now)]
    ended = await store.ended(session, late) if late else {}
    parts: dict[int, dict[int, int]] = {}
    for lot in lots:
        debt = debts.get(lot.account_id, 0)
        part = min(lot.remaining, debt)
        if lot.expired(now):
            # Debts are paid in the order in which they were made.
            free, later = ended.get(lot.id, (0, 0))
            part = max(0, min(part, free, debt - later))
            ended[lot.id] = free - part, later
        if part:
            debts[lot.account_id] -= part
            mine = parts.setdefault(lot.account_id, {})
            # A lot may come back from several holds.
            mine[lot.id] = mine.get(lot.id, 0) + part
    takes = {account: [Take(*each) for each in mine.items()] for account, mine in parts.items()}
    if not takes:
        return {}
    debt_of = await open_accounts(session, brand, books, takes)
    journals = [
        _journal(now, brand, books, account_id, debt_of[account_id], total(mine))
        for account_id, mine in takes.items()
    ]
    journal_ids = await post_all(session, now, brand, journals)
    await store.change(
        session,
        [
            LotChange(journal_id, take.lot_id, take.amount, 0)
            for mine, journal_id in zip(takes.values(), journal_ids, strict=True)
            for take in mine
        ],
    )
    await store.change_debts(session, [(each, -total(mine)) for each, mine in takes.items()])
    return {take.lot_id: take.amount for mine in takes.values() for take in mine}


def _journal(
    now: datetime, brand: Brand, books: Books, account_id: int, debt: int, points: int
) -> Journal:
    return Journal(
        # Nothing to derive it from: a member pays whenever points come.
        key=new_id(),
        code="debt_payment",
        effective_at=now,
        effective_on=brand.day(now),
        transfers=tuple(
            Transfer(account_id, debt, books.asset_id, part, "debt_payment")
            for part in _parts(points)
        ),
    )


def _parts(points: int) -> list[int]:
    """Divide what is paid at once into what one transfer can hold; a debt may be larger."""
    whole, rest = divmod(points, AMOUNT_MAX)
    return [AMOUNT_MAX] * whole + [rest] * bool(rest)
