"""Which badges a member's history has reached, and what that changes.

What is reached follows from the history as it is known, whichever way it came to be known. Each
happening counts towards the badges of the programme in force when it happened, so nothing counts
from before a badge was there; the targets are looked at with each happening that counts and when
a version starts. A tier counts for as long as the member has it while the badge is there. What
was reached once under a version stays reached under later ones.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import zip_longest
from typing import Literal, NamedTuple
from uuid import UUID

from domain.brands.rules import Brand
from domain.earning.rules_history import Happening
from domain.programmes.rules import Programme, Timeline
from domain.tiers.rules import Run, ladders_of
from domain.wallets.section import PointsSection
from gamification.badges.section import BadgesSection
from gamification.badges.section_parts import Badge, Often
from gamification.grounds.rules import Ground
from gamification.grounds.rules_filter import Filter, compile_filter
from kit.calendar import day_end, period_start
from kit.ids import derived_id

RULE = "rule"
"""The source of what a rule awarded, and the actor where a rule revoked it."""
RETURNED = "RETURNED"
"""Why a rule revokes: what had earned it was returned."""
MERGED = "MERGED"
"""Why a rule revokes what a member who turned out to be the same person holds too."""


class Slot(NamedTuple):
    """What a member can hold once: a level of a badge in a period, from 1 and by its first day."""

    badge: str
    level: int
    period: date | None


class Held(NamedTuple):
    """An award as it is stored, as far as rules ask."""

    id: UUID
    slot: Slot
    source: str
    revoked_at: datetime | None
    revoked_by: str | None


class Loss(NamedTuple):
    """An award that a rule revokes, and why."""

    award: Held
    reason: str


class NewAward(NamedTuple):
    """An award to be stored."""

    id: UUID
    member_id: UUID
    slot: Slot
    source: str
    actor: str
    awarded_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Course:
    """A badge made ready. ``targets`` are in the smallest unit of what is counted, by level.

    Both ``targets`` and ``tiers`` are empty for a badge that is only given.
    """

    code: str
    award: Often
    of: Literal["amount", "quantity", "points"] | None
    filter: Filter | None
    targets: tuple[int, ...]
    tiers: tuple[str, ...]
    levels: int
    valid_days: int | None
    revokes: bool

    def worth(self, happening: Happening) -> int:
        """Return what a happening counts for."""
        if self.filter is None or not self.filter.met(happening):
            return 0
        match self.of:
            case "amount":
                return self.filter.amount(happening)
            case "quantity":
                return self.filter.quantity(happening)
            case "points":
                return happening.points
            case _:
                return 1


@lru_cache(maxsize=1_000)
def courses_of(programme: Programme, brand: Brand) -> Mapping[str, Course]:
    """Return the badges of a programme by code, made ready once per version."""
    section = programme.document.find(BadgesSection)
    points = programme.document.find(PointsSection)
    scales = {"amount": brand.currency_exponent, "points": points.scale if points else 0}
    return {
        badge.code: _course(badge, brand, scales)
        for badge in (section.badge if section is not None else ())
    }


def _course(badge: Badge, brand: Brand, scales: Mapping[str, int]) -> Course:
    of = badge.goal.of if badge.goal else None
    steps = badge.level or (badge,)
    decimals = scales.get(of or "", 0)
    return Course(
        code=badge.code,
        award=badge.award,
        of=of,
        filter=compile_filter(badge.goal, brand) if badge.goal else None,
        targets=tuple(int(each.target.scaleb(decimals)) for each in steps if each.target),
        tiers=tuple(each.tier for each in steps if each.tier),
        levels=len(steps),
        valid_days=badge.valid_days,
        revokes=badge.on_refund == "revoke",
    )


def needs_tiers(timeline: Timeline, brand: Brand) -> bool:
    """Whether any badge is judged by members' tiers: then a ground must have them."""
    return any(
        course.tiers
        for programme in timeline.programmes
        for course in courses_of(programme, brand).values()
    )


def period_of(course: Course, brand: Brand, at: datetime) -> date | None:
    """Return the first day of the period in which an award at ``at`` counts, None for all time."""
    return None if course.award == "once" else period_start(course.award, brand.day(at))


def expires_at(course: Course, brand: Brand, at: datetime) -> datetime | None:
    """Return when an award at ``at`` ends: at the end of a day of the brand's, None for never."""
    if course.valid_days is None:
        return None
    return day_end(brand.zone, brand.day(at) + timedelta(days=course.valid_days))


