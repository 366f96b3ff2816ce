"""What moves up and down the ladders of tiers mean for what they gave and are to give."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from domain.brands.rules import Brand
from domain.members import queries as members
from domain.programmes.rules import Timeline
from domain.rewards import store_automatic as store
from domain.rewards.rules_automatic import (
    TIER_KEPT,
    TIERS,
    Climb,
    Given,
    Heard,
    Step,
    automatic_at,
    for_move,
    judge,
    tiers_giving,
)
from domain.rewards.service_cancel import Return, take_return
from domain.tallies import queries as tallies
from domain.tiers import queries as tiers
from domain.tiers.rules import Ladders, Run, courses, ladders_of
from kit.db import Session

_REASON = "the move up that gave it was undone"
_NOTHING_LEFT = frozenset({None, "VOUCHER_EXPIRED", "NOT_FULFILLED"})
"""What became of something taken back that the member has nothing of: it ended, or was returned.

Else it was used, or given for good.
"""

_Course = Mapping[tuple[UUID, str], Sequence[Run]]
"""Runs by member and ladder."""


async def settle_moves(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    heard: Sequence[Heard],
    actor: str,
) -> list[Given]:
    """Take back what is undone by what is known now; return what moves up are still to give.

    Written down here is what gives nothing: a move that is undone already, one that only kept a
    tier, and one that takes over what was used before it was undone. The caller has locked the
    members' wallets and the stock.
    """
    if not heard:
        return []
    known = await store.of_climbs(session, {each.member_id for each in heard})
    climbs = _climbs(timeline, heard, known)
    if not climbs:
        return []
    await _judge(session, now, brand, timeline, climbs)
    undone = [
        step.given
        for steps in climbs.values()
        for step in steps
        if step.undone and not step.is_new and step.given.undone_at is None
    ]
    changed = await _take_back(session, now, brand, timeline, undone, actor)
    written: list[Given] = []
    wanted: list[Given] = []
    for steps in climbs.values():
        _settle(now, steps, changed, written, wanted)
    await store.insert(session, brand.id, written)
    await store.change(session, list(changed.values()))
    return wanted


def _climbs(
    timeline: Timeline, heard: Sequence[Heard], known: Mapping[Climb, Sequence[Given]]
) -> dict[Climb, list[Step]]:
    """Return the moves of all climbs of who something was heard of, in their order."""
    found = {climb: [Step.decided(each) for each in given] for climb, given in known.items()}
    for each in heard:
        if each.kind != TIERS:
            continue
        for climb, given in for_move(each, automatic_at(timeline, each.recorded_at)):
            steps = found.setdefault(climb, [])
            if all(step.entry.number != each.number for step in steps):
                steps.append(Step(given, is_new=True))
    for steps in found.values():
        steps.sort(key=lambda step: step.entry.number)
    return found


async def _judge(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    climbs: Mapping[Climb, Sequence[Step]],
) -> None:
    ladders, automatic = ladders_of(timeline, brand), automatic_at(timeline, now)
    in_force = {ladder.code for ladder in ladders.at(now)}
    asked = {
        climb: steps
        for climb, steps in climbs.items()
        if climb.ladder in in_force and not all(step.undone for step in steps)
    }
    if not asked:
        return
    ranks = {code: _ranks(ladders, code, now) for code in in_force}
    runs = await _courses(session, brand, timeline, sorted({climb.member_id for climb in asked}))
    for climb, steps in asked.items():
        mine = runs[climb.member_id, climb.ladder]
        judge(steps, now, ranks[climb.ladder], mine, tiers_giving(automatic, climb.reward))


def _ranks(ladders: Ladders, code: str, now: datetime) -> dict[str, int]:
    """Return the ranks of all tiers that a ladder has had, as its latest version has them."""
    ranks: dict[str, int] = {}
    for stretch in ladders.stretches[code]:
        if stretch.ladder is not None and stretch.start <= now:
            ranks |= stretch.ladder.ranks
    return ranks


async def _courses(
    session: Session, brand: Brand, timeline: Timeline, member_ids: Sequence[UUID]
) -> _Course:
    people = await members.by_ids(session, brand.id, member_ids)
    done = await tallies.tallies(session, brand.id, member_ids)
    granted = await tiers.grants(session, brand.id, member_ids)
    found: dict[tuple[UUID, str], Sequence[Run]] = {}
    for member_id, person in people.items():
        # What was revoked was a mistake, or is one now: it counts as never granted.
        grants = [each for each in granted[member_id] if each.revoked_at is None]
        ladders = ladders_of(timeline, brand)
        course = courses(ladders, person.joined_at, done[member_id], grants, brand.zone)
        found |= {(member_id, ladder): runs for ladder, runs in course.items()}
    return found


async def _take_back(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    undone: Sequence[Given],
    actor: str,
) -> dict[Given, Given]:
    """Take back what these gave; return what each of them is after that.

    Only what is used up keeps its redemption.
    """
    items = [
        Return(
            key=f"undone {each.redemption_id}",
            redemption_id=each.redemption_id,
            actor=actor,
            reason=_REASON,
            at_any_time=True,
        )
        for each in undone
        if each.redemption_id is not None
    ]
    outcomes = await take_return(session, now, brand, timeline, items) if items else []
    # What was taken back before and still stands here gave points that were spent.
    used = {
        each.redemption_id
        for each in outcomes
        if each.code not in _NOTHING_LEFT or each.keeps or each.replayed
    }
    return {
        each: each._replace(
            undone_at=now, redemption_id=each.redemption_id if each.redemption_id in used else None
        )
        for each in undone
    }


def _settle(
    now: datetime,
    steps: Sequence[Step],
    changed: dict[Given, Given],
    written: list[Given],
    wanted: list[Given],
) -> None:
    """Sort the new moves of a climb into what is ``written`` down as it is and what is wanted."""
    undone = [step.given for step in steps if step.undone and not step.is_new]
    used = [each for each in undone if changed.get(each, each).redemption_id is not None]
    for step in steps:
        given = step.given
        if not step.is_new:
            continue
        if step.undone:
            written.append(given._replace(undone_at=now))
        elif step.is_kept:
            written.append(given._replace(refusal=TIER_KEPT))
        elif used:
            old = used.pop(0)
            written.append(given._replace(redemption_id=old.redemption_id))
            changed[old] = changed.get(old, old)._replace(redemption_id=None)
        else:
            wanted.append(given)
