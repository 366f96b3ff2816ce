"""Closes windows, seats members in leagues and ends bans, as time goes by.

Each of these is done again until nothing is left, whoever dies on the way. What fails of one brand
keeps none of the others waiting.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from domain.brands import queries as brands
from domain.brands.rules import Brand
from domain.members import queries as members
from domain.programmes import queries as programmes
from domain.programmes.rules import SectionKinds, Timeline
from gamification.leaderboards import store_close, store_leagues, store_people
from gamification.leaderboards.service_close import begin, freeze
from gamification.leaderboards.service_leagues import end_week, seat
from gamification.leaderboards.service_people import end_bans, forget
from kit import facts
from kit.attempts import attempt
from kit.db import Session
from kit.facts import StoredFact

SUBSCRIBER = "board people"

# Somewhere on earth the day is over already.
_EARLIEST = timedelta(days=1)


async def tick(session: Session, now: datetime, sections: SectionKinds, limit: int = 500) -> int:
    """Do one batch of what is due; return how much there was. 0: all done.

    Names of members who were erased are forgotten, bans whose time is over end, whoever scored is
    seated in a cohort, windows close and freeze, and weeks of leagues end.
    """
    done = await _rename(session, now, limit)
    if lacking := await store_people.unsalted(session):
        await store_people.salted(session, lacking)
    done = done or await end_bans(session, now, limit)
    for find, what in (
        # Whoever scored has a seat before the week is frozen.
        (store_leagues.brands_seating, _seat),
        (partial(store_close.brands_closing, today=(now + _EARLIEST).date()), _close),
        (store_leagues.brands_ending, _end_week),
    ):
        if done:
            return done
        for brand_id in await find(session):
            work = partial(_work, session, now, sections, brand_id, what)
            done += await attempt(session, work, "a brand's boards failed", brand=brand_id) or 0
    return done


async def _work(
    session: Session,
    now: datetime,
    sections: SectionKinds,
    brand_id: int,
    what: Callable[[Session, datetime, Brand, Timeline], Awaitable[int]],
) -> int:
    brand = await brands.by_id(session, brand_id)
    assert brand is not None
    timeline = await programmes.timeline_to_write(session, brand_id, sections)
    return await what(session, now, brand, timeline)


async def _close(session: Session, now: datetime, brand: Brand, timeline: Timeline) -> int:
    # What has begun is finished first, in a transaction of its own.
    done = await freeze(session, now, brand, timeline)
    return done or await begin(session, now, brand, timeline)


async def _end_week(session: Session, now: datetime, brand: Brand, timeline: Timeline) -> int:
    return await end_week(session, now, brand, timeline)


async def _seat(session: Session, now: datetime, brand: Brand, timeline: Timeline) -> int:
    return await seat(session, now, brand, timeline)


async def _rename(session: Session, now: datetime, limit: int) -> int:
    """Let names, bans and leagues follow members who were erased, or became one."""
    if not await facts.waiting(session, SUBSCRIBER):
        for brand_id in await facts.missing(session, SUBSCRIBER):
            work = partial(_renamed_again, session, now, brand_id, limit)
            await attempt(session, work, "names on boards failed", brand=brand_id)
        return 0
    taken = await facts.take(session, SUBSCRIBER, limit=limit)
    told: dict[int, list[StoredFact]] = {}
    for fact in taken:
        if fact.kind in {"MemberErased", "MemberMerged"}:
            told.setdefault(fact.tenant_id, []).append(fact)
    for brand_id, mine in told.items():
        work = partial(_renamed, session, now, brand_id, mine)
        if await attempt(session, work, "names on boards failed", brand=brand_id) is None:
            await facts.miss(session, SUBSCRIBER, mine)
    return len(taken)


async def _renamed_again(session: Session, now: datetime, brand_id: int, limit: int) -> int:
    told = await facts.again(session, SUBSCRIBER, brand_id, limit=limit)
    return await _renamed(session, now, brand_id, told)


async def _renamed(
    session: Session, now: datetime, brand_id: int, told: Sequence[StoredFact]
) -> int:
    pairs = [
        (UUID(fact.subject), UUID(fact.payload["into"]))
        for fact in told
        if fact.kind == "MemberMerged" and "into" in fact.payload
    ]
    if pairs:
        # Who is left may have been merged since.
        who = await members.kept(session, brand_id, [each for _, each in pairs])
        await _join(session, now, brand_id, [(one, who[each]) for one, each in pairs])
    if erased := {UUID(fact.subject) for fact in told if fact.kind == "MemberErased"}:
        await forget(session, brand_id, erased)
    return len(told)


async def _join(
    session: Session, now: datetime, brand_id: int, pairs: list[tuple[UUID, UUID]]
) -> None:
    await store_people.merge(session, brand_id, pairs)
    await store_people.join_absences(session, now, brand_id, pairs)
    await store_leagues.join(session, brand_id, pairs)
