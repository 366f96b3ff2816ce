"""The verb that changes what is known of members, and with where they live when points end."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from domain.brands.rules import Brand
from domain.expiry import store
from domain.expiry.service import ends_of, follows, redate
from domain.members import queries
from domain.members import service as members
from domain.members.queries import Member
from domain.members.rules import MemberChange
from domain.programmes.rules import Timeline
from domain.wallets.queries import books
from domain.wallets.store import lock_named
from kit.db import Session
from kit.errors import LaurelError


async def update_members(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    changes: Sequence[MemberChange],
) -> list[Member | LaurelError]:
    """Change what is known of members; return each as it then is, or why it was refused.

    Who moves to a region whose law forbids that points end by time keeps those that have not
    ended. Who moves away keeps for good what the law has kept so far. Refusals: see
    `members.service.update`.
    """
    names = sorted({change.external_id for change in changes})
    found = await books(session, brand.id)
    if found is not None:
        await lock_named(session, brand.id, found.asset_id, names)
    before = await queries.by_external_ids(session, brand.id, names)
    outcomes = await members.update(session, now, brand, changes)
    now_in = {each.id: each.region for each in outcomes if isinstance(each, Member)}
    moved = {each.id for each in before.values() if now_in.get(each.id, each.region) != each.region}
    if moved and follows(timeline):
        await _keep(session, now, brand, timeline, moved)
        await redate(session, now, brand, timeline, moved, since=brand.day(now))
    return outcomes


async def _keep(
    session: Session, now: datetime, brand: Brand, timeline: Timeline, moved: set[UUID]
) -> None:
    """Fix what never ended until now and would by where these members live now."""
    lots = await store.lots(session, brand.id, moved, now)
    ends = await ends_of(session, brand, timeline, moved)
    kept = [
        lot.id
        for lot in lots
        if lot.expires_at is None and ends[lot.member_id].of(lot.earned_at) is not None
    ]
    if kept:
        await store.keep_ends(session, kept)
