"""Judges streaks by all that is known of members: what they win, what is undone, what is told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain.brands.rules import Brand
from gamification.grounds.rules import Ground
from gamification.grounds.service import look_again
from gamification.prizes import queries as prizes
from gamification.prizes.rules import Due
from gamification.prizes.service import owe, undo
from gamification.streaks import store
from gamification.streaks.rules import Course, Reached
from gamification.streaks.rules_terms import lives_of
from gamification.streaks.service_freezes import (
    Grant,
    GrantOutcome,
    grant_freezes,
    take_freezes,
)
from gamification.streaks.service_ground import belongings, courses_of
from gamification.streaks.service_repair import Repair, RepairOutcome, repair
from gamification.streaks.store import Key, MilestoneRow, Told
from kit.calendar import day_start
from kit.db import Session
from kit.facts import Fact, record
from kit.ids import derived_id

__all__ = [
    "Grant",
    "GrantOutcome",
    "Repair",
    "RepairOutcome",
    "grant_freezes",
    "judge",
    "repair",
    "take_freezes",
]

_UNDONE = "the streak is shorter than it seemed"

MilestoneKey = tuple[UUID, str, int, int]


@dataclass(slots=True)
class _Changes:
    """What a judgement changes."""

    reached: list[MilestoneRow] = field(default_factory=list)
    dues: list[Due] = field(default_factory=list)
    undone: list[UUID] = field(default_factory=list)
    keeping: list[UUID] = field(default_factory=list)
    told: list[tuple[Key, Told]] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    looks: dict[UUID, datetime] = field(default_factory=dict)

    def look(self, member_id: UUID, course: Course) -> None:
        """Let the member be looked at again when time alone changes a streak in force."""
        if course.looks_at is not None and course.life.ends_after(course.looks_at):
            before = self.looks.get(member_id, course.looks_at)
            self.looks[member_id] = min(before, course.looks_at)


async def judge(session: Session, now: datetime, ground: Ground) -> None:
    """Owe and undo the prizes of milestones, and tell what is new of these members' streaks.

    All follows from the ground, freezes and repairs, so that it makes no difference how often and
    in which order members are judged. The caller has locked their wallets before it loaded the
    ground, so that no two judge a member at once, and looks again at whom time alone changes.
    Records the facts StreakExtended (a period is kept), MilestoneReached, and of streaks that were
    judged before StreakBroken and FreezeUsed. A constant number of statements.
    """
    lives = lives_of(ground.timeline)
    ids = list(ground.people)
    if not lives or not ids:
        return
    brand = ground.brand
    has = await belongings(session, brand.id, ground.timeline, ids)
    rows = await store.milestones(session, brand.id, ids)
    told = await store.told(session, brand.id, ids)
    changes = _Changes()
    for key in ((member_id, code) for member_id in ids for code in lives):
        found = courses_of(ground, has, key, now)
        for course in found:
            _win(brand, key, course, rows, changes)
        if found:
            _tell(brand, key, found[-1], told.get(key), changes)
            changes.look(key[0], found[-1])
    if changes.keeping:
        # What was not paid yet can't be kept; with the wallets locked no more will be.
        known = await prizes.by_ids(session, brand.id, changes.keeping)
        changes.undone += [id_ for id_, each in known.items() if each.state != "paid"]
    await store.write_milestones(session, now, brand.id, changes.reached)
    await store.undo_milestones(session, now, changes.undone)
    await store.tell(session, brand.id, changes.told)
    await look_again(session, brand.id, changes.looks)
    if changes.undone:
        await undo(session, now, brand, ground.timeline, changes.undone, _UNDONE)
    if changes.dues:
        await owe(session, now, brand, ground.timeline, changes.dues)
    await record(session, now, changes.facts)


def _win(
    brand: Brand,
    key: Key,
    course: Course,
    rows: Mapping[MilestoneKey, Sequence[MilestoneRow]],
    changes: _Changes,
) -> None:
    """Compare what one life of a streak has won with what is written.

    A prize is for a length and a time: reaching it for the second time is another prize than for
    the first, whichever days it took, so that late news of days pay nothing twice.
    """
    number = course.life.number
    reached: dict[int, list[Reached]] = {length: [] for *of, length in rows if of == [*key, number]}
    for each in course.reached:
        reached.setdefault(each.milestone.at, []).append(each)
    for length, now_reached in reached.items():
        known = rows.get((*key, number, length), ())
        for place, each in enumerate(now_reached):
            before = known[place] if place < len(known) else None
            row = _row(brand, key, number, each, before)
            if row != before:
                # What was reached with another period waits from that one on, until it is paid.
                changes.reached.append(row)
                changes.dues.append(_due(brand, row, each))
                if before is None:
                    what = {"streak": row.streak, "length": length, "time": row.time}
                    changes.facts.append(_fact(brand, key, "MilestoneReached", what))
        over = [row for row in known[len(now_reached) :] if not row.undone]
        changes.undone += [row.id for row in over if row.on_refund == "take_back"]
        changes.keeping += [row.id for row in over if row.on_refund == "keep"]


def _row(
    brand: Brand, key: Key, life: int, each: Reached, before: MilestoneRow | None
) -> MilestoneRow:
    member_id, streak = key
    said = each.milestone
    time = each.time if before is None else before.time
    parts = (str(brand.id), str(member_id), streak, str(life), str(said.at), str(time))
    id_ = derived_id("streak milestone", *parts) if before is None else before.id
    return MilestoneRow(
        id_, member_id, streak, life, said.at, time, said.on_refund, each.period, each.at
    )


def _due(brand: Brand, row: MilestoneRow, each: Reached) -> Due:
    said = each.milestone
    pay_from = each.at
    if said.hold_days:
        day = brand.day(each.at) + timedelta(days=said.hold_days + 1)
        pay_from = day_start(brand.zone, day)
    source = f"streak:{row.streak}"
    budget = None if said.budget is None else (f"{source}:{row.life}:{said.at}", said.budget)
    return Due(row.id, row.member_id, source, said.prize, each.at, pay_from, budget)


def _tell(brand: Brand, key: Key, course: Course, before: Told | None, changes: _Changes) -> None:
    """Compare a streak with what was told of it; what was never judged has no past to tell."""
    frozen_on = max(course.frozen, default=None)
    broken = course.breaks[-1] if course.breaks else None
    now_told = Told(
        course.life.number,
        course.length,
        course.last,
        frozen_on,
        broken.at if broken else None,
    )
    if now_told == before or (before is None and course.state == "none"):
        return
    changes.told.append((key, now_told))
    same = before is not None and before.life == course.life.number
    last = before.kept_on if before is not None and same else None
    if course.last is not None and (last is None or course.last > last):
        what: dict[str, Any] = {"length": course.length, "period": course.last}
        changes.facts.append(_streak_fact(brand, key, "StreakExtended", what))
    if before is None or not same:
        return
    used = [each for each in course.frozen if before.frozen_on is None or each > before.frozen_on]
    if used:
        changes.facts.append(_streak_fact(brand, key, "FreezeUsed", {"periods": used}))
    if broken and (before.broken_at is None or broken.at > before.broken_at):
        what = {"length": broken.length, "at": broken.at, "repairUntil": broken.repair_until}
        changes.facts.append(_streak_fact(brand, key, "StreakBroken", what))


def _streak_fact(brand: Brand, key: Key, kind: str, what: dict[str, Any]) -> Fact:
    return _fact(brand, key, kind, {"streak": key[1], **what})


def _fact(brand: Brand, key: Key, kind: str, what: dict[str, Any]) -> Fact:
    return Fact(brand.id, kind, str(key[0]), what)
