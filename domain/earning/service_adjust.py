"""The verb by which staff correct what members have: the points, their count, and the tier."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from domain.brands.rules import Brand
from domain.earning.rules_given import end_by_hand
from domain.earning.service_count import count_changes
from domain.members import queries as members
from domain.members.queries import Member
from domain.programmes.rules import Timeline
from domain.tallies.rules import Count
from domain.wallets.queries import Books, books
from domain.wallets.section import PointsSection
from domain.wallets.service_adjust import ADJUSTMENT, Adjustment, AdjustOutcome, adjust
from kit.db import Session
from kit.facts import Fact, record
from kit.ids import derived_id
from kit.texts import TEXT_LENGTH_MAX, usable

_REFUSALS = {
    "UNKNOWN_MEMBER": ("member", "is nobody's id; enrol the member first"),
    "INVALID_INPUT": ("reason", f"must be 1 to {TEXT_LENGTH_MAX} printable characters"),
    "INVALID_AMOUNT": ("points", "must be another number than zero, and one that books can hold"),
    "INVALID_DEADLINE": ("expires_at", "must be later than now, and before 2200"),
    "INSUFFICIENT_POINTS": ("points", "are more than what the member has; take less"),
}


@dataclass(frozen=True, slots=True)
class Correction:
    """Points to give, or to take if negative, under ``key``, in the asset's smallest unit.

    ``expires_at`` None: points that are given end as those do that are earned now.
    """

    key: str
    member: str
    points: int
    reason: str
    actor: str
    expires_at: datetime | None = None
    qualifies: bool = False


@dataclass(frozen=True, slots=True)
class CorrectionOutcome:
    """What became of a correction."""

    status: Literal["recorded", "replayed", "refused"]
    member_id: UUID | None = None
    points: int = 0
    code: str | None = None
    message: str | None = None
    path: tuple[str, ...] = ()


async def adjust_points(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    corrections: Sequence[Correction],
) -> list[CorrectionOutcome]:
    """Give or take points by hand; an outcome for each, in order.

    Each is known by its key. Refusals: UNKNOWN_MEMBER, INVALID_INPUT (no reason),
    INVALID_AMOUNT, INVALID_DEADLINE, INSUFFICIENT_POINTS.
    """
    names = [each.member for each in corrections if usable(each.member)]
    people = await members.by_external_ids(session, brand.id, names)
    sound = {
        place: people[each.member]
        for place, each in enumerate(corrections)
        if each.member in people and usable(each.reason)
    }
    accounts = await books(session, brand.id)
    done: dict[int, AdjustOutcome] = {}
    if sound and accounts is not None:
        done = await _adjusted(session, now, brand, timeline, accounts, corrections, sound)
    return [
        _outcome(each, people.get(each.member), done.get(place))
        for place, each in enumerate(corrections)
    ]


async def _adjusted(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    accounts: Books,
    corrections: Sequence[Correction],
    sound: dict[int, Member],
) -> dict[int, AdjustOutcome]:
    wanted = [
        _adjustment(now, brand, timeline, corrections[place], person)
        for place, person in sound.items()
    ]
    done = dict(zip(sound, await adjust(session, now, brand, accounts, wanted), strict=True))
    new = [place for place, each in done.items() if each.code is None and not each.replayed]
    changes = [_change(now, brand, corrections[place], sound[place]) for place in new]
    if changes:
        moves = await count_changes(session, now, brand, timeline, changes)
        facts = [_fact(brand, corrections[place], sound[place]) for place in new]
        await record(session, now, [*facts, *moves])
    return done


def _adjustment(
    now: datetime, brand: Brand, timeline: Timeline, item: Correction, person: Member
) -> Adjustment:
    end = item.expires_at
    programme = timeline.at(now)
    if end is None and programme is not None:
        points = programme.document.section(PointsSection)
        end = end_by_hand(points, brand.zone, now, person.region)
    return Adjustment(
        key=derived_id(ADJUSTMENT, str(brand.id), item.key),
        member_id=person.id,
        points=item.points,
        reason=item.reason,
        actor=item.actor,
        at=now,
        expires_at=end,
        qualifying=item.qualifies,
        fixed=item.expires_at is not None,
    )


def _change(now: datetime, brand: Brand, item: Correction, person: Member) -> Count:
    points = item.points if item.qualifies else 0
    return Count(person.id, ADJUSTMENT, brand.day(now), 0, points, 1)


def _fact(brand: Brand, item: Correction, person: Member) -> Fact:
    what = {"points": item.points, "reason": item.reason, "actor": item.actor}
    return Fact(brand.id, "PointsAdjusted", str(person.id), what)


def _outcome(
    item: Correction, person: Member | None, done: AdjustOutcome | None
) -> CorrectionOutcome:
    code = None if done is None else done.code
    if done is None:
        code = "UNKNOWN_MEMBER" if person is None else "INVALID_INPUT"
    if code is None and person is not None and done is not None:
        status: Literal["recorded", "replayed"] = "replayed" if done.replayed else "recorded"
        return CorrectionOutcome(status, person.id, item.points)
    field, message = _REFUSALS.get(code or "", ("", "was refused"))
    return CorrectionOutcome(
        "refused", code=code, message=f"{field} {message}", path=(field,) if field else ()
    )
