"""Follows what members do and counts their scores; fills boards; opens rolling windows in time."""

from collections.abc import Awaitable, Callable, Iterable
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from domain.brands import queries as brands
from domain.brands.rules import Brand
from domain.programmes import queries as programmes
from domain.programmes.rules import SectionKinds, Timeline
from gamification.leaderboards import store_fill, store_windows
from gamification.leaderboards import store_scores as store
from gamification.leaderboards.queries_scores import SUBSCRIBER
from gamification.leaderboards.rules_boards import boards_of
from gamification.leaderboards.rules_windows import ROLLING_KEPT_DAYS
from gamification.leaderboards.service_fill import fill, fill_window, open_rolling
from gamification.leaderboards.service_persons import table_of
from gamification.leaderboards.service_scores import Told, count
from kit import facts
from kit.attempts import attempt
from kit.db import Session
from kit.facts import StoredFact

DONE = frozenset(("PurchaseRecorded", "ActivityRecorded"))
"""Of these a day is to be counted anew: that of ``occurredAt``."""
REFUNDED = "PurchaseRefunded"
"""Of this the day of the purchase."""
COMPLETED = frozenset(("ChallengeCompleted", "ChallengeUndone", "ChallengeMoved"))
"""Of these the challenge points of the member."""
BECAME = frozenset(("MemberMerged", "MemberErased"))
"""Of these everything of all members that they name."""
LISTED = frozenset(("BoardChoiceChanged", "MemberBanned", "BanLifted"))
"""Of these where the member is listed."""
AMENDED = frozenset(("MemberAmended",))
"""Of these too, if any board asks for what the brand says of members."""
TIERS = frozenset(("TierChanged", "StatusRevoked"))
"""Of these too, if any board has scopes of tiers."""
_CONCERNS = DONE | COMPLETED | BECAME | LISTED | AMENDED | TIERS | {REFUNDED}
# A window that is filled from days costs far less than a history.
_ENTITIES_PER_MEMBER = 4
ROWS_DROPPED_MAX = 10_000
LOOK_AGAIN_AFTER = timedelta(minutes=5)
"""How long after a brand failed its members are looked at again whose tiers time has changed."""


async def follow(
    session: Session, now: datetime, sections: SectionKinds, limit: int = 1_000
) -> int:
    """Count the scores of members of whom something is told; return how many facts were read.

    They are counted from all that is recorded by now, so that it makes no difference how often
    and in which order facts come. What fails of a brand keeps no other one waiting, and is tried
    again once nothing new is there. 0: all done.
    """
    if not await facts.waiting(session, SUBSCRIBER):
        await _again(session, now, sections, limit)
        return 0
    taken = await facts.take(session, SUBSCRIBER, limit=limit)
    told: dict[int, list[StoredFact]] = {}
    for fact in taken:
        if _concerns(fact):
            told.setdefault(fact.tenant_id, []).append(fact)
    for brand_id in sorted(told):
        work = partial(_heard, session, now, sections, brand_id, told[brand_id])
        if await _attempt(session, brand_id, work) is None:
            await facts.miss(session, SUBSCRIBER, told[brand_id])
    return len(taken)


async def tend(session: Session, now: datetime, sections: SectionKinds, limit: int = 500) -> int:
    """Do a part of what is to be filled, and look at members whose tier time alone has changed.

    ``limit`` members of each brand. Returns how much there was; 0: all done.
    """
    await store.lock(session)
    done = 0
    for brand_id in await store_fill.unfinished(session, now):
        work = partial(_with_boards, session, now, sections, brand_id, partial(fill, limit=limit))
        done += await _attempt(session, brand_id, work) or 0
    for brand_id in await store_windows.brands_filling(session):
        verb = partial(fill_window, limit=limit * _ENTITIES_PER_MEMBER)
        work = partial(_with_boards, session, now, sections, brand_id, verb)
        done += await _attempt(session, brand_id, work) or 0
    for brand_id, members in (await store_fill.due(session, now, limit)).items():
        work = partial(_count, session, now, sections, brand_id, Told(people=members))
        done += len(members)
        if await _attempt(session, brand_id, work) is None:
            again = dict.fromkeys(members, now + LOOK_AGAIN_AFTER)
            await store_fill.look_later(session, brand_id, again)
    return done


