"""What a refund could not take because a hold reserves it, and how it is collected later.

Without it a member could hold points, return the purchase, and let go of the hold.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from domain.brands.rules import Brand
from domain.ledger.rules import Journal, Transfer
from domain.wallets import store
from domain.wallets.queries import Books, books
from domain.wallets.rules import Lot, Take, alive, claw_back, total, without
from domain.wallets.service_debt import pay
from domain.wallets.service_posting import post_all
from domain.wallets.store import LotChange
from kit.db import Session
from kit.ids import derived_id


@dataclass(frozen=True, slots=True)
class Ended:
    """A hold that ended by ``journal_id``: what came back into which lots of the account."""

    journal_id: int
    account_id: int
    returned: tuple[tuple[Lot, int], ...]


async def owe(session: Session, shortages: Sequence[tuple[int, int]]) -> None:
    """Remember per account what could not be taken, at most what its open holds reserve."""
    if not any(short for _, short in shortages):
        return
    await session.fetch(
        "UPDATE wallet SET owed = least(b.dr_pending, wallet.owed + s.short)"
        " FROM (SELECT a, sum(m) AS short FROM unnest($1::bigint[], $2::bigint[]) AS n(a, m)"
        " GROUP BY a) AS s JOIN balance b ON b.account_id = s.a WHERE wallet.account_id = s.a",
        [account_id for account_id, _ in shortages],
        [short for _, short in shortages],
    )


async def collect(session: Session, now: datetime, brand: Brand, ended: Sequence[Ended]) -> None:
    """Take what is owed out of what came back alive, hold by hold; the rest goes with the holds.

    What then is left of it pays the members' debts. The caller has locked the wallets and
    written the lots.
    """
    rows = await session.fetch(
        "SELECT account_id, owed, debt FROM wallet"
        " WHERE account_id = ANY ($1) AND (owed > 0 OR debt > 0)",
        list({each.account_id for each in ended}),
    )
    if not rows:
        return
    found = await books(session, brand.id)
    assert found is not None
    owed = {row["account_id"]: row["owed"] for row in rows if row["owed"]}
    left = await _collect(session, now, brand, found, ended, owed)
    in_debt = {row["account_id"] for row in rows if row["debt"]}
    await pay(session, now, brand, found, [lot for lot in left if lot.account_id in in_debt])


async def _collect(
    session: Session,
    now: datetime,
    brand: Brand,
    found: Books,
    ended: Sequence[Ended],
    owed: dict[int, int],
) -> list[Lot]:
    """Take what is ``owed``; return what is left of what came back alive, hold by hold."""
    taken: list[tuple[Ended, list[Take]]] = []
    left: list[Lot] = []
    for each in ended:
        lots = [replace(lot, remaining=amount) for lot, amount in each.returned if amount]
        takes = claw_back(lots, owed.get(each.account_id, 0), 0, now)
        left.extend(alive(without(lots, takes), now))
        if takes:
            owed[each.account_id] -= total(takes)
            taken.append((each, takes))
    if not owed:
        return left
    journal_ids = await post_all(
        session, now, brand, [_journal(brand, found, now, *each) for each in taken]
    )
    await store.change(
        session,
        [
            LotChange(journal_id, take.lot_id, take.amount, 0)
            for (_, takes), journal_id in zip(taken, journal_ids, strict=True)
            for take in takes
        ],
    )
    await session.fetch(
        "UPDATE wallet SET owed = least(b.dr_pending, s.left_over)"
        " FROM unnest($1::bigint[], $2::bigint[]) AS s(id, left_over), balance b"
        " WHERE wallet.account_id = s.id AND b.account_id = s.id",
        list(owed),
        list(owed.values()),
    )
    return left


def _journal(
    brand: Brand, found: Books, now: datetime, ended: Ended, takes: Sequence[Take]
) -> Journal:
    return Journal(
        key=derived_id("collect", str(brand.id), str(ended.journal_id)),
        code="claw_back",
        effective_at=now,
        effective_on=brand.day(now),
        transfers=(
            Transfer(ended.account_id, found.issuance, found.asset_id, total(takes), "claw_back"),
        ),
    )
