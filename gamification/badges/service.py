"""The verbs that award badges, by hand or as the history says, revoke them and make them public."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.brands.rules import Brand
from domain.members import queries as members
from domain.programmes.rules import Timeline
from gamification.badges import queries, store
from gamification.badges.rules import (
    RULE,
    Course,
    Loss,
    NewAward,
    Slot,
    changes,
    courses_of,
    expires_at,
    period_of,
)
from gamification.badges.store import Revoked, Shared
from gamification.grounds.rules import Ground
from kit.db import Session
from kit.facts import Fact, record
from kit.ids import derived_id
from kit.texts import usable

HAND = "hand"
"""The source of what somebody of staff awarded."""


@dataclass(frozen=True, slots=True)
class Award:
    """A badge for a member. ``level`` counts from 1; None is the lowest one.

    ``source`` says what gives it: "hand", or such as "challenge:<code>". ``at`` is when it was
    deserved: the period and the end follow from it.
    """

    key: str
    member_id: UUID
    badge: str
    level: int | None
    source: str
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True)
class AwardOutcome:
    """What became of an award. ``award_id`` is also that of an award that is there already."""

    award_id: UUID | None
    code: str | None = None
    message: str | None = None
    path: tuple[str, ...] = ()
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Revoke:
    """An award to be taken back: by whom, and why."""

    award_id: UUID
    actor: str
    reason: str


@dataclass(frozen=True, slots=True)
class Share:
    """Whether a member's award is to be public, and under which name; None shows no name."""

    award_id: UUID
    member_id: UUID
    shared: bool
    shown_name: str | None = None


async def award(
    session: Session, now: datetime, brand: Brand, timeline: Timeline, items: Sequence[Award]
) -> list[AwardOutcome]:
    """Award badges; an outcome for each, in order.

    An award is known by its key for ever, also once it is revoked: the same again is replayed,
    another under the same key refused (IDEMPOTENCY_CONFLICT). Further refusals: UNKNOWN_BADGE,
    UNKNOWN_LEVEL, UNKNOWN_MEMBER, INVALID_DATE for what lies ahead, and ALREADY_AWARDED, with the
    award there is, for who holds the same level of the same period. Records BadgeAwarded.
    """
    ids = [derived_id("badge award", str(brand.id), item.key) for item in items]
    people = await members.kept(session, brand.id, [item.member_id for item in items])
    known = await _known(session, brand, ids, people.values())
    outcomes: list[AwardOutcome | None] = []
    new: dict[UUID, NewAward] = {}
    for item, id_ in zip(items, ids, strict=True):
        course = _course(brand, timeline, item, now)
        drafted = _drafted(brand, now, people, item, id_, course)
        outcome = drafted if isinstance(drafted, AwardOutcome) else known.outcome(drafted)
        outcomes.append(outcome)
        if outcome is None and isinstance(drafted, NewAward):
            new[id_] = drafted
            known.add(drafted)
    stored = await store.insert(session, now, brand.id, list(new.values()))
    await _tell(session, now, brand, [each for each in new.values() if each.id in stored])
    if len(stored) < len(new):
        # Somebody else was faster: what is there now says what became of the others.
        known = await _known(session, brand, ids, people.values())
    return [
        each or (AwardOutcome(id_) if id_ in stored else known.outcome(new[id_]) or _gone(id_))
        for each, id_ in zip(outcomes, ids, strict=True)
    ]


def _gone(id_: UUID) -> AwardOutcome:
    message = "Somebody else awarded and revoked it at the same time; try again."
    return AwardOutcome(id_, "ALREADY_AWARDED", message, ("badge",))


