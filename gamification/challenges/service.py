"""The verb by which challenges are judged: what members did is completed, and paid, by now."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from domain.brands.rules import Brand
from domain.members.rules import AttributeValue
from domain.programmes.rules import Timeline
from domain.wallets.queries import books
from domain.wallets.store import lock_members
from gamification.challenges import store
from gamification.challenges.rules import (
    Bar,
    Key,
    Mark,
    Share,
    filled,
    marks_of,
    shared_completions,
)
from gamification.challenges.rules_challenge import Player, Span, courses, shares
from gamification.challenges.rules_compile import Plan, plan_of
from gamification.challenges.service_settle import settle
from gamification.grounds.rules import Ground
from kit.db import Session


async def judge(session: Session, now: datetime, ground: Ground) -> None:
    """Write what these members have completed by now, and owe and take back the prizes.

    It follows from their history alone, so that it makes no difference how often, in which order
    or with whom it is done. A constant number of statements, however many members there are; of
    a shared bar that is full, or is not any more, the others who filled it are told by `spread`.
    The caller has locked the wallets of all of them before it loaded the ground, which must have
    the tiers if `asks_tiers`. Records facts as `settle` does.
    """
    brand, timeline = ground.brand, ground.timeline
    plan = plan_of(timeline, brand)
    if not plan.stretches or not ground.people:
        return
    await store.lock(session, brand.id)
    entries = await store.entries(session, brand.id, list(ground.people))
    players = players_of(ground, entries)
    wanted = {
        Key(member_id, code, each.window, each.level, each.round): each.reached_at
        for member_id, player in players.items()
        for code, course in courses(plan, brand, player, now).items()
        for each in course.reached
    }
    if any(map(plan.shared, plan.stretches)):
        await _fill(session, now, ground, plan, players)
        for key, at in (await _shared(session, brand, plan, list(ground.people))).items():
            wanted.setdefault(key, at)
    await settle(session, now, brand, timeline, list(ground.people), wanted)


def asks_tiers(timeline: Timeline, brand: Brand) -> bool:
    """Whether challenges of a brand ask which tiers members had."""
    return plan_of(timeline, brand).asks_tiers


async def spread(
    session: Session, now: datetime, brand: Brand, timeline: Timeline, limit: int
) -> int:
    """Tell up to ``limit`` members of what a bar that they filled has reached; return how many.

    0: everyone was told of all bars. Locks their wallets, so the caller has locked none.
    """
    found = await store.spreading(session, brand.id)
    accounts = await books(session, brand.id)
    if found is None or accounts is None:
        return 0
    bar, last = found
    told = await store.next_told(session, brand.id, bar, last, limit)
    members = [member_id for member_id, living in told if living]
    await lock_members(session, brand.id, accounts.asset_id, members)
    await store.lock(session, brand.id)
    if await store.spreading(session, brand.id) != found:
        return 1
    next_one = told[-1][0] if len(told) == limit else None
    await store.spread_to(session, brand.id, bar, next_one)
    if members:
        wanted = await _shared(session, brand, plan_of(timeline, brand), members, bar)
        await settle(session, now, brand, timeline, members, wanted, bar)
    return max(1, len(told))


def players_of(
    ground: Ground, entries: Mapping[UUID, Mapping[str, list[Span]]]
) -> dict[UUID, Player]:
    """Return the members of a ground as challenges see them."""
    return {
        member_id: Player(
            member.joined_at,
            ground.happenings[member_id],
            member.attributes,
            entries.get(member_id, {}),
            ground.tiers.get(member_id, {}),
        )
        for member_id, member in ground.people.items()
    }


async def _fill(
    session: Session,
    now: datetime,
    ground: Ground,
    plan: Plan,
    players: Mapping[UUID, Player],
) -> None:
    """Write what these members did of shared bars, and what the bars have reached."""
    brand = ground.brand
    before = await store.shares(session, brand.id, list(players))
    erased = await store.erased(session, brand.id, list(players)) if plan.has_teams else {}
    mine = [
        Share(member_id, code, part, done)
        for member_id, player in {**players, **_with_teams(plan, players, before, erased)}.items()
        for code, parts in shares(plan, brand, player, now).items()
        for part, done in parts.items()
    ]
    rows, changes = filled(before, mine)
    await store.write_shares(session, brand.id, rows)
    await store.fill(session, brand.id, changes)
    touched = sorted({Bar(code, part.window, part.team) for code, part in changes})
    done = await store.bars(session, brand.id, touched)
    known = {(mark.bar, mark.level): mark for mark in await store.marks(session, brand.id, touched)}
    now_there = {
        (bar, level): mark
        for bar in touched
        for level, mark in marks_of(plan, bar, done[bar]).items()
    }
    fallen = [
        mark._replace(reached_on=None)
        for place, mark in known.items()
        if place not in now_there and mark.reached_on is not None
    ]
    moved = [mark for place, mark in now_there.items() if known.get(place) != mark]
    await store.write_marks(session, brand.id, fallen + moved)


def _with_teams(
    plan: Plan,
    players: Mapping[UUID, Player],
    before: Sequence[Share],
    erased: Mapping[UUID, UUID],
) -> dict[UUID, Player]:
    """Return those who were erased with the teams that they had: what they did stays the team's."""
    teams: dict[UUID, dict[str, AttributeValue]] = {}
    for share in before:
        # What was done for a team that the member left by then is none of it any more.
        if share.member_id in erased and share.part.team and share.done:
            mine = teams.setdefault(erased[share.member_id], {})
            for stretch in plan.stretches[share.challenge]:
                if stretch.challenge.team is not None:
                    mine[stretch.challenge.team] = share.part.team
    return {id_: replace(players[id_], attributes=mine) for id_, mine in teams.items()}


async def _shared(
    session: Session,
    brand: Brand,
    plan: Plan,
    member_ids: Collection[UUID],
    bar: Bar | None = None,
) -> dict[Key, datetime]:
    """Return what these members have completed of shared bars, and when."""
    mine = await store.shares(session, brand.id, member_ids, bar)
    bars = {Bar(each.challenge, each.part.window, each.part.team) for each in mine}
    marks: list[Mark] = await store.marks(session, brand.id, sorted(bars))
    return shared_completions(plan, brand, mine, marks)
