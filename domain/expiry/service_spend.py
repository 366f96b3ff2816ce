"""The verb that spends: the wallets' own, and what it means for when the rest ends."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from domain.brands.rules import Brand
from domain.expiry.service import redate
from domain.ledger import queries as ledger
from domain.ledger.rules import Kind, Outcome, Resolution
from domain.programmes.rules import Timeline
from domain.tallies import service as tallies
from domain.tallies.rules import REDEMPTION, Count
from domain.wallets import service_hold
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
