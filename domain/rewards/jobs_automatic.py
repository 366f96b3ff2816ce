"""Gives what members get without asking, as news come and as time goes by.

Each of these does one batch and returns how much there was; 0 says that all is done. Whatever a
batch gives and the note that it is done are one transaction: if it fails, all of it comes again.
What fails of one brand keeps none of the others waiting.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from typing import TypeVar
from uuid import UUID

from domain.brands import queries as brands
from domain.brands.rules import Brand
from domain.members import queries as members
from domain.programmes import queries as programmes
from domain.programmes.rules import SectionKinds, Timeline
from domain.rewards import store_automatic as store
from domain.rewards.rules_automatic import (
    ACTIVITIES,
    POINTS_BACK,
    UNDOING,
    BirthdaysOn,
    Given,
    Heard,
    automatic_at,
    automatic_of,
    birthdays_until,
    given_for,
)
from domain.rewards.rules_catalogue import offers_of
from domain.rewards.service_automatic import give, give_on, look
from kit import facts
from kit.attempts import attempt
from kit.db import Session
from kit.facts import StoredFact

T = TypeVar("T")
_Ground = tuple[Brand, Timeline]

SUBSCRIBER = "rewards"

# Each is about a member, who may have more points or another tier since.
KINDS = frozenset(
    {
        ACTIVITIES,
        "GiftReceived",
        "PointsReleased",
        "PurchaseRecorded",
        "RedemptionFulfilled",
        "RewardRedeemed",
    }
    | POINTS_BACK
    | UNDOING
)


async def follow(session: Session, now: datetime, sections: SectionKinds, limit: int = 500) -> int:
    """Give what up to ``limit`` facts are a reason for; return how many facts there were.

    What fails of one brand is logged and comes again the next time; the others go on.
    """
    if not (await facts.waiting(session, SUBSCRIBER) or await facts.missing(session, SUBSCRIBER)):
        return 0
    taken = await facts.take(session, SUBSCRIBER, limit=limit)
    missed = await facts.missing(session, SUBSCRIBER)
    by_brand: dict[int, list[StoredFact]] = {}
    for each in taken:
        if each.kind in KINDS:
            by_brand.setdefault(each.tenant_id, []).append(each)
    # All programmes before any wallet: who applies a version of one brand keeps none waiting.
    grounds = {
        brand_id: await _attempt(session, brand_id, partial(_ground, session, sections, brand_id))
        for brand_id in sorted({*by_brand, *missed})
    }
    for brand_id, mine in by_brand.items():
        ground = grounds[brand_id]
        work = partial(_hear, session, now, ground, mine) if ground else None
        if work is None or await _attempt(session, brand_id, work) is None:
            await facts.miss(session, SUBSCRIBER, mine)
    done = len(taken)
    for brand_id in missed:
        if ground := grounds[brand_id]:
            again = partial(_hear_again, session, now, ground, limit)
            done += await _attempt(session, brand_id, again) or 0
    return done


async def _ground(session: Session, sections: SectionKinds, brand_id: int) -> _Ground:
    brand = await brands.by_id(session, brand_id)
    assert brand is not None
    return brand, await programmes.timeline_to_write(session, brand.id, sections)


async def _hear(
    session: Session, now: datetime, ground: _Ground, told: Sequence[StoredFact]
) -> int:
    brand, timeline = ground
    if any(automatic_of(each) for each in timeline.programmes):
        mine = [each for each in told if each.kind in KINDS]
        by_now = await members.kept(session, brand.id, [UUID(each.subject) for each in mine])
        heard = [_heard(each, by_now[UUID(each.subject)]) for each in mine]
        await give(session, now, brand, timeline, heard)
    return len(told)


async def _hear_again(session: Session, now: datetime, ground: _Ground, limit: int) -> int:
    told = await facts.again(session, SUBSCRIBER, ground[0].id, limit=limit)
    return await _hear(session, now, ground, told)


async def _attempt(session: Session, brand_id: int, work: Callable[[], Awaitable[T]]) -> T | None:
    return await attempt(session, work, "rewards were not given", brand=brand_id)


async def become_spendable(
    session: Session, now: datetime, sections: SectionKinds, limit: int = 500
) -> int:
    """Let points buy rewards that became spendable by time alone, of up to ``limit`` members.

    Whom to look at when was noted when the points were heard of. When a version begins that gives
    rewards for points, everybody who has the price of one is looked at, once.
    """
    return await _first(session, partial(_become_spendable, session, now, sections, limit))


async def _first(session: Session, work: Callable[[Brand], Awaitable[int]]) -> int:
    """Work for the first brand that there is anything to do for; return how much that was.

    One that fails is logged and passed over.
    """
    for brand in await brands.every(session):
        if done := await _attempt(session, brand.id, partial(work, brand)):
            return done
    return 0


async def _become_spendable(
    session: Session, now: datetime, sections: SectionKinds, limit: int, brand: Brand
) -> int:
    timeline = await programmes.timeline(session, brand.id, sections)
    await _begin(session, now, brand, timeline)
    member_ids = await store.due(session, now, brand.id, limit)
    if member_ids:
        timeline = await programmes.timeline_to_write(session, brand.id, sections)
        await look(session, now, brand, timeline, member_ids)
    return len(member_ids)


async def _begin(session: Session, now: datetime, brand: Brand, timeline: Timeline) -> None:
    programme = timeline.at(now)
    rewards = given_for(automatic_of(programme), "points")
    if programme is not None and rewards:
        price = min(offers_of(programme, brand)[reward].points for reward in rewards)
        await store.look_at_all(session, now, brand.id, programme.version_id, price)


async def birthdays(
    session: Session, now: datetime, sections: SectionKinds, limit: int = 500
) -> int:
    """Give what up to ``limit`` members of a brand get for their birthday; return how many.

    On the day of the brand's clock; 29 February is the 28th in common years. If nobody worked on
    the day it is given up to seven days late. Once a year and reward, also if the date of birth
    is changed, never twice in 300 days, and not for a birthday before the day of joining.
    """
    return await _first(session, partial(_give_birthdays, session, now, sections, limit))


async def _give_birthdays(
    session: Session, now: datetime, sections: SectionKinds, limit: int, brand: Brand
) -> int:
    timeline = await programmes.timeline(session, brand.id, sections)
    found = await _birthdays(session, now, brand, timeline, limit)
    if found:
        timeline = await programmes.timeline_to_write(session, brand.id, sections)
        wanted = [Given(*key, given_at=now) for key in found]
        await give_on(session, now, brand, timeline, wanted)
    return len(found)


async def _birthdays(
    session: Session, now: datetime, brand: Brand, timeline: Timeline, limit: int
) -> list[tuple[UUID, str, str]]:
    wanted: list[tuple[BirthdaysOn, str]] = []
    for on in birthdays_until(brand.day(now)):
        automatic = automatic_at(timeline, on.judged_at(brand.zone, now))
        wanted.extend((on, reward) for reward in given_for(automatic, "birthday"))
    return await store.birthdays(session, brand.id, brand.time_zone, wanted, limit)


def _heard(fact: StoredFact, member_id: UUID) -> Heard:
    assert fact.recorded_at is not None
    return Heard(fact.id, fact.kind, member_id, fact.payload, fact.recorded_at)
