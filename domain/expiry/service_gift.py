"""The verb by which points change hands, and what it means for when they end."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from domain.brands.rules import Brand
from domain.expiry import store
from domain.expiry.service import ends_of, follows, redate
from domain.programmes.rules import Timeline
from domain.wallets import service_move
from domain.wallets.queries import books
from domain.wallets.service_move import Move, Moved
from kit.db import Session


async def move(
    session: Session, now: datetime, brand: Brand, timeline: Timeline, items: Sequence[Move]
) -> list[Moved]:
    """Hand points from member to member; see `wallets.service_move.move` for refusals.

    No end is ever later for it. Where ends follow the member, one that is a date stays that date,
    whatever the receiver is or does. Points that never end, as long as the giver is what he is,
    end for the receiver by what the receiver is: those that would have ended already, as if they
    were earned now.
    """
    found = await books(session, brand.id)
    assert found is not None, "a brand with a programme has its books"
    following = follows(timeline)
    moved = await service_move.move(session, now, brand, found, items, fix_ends=following)
    journals = [id_ for each in moved if not each.replayed for id_ in each.journal_ids]
    if following and journals:
        receivers = await _begin_anew(session, now, brand, timeline, journals)
        await redate(session, now, brand, timeline, receivers, since=brand.day(now))
    return moved


async def _begin_anew(
    session: Session, now: datetime, brand: Brand, timeline: Timeline, journals: Sequence[int]
) -> set[UUID]:
    """Let those of these points begin now that never end and have ended for their new owner."""
    lots = await store.endless(session, journals)
    owners = {lot.member_id for lot in lots}
    ends = await ends_of(session, brand, timeline, owners) if owners else {}
    late = []
    for lot in lots:
        end = ends[lot.member_id].of(lot.earned_at, lot.version_id)
        if end is not None and end <= now:
            late.append(lot.id)
    await store.begin(session, now, late)
    return owners
