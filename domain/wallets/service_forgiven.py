"""What refunds forgave because it was gone, taken after all once it comes back.

Without it a member could spend points or give them away, return the purchase that gave them, and
then what they were spent on, or be given them back.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from domain.brands.rules import Brand
from domain.wallets import store, store_spending
from domain.wallets.queries import Books
from domain.wallets.rules import Claim, Lot, Take, collect_claims, total
from domain.wallets.service_posting import post_all, taken_back
from domain.wallets.store import LotChange
from kit.db import Session
from kit.ids import derived_id


@dataclass(frozen=True, slots=True)
class Back:
    """What came back by ``journal_id`` into which lots.

    The transfer ``spent_by`` had spent it; None: it came as a gift.
    """

    journal_id: int
    account_id: int
    spent_by: int | None
    parts: Sequence[tuple[Lot, int]]


async def take_forgiven(
    session: Session, now: datetime, brand: Brand, books: Books, backs: Sequence[Back]
) -> list[list[Take]]:
    """Take what was forgiven out of what came back, one after another; return what was taken.

    The caller holds the wallets' locks and has written the lots.
    """
    open_claims = await store_spending.claims(session, {back.account_id for back in backs})
    taken: dict[int, int] = {}
    takes: list[list[Take]] = []
    for back in backs:
        mine = open_claims.get(back.account_id, [])
        parts, collected = collect_claims(back.parts, mine, back.spent_by)
        open_claims[back.account_id] = _less(mine, collected)
        takes.append(parts)
        for claim_id, points in collected.items():
            taken[claim_id] = taken.get(claim_id, 0) + points
    if not taken:
        return takes
    collecting = [(back, each) for back, each in zip(backs, takes, strict=True) if each]
    journal_ids = await post_all(
        session,
        now,
        brand,
        [
            taken_back(
                now,
                brand,
                books,
                back.account_id,
                total(each),
                derived_id("forgiven", str(brand.id), str(back.journal_id)),
            )
            for back, each in collecting
        ],
    )
    await store.change(
        session,
        [
            LotChange(journal_id, take.lot_id, take.amount, 0)
            for journal_id, (_, each) in zip(journal_ids, collecting, strict=True)
            for take in each
        ],
    )
    await store_spending.collected(session, taken)
    return takes


def _less(claims: Sequence[Claim], collected: dict[int, int]) -> list[Claim]:
    left = [replace(each, points=each.points - collected.get(each.id, 0)) for each in claims]
    return [each for each in left if each.points]
