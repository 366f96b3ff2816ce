"""What a refund could not take because a hold reserves it, and how it is collected later.

Without it a member could hold points, return the purchase, and let go of the hold.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from domain.brands.rules import Brand
from domain.ledger import service as ledger
from domain.ledger.rules import Journal, Transfer
from domain.wallets import store
from domain.wallets.queries import Books, books
from domain.wallets.rules import Lot, Take, claw_back
from domain.wallets.store import LotChange
from kit.db import Session
from kit.ids import derived_id


@dataclass(frozen=True, slots=True)
class Ended:
    """A hold that ended by ``journal_id``: what came back into which lots of the account."""

    journal_id: int
    account_id: int
    returned: tuple[tuple[Lot, int], ...]


async def owe(session: Session, shortages: Mapping[int, int]) -> None:
    """Remember per account what could not be taken, at most what its open holds reserve."""
    await session.fetch(
        "UPDATE wallet SET owed = least(b.dr_pending, wallet.owed + s.short)"
        " FROM unnest($1::bigint[], $2::bigint[]) AS s(id, short), balance b"
        " WHERE wallet.account_id = s.id AND b.account_id = s.id",
        list(shortages),
        list(shortages.values()),
    )


async def collect(session: Session, now: datetime, brand: Brand, ended: Sequence[Ended]) -> None:
    """Take what is owed out of what came back alive, hold by hold; the rest goes with the holds.

    The caller has locked the wallets and written the lots.
    """
    accounts = list({each.account_id for each in ended})
    rows = await session.fetch(
        "SELECT account_id, owed FROM wallet WHERE account_id = ANY ($1) AND owed > 0", accounts
    )
    if not rows:
        return
    owed: dict[int, int] = {row["account_id"]: row["owed"] for row in rows}
    found = await books(session, brand.id)
    assert found is not None
    taken: list[tuple[Ended, list[Take]]] = []
    for each in ended:
        lots = [replace(lot, remaining=amount) for lot, amount in each.returned if amount]
        takes = claw_back(lots, owed.get(each.account_id, 0), 0, now)
        if takes:
            owed[each.account_id] -= sum(take.amount for take in takes)
            taken.append((each, takes))
    outcomes = await ledger.post(
        session, now, brand.id, [_journal(brand, found, now, *each) for each in taken]
    )
    await store.change(
        session,
        [
            LotChange(outcome.journal_id, take.lot_id, take.amount, 0)
            for (_, takes), outcome in zip(taken, outcomes, strict=True)
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


def _journal(
    brand: Brand, found: Books, now: datetime, ended: Ended, takes: Sequence[Take]
) -> Journal:
    points = sum(take.amount for take in takes)
    return Journal(
        key=derived_id("collect", str(brand.id), str(ended.journal_id)),
        code="claw_back",
        effective_at=now,
        effective_on=brand.day(now),
        transfers=(
            Transfer(ended.account_id, found.issuance, found.asset_id, points, "claw_back"),
        ),
    )
