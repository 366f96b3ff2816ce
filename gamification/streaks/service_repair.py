"""The verb by which members repair streaks that broke."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from domain.brands.rules import Brand
from domain.programmes.rules import Timeline
from domain.wallets import queries as wallets
from domain.wallets.store import lock_named
from gamification.grounds.queries import ground as load_ground
from gamification.grounds.rules import Ground
from gamification.streaks import store
from gamification.streaks.rules_repair import (
    Payment,
    Repaired,
    Why,
    payment,
    repair_refusal,
)
from gamification.streaks.rules_terms import in_force
from gamification.streaks.service_freezes import CONFLICT, UNKNOWN_MEMBER, UNKNOWN_STREAK
from gamification.streaks.service_ground import Belongings, belongings, courses_of
from gamification.streaks.store import RepairRow
from kit.db import Session
from kit.facts import Fact, record
from kit.ids import derived_id
from kit.texts import usable


@dataclass(frozen=True, slots=True)
class Repair:
    """A member, by the brand's id, wants a streak repaired; known by ``key``."""

    key: str
    member: str
    streak: str


@dataclass(frozen=True, slots=True)
class RepairOutcome:
    """What became of it. ``code`` None: it is repaired, now or (``replayed``) before.

    ``redemption_id`` is what paid for it; None: it was free.
    """

    repair_id: UUID
    member_id: UUID | None = None
    redemption_id: UUID | None = None
    code: str | None = None
    message: str | None = None
    replayed: bool = False


async def repair(
    session: Session, now: datetime, brand: Brand, timeline: Timeline, items: Sequence[Repair]
) -> list[RepairOutcome]:
    """Repair members' streaks; an outcome for each, in order.

    All periods missed from the break on and over by ``now`` are bridged; with several breaks
    that can be repaired, from the earliest. A free repair is used first, else the oldest
    redemption of the streak's ``repair_reward`` that pays for none yet. Known by its key: the same
    again is replayed.

    Refusals, which are not stored: KEY_CONFLICT, UNKNOWN_MEMBER, UNKNOWN_STREAK (not in force),
    NO_REPAIR, NOTHING_TO_REPAIR, REPAIR_TOO_LATE, REPAIR_UNPAID. Locks the wallets of all of the
    members, so that of two repairs at once one finds nothing to repair. Records StreakRepaired.
    """
    ids = [derived_id("streak repair", str(brand.id), each.key) for each in items]
    people = await _lock(session, brand, {each.member for each in items if usable(each.member)})
    known = await store.known_repairs(session, brand.id, ids)
    ground = await load_ground(session, now, brand, timeline, list(set(people.values())))
    has = await belongings(session, brand.id, timeline, list(ground.people))
    desk = _Desk(ground, has, people, known, {}, [])
    outcomes = [desk.outcome(id_, item) for id_, item in zip(ids, items, strict=True)]
    await store.insert_repairs(session, now, brand.id, desk.new)
    await record(session, now, [_fact(brand, row) for row in desk.new])
    return outcomes


async def _lock(session: Session, brand: Brand, names: Collection[str]) -> dict[str, UUID]:
    books = await wallets.books(session, brand.id)
    assert books is not None, "a brand with a programme has its books"
    found = await lock_named(session, brand.id, books.asset_id, sorted(names))
    return {name: wallet.member_id for name, wallet in found.items()}


@dataclass(slots=True)
class _Desk:
    """Decides one repair after the other; each sees those before it."""

    ground: Ground
    has: Belongings
    people: Mapping[str, UUID]
    known: dict[UUID, RepairRow]
    made: dict[tuple[UUID, str], list[Repaired]]
    new: list[RepairRow]

    def outcome(self, id_: UUID, item: Repair) -> RepairOutcome:
        """Return what becomes of a repair, and note it if it is made."""
        member_id = self.people.get(item.member)
        if member_id is None:
            return _refused(id_, UNKNOWN_MEMBER)
        before = self.known.get(id_)
        if before is not None:
            if before[1:3] != (member_id, item.streak):
                return _refused(id_, CONFLICT)
            return replace(_done(before), replayed=True)
        paid = self._payment(member_id, item.streak)
        if isinstance(paid, Why):
            return _refused(id_, paid)
        row = RepairRow(id_, member_id, item.streak, *paid)
        self.known[id_] = row
        self.new.append(row)
        made = self.made.setdefault((member_id, item.streak), [])
        made.append(Repaired(self.ground.now, paid.redemption_id))
        return _done(row)

    def _payment(self, member_id: UUID, code: str) -> Payment | Why:
        now, key = self.ground.now, (member_id, code)
        life = in_force(self.ground.timeline, now).get(code)
        if life is None:
            return UNKNOWN_STREAK
        made = self.made.get(key, [])
        course = courses_of(self.ground, self.has, key, now, made)[-1]
        repairs = [*self.has.repaired(key), *made]
        items = self.has.items[member_id]
        why = repair_refusal(course)
        return why or payment(self.ground.brand, life.at(now), repairs, items, now)


def _done(row: RepairRow) -> RepairOutcome:
    return RepairOutcome(row.id, row.member_id, row.redemption_id)


def _refused(id_: UUID, why: Why) -> RepairOutcome:
    return RepairOutcome(id_, code=why.code, message=why.message)


def _fact(brand: Brand, row: RepairRow) -> Fact:
    return Fact(brand.id, "StreakRepaired", str(row.member_id), {"streak": row.streak})
