"""The verbs by which members and staff change who is listed on boards, and under which name."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.brands.rules import Brand
from domain.programmes.rules import Timeline
from gamification.leaderboards import store_people as store
from gamification.leaderboards.rules_leagues import week_of
from gamification.leaderboards.rules_people_change import (
    ALL,
    FACTS,
    PersonChange,
    PersonRefusedError,
    decide,
)
from gamification.leaderboards.section import LeaderboardsSection
from gamification.leaderboards.store_leagues import play
from gamification.leaderboards.store_people import Changed, Known
from kit.calendar import period_start
from kit.db import Session
from kit.facts import Fact, record
from kit.ids import derived_id

__all__ = ["PersonChange", "PersonOutcome", "change", "end_bans", "forget"]


@dataclass(frozen=True, slots=True)
class PersonOutcome:
    """What became of a change. ``code`` None: it is done, now or (``replayed``) before."""

    member_id: UUID | None = None
    code: str | None = None
    message: str | None = None
    path: tuple[str, ...] = ()
    replayed: bool = False


async def change(
    session: Session, now: datetime, brand: Brand, timeline: Timeline, items: Sequence[PersonChange]
) -> list[PersonOutcome]:
    """Make changes of any kinds, each seeing those before it; an outcome for each, in order.

    A change is known by its key: the same again is replayed, another under it is refused
    (KEY_CONFLICT). Further codes are those of `rules_people_change.decide`. Records the facts
    BoardChoiceChanged, MemberBanned and BanLifted about the members, upon which their rows leave
    boards or come back. Of two who want one alias at once, one loses the race and is refused when
    the transaction is tried again.
    """
    ids = [derived_id("board person change", str(brand.id), item.key) for item in items]
    programme = timeline.at(now)
    section = programme.document.find(LeaderboardsSection) if programme else None
    boards = frozenset(each.code for each in section.board) if section else frozenset()
    known = await store.known(session, brand.id, ids)
    people = await store.load(session, now, brand, boards, items)
    new: list[Changed] = []
    outcomes = []
    for item, id_ in zip(items, ids, strict=True):
        before = known.get(id_)
        if before is not None:
            outcomes.append(_repeated(item, before))
            continue
        try:
            member_id = decide(people, item)
        except PersonRefusedError as error:
            outcomes.append(PersonOutcome(None, error.code, error.message, error.path))
            continue
        known[id_] = Known(member_id, item.request)
        new.append(_changed(id_, member_id, item))
        outcomes.append(PersonOutcome(member_id))
    if new:
        await store.salted(session, [brand.id])
        await store.write(session, brand.id, people, new)
        if people.away:
            monday = period_start("week", brand.day(now))
            await play(session, brand.id, week_of(monday), list(people.away.items()))
        await record(session, now, [_fact(brand, each) for each in new])
    return outcomes


async def end_bans(session: Session, now: datetime, limit: int = 500) -> int:
    """End bans whose time is over, with the fact BanLifted; return how many. 0: all done."""
    over = await store.end_bans(session, now, limit)
    told = [
        Fact(brand_id, "BanLifted", str(member_id), {"board": board})
        for brand_id, member_id, board in over
    ]
    await record(session, now, told)
    return len(over)


async def forget(session: Session, brand_id: int, member_ids: Collection[UUID]) -> None:
    """Forget the names of members who are erased, also in frozen windows: their places stay."""
    await store.forget(session, brand_id, member_ids)


def _repeated(item: PersonChange, before: Known) -> PersonOutcome:
    if before.request != item.request:
        message = "This key was used before for another change; give a new change a new key."
        return PersonOutcome(None, "KEY_CONFLICT", message, ("key",))
    return PersonOutcome(before.member_id, replayed=True)


def _changed(id_: UUID, member_id: UUID, item: PersonChange) -> Changed:
    return Changed(
        id_,
        member_id,
        item.kind,
        item.board or ALL,
        item.window_id,
        item.actor,
        item.reason,
        item.request,
    )


def _fact(brand: Brand, each: Changed) -> Fact:
    kind = FACTS.get(each.kind, "BoardChoiceChanged")
    return Fact(brand.id, kind, str(each.member_id), {"kind": each.kind, "board": each.board})
