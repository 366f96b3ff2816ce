"""Follows what friends do, and rewards the referrals that nothing can undo any more."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, TypeAlias
from uuid import UUID

from domain.brands import queries as brands
from domain.brands.rules import Brand
from domain.earning.rules import Activity
from domain.earning.service import record_activities
from domain.programmes import queries as programmes
from domain.programmes.rules import SectionKinds, Timeline
from domain.referrals import store
from domain.referrals.rules import SHARED_SIGNAL
from domain.referrals.rules_course import Course, OpenReferral, course, terms_of
from domain.referrals.section import REFERRAL, REFERRED, ReferralsSection
from domain.referrals.service_ground import became_one
from domain.wallets.queries import books
from domain.wallets.store import lock_members
from kit import facts
from kit.attempts import attempt
from kit.db import Session
from kit.facts import Fact, StoredFact

SUBSCRIBER = "referrals"
# The subject of each is the friend's id, or that of somebody who is nobody's friend.
FOLLOWED = frozenset(
    ("PurchaseRecorded", "ActivityRecorded", "PurchaseRefunded", "ReferralClaimed")
)
CHANNEL = "referral"

Ready: TypeAlias = tuple[datetime, OpenReferral]
"""A referral that is rewarded from an instant on, which is over."""


async def follow(
    session: Session, now: datetime, sections: SectionKinds, limit: int = 1_000
) -> int:
    """Judge the referrals of members of whom something is told; return how many facts were read.

    Each is judged by all that is recorded by now, so that it makes no difference how often and
    in which order facts come. What fails of a brand keeps no other one waiting, and is tried again
    once nothing new is there. 0: all done.
    """
    if not await facts.waiting(session, SUBSCRIBER):
        await _again(session, now, sections, limit)
        return 0
    taken = await facts.take(session, SUBSCRIBER, limit=limit)
    told: dict[int, list[StoredFact]] = {}
    for fact in taken:
        if fact.kind in FOLLOWED:
            told.setdefault(fact.tenant_id, []).append(fact)
    for brand_id in sorted(told):
        work = partial(_heard, session, now, sections, brand_id, told[brand_id])
        if await _attempt(session, brand_id, work) is None:
            await facts.miss(session, SUBSCRIBER, told[brand_id])
    return len(taken)


async def _again(session: Session, now: datetime, sections: SectionKinds, limit: int) -> None:
    """Try once more what failed."""
    for brand_id in await facts.missing(session, SUBSCRIBER):
        work = partial(_heard_again, session, now, sections, brand_id, limit)
        await _attempt(session, brand_id, work)


async def _heard_again(
    session: Session, now: datetime, sections: SectionKinds, brand_id: int, limit: int
) -> int:
    told = await facts.again(session, SUBSCRIBER, brand_id, limit=limit)
    return await _heard(session, now, sections, brand_id, told)


async def _attempt(
    session: Session, brand_id: int, work: Callable[[], Awaitable[int]]
) -> int | None:
    return await attempt(session, work, "a brand's referrals failed", brand=brand_id)


async def _heard(
    session: Session,
    now: datetime,
    sections: SectionKinds,
    brand_id: int,
    told: Iterable[StoredFact],
) -> int:
    friends = {UUID(fact.subject) for fact in told if fact.kind in FOLLOWED}
    await _judge_friends(session, now, sections, brand_id, friends)
    return len(friends)


async def _judge_friends(
    session: Session,
    now: datetime,
    sections: SectionKinds,
    brand_id: int,
    friends: Collection[UUID],
) -> None:
    items = await store.lock_open(session, brand_id, friends)
    if items:
        brand = await brands.by_id(session, brand_id)
        assert brand is not None
        timeline = await programmes.timeline(session, brand_id, sections)
        await _judge(session, now, brand, timeline, items)


async def reward(session: Session, now: datetime, sections: SectionKinds, limit: int = 100) -> int:
    """Reward up to ``limit`` referrals of one brand that are due; return how many were looked at.

    Both have then done their activity, at the instant from which nothing could undo it: the
    programme of that instant says what they get. It is known by the referral, so that nobody
    gets it twice. What was returned in time and is only known by now is not rewarded. A brand whose
    referrals fail is passed over. 0: all done.
    """
    passed: list[int] = []
    while found := await store.due(session, now, limit, passed):
        brand_id, friends = found
        work = partial(_reward_friends, session, now, sections, brand_id, friends)
        if (done := await _attempt(session, brand_id, work)) is not None:
            return done
        passed.append(brand_id)
    return 0


async def _reward_friends(
    session: Session, now: datetime, sections: SectionKinds, brand_id: int, friends: Sequence[UUID]
) -> int:
    brand = await brands.by_id(session, brand_id)
    assert brand is not None
    timeline = await programmes.timeline_to_write(session, brand_id, sections)
    # Wallets first, as everybody does; with them no purchase is returned meanwhile.
    await _lock_wallets(session, brand, friends)
    items = await store.lock_open(session, brand_id, friends)
    courses = await _judge(session, now, brand, timeline, items)
    ready = [
        (courses[item.id].rewards_at or now, item)
        for item in items
        if courses[item.id].state == "qualified" and (courses[item.id].rewards_at or now) <= now
    ]
    ready.sort(key=lambda each: (each[0], each[1].id))
    ready = await _of_others(session, now, brand, timeline, ready)
    if ready:
        await _reward(session, now, brand, timeline, ready)
    return len(friends)


async def _of_others(
    session: Session, now: datetime, brand: Brand, timeline: Timeline, ready: Sequence[Ready]
) -> list[Ready]:
    """Refuse who shares a signal by now with who led to the code; return the others."""
    sections = _sections(timeline, [item for _, item in ready])
    judged = [(sections[item.version_id], item) for _, item in ready]
    same = await became_one(session, brand, judged)
    await _move(
        session,
        now,
        brand,
        [item for _, item in ready],
        {id_: Course("refused", SHARED_SIGNAL) for id_ in same},
    )
    return [each for each in ready if each[1].id not in same]


async def _lock_wallets(session: Session, brand: Brand, friends: Sequence[UUID]) -> None:
    accounts = await books(session, brand.id)
    assert accounts is not None
    sides = await store.sides(session, brand.id, friends)
    await lock_members(session, brand.id, accounts.asset_id, sides)


async def _judge(
    session: Session, now: datetime, brand: Brand, timeline: Timeline, items: Sequence[OpenReferral]
) -> dict[UUID, Course]:
    """Find out where locked referrals stand by now, write it and tell of it."""
    sections = _sections(timeline, items)
    terms = {version_id: terms_of(section, brand) for version_id, section in sections.items()}
    events = await store.events(session, brand.id, items, terms)
    courses = {
        item.id: course(sections[item.version_id], brand, item, events[item.id]) for item in items
    }
    before = {item.id: (item.event_id, item.rewards_at) for item in items}
    moved = {
        id_: each
        for id_, each in courses.items()
        if each.state == "refused" or (each.event_id, each.rewards_at) != before[id_]
    }
    await _move(session, now, brand, items, moved)
    return courses


def _sections(timeline: Timeline, items: Sequence[OpenReferral]) -> dict[int, ReferralsSection]:
    versions = {item.version_id for item in items}
    return {
        each.version_id: each.document.section(ReferralsSection)
        for each in timeline.programmes
        if each.version_id in versions
    }


async def _move(
    session: Session,
    now: datetime,
    brand: Brand,
    items: Sequence[OpenReferral],
    moved: Mapping[UUID, Course],
) -> None:
    await store.move(session, moved)
    told = [_fact(brand, item, moved[item.id]) for item in items if item.id in moved]
    await facts.record(session, now, [fact for fact in told if fact])


def _fact(brand: Brand, item: OpenReferral, moved: Course) -> Fact | None:
    what: dict[str, Any] = {"referral": str(item.id)}
    if moved.state == "refused":
        what["reason"] = moved.reason
        return Fact(brand.id, "ReferralFlagged", str(item.referrer_id), what)
    if moved.state == "qualified" and item.event_id is None:
        what["rewardsAt"] = moved.rewards_at
        return Fact(brand.id, "ReferralQualified", str(item.referrer_id), what)
    return None


async def _reward(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    ready: Sequence[Ready],
) -> None:
    activities = [each for at, item in ready for each in _activities(at, item)]
    outcomes = await record_activities(session, now, brand, timeline, activities)
    both = list(zip(outcomes[::2], outcomes[1::2], strict=True))
    rows = [
        # Nothing is left to try again where one was refused: staff see why.
        (item.id, mine.code or other.code)
        for (_, item), (mine, other) in zip(ready, both, strict=True)
    ]
    await store.reward(session, now, rows)
    told = [
        _rewarded(brand, item, mine.points)
        for (_, item), (mine, _) in zip(ready, both, strict=True)
    ]
    await facts.record(session, now, told)


def _rewarded(brand: Brand, item: OpenReferral, points: int) -> Fact:
    what = {"referral": str(item.id), "points": points}
    return Fact(brand.id, "ReferralRewarded", str(item.referrer_id), what)


def _activities(at: datetime, item: OpenReferral) -> list[Activity]:
    return [
        Activity(
            external_id=f"{kind}:{item.id}",
            member=member,
            kind=kind,
            occurred_at=at,
            channel=CHANNEL,
            attributes={"referral": str(item.id)},
        )
        for kind, member in ((REFERRAL, item.referrer), (REFERRED, item.friend))
    ]