async def revoke(
    session: Session, now: datetime, brand: Brand, items: Sequence[Revoke]
) -> list[AwardOutcome]:
    """Revoke awards for good; an outcome for each, in order. What was before is replayed.

    Refusals: AWARD_NOT_FOUND, INVALID_INPUT for a reason that is none. Records BadgeRevoked.
    """
    known = await queries.awards(session, brand.id, [item.award_id for item in items])
    rows = {
        item.award_id: Revoked(item.award_id, item.actor, item.reason)
        for item in reversed(items)
        if item.award_id in known and usable(item.reason)
    }
    done = await store.revoke(session, now, brand.id, list(rows.values()))
    told = []
    outcomes = []
    for item in items:
        found = known.get(item.award_id)
        if found is None:
            message = "The brand has no such award."
            outcomes.append(AwardOutcome(None, "AWARD_NOT_FOUND", message, ("award",)))
        elif not usable(item.reason):
            message = "The reason must be 1 to 200 printable characters."
            outcomes.append(AwardOutcome(None, "INVALID_INPUT", message, ("reason",)))
        elif item.award_id in done:
            done.discard(item.award_id)
            what = Slot(found.badge, found.level, found.period)
            told.append(_revoked(brand, found.member_id, found.id, what, item.reason))
            outcomes.append(AwardOutcome(found.id))
        else:
            outcomes.append(AwardOutcome(found.id, replayed=True))
    await record(session, now, told)
    return outcomes


async def judge(session: Session, now: datetime, ground: Ground) -> None:
    """Award and revoke by rule what the history of the ground's members says by now.

    What those shared who were erased is not public any more. Five statements at most, whatever
    the number of members. Records BadgeAwarded and BadgeRevoked.
    """
    brand = ground.brand
    if not any(courses_of(programme, brand) for programme in ground.timeline.programmes):
        return
    # Who was merged into another one is judged as that one.
    people = [id_ for id_, member in ground.people.items() if member.id == id_]
    await store.forget_erased(session, brand.id, people)
    held = await store.held(session, brand.id, people)
    new: list[NewAward] = []
    lost: list[tuple[UUID, Loss]] = []
    for member_id in people:
        awarded, gone = changes(ground, member_id, held[member_id])
        new.extend(awarded)
        lost.extend((member_id, each) for each in gone)
    rows = [Revoked(each.award.id, RULE, each.reason) for _, each in lost]
    done = await store.revoke(session, now, brand.id, rows)
    stored = await store.insert(session, now, brand.id, new)
    told = [
        _revoked(brand, member_id, each.award.id, each.award.slot, each.reason)
        for member_id, each in lost
        if each.award.id in done
    ]
    await record(session, now, told)
    await _tell(session, now, brand, [each for each in new if each.id in stored])


async def share(
    session: Session, now: datetime, brand: Brand, items: Sequence[Share]
) -> list[AwardOutcome]:
    """Make members' awards public, or not any more; an outcome for each, in order.

    Who shares again may change the name. Refusals: AWARD_NOT_FOUND, also for an award of somebody
    else, AWARD_REVOKED, INVALID_INPUT for a name that is none.
    """
    known = await queries.awards(session, brand.id, [item.award_id for item in items])
    asked = [item.member_id for item in items]
    holders = [award.member_id for award in known.values()]
    people = await members.kept(session, brand.id, [*asked, *holders])
    outcomes = []
    rows: dict[UUID, Shared] = {}
    for item in items:
        found = known.get(item.award_id)
        if found is None or people[found.member_id] != people.get(item.member_id):
            message = "The member has no such award."
            outcome = AwardOutcome(None, "AWARD_NOT_FOUND", message, ("award",))
        elif item.shared and found.revoked_at is not None:
            message = "The award was revoked; it can't be shared any more."
            outcome = AwardOutcome(None, "AWARD_REVOKED", message, ("award",))
        elif item.shown_name is not None and not usable(item.shown_name):
            message = "The name must be 1 to 200 printable characters."
            outcome = AwardOutcome(None, "INVALID_INPUT", message, ("name",))
        else:
            outcome = AwardOutcome(found.id)
            rows[found.id] = Shared(found.id, item.shared, item.shown_name)
        outcomes.append(outcome)
    await store.share(session, now, brand.id, list(rows.values()))
    return outcomes


