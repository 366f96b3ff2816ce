"""Who of several members pays how much, if they pay together."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from domain.brands.rules import Brand
from domain.wallets import store
from domain.wallets.queries import Books
from domain.wallets.rules import consume, without
from domain.wallets.service_hold import settle_late
from kit.db import Session


async def shares(
    session: Session,
    now: datetime,
    brand: Brand,
    books: Books,
    groups: Sequence[tuple[Sequence[UUID], int]],
) -> list[dict[UUID, int] | None]:
    """Return for each group of members who of them pays how much of so many points together.

    Their lots that end first pay first, whosever they are; None if together they have less. Each
    group sees what the groups before it would take. Locks the wallets of all of them and ends
    the holds that are past their deadline; a member without a wallet has nothing.
    """
    wanted = {member_id for members, _ in groups for member_id in members}
    accounts = await store.lock_members(session, brand.id, books.asset_id, wanted)
    await settle_late(session, now, brand, accounts.values())
    lots = await store.open_lots(session, accounts.values())
    owner = {account: member_id for member_id, account in accounts.items()}
    answers: list[dict[UUID, int] | None] = []
    for members, points in groups:
        mine = [accounts[each] for each in dict.fromkeys(members) if each in accounts]
        together = [lot for account in mine for lot in lots.get(account, [])]
        takes = consume(together, points, now) if points >= 0 else None
        if takes is None:
            answers.append(None)
            continue
        paid: dict[UUID, int] = {}
        of = {lot.id: lot.account_id for lot in together}
        for take in takes:
            payer = owner[of[take.lot_id]]
            paid[payer] = paid.get(payer, 0) + take.amount
        lots |= {account: without(lots.get(account, []), takes) for account in mine}
        answers.append(paid)
    return answers
