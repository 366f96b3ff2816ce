"""The verbs by which prizes are owed, undone and paid.

What games find out about a member is told here as often as they like: a prize is known by its
id, and what was paid is remembered with it. What can't be taken back is kept in mind, so that it
is not paid twice to who deserves it again.

All of them lock the wallets of the members concerned, before anything else of this slice; nobody
writes a prize without its member's wallet.
"""

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

from domain.brands.rules import Brand
from domain.members import queries as members
from domain.programmes.rules import Timeline
from domain.wallets.queries import books
from domain.wallets.store import lock_members
from gamification.prizes import store
from gamification.prizes.rules import (
    BUDGET_SPENT,
    ERASED,
    Due,
    Owed,
    draw,
    held,
    owed,
    paid,
    refused,
    told_again,
    undone,
)
from gamification.prizes.section_parts import Gift
from gamification.prizes.service_give import (
    FreezeGiver,
    Freezes,
    give_badges,
    give_freezes,
    give_points,
    give_rewards,
)
from gamification.prizes.service_take import (
    take_badges,
    take_freezes,
    take_points,
    take_rewards,
)
from kit.db import Session
from kit.facts import Fact, record
from kit.ids import random_bytes

__all__ = [
    "Due",
    "Flagged",
    "FreezeGiver",
    "Freezes",
    "Retried",
    "owe",
    "pay",
    "release",
    "retry",
    "undo",
]

Flagged: TypeAlias = Callable[[Session, int, Collection[UUID]], Awaitable[set[UUID]]]
"""Says which of a brand's members wait for a review, so that nothing is paid to them."""

POINTS = frozenset({"points", "qualifying"})
_RANDOM_BYTES = 16


@dataclass(frozen=True, slots=True)
class Retried:
    """What became of a refused prize that staff try again. ``code`` None: it is owed."""

    id: UUID
    code: str | None = None
    message: str | None = None


async def owe(
    session: Session, now: datetime, brand: Brand, timeline: Timeline, dues: Sequence[Due]
) -> None:
    """Note what members have deserved, each once by its id; undone before: it is owed again.

    A mystery is drawn now, once for ever. Of a budget those are paid that were deserved first, as
    far as they are told together; with nothing left it is refused (BUDGET_SPENT). Up to nine
    statements, however many there are.
    """
    del timeline
    told = {due.id: due for due in dues}
    accounts = await books(session, brand.id)
    if not told or accounts is None:
        return
    before = await _lock(session, brand, told, {due.member_id for due in told.values()})
    after: dict[UUID, Owed] = {}
    for due in sorted(told.values(), key=lambda each: (each.at, each.id)):
        known = before.get(due.id)
        after[due.id] = (
            owed(due, _gift(due), accounts.scale) if known is None else told_again(known, due)
        )
    changed = {id_: row for id_, row in after.items() if row != before.get(id_)}
    await _count(session, brand, told, before, changed)
    await store.insert(session, now, brand.id, _only(changed, changed.keys() - before.keys()))
    await store.update(session, now, brand.id, _only(changed, changed.keys() & before.keys()))


async def undo(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    ids: Sequence[UUID],
    reason: str,
) -> None:
    """Take back what turns out not to be deserved; what was not paid yet is not paid.

    Points are taken as a refund takes them, by the policy for negative balances; a reward is
    returned unless it was used; a badge is revoked; freezes are taken, unless they were used, the
    next time that prizes are paid. Of who was erased nothing is taken. Ids of what is not owed are
    passed over. Records the facts PrizeUndone of what was paid. ``reason`` is up to 200 printable
    characters.
    """
    people = await store.members_of(session, brand.id, ids) if ids else set()
    if not people:
        return
    before = await _lock(session, brand, ids, people)
    gone = await store.erased(session, brand.id, {row.member_id for row in before.values()})
    live = [row for row in before.values() if row.state != "undone"]
    done = [row for row in live if row.state == "paid" and row.member_id not in gone]
    points = [row for row in done if row.kind in POINTS]
    rewards, badges, freezes = (_of(done, kind) for kind in ("reward", "badge", "freeze"))
    after = [
        undone(row, now, reason, kept=row.kept, kept_points=row.kept_points + row.amount)
        for row in live
        if row.state != "paid" or row.member_id in gone
    ]
    after += await take_points(session, now, brand, timeline, points, reason)
    after += await take_rewards(session, now, brand, timeline, rewards, reason)
    after += await take_badges(session, now, brand, badges, reason)
    after += [undone(row, now, reason, kept=False) for row in freezes]
    await _store(session, now, brand, before, after)
    revoked = {(row.member_id, row.code or "") for row in badges}
    await store.reopen_badges(session, now, brand.id, revoked)
    was_paid = {row.id for row in done}
    told = [_fact(brand, "PrizeUndone", row) for row in after if row.id in was_paid]
    await record(session, now, told)


