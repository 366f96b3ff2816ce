"""The verbs by which freezes are given by hand or as prizes, and taken back."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.brands.rules import Brand
from domain.members import queries as members
from domain.members.rules import Member
from domain.programmes.rules import Timeline
from gamification.streaks import store
from gamification.streaks.rules_repair import Why
from gamification.streaks.rules_terms import Life, in_force
from gamification.streaks.section_parts import FREEZES_MAX
from gamification.streaks.store import GrantRow
from kit.db import Session
from kit.facts import Fact, record
from kit.ids import derived_id
from kit.texts import usable

UNKNOWN_STREAK = Why("UNKNOWN_STREAK", "the programme in force has no such streak")
UNKNOWN_MEMBER = Why("UNKNOWN_MEMBER", "this is no member of the brand")
CONFLICT = Why("KEY_CONFLICT", "this key was used for something else; take a new one")
_NO_FREEZES = Why("NO_FREEZES", "this streak has no freezes: freezes_max is 0")
_NUMBER = Why("INVALID_FREEZES", f"freezes must be a number from 1 to {FREEZES_MAX}")
_TEXT = Why("INVALID_TEXT", "source and actor must be 1 to 200 printable characters")
_UNKNOWN_KEY = Why("UNKNOWN_KEY", "no freezes were given by this key")


@dataclass(frozen=True, slots=True)
class Grant:
    """``freezes`` of a streak for a member, known by ``key``; ``source`` says what for."""

    key: str
    member_id: UUID
    streak: str
    freezes: int
    source: str
    actor: str


@dataclass(frozen=True, slots=True)
class GrantOutcome:
    """What became of a grant. ``code`` None: it is given, now or (``replayed``) before."""

    grant_id: UUID
    code: str | None = None
    message: str | None = None
    replayed: bool = False


def grant_id(brand: Brand, key: str) -> UUID:
    """Return the id of what is granted by ``key``."""
    return derived_id("streak freeze", str(brand.id), key)


async def grant_freezes(
    session: Session, now: datetime, brand: Brand, timeline: Timeline, items: Sequence[Grant]
) -> list[GrantOutcome]:
    """Give members freezes; an outcome for each, in order.

    They count from ``now`` on; what there is no room for waits until a period is kept. Known by
    its key: the same again is replayed, and stays taken if it was taken back.

    Refusals, which are not stored: KEY_CONFLICT, UNKNOWN_MEMBER, UNKNOWN_STREAK (not in force),
    NO_FREEZES, INVALID_FREEZES, INVALID_TEXT. Records FreezeGranted about the member.
    """
    people = await members.by_ids(session, brand.id, [each.member_id for each in items])
    rows = [_row(brand, each, people) for each in items]
    known = await store.grants(session, brand.id, [row.id for row in rows])
    lives = in_force(timeline, now)
    refused: dict[int, Why] = {}
    wanted: dict[UUID, GrantRow] = {}
    for place, (item, row) in enumerate(zip(items, rows, strict=True)):
        if row.id not in known and row.id not in wanted:
            why = _refusal(item, people, lives, now)
            if why is None:
                wanted[row.id] = row
            else:
                refused[place] = why
    await store.insert_grants(session, now, brand.id, list(wanted.values()))
    await record(session, now, [_fact(brand, row) for row in wanted.values()])
    new, known = set(wanted), {**known, **wanted}
    outcomes = []
    for place, row in enumerate(rows):
        conflict = CONFLICT if place not in refused and known[row.id] != row else None
        why = refused.get(place, conflict)
        outcomes.append(_outcome(row.id, why, replayed=why is None and row.id not in new))
        if why is None:
            new.discard(row.id)
    return outcomes


async def take_freezes(
    session: Session, now: datetime, brand: Brand, timeline: Timeline, keys: Sequence[str]
) -> list[GrantOutcome]:
    """Take back what is left of freezes that were given by these keys; an outcome for each.

    What was used by ``now`` stays used, as far as is known; if a purchase that is reported later
    makes a freeze of them free again, it is gone too. Refusal: UNKNOWN_KEY.
    """
    del timeline
    ids = [grant_id(brand, key) for key in keys]
    done = await store.take(session, now, brand.id, ids)
    return [_outcome(id_, None if id_ in done else _UNKNOWN_KEY) for id_ in ids]


def _row(brand: Brand, item: Grant, people: Mapping[UUID, Member]) -> GrantRow:
    # Who was merged into somebody is that member.
    person = people.get(item.member_id)
    member_id = item.member_id if person is None else person.id
    id_ = grant_id(brand, item.key)
    return GrantRow(id_, member_id, item.streak, item.freezes, item.source, item.actor)


def _refusal(
    item: Grant, people: Collection[UUID], lives: Mapping[str, Life], now: datetime
) -> Why | None:
    if item.member_id not in people:
        return UNKNOWN_MEMBER
    life = lives.get(item.streak)
    if life is None:
        return UNKNOWN_STREAK
    if not life.at(now).freezes_max:
        return _NO_FREEZES
    if not 1 <= item.freezes <= FREEZES_MAX:
        return _NUMBER
    return None if usable(item.source) and usable(item.actor) else _TEXT


def _outcome(id_: UUID, why: Why | None, *, replayed: bool = False) -> GrantOutcome:
    if why is None:
        return GrantOutcome(id_, replayed=replayed)
    return GrantOutcome(id_, why.code, why.message)


def _fact(brand: Brand, row: GrantRow) -> Fact:
    what = {"streak": row.streak, "freezes": row.units, "source": row.source}
    return Fact(brand.id, "FreezeGranted", str(row.member_id), what)
