"""Writes what members have completed by now, and owes and takes back the prizes for it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from domain.brands.rules import Brand
from domain.programmes.rules import Timeline
from gamification.challenges import section_parts as parts
from gamification.challenges import store
from gamification.challenges.rules import Bar, Changes, Completion, Key, compare, standing_for
from gamification.challenges.rules_compile import Plan, level_of, plan_of
from gamification.challenges.store import ToWrite
from gamification.prizes import queries as prizes
from gamification.prizes.service import Due, owe, undo
from kit.calendar import day_start
from kit.db import Session
from kit.facts import Fact, record
from kit.ids import derived_id

_UNDONE = "what the challenge was completed with was undone"


async def settle(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    member_ids: Collection[UUID],
    wanted: Mapping[Key, datetime],
    bar: Bar | None = None,
) -> None:
    """Make the completions of members those that are ``wanted``, with when they were reached.

    Only those of a ``bar``'s window, None: of all. Records the facts ChallengeCompleted,
    ChallengeUndone and, of what was reached at another instant, ChallengeMoved. The caller has
    locked the wallets of the members, then challenges.
    """
    known = await store.completions(session, brand.id, member_ids, bar)
    changes = compare(known, wanted)
    plan = plan_of(timeline, brand)
    written = standing_for(known)
    living = _to_write(plan, brand, timeline, written, changes)
    await _end(session, now, brand, timeline, changes.fallen)
    await store.write(session, now, brand.id, living)
    # What is paid stays so; what waits follows when it was deserved; what was dropped comes again.
    dues = [due for row in living for due in _dues(plan, brand, row)]
    await owe(session, now, brand, timeline, dues)
    told = [
        _fact(brand, "ChallengeMoved" if row.key in changes.moved else "ChallengeCompleted", row)
        for row in living
    ]
    told += [_fact(brand, "ChallengeUndone", each) for each in changes.fallen]
    await record(session, now, told)


def _to_write(
    plan: Plan,
    brand: Brand,
    timeline: Timeline,
    written: Mapping[Key, Completion],
    changes: Changes,
) -> list[ToWrite]:
    living = {**changes.new, **changes.again, **changes.moved}
    return [
        _living(plan, brand, timeline, key, at, written.get(key))
        for key, at in sorted(living.items(), key=lambda each: (each[1], each[0]))
    ]


def _living(
    plan: Plan,
    brand: Brand,
    timeline: Timeline,
    key: Key,
    at: datetime,
    before: Completion | None,
) -> ToWrite:
    programme = timeline.at(at)
    assert programme is not None, "before the first programme there is no challenge"
    version_id = programme.version_id
    said = level_of(plan.parts[version_id, key.challenge], key.level)
    id_ = before.id if before else completion_id(brand, key)
    prize_ids = before.prize_ids if before and before.state != "undone" else prizes_ids(id_, said)
    return ToWrite(
        id_,
        key,
        version_id,
        at,
        brand.day(at),
        said.challenge_points if said else 0,
        prize_ids,
    )


def completion_id(brand: Brand, key: Key) -> UUID:
    """Return the id of a completion, the same for ever."""
    return derived_id("challenge", str(brand.id), *(str(each) for each in key))


def prizes_ids(completion: UUID, said: parts.Level | parts.Challenge | None) -> tuple[UUID, ...]:
    """Return the ids of the prizes of a completion of a level, the same for ever."""
    count = len(said.prize) if said else 0
    return tuple(derived_id("challenge prize", str(completion), str(n)) for n in range(count))


def _dues(plan: Plan, brand: Brand, row: ToWrite) -> list[Due]:
    key = row.key
    part = plan.parts[row.version_id, key.challenge]
    said = level_of(part, key.level)
    source = f"challenge:{key.challenge}"
    pay_from = row.reached_at
    if part.hold_days:
        pay_from = day_start(brand.zone, row.day + timedelta(part.hold_days + 1))
    budget = None if part.budget is None else (source, part.budget)
    won = said.prize if said else ()
    # What lives keeps its prizes, though it may be of a version by now that has others.
    return [
        Due(id_, key.member_id, source, prize, row.reached_at, pay_from, budget)
        for id_, prize in zip(row.prize_ids, won, strict=False)
    ]


async def _end(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    fallen: Sequence[Completion],
) -> None:
    """End completions that are not deserved any more, and take back the prizes that don't stay."""
    plan = plan_of(timeline, brand)
    keeping = [
        each
        for each in fallen
        if plan.parts[each.version_id, each.key.challenge].on_refund == "keep"
    ]
    paid = await _paid(session, brand, keeping)
    kept = {each.id for each in keeping if not paid.isdisjoint(each.prize_ids)}
    gone = [id_ for each in fallen for id_ in each.prize_ids if id_ not in paid]
    await undo(session, now, brand, timeline, gone, _UNDONE)
    await store.end(session, {each.id: "kept" if each.id in kept else "undone" for each in fallen})


async def _paid(session: Session, brand: Brand, completions: Iterable[Completion]) -> set[UUID]:
    """Return which prizes of these were paid; with the wallets locked no more will be."""
    ids = [id_ for each in completions for id_ in each.prize_ids]
    found = await prizes.by_ids(session, brand.id, ids) if ids else {}
    return {id_ for id_, each in found.items() if each.state == "paid"}


def _fact(brand: Brand, kind: str, of: ToWrite | Completion) -> Fact:
    what = {
        "completion": str(of.id),
        "challenge": of.key.challenge,
        "window": of.key.window,
        "level": of.key.level,
        "round": of.key.round,
        "points": of.points,
    }
    return Fact(brand.id, kind, str(of.key.member_id), what)
