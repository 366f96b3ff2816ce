"""What a refund could not take because a hold reserves it, and how it is collected later.

Without it a member could hold points, return the purchase, and let go of the hold.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from domain.brands.rules import Brand
from domain.wallets import store
from domain.wallets.queries import Books, books
from domain.wallets.rules import Lot, Take, alive, by_end, claw_back, total, without
from domain.wallets.service_debt import pay
from domain.wallets.service_posting import post_all, taken_back
from domain.wallets.store import LotChange
from kit.db import Session
from kit.ids import derived_id

# What open holds don't reserve any more was spent by now, or came back too late to be taken.
_CHANGE = """
WITH due AS (
    SELECT w.account_id, w.brand_id, b.dr_pending AS held, (w.owed + c.more)::bigint AS points
    FROM (SELECT a, sum(m) AS more FROM unnest($1::bigint[], $2::bigint[]) AS n(a, m) GROUP BY a)
        AS c JOIN wallet w ON w.account_id = c.a JOIN balance b ON b.account_id = c.a
), kept AS (
    UPDATE wallet SET owed = least(due.held, due.points),
        forgiven = forgiven + greatest(0, due.points - due.held)
    FROM due WHERE wallet.account_id = due.account_id
)
INSERT INTO forgiveness (brand_id, account_id, upto, forgiven_at, points)
SELECT brand_id, account_id,
       coalesce((SELECT max(t.id) FROM wallet w CROSS JOIN LATERAL (
                     SELECT max(id) AS id FROM transfer WHERE debit_account = w.account_id) AS t
                 WHERE w.account_id = due.account_id OR w.merged_into = due.account_id), 0), $3,
       points - held
FROM due WHERE points > held
"""


@dataclass(frozen=True, slots=True)
class Ended:
    """What came back into which lots of the account by ``journal_id``, which ended a hold."""

    journal_id: int
    account_id: int
    returned: tuple[tuple[Lot, int], ...]


async def owe(session: Session, now: datetime, shortages: Sequence[tuple[int, int]]) -> None:
    """Remember per account what could not be taken: as owed, what its open holds reserve.

    The rest was spent and is forgiven, until what spent it is undone: see
    `service_give_back`. The caller holds the wallets' locks.
    """
    if any(short for _, short in shortages):
        await _change(session, now, shortages)


async def _change(session: Session, now: datetime, changes: Sequence[tuple[int, int]]) -> None:
    await session.fetch(
        _CHANGE, [account_id for account_id, _ in changes], [more for _, more in changes], now
    )


async def collect(
    session: Session, now: datetime, brand: Brand, ended: Sequence[Ended]
) -> dict[int, int]:
    """Take what is owed out of what came back alive, hold by hold.

    What is owed and no hold reserves any more is forgiven. What then is left of what came back
    pays the members' debts, also what came back too late: those from before it ended. The caller
    has locked the wallets and written the lots. Returns what debts took of which lots.
    """
    rows = await session.fetch(
        "SELECT account_id, owed, debt FROM wallet"
        " WHERE account_id = ANY ($1) AND (owed > 0 OR debt > 0)",
        list({each.account_id for each in ended}),
    )
    if not rows:
        return {}
    found = await books(session, brand.id)
    assert found is not None
    owed = {row["account_id"]: row["owed"] for row in rows if row["owed"]}
    left = await _collect(session, now, brand, found, ended, owed)
    in_debt = {row["account_id"] for row in rows if row["debt"]}
    mine = [lot for lot in left if lot.account_id in in_debt]
    return await pay(session, now, brand, found, mine, back=True)


async def _collect(
    session: Session,
    now: datetime,
    brand: Brand,
    found: Books,
    ended: Sequence[Ended],
    owed: dict[int, int],
) -> list[Lot]:
    """Take what is ``owed``; return what is left of what came back, hold by hold."""
    first = dict(owed)
    taken: list[tuple[Ended, list[Take]]] = []
    left: list[Lot] = []
    for each in ended:
        lots = [replace(lot, remaining=amount) for lot, amount in each.returned if amount]
        takes = claw_back(lots, owed.get(each.account_id, 0), 0, now)
        rest = without(lots, takes)
        left.extend(sorted((lot for lot in rest if lot.expired(now)), key=by_end))
        left.extend(alive(rest, now))
        if takes:
            owed[each.account_id] -= total(takes)
            taken.append((each, takes))
    if not owed:
        return left
    journal_ids = await post_all(
        session,
        now,
        brand,
        [
            taken_back(
                now,
                brand,
                found,
                each.account_id,
                total(takes),
                derived_id("collect", str(brand.id), str(each.journal_id)),
            )
            for each, takes in taken
        ],
    )
    await store.change(
        session,
        [
            LotChange(journal_id, take.lot_id, take.amount, 0)
            for (_, takes), journal_id in zip(taken, journal_ids, strict=True)
            for take in takes
        ],
    )
    await _change(session, now, [(each, rest - first[each]) for each, rest in owed.items()])
    return left
