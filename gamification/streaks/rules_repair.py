"""What a member has that bridges and repairs a streak, and whether it may be repaired now."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from domain.brands.rules import Brand
from domain.rewards.rules_steps import Item
from gamification.streaks.rules import Course, Past
from gamification.streaks.rules_purse import Freezes
from gamification.streaks.rules_terms import Life
from gamification.streaks.section import Streak
from kit.calendar import period_start


@dataclass(frozen=True, slots=True)
class Why:
    """Why something can't be."""

    code: str
    message: str


class Repaired(NamedTuple):
    """A repair that was made: free, or paid for by a redemption."""

    at: datetime
    redemption_id: UUID | None


class Payment(NamedTuple):
    """What pays for a repair: nothing, or the ``unit``-th of a redemption, from 1 on."""

    redemption_id: UUID | None = None
    unit: int | None = None


NO_REPAIR = Why("NO_REPAIR", "this streak can't be repaired")
NOTHING_TO_REPAIR = Why("NOTHING_TO_REPAIR", "the streak is not broken")
TOO_LATE = Why("REPAIR_TOO_LATE", "the days in which it could be repaired are over")
UNPAID = Why("REPAIR_UNPAID", "no free repair is left, and nothing is bought that pays for one")


def past_of(
    lives: Sequence[Life],
    given: Iterable[Freezes],
    repairs: Iterable[Repaired],
    items: Iterable[Item],
) -> Past:
    """Return what a streak depends on besides what the member did.

    What was bought is a freeze by the terms of the instant at which it was fulfilled. ``items``
    are those not returned: freezes that were have never been, nor repairs that they paid for.
    """
    bought = {item.id: item for item in items}
    freezes = [
        Freezes(item.id, item.fulfilled_at, item.quantity)
        for item in bought.values()
        if any(_is_freeze(life, item) for life in lives)
    ]
    instants = [
        each.at for each in repairs if each.redemption_id is None or each.redemption_id in bought
    ]
    return Past((*given, *freezes), instants)


def _is_freeze(life: Life, item: Item) -> bool:
    at = item.fulfilled_at
    return life.holds(at) and life.at(at).freeze_reward == item.reward


def repair_refusal(course: Course) -> Why | None:
    """Return why a streak can't be repaired at the instant of its course, None if it can.

    What it costs is another matter: `payment`.
    """
    if course.repair_until is not None:
        return None
    if course.length or course.broken is None:
        return NOTHING_TO_REPAIR
    return NO_REPAIR if course.broken.repair_until == course.broken.at else TOO_LATE


def payment(
    brand: Brand,
    streak: Streak,
    repairs: Sequence[Repaired],
    items: Iterable[Item],
    now: datetime,
) -> Payment | Why:
    """Return what pays for another repair at ``now``: a free one first, else the oldest item.

    ``repairs`` are all of this streak and member, those whose redemption was returned too.
    """
    if streak.repairs_free is not None:
        free = [each.at for each in repairs if each.redemption_id is None]
        if streak.repairs_per is not None:
            since = period_start(streak.repairs_per, brand.day(now))
            free = [at for at in free if brand.day(at) >= since]
        if len(free) < streak.repairs_free:
            return Payment()
    for item in sorted(items, key=lambda each: (each.fulfilled_at, each.id)):
        used = sum(each.redemption_id == item.id for each in repairs)
        if item.reward == streak.repair_reward and used < item.quantity:
            return Payment(item.id, used + 1)
    return UNPAID