class _Known:
    """What is there already, by id and by what a member holds."""

    def __init__(self) -> None:
        self._by_id: dict[UUID, tuple[UUID, str, int]] = {}
        self._held: dict[tuple[UUID, Slot], UUID] = {}

    def add(self, award: NewAward) -> None:
        """Note an award that is about to be stored."""
        self.note(award.id, award.member_id, award.slot, held=True)

    def note(self, id_: UUID, member_id: UUID, slot: Slot, *, held: bool) -> None:
        """Note an award."""
        self._by_id[id_] = member_id, slot.badge, slot.level
        if held:
            self._held[member_id, slot] = id_

    def outcome(self, draft: NewAward) -> AwardOutcome | None:
        """Return what is to be said of an award that is there already, None if it isn't."""
        before = self._by_id.get(draft.id)
        if before is not None:
            if before == (draft.member_id, draft.slot.badge, draft.slot.level):
                return AwardOutcome(draft.id, replayed=True)
            message = "The key was used for another award."
            return AwardOutcome(None, "IDEMPOTENCY_CONFLICT", message, ("key",))
        found = self._held.get((draft.member_id, draft.slot))
        if found is None:
            return None
        message = "The member has this badge already."
        return AwardOutcome(found, "ALREADY_AWARDED", message, ("badge",))


async def _known(
    session: Session, brand: Brand, ids: Sequence[UUID], people: Iterable[UUID]
) -> _Known:
    known = _Known()
    for award_id, before in (await queries.awards(session, brand.id, ids)).items():
        slot = Slot(before.badge, before.level, before.period)
        known.note(award_id, before.member_id, slot, held=before.revoked_at is None)
    for member_id, awards in (await store.held(session, brand.id, set(people))).items():
        for each in awards:
            if each.revoked_at is None:
                known.note(each.id, member_id, each.slot, held=True)
    return known


def _course(brand: Brand, timeline: Timeline, item: Award, now: datetime) -> Course | None:
    """Return the badge as it was when it was deserved, else as it is now."""
    for instant in (item.at, now):
        programme = timeline.at(instant)
        found = courses_of(programme, brand).get(item.badge) if programme else None
        if found is not None:
            return found
    return None


def _drafted(
    brand: Brand,
    now: datetime,
    people: Mapping[UUID, UUID],
    item: Award,
    id_: UUID,
    course: Course | None,
) -> NewAward | AwardOutcome:
    level = item.level or 1
    if item.member_id not in people:
        return AwardOutcome(None, "UNKNOWN_MEMBER", "The brand has no such member.", ("member",))
    if course is None:
        message = f"The programme has no badge {item.badge!r}."
        return AwardOutcome(None, "UNKNOWN_BADGE", message, ("badge",))
    if not 1 <= level <= course.levels:
        message = f"The badge {item.badge!r} has {course.levels} levels."
        return AwardOutcome(None, "UNKNOWN_LEVEL", message, ("level",))
    if item.at > now:
        return AwardOutcome(None, "INVALID_DATE", "The date lies ahead.", ("at",))
    slot = Slot(item.badge, level, period_of(course, brand, item.at))
    ends = expires_at(course, brand, item.at)
    member_id = people[item.member_id]
    return NewAward(id_, member_id, slot, item.source, item.actor, item.at, ends)


async def _tell(session: Session, now: datetime, brand: Brand, new: Iterable[NewAward]) -> None:
    facts = [
        Fact(
            brand.id,
            "BadgeAwarded",
            str(each.member_id),
            {**_said(each.id, each.slot), "source": each.source},
        )
        for each in new
    ]
    await record(session, now, facts)


def _revoked(brand: Brand, member_id: UUID, award_id: UUID, slot: Slot, reason: str) -> Fact:
    payload = {**_said(award_id, slot), "reason": reason}
    return Fact(brand.id, "BadgeRevoked", str(member_id), payload)


def _said(award_id: UUID, slot: Slot) -> dict[str, object]:
    return {
        "award": str(award_id),
        "badge": slot.badge,
        "level": slot.level,
        "period": slot.period.isoformat() if slot.period else None,
    }