async def roll(session: Session, now: datetime, sections: SectionKinds) -> int:
    """Open the rolling windows of today and tomorrow, drop those long over; 0: all done.

    The first ones of a board are opened with what is done first.
    """
    await store.lock(session)
    done = 0
    for brand_id in await store_windows.brands_rolling(session):
        work = partial(_with_boards, session, now, sections, brand_id, _roll)
        done += await _attempt(session, brand_id, work) or 0
    return done


async def _roll(session: Session, now: datetime, brand: Brand, timeline: Timeline) -> int:
    opened = await open_rolling(session, now, brand, timeline)
    before = brand.day(now) - timedelta(days=ROLLING_KEPT_DAYS)
    return opened + await store_windows.drop_rolling(session, brand.id, before, ROWS_DROPPED_MAX)


async def _again(session: Session, now: datetime, sections: SectionKinds, limit: int) -> None:
    """Try once more what failed."""
    for brand_id in await facts.missing(session, SUBSCRIBER):
        work = partial(_heard_again, session, now, sections, brand_id, limit)
        await _attempt(session, brand_id, work)


async def _heard_again(
    session: Session, now: datetime, sections: SectionKinds, brand_id: int, limit: int
) -> int:
    await store.lock(session)
    told = await facts.again(session, SUBSCRIBER, brand_id, limit=limit)
    return await _heard(session, now, sections, brand_id, told)


async def _attempt(
    session: Session, brand_id: int, work: Callable[[], Awaitable[int]]
) -> int | None:
    await store.plan_anew(session)
    return await attempt(session, work, "a brand's boards failed", brand=brand_id)


async def _heard(
    session: Session,
    now: datetime,
    sections: SectionKinds,
    brand_id: int,
    told: Iterable[StoredFact],
) -> int:
    brand, timeline = await _brand(session, sections, brand_id)
    if not boards_of(timeline, brand):
        return 0
    table = table_of(now, brand, timeline, await store_fill.filling(session, brand.id))
    shapes = table.shapes.values()
    passed_over = set() if any(shape.asks for shape in shapes) else AMENDED
    passed_over |= set() if any(shape.tiers for shape in shapes) else TIERS
    concerning = [fact for fact in told if fact.kind not in passed_over]
    return await count(session, table, await _told(session, brand, concerning))


async def _count(
    session: Session, now: datetime, sections: SectionKinds, brand_id: int, told: Told
) -> int:
    brand, timeline = await _brand(session, sections, brand_id)
    table = table_of(now, brand, timeline, await store_fill.filling(session, brand.id))
    return await count(session, table, told)


async def _with_boards(
    session: Session,
    now: datetime,
    sections: SectionKinds,
    brand_id: int,
    verb: Callable[[Session, datetime, Brand, Timeline], Awaitable[int]],
) -> int:
    return await verb(session, now, *await _brand(session, sections, brand_id))


async def _brand(session: Session, sections: SectionKinds, brand_id: int) -> tuple[Brand, Timeline]:
    brand = await brands.by_id(session, brand_id)
    assert brand is not None
    return brand, await programmes.timeline(session, brand_id, sections)


def _concerns(fact: StoredFact) -> bool:
    return fact.kind in _CONCERNS


async def _told(session: Session, brand: Brand, told: Iterable[StoredFact]) -> Told:
    """Return whom facts of a brand are about, and which days."""
    days: dict[UUID, set[date]] = {}
    refunded: set[UUID] = set()
    whole: set[UUID] = set()
    named: dict[str, set[UUID]] = {}
    for fact in told:
        if fact.kind == REFUNDED:
            refunded.add(UUID(fact.payload["purchase"]))
        elif fact.kind in BECAME:
            whole |= _ids(fact)
        elif fact.kind in DONE:
            at = datetime.fromisoformat(fact.payload["occurredAt"])
            days.setdefault(UUID(fact.subject), set()).add(brand.day(at))
        else:
            kind = "completed" if fact.kind in COMPLETED else "people"
            named.setdefault(kind, set()).add(UUID(fact.subject))
    if refunded:
        for member_id, at in (await store.purchases(session, brand.id, refunded)).values():
            days.setdefault(member_id, set()).add(brand.day(at))
    return Told(days, whole=whole, **named)


def _ids(fact: StoredFact) -> set[UUID]:
    found = (_id(value) for value in (fact.subject, *fact.payload.values()))
    return {each for each in found if each is not None}


def _id(value: Any) -> UUID | None:
    try:
        return UUID(value)
    except (TypeError, ValueError, AttributeError):
        return None
