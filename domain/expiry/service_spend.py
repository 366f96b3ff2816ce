"""The verbs that spend and undo it: the wallets' own, and what they mean for when points end."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from domain.brands.rules import Brand
from domain.expiry.service import redate
from domain.ledger import queries as ledger
from domain.ledger.rules import Kind, Outcome, Resolution
from domain.programmes.rules import Timeline
from domain.tallies import service as tallies
from domain.tallies.rules import REDEMPTION, Count
from domain.wallets import service_give_back, service_hold
from domain.wallets.queries import books
from domain.wallets.service_give_back import GiveBack, GivenBack, Spent, lock_spent
from domain.wallets.store import owners
from kit.db import Session


async def settle(
    session: Session, now: datetime, brand: Brand, timeline: Timeline, items: Sequence[Resolution]
) -> list[Outcome]:
    """End holds: spend them (all or ``amount`` of it), void them, or expire them.

    Spending is something the member does: it is counted by the day, and the clock of points that
    end by inactivity begins again. Refusals: see `wallets.service_hold.settle`.
    """
    outcomes = await service_hold.settle(session, now, brand, items)
    spent = [
        item.hold_id
        for item, outcome in zip(items, outcomes, strict=True)
        if outcome.transfer_ids and item.kind is Kind.POST
    ]
    if spent:
        await _count(session, now, brand, timeline, spent)
    return outcomes


async def _count(
    session: Session, now: datetime, brand: Brand, timeline: Timeline, holds: Sequence[int]
) -> None:
    held = await ledger.transfers(session, brand.id, holds)
    owner = await owners(session, {hold.debit for hold in held.values()})
    members: list[UUID] = [owner[hold.debit] for hold in held.values()]
    today = brand.day(now)
    changes = [Count(member_id, REDEMPTION, today, 0, 0, 1) for member_id in members]
    await tallies.count(session, brand.id, changes)
    await redate(session, now, brand, timeline, set(members), since=today)


async def give_back(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    items: Sequence[GiveBack],
) -> list[GivenBack]:
    """Undo spendings: what comes back ends when it would if it had never been spent.

    Once all of a spending is undone, it is nothing that the member did on its day. Refusals: see
    `wallets.service_give_back.give_back`.
    """
    found = await books(session, brand.id)
    assert found is not None, "who has spent anything has a wallet"
    spent = await lock_spent(session, brand, {item.hold_id for item in items})
    known = await ledger.known_keys(session, brand.id, [item.key for item in items])
    taken: dict[UUID, int] = {}
    for item in items:
        if item.key not in known and item.key not in taken and spent.take(item) is None:
            taken[item.key] = item.hold_id
    if taken:
        await _uncount(session, now, brand, timeline, spent, set(taken.values()))
    return await service_give_back.give_back(session, now, brand, found, items)


async def _uncount(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    spent: Spent,
    hold_ids: Collection[int],
) -> None:
    """Count off what is wholly undone, and date the points that come back before they do."""
    touched = [spent.of[hold_id] for hold_id in hold_ids]
    changes = [
        Count(each.member_id, REDEMPTION, each.day, 0, 0, -1)
        for each in touched
        if not spent.left[each.hold_id]
    ]
    await tallies.count(session, brand.id, changes)
    members = {each.member_id for each in touched}
    since = min(each.day for each in touched)
    await redate(session, now, brand, timeline, members, since=since, spent_by=hold_ids)