def reached(ground: Ground, member_id: UUID) -> dict[Slot, datetime]:
    """Return what a member's history has reached by now, with the instant of each."""
    found: dict[Slot, datetime] = {}
    totals: dict[tuple[str, date | None], int] = {}
    done: dict[int, list[Happening]] = {}
    for happening, programme in ground.counting(member_id):
        done.setdefault(programme.version_id, []).append(happening)
    for programme, courses in _in_force(ground, done):
        counted = [course for course in courses.values() if course.targets]
        for course in counted:
            _look(found, totals, course, ground.brand, programme.effective_from)
        for happening in done.get(programme.version_id, ()):
            for course in counted:
                worth = course.worth(happening)
                if worth:
                    period = period_of(course, ground.brand, happening.occurred_at)
                    key = course.code, period
                    totals[key] = totals.get(key, 0) + worth
                    _look(found, totals, course, ground.brand, happening.occurred_at)
    for slot, at in _by_tier(ground, member_id):
        found.setdefault(slot, at)
    return found


def _in_force(
    ground: Ground, ahead: Collection[int] = ()
) -> Iterator[tuple[Programme, Mapping[str, Course]]]:
    """Yield the versions that are or were in force, and those of the ids ``ahead``."""
    for programme in ground.timeline.programmes:
        if programme.effective_from <= ground.now or programme.version_id in ahead:
            yield programme, courses_of(programme, ground.brand)


def _look(
    found: dict[Slot, datetime],
    totals: Mapping[tuple[str, date | None], int],
    course: Course,
    brand: Brand,
    at: datetime,
) -> None:
    period = period_of(course, brand, at)
    total = totals.get((course.code, period), 0)
    for level, target in enumerate(course.targets, start=1):
        if total < target:
            break
        found.setdefault(Slot(course.code, level, period), at)


def _by_tier(ground: Ground, member_id: UUID) -> Iterator[tuple[Slot, datetime]]:
    """Yield the levels of badges by tier that a member's tiers reached, the earliest first."""
    ladders = ladders_of(ground.timeline, ground.brand)
    in_force = list(_in_force(ground))
    ends = [programme.effective_from for programme, _ in in_force[1:]]
    for (programme, courses), end in zip_longest(in_force, ends):
        asked = [course for course in courses.values() if course.tiers]
        for ladder in ladders.at(programme.effective_from) if asked else ():
            mine = ground.tiers[member_id].get(ladder.code, ())
            runs = [run for run in mine if run.starts_at <= ground.now]
            for at, tier in _within(runs, programme.effective_from, end):
                rank = ladder.ranks.get(tier, -1)
                for course in asked:
                    for level, name in enumerate(course.tiers, start=1):
                        if ladder.ranks.get(name, rank + 1) <= rank:
                            yield Slot(course.code, level, None), at


def _within(
    runs: Sequence[Run], start: datetime, end: datetime | None
) -> Iterator[tuple[datetime, str]]:
    """Yield the tiers from ``start`` until before ``end``, each with its first instant then."""
    for run, after in zip_longest(runs, runs[1:]):
        if (end is None or run.starts_at < end) and (after is None or after.starts_at > start):
            yield max(run.starts_at, start), run.tier


def changes(
    ground: Ground, member_id: UUID, awards: Sequence[Held]
) -> tuple[list[NewAward], list[Loss]]:
    """Return what is to be awarded to a member by rule, and what a rule takes back.

    ``awards`` are all that the member ever had, the earliest first. Who holds something already,
    by whatever way, is not awarded it again; nor is what a rule awarded and somebody revoked. Of
    what two people held who turned out to be one, one award is left.
    """
    deserved = reached(ground, member_id)
    known: dict[Slot, list[Held]] = {slot: [] for slot in deserved}
    for award in awards:
        known.setdefault(award.slot, []).append(award)
    new: list[NewAward] = []
    lost: list[Loss] = []
    for slot, before in known.items():
        held = [award for award in before if award.revoked_at is None]
        if slot not in deserved and _revokes(ground, slot.badge):
            lost.extend(Loss(award, RETURNED) for award in held if award.source == RULE)
        elif held:
            kept = min(held, key=lambda award: award.source == RULE)
            twice = (award for award in held if award is not kept and award.source == RULE)
            lost.extend(Loss(award, MERGED) for award in twice)
        elif slot in deserved and not any(map(_taken_by_hand, before)):
            new.append(_by_rule(ground, member_id, slot, deserved[slot], len(before)))
    return new, lost


def _taken_by_hand(award: Held) -> bool:
    return award.source == RULE and award.revoked_by != RULE


def _by_rule(
    ground: Ground, member_id: UUID, slot: Slot, at: datetime, times_before: int
) -> NewAward:
    brand = ground.brand
    programme = ground.timeline.at(at)
    assert programme is not None
    course = courses_of(programme, brand)[slot.badge]
    said = (str(member_id), slot.badge, str(slot.level), str(slot.period), str(times_before))
    id_ = derived_id("badge by rule", str(brand.id), *said)
    # What is dated a little ahead counts, but nothing is awarded ahead.
    at = min(at, ground.now)
    return NewAward(id_, member_id, slot, RULE, RULE, at, expires_at(course, brand, at))


def _revokes(ground: Ground, badge: str) -> bool:
    """Whether the last version that knows a badge lets a return revoke it."""
    found = [courses[badge] for _, courses in _in_force(ground) if badge in courses]
    return bool(found) and found[-1].revokes
