"""What refunds forgo because it has ended, taken after all once it turns out to be there.

A refund takes nothing for points that the member has lost by expiry: that would be taken twice.
They may come back by what is told late.
"""

from collections.abc import Sequence
from datetime import datetime

from domain.brands.rules import Brand
from domain.wallets import store
from domain.wallets.queries import Books, books
from domain.wallets.rules import Take, claw_back, total, without
from domain.wallets.service_owed import owe
from domain.wallets.service_posting import post_all, taken_back
from domain.wallets.store import LotChange
from kit.db import Session
from kit.ids import new_id


async def reclaim(
    session: Session, now: datetime, brand: Brand, books: Books, lot_ids: Sequence[int]
) -> None:
    """Take what refunds forwent of these lots, which live on after all.

    What a hold reserves of it is owed until the hold ends. The caller holds the wallets' locks
    and has written the lots.
    """
    rows = await session.fetch(
        "SELECT id, account_id, forgone, least(forgone, remaining) AS there FROM lot"
        " WHERE id = ANY ($1) AND forgone > 0 ORDER BY id",
        list(lot_ids),
    )
    back = [row for row in rows if row["there"]]
    # No key to derive: the same points may end and come back again.
    journal_ids = await post_all(
        session,
        now,
        brand,
        [taken_back(now, brand, books, row["account_id"], row["there"], new_id()) for row in back],
    )
    await store.change(
        session,
        [
            LotChange(journal_id, row["id"], row["there"], 0)
            for row, journal_id in zip(back, journal_ids, strict=True)
        ],
    )
    await store.change_forgone(session, [(row["id"], -row["forgone"]) for row in rows])
    await owe(session, now, [(row["account_id"], row["forgone"] - row["there"]) for row in rows])


async def spent(
    session: Session, now: datetime, brand: Brand, lot_ids: Sequence[int]
) -> dict[int, int]:
    """Take for these lots, which had ended under a hold that is spent now, what refunds forwent.

    It was not lost after all. What the member has no other points for is owed until other holds
    end, else forgiven. Returns what is left of the lots that it was taken from. The caller holds
    the wallets' locks and has written the lots.
    """
    rows = await session.fetch(
        "SELECT id, account_id, forgone - expired - remaining - held AS excess FROM lot"
        " WHERE id = ANY ($1) AND forgone > expired + remaining + held ORDER BY id",
        list(lot_ids),
    )
    found = await books(session, brand.id) if rows else None
    if found is None:
        return {}
    lots = await store.open_lots(session, {row["account_id"] for row in rows})
    takes: dict[int, list[Take]] = {}
    missing = []
    for row in rows:
        mine = lots.get(row["account_id"], [])
        takes[row["id"]] = claw_back(mine, row["excess"], 0, now)
        lots[row["account_id"]] = without(mine, takes[row["id"]])
        missing.append((row["account_id"], row["excess"] - total(takes[row["id"]])))
    taken = [row for row in rows if takes[row["id"]]]
    journals = [
        taken_back(now, brand, found, row["account_id"], total(takes[row["id"]]), new_id())
        for row in taken
    ]
    journal_ids = await post_all(session, now, brand, journals)
    await store.change(
        session,
        [
            LotChange(journal_id, take.lot_id, take.amount, 0)
            for row, journal_id in zip(taken, journal_ids, strict=True)
            for take in takes[row["id"]]
        ],
    )
    await store.change_forgone(session, [(row["id"], -row["excess"]) for row in rows])
    await owe(session, now, missing)
    touched = {take.lot_id for each in takes.values() for take in each}
    every = [lot for mine in lots.values() for lot in mine]
    return {lot.id: lot.remaining for lot in every if lot.id in touched}