async def pay(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    limit: int = 500,
    flagged: Flagged | None = None,
    freezes: FreezeGiver | None = None,
) -> int:
    """Pay up to ``limit`` prizes that are due, each once; return how many were looked at.

    What a reward or a badge refuses is kept with its code, for staff to `retry`. Prizes of members
    who wait for a review are held; they are looked at again after a while, or once they are
    released. Freezes of prizes that were undone are taken back as well. Records the facts
    PrizePaid. By the programme in force; before the first one nothing is paid.
    """
    found = await store.due(session, now, brand.id, limit) if timeline.at(now) else []
    if not found:
        return 0
    ids = [id_ for id_, _ in found]
    before = await _lock(session, brand, ids, {member_id for _, member_id in found})
    # In the order in which they are due: of the last of a stock it is the first one's.
    there = (before[id_] for id_ in ids if id_ in before)
    rows = [row for row in there if row.due_at is not None and row.due_at <= now]
    people = {row.member_id for row in rows}
    gone = await store.erased(session, brand.id, people)
    waits = await flagged(session, brand.id, people - gone) if flagged else set()
    back = [row for row in rows if row.state == "undone"]
    wanted = [row for row in rows if row.state != "undone"]
    ready = [row for row in wanted if row.member_id not in waits | gone]
    after = await _pay(session, now, brand, timeline, ready, freezes)
    told = [_fact(brand, "PrizePaid", row) for row in after if row.state == "paid"]
    after += await take_freezes(session, now, brand, timeline, back, freezes)
    after += [held(row, now) for row in wanted if row.member_id in waits]
    after += [refused(row, ERASED) for row in wanted if row.member_id in gone]
    await _store(session, now, brand, before, after)
    await record(session, now, told)
    return len(found)


async def retry(
    session: Session, now: datetime, brand: Brand, ids: Sequence[UUID]
) -> list[Retried]:
    """Owe refused prizes again, as staff decide; an outcome for each, in order.

    A budget pays for them even if nothing is left of it. Refusals: PRIZE_NOT_FOUND, NOT_REFUSED.
    """
    people = await store.members_of(session, brand.id, ids)
    before = await _lock(session, brand, ids, people)
    after = [
        replace(row, state="owed", refusal=None, due_at=now, counted=row.budget is not None)
        for row in before.values()
        if row.state == "refused"
    ]
    await _store(session, now, brand, before, after)
    again = {row.id for row in after}
    return [
        Retried(id_)
        if id_ in again
        else Retried(id_, "NOT_REFUSED", "Only a refused prize can be tried again.")
        if id_ in before
        else Retried(id_, "PRIZE_NOT_FOUND", "There is no such prize.")
        for id_ in ids
    ]


async def release(
    session: Session, now: datetime, brand: Brand, member_ids: Collection[UUID]
) -> None:
    """Let the prizes of members whose review is over be paid the next time."""
    await store.release(session, now, brand.id, member_ids)


async def _pay(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    rows: Sequence[Owed],
    freezes: FreezeGiver | None,
) -> list[Owed]:
    """Pay all of these; what the member has of them already is not given again."""
    after = [paid(row, now) for row in rows if row.kept]
    new = [row for row in rows if not row.kept]
    points = [row for row in new if row.kind in POINTS]
    after += await give_rewards(session, now, brand, timeline, _of(new, "reward"))
    after += await give_points(session, now, brand, timeline, points)
    after += await give_badges(session, now, brand, timeline, _of(new, "badge"))
    after += await give_freezes(session, now, brand, timeline, _of(new, "freeze"), freezes)
    return after


async def _count(
    session: Session,
    brand: Brand,
    told: dict[UUID, Due],
    before: dict[UUID, Owed],
    changed: dict[UUID, Owed],
) -> None:
    """Let budgets pay for what is owed anew, in the order of ``changed``, as far as they go."""
    wanted = [
        (id_, budget)
        for id_, row in changed.items()
        if (budget := told[id_].budget) is not None
        and not row.counted
        and (id_ not in before or before[id_].state == "undone")
    ]
    used = await store.lock_budgets(session, brand.id, {name for _, (name, _) in wanted})
    more: dict[str, int] = {}
    for id_, (name, most) in wanted:
        if used[name] + more.get(name, 0) < most:
            more[name] = more.get(name, 0) + 1
            changed[id_] = replace(changed[id_], budget=name, counted=True)
        else:
            changed[id_] = refused(replace(changed[id_], budget=name), BUDGET_SPENT)
    await store.use_budgets(session, brand.id, more)


async def _store(
    session: Session,
    now: datetime,
    brand: Brand,
    before: dict[UUID, Owed],
    after: Sequence[Owed],
) -> None:
    """Write what has become of prizes, and what of it their budgets pay for."""
    more: dict[str, int] = {}
    for row in after:
        if row.budget is not None:
            change = row.counted - before[row.id].counted
            more[row.budget] = more.get(row.budget, 0) + change
    await store.update(session, now, brand.id, after)
    await store.use_budgets(session, brand.id, more)


async def _lock(
    session: Session, brand: Brand, ids: Collection[UUID], member_ids: Collection[UUID]
) -> dict[UUID, Owed]:
    """Lock the wallets of these members, then their prizes; return those that were ever owed.

    A prize of who was merged is one of the member who is left.
    """
    accounts = await books(session, brand.id)
    who = await members.kept(session, brand.id, list(member_ids))
    if accounts is not None:
        await lock_members(session, brand.id, accounts.asset_id, set(who.values()))
    rows = await store.lock(session, brand.id, ids)
    return {
        id_: replace(row, member_id=who.get(row.member_id, row.member_id))
        for id_, row in rows.items()
    }


def _gift(due: Due) -> Gift:
    if not due.prize.mystery:
        return due.prize
    return draw(due.prize.mystery, int.from_bytes(random_bytes(_RANDOM_BYTES), "big"))


def _of(rows: Iterable[Owed], kind: str) -> list[Owed]:
    return [row for row in rows if row.kind == kind]


def _only(rows: dict[UUID, Owed], ids: Collection[UUID]) -> list[Owed]:
    return [row for id_, row in rows.items() if id_ in ids]


def _fact(brand: Brand, kind: str, row: Owed) -> Fact:
    what: dict[str, Any] = {"prize": str(row.id), "source": row.source, "kind": row.kind}
    what |= {"points": row.points, "code": row.code, "mystery": row.mystery}
    if kind == "PrizeUndone":
        what |= {"keeps": row.has_some, "reason": row.reason}
    return Fact(brand.id, kind, str(row.member_id), what)
