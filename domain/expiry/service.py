"""The verb that moves the ends of points that follow the member."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from domain.brands.rules import Brand
from domain.expiry import store
from domain.expiry.rules import Ends, active_days, policies_of
from domain.expiry.store import DatedLot
from domain.ledger.rules import Journal, Transfer
from domain.members import queries as members
from domain.programmes.rules import Timeline
from domain.tallies import queries as tallies_queries
from domain.tallies.rules import Tallies
from domain.tiers import queries as tiers_queries
from domain.tiers.rules import Grant, courses, ladders_of
from domain.wallets import service_debt
from domain.wallets import store as wallets
from domain.wallets.queries import books
from domain.wallets.rules import alive
from domain.wallets.service_forgone import reclaim
from domain.wallets.service_posting import post_all
from domain.wallets.store import LotChange
from kit.calendar import day_start
from kit.db import Session
from kit.ids import new_id

REVIVAL = "revival"
"""Points that were booked as gone and had not ended after all, by what was told later."""

_BATCH = 1_000


def follows(timeline: Timeline) -> bool:
    """Whether what members do or are can move the end of any of the brand's points."""
    return policies_of(timeline).follow


async def redate(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    member_ids: Collection[UUID],
    *,
    since: date | None = None,
    spent_by: Collection[int] = (),
) -> int:
    """Write anew when these members' points end; return how many lots had another end.

    The end is recomputed from all that is recorded, so that what is told late has its effect:
    points that had not ended after all are given back, even if a job has booked them as gone,
    less what refunds would have taken of them.
    ``since`` is the earliest day on which anything is new: what ended before it stays gone
    (None: anything may be new). Whoever is in debt then pays it out of what has not ended: of
    what is new first, in the order in which it came, then of what came back. What is spent has
    no end to move, but for what the holds ``spent_by`` took: it is about to come back.

    The caller holds the members' wallets and has written what they did. A constant number of
    statements, none if nothing that members do moves an end.
    """
    if not follows(timeline) or not member_ids:
        return 0
    start = None if since is None else day_start(brand.zone, since)
    lots = await store.lots(session, brand.id, member_ids, start, spent_by)
    if not lots:
        return 0
    ends = await ends_of(session, brand, timeline, {lot.member_id for lot in lots})
    moved = [
        (lot, end)
        for lot in lots
        if not lot.fixed
        and (end := ends[lot.member_id].of(lot.earned_at, lot.version_id)) != lot.expires_at
    ]
    risen = [
        lot
        for lot, end in moved
        if lot.expires_at is not None and lot.expires_at <= now and (end is None or end > now)
    ]
    if moved:
        await store.write_ends(session, [(lot.id, end) for lot, end in moved])
    if risen:
        await _give_back(session, now, brand, risen)
    debtors = {lot.account_id for lot in lots if lot.debt}
    if debtors:
        await _pay(session, now, brand, debtors, {lot.id for lot in risen})
    return len(moved)


async def ends_of(
    session: Session, brand: Brand, timeline: Timeline, member_ids: Collection[UUID]
) -> dict[UUID, Ends]:
    """Return what says when each member's points end."""
    rules, ladders = policies_of(timeline), ladders_of(timeline, brand)
    ids = list(member_ids)
    people = await members.by_ids(session, brand.id, ids)
    done: Mapping[UUID, Tallies] = {}
    grants: Mapping[UUID, Sequence[Grant]] = {}
    if rules.by_tier or rules.by_activity:
        done = await tallies_queries.tallies(session, brand.id, ids)
    if rules.by_tier:
        grants = await tiers_queries.grants(session, brand.id, ids)
    moves = await members.moves(session, ids) if rules.by_region else {}
    found = {}
    for member_id, person in people.items():
        mine = done.get(member_id, {})
        course = {}
        if rules.by_tier:
            course = courses(ladders, person.joined_at, mine, grants[member_id], brand.zone)
        days = active_days(mine) if rules.by_activity else []
        found[member_id] = Ends(
            rules, brand.zone, person.region, course, days, moves.get(member_id, ())
        )
    return found


async def redate_all(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Write anew when all points of a brand end, from today on, after a version was applied.

    Locks the wallets of all members, batch by batch, and keeps them locked until the commit.
    ``progress`` is told how many members each batch had. Returns how many lots changed.
    """
    if not follows(timeline):
        return 0
    changed = last = 0
    while wallets := await store.next_members(session, brand.id, last, _BATCH):
        last = max(wallets)
        ids = list(wallets.values())
        changed += await redate(session, now, brand, timeline, ids, since=brand.day(now))
        if progress is not None:
            progress(len(ids))
    return changed


async def _give_back(
    session: Session,
    now: datetime,
    brand: Brand,
    risen: Sequence[DatedLot],
) -> None:
    """Undo what was booked as gone of lots that live on after all."""
    back = [lot for lot in risen if lot.expired]
    found = await books(session, brand.id)
    assert found is not None
    journal_ids = await post_all(
        session,
        now,
        brand,
        [
            Journal(
                key=new_id(),
                code=REVIVAL,
                effective_at=now,
                effective_on=brand.day(now),
                transfers=(
                    Transfer(found.breakage, lot.account_id, found.asset_id, lot.expired, REVIVAL),
                ),
            )
            for lot in back
        ],
    )
    await wallets.change(
        session,
        [
            LotChange(journal_id, lot.id, -lot.expired, 0, -lot.expired)
            for lot, journal_id in zip(back, journal_ids, strict=True)
        ],
    )
    await reclaim(session, now, brand, found, [lot.id for lot in risen])


async def _pay(
    session: Session, now: datetime, brand: Brand, debtors: Collection[int], risen: Collection[int]
) -> None:
    found = await books(session, brand.id)
    assert found is not None
    lots = await wallets.open_lots(session, debtors)
    there = [lot for mine in lots.values() for lot in alive(mine, now)]
    # As if each had come alone; what came back in the order in which it would be taken.
    there.sort(key=lambda lot: (1, 0) if lot.id in risen else (0, lot.id))
    await service_debt.pay(session, now, brand, found, there)
