"""Debts: points taken back that were spent already, paid out of the next ones that come.

A member's debt is the balance of an account of its own, so that the books show it: taking back
debits that account instead of the member's, paying moves points from the member's to it.
"""

from collections.abc import Collection
from datetime import datetime

from domain.brands.rules import Brand
from domain.ledger import service as ledger
from domain.ledger.rules import Bound, Journal, NewAccount, Transfer
from domain.wallets import store
from domain.wallets.queries import Books
from domain.wallets.rules import claw_back, total
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
    account_ids: Collection[int],
) -> None:
    """Let those of the wallets that are in debt pay it out of all the points they have.

    Spendable points first, then pending ones; expired ones pay nothing. The caller holds the
    wallets' locks.
    """
    debts = await store.debts(session, account_ids) if account_ids else {}
    if not debts:
        return
    mine = await store.open_lots(session, debts)
    paid = []
    for account_id, debt in debts.items():
        takes = claw_back(mine.get(account_id, []), debt, 0, now)
        if takes:
            paid.append((account_id, takes))
    debt_of = await open_accounts(session, brand, books, [account_id for account_id, _ in paid])
    journal_ids = await post_all(
        session,
        now,
        brand,
        [
            Journal(
                key=new_id(),
                code="debt_payment",
                effective_at=now,
                effective_on=brand.day(now),
                transfers=(
                    Transfer(
                        account_id,
                        debt_of[account_id],
                        books.asset_id,
                        total(takes),
                        "debt_payment",
                    ),
                ),
            )
            for account_id, takes in paid
        ],
    )
    await store.change(
        session,
        [
            LotChange(journal_id, take.lot_id, take.amount, 0)
            for (_, takes), journal_id in zip(paid, journal_ids, strict=True)
            for take in takes
        ],
    )
    await store.change_debts(session, [(account_id, -total(takes)) for account_id, takes in paid])
