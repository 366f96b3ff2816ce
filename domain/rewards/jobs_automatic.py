"""Gives what members get without asking, as news come and as time goes by.

Each of these does one batch and returns how much there was; 0 says that all is done. Whatever a
batch gives and the note that it is done are one transaction: if it fails, all of it comes again.
"""

from datetime import datetime
from uuid import UUID

from domain.brands import queries as brands
from domain.brands.rules import Brand
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
from kit.db import Session
from kit.facts import StoredFact

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
    """Give what up to ``limit`` facts are a reason for; return how many facts there were."""
    if not await facts.waiting(session, SUBSCRIBER):
        return 0
    taken = await facts.take(session, SUBSCRIBER, limit=limit)
    by_brand: dict[int, list[Heard]] = {}
    for each in taken:
        if each.kind in KINDS:
            by_brand.setdefault(each.tenant_id, []).append(_heard(each))
    # All programmes before any wallet: who applies a version of one brand keeps none waiting.
    grounds = [await _ground(session, sections, brand_id) for brand_id in sorted(by_brand)]
    for brand, timeline in grounds:
        if any(automatic_of(each) for each in timeline.programmes):
            await give(session, now, brand, timeline, by_brand[brand.id])
    return len(taken)


async def _ground(
    session: Session, sections: SectionKinds, brand_id: int
) -> tuple[Brand, Timeline]:
    brand = await brands.by_id(session, brand_id)
    assert brand is not None
    return brand, await programmes.timeline_to_write(session, brand.id, sections)


async def become_spendable(
    session: Session, now: datetime, sections: SectionKinds, limit: int = 500
) -> int:
    """Let points buy rewards that became spendable by time alone, of up to ``limit`` members.

    Whom to look at when was noted when the points were heard of. When a version begins that gives
    rewards for points, everybody who has the price of one is looked at, once.
    """
    for brand in await brands.every(session):
        timeline = await programmes.timeline(session, brand.id, sections)
        await _begin(session, now, brand, timeline)
        member_ids = await store.due(session, now, brand.id, limit)
        if member_ids:
            timeline = await programmes.timeline_to_write(session, brand.id, sections)
            await look(session, now, brand, timeline, member_ids)
            return len(member_ids)
    return 0


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
    is changed, and not for a birthday before the day of joining.
    """
    for brand in await brands.every(session):
        timeline = await programmes.timeline(session, brand.id, sections)
        found = await _birthdays(session, now, brand, timeline, limit)
        if found:
            timeline = await programmes.timeline_to_write(session, brand.id, sections)
            wanted = [Given(*key, given_at=now) for key in found]
            await give_on(session, now, brand, timeline, wanted)
            return len(found)
    return 0


async def _birthdays(
    session: Session, now: datetime, brand: Brand, timeline: Timeline, limit: int
) -> list[tuple[UUID, str, str]]:
    wanted: list[tuple[BirthdaysOn, str]] = []
    for on in birthdays_until(brand.day(now)):
        automatic = automatic_at(timeline, on.judged_at(brand.zone, now))
        wanted.extend((on, reward) for reward in given_for(automatic, "birthday"))
    return await store.birthdays(session, brand.id, brand.time_zone, wanted, limit)


def _heard(fact: StoredFact) -> Heard:
    assert fact.recorded_at is not None
    return Heard(fact.id, fact.kind, UUID(fact.subject), fact.payload, fact.recorded_at)
