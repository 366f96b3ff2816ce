"""How far members are with challenges at an instant: computed from their history, without a job."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from domain.brands.rules import Brand
from domain.programmes.rules import Timeline
from gamification.challenges import store
from gamification.challenges.rules import Bar, Completion
from gamification.challenges.rules_challenge import Player, courses, shares, team_of
from gamification.challenges.rules_compile import Plan, plan_of
from gamification.challenges.rules_view import (
    BarView,
    ChallengeView,
    GoalView,
    LevelView,
    Seen,
    bar_view,
    current,
    filled_now,
    view,
)
from gamification.challenges.service import players_of
from gamification.grounds.queries import ground as load_ground
from kit.db import Session

__all__ = [
    "BarView",
    "ChallengeView",
    "Completion",
    "GoalView",
    "LevelView",
    "community",
    "completions_of",
    "progress",
]


async def progress(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    member_ids: Sequence[UUID],
) -> dict[UUID, list[ChallengeView]]:
    """Return how far these members are with each challenge in force, in the order of the file.

    What is hidden is left out until it is found. Every member that there is is there. A constant
    number of statements; none without challenges.
    """
    plan = plan_of(timeline, brand)
    found: dict[UUID, list[ChallengeView]] = {member_id: [] for member_id in member_ids}
    in_force = current(plan, timeline, now)
    if not in_force or not found:
        return found
    ground = await load_ground(session, now, brand, timeline, list(found), tiers=plan.asks_tiers)
    entries = await store.entries(session, brand.id, list(ground.people))
    players = players_of(ground, entries)
    all_courses = {id_: courses(plan, brand, each, now) for id_, each in players.items()}
    seen = await _seen(session, now, brand, timeline, plan, players)
    for member_id, player in players.items():
        views = (
            view(brand, each, player, all_courses[member_id], seen[member_id], now)
            for each in in_force
        )
        found[member_id] = [each for each in views if each is not None]
    return found


async def community(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    teams: Collection[str] = (),
) -> list[BarView]:
    """Return the bars of everyone that are open now, and those of ``teams``, if not hidden.

    Two statements at most.
    """
    plan = plan_of(timeline, brand)
    wanted = {}
    for each in current(plan, timeline, now):
        if not each.stretch.challenge.shared or each.part.hidden:
            continue
        names = sorted(set(teams)) if each.stretch.challenge.team else [""]
        for name in names:
            bar = filled_now(brand, each, name, now)
            if bar is not None:
                wanted[bar] = each
    done = await store.bars(session, brand.id, list(wanted))
    return [bar_view(brand, each, bar, done[bar], now) for bar, each in wanted.items()]


async def completions_of(
    session: Session, brand_id: int, member_ids: Collection[UUID]
) -> dict[UUID, list[Completion]]:
    """Return what these members have completed as written down, undone or not, latest first."""
    rows = await store.completions(session, brand_id, member_ids)
    found: dict[UUID, list[Completion]] = {member_id: [] for member_id in member_ids}
    for row in sorted(rows, key=lambda each: (each.reached_at, each.id), reverse=True):
        found[row.key.member_id].append(row)
    return found


async def _seen(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    plan: Plan,
    players: dict[UUID, Player],
) -> dict[UUID, Seen]:
    """Return what of shared bars concerns members: what they put in, and how full they are."""
    none = Seen({}, {}, frozenset())
    if not any(map(plan.shared, plan.stretches)):
        return dict.fromkeys(players, none)
    mine = {id_: shares(plan, brand, each, now) for id_, each in players.items()}
    bars: set[Bar] = set()
    for player in players.values():
        for each in current(plan, timeline, now):
            team = team_of(each.stretch.challenge, player.attributes)
            bar = None if team is None else filled_now(brand, each, team, now)
            bars |= {bar} if bar else set()
    done = await store.bars(session, brand.id, sorted(bars))
    rows = await store.completions(session, brand.id, list(players))
    living: dict[UUID, set[tuple[str, str, str]]] = {}
    for row in rows:
        if row.state == "living":
            key = row.key.challenge, row.key.window, row.key.level
            living.setdefault(row.key.member_id, set()).add(key)
    return {id_: Seen(mine[id_], done, frozenset(living.get(id_, ()))) for id_ in players}
