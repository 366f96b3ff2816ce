"""What is shown of challenges: how far a member is, and what is missing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, NamedTuple, TypeAlias

from domain.brands.rules import Brand
from domain.programmes.rules import Timeline
from domain.wallets.section import PointsSection
from gamification.challenges import section_parts as parts
from gamification.challenges.rules import Bar
from gamification.challenges.rules_challenge import (
    Course,
    Part,
    Player,
    Standing,
    holds,
    team_of,
)
from gamification.challenges.rules_compile import Level, Plan, Stretch, scale_of
from gamification.challenges.rules_goals import GoalState
from gamification.challenges.rules_windows import Window, in_time, window_at
from gamification.prizes.section_parts import Prize

SEEN_MAX = 100
"""How many different ones are shown of what is to be different."""

State: TypeAlias = Literal["upcoming", "over", "open", "locked", "resting", "completed", "active"]
Done: TypeAlias = Mapping[int, Mapping[date, int]]


class Current(NamedTuple):
    """A challenge in force: what the programme says of it, and since when."""

    part: parts.Challenge
    stretch: Stretch
    points_scale: int


class Seen(NamedTuple):
    """What of shared bars a member put in, how full bars are, and what of them was completed."""

    mine: Mapping[str, Mapping[Part, int]]
    bars: Mapping[Bar, Done]
    completed: frozenset[tuple[str, str, str]]


@dataclass(frozen=True, slots=True)
class GoalView:
    """How far one goal is, towards the next level or, if all are reached, the last one.

    ``done``, ``target`` and ``missing`` have ``scale`` decimals. ``current`` is the row that is
    not broken yet, for a streak; else it is ``done``. ``seen`` are the first 100 of the different
    ones by name. Of a sequence ``done`` of its ``part.step`` are done.
    """

    part: parts.Goal
    scale: int
    done: int
    current: int
    target: int
    missing: int
    seen: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LevelView:
    """A level, its targets in the units of the goals; ``reached`` in the round that is played."""

    code: str
    name: Mapping[str, str] | None
    targets: tuple[int, ...]
    reached: bool
    challenge_points: int
    prize: tuple[Prize, ...]


@dataclass(frozen=True, slots=True)
class BarView:
    """A bar that is shared, as full as it is. ``team`` "" is everyone."""

    code: str
    part: parts.Challenge
    team: str
    window: Window
    goal: GoalView
    levels: tuple[LevelView, ...]


@dataclass(frozen=True, slots=True)
class ChallengeView:
    """How far a member is with a challenge.

    States: ``upcoming``, it has not begun; ``over``, it has ended, for everyone or for this
    member; ``open``, the member may join it; ``locked`` until the challenges ``after`` are
    completed; ``resting`` until the end of ``rests_until``; ``completed``, nothing more can be in
    this window; else ``active``. ``times`` is how often it was completed in this window of at
    most ``part.times``, ``ever`` in all windows. ``round`` is the one that ``goals`` and ``levels``
    show. Of a shared bar ``goals`` show all that was done, ``mine`` what this member did of it,
    and ``contribution`` what one must have done. ``window`` None: none is open now.
    """

    code: str
    part: parts.Challenge
    state: State
    window: Window | None
    goals: tuple[GoalView, ...]
    levels: tuple[LevelView, ...]
    round: int
    times: int
    ever: int
    rests_until: date | None
    joined_at: datetime | None
    after: tuple[str, ...]
    team: str | None
    mine: int | None
    contribution: int | None


def current(plan: Plan, timeline: Timeline, now: datetime) -> list[Current]:
    """Return the challenges in force, in the order of the file."""
    programme = timeline.at(now)
    if programme is None:
        return []
    points = programme.document.find(PointsSection)
    scale = points.scale if points else 0
    found = []
    for (version_id, code), part in plan.parts.items():
        if version_id == programme.version_id:
            stretch = next(each for each in plan.stretches[code] if holds(each, now))
            found.append(Current(part, stretch, scale))
    return found


def filled_now(brand: Brand, each: Current, team: str, now: datetime) -> Bar | None:
    """Return the bar that a team, or everyone, fills now, None if none is open."""
    challenge = each.stretch.challenge
    day = brand.day(now)
    window = window_at(challenge, day, day, brand.zone)
    if window is None or not in_time(challenge, now):
        return None
    return Bar(challenge.code, window.key, team)


def bar_view(brand: Brand, each: Current, bar: Bar, done: Done, now: datetime) -> BarView:
    """Return a bar as it is."""
    day = brand.day(now)
    window = window_at(each.stretch.challenge, day, day, brand.zone)
    assert window is not None
    total = _total(each.stretch, done)
    reached = _reached(each.stretch, total)
    (goal,) = _goals(brand, each, (GoalState(total, total, ()),), reached)
    levels = _levels(each, reached)
    return BarView(bar.challenge, each.part, bar.team, window, goal, levels)


def view(
    brand: Brand,
    each: Current,
    player: Player,
    all_courses: Mapping[str, Course],
    seen: Seen,
    now: datetime,
) -> ChallengeView | None:
    """Return how far a member is with a challenge, None if it is hidden and not found yet."""
    challenge = each.stretch.challenge
    if challenge.shared:
        return _shared_view(brand, each, player, all_courses, seen, now)
    course = all_courses[challenge.code]
    if each.part.hidden and not course.touched:
        return None
    standing = course.standing
    states = standing.states if standing else tuple(GoalState(0, 0, ()) for _ in challenge.goals)
    reached = standing.levels if standing else frozenset[str]()
    window = standing.window if standing else None
    times = sum(
        window is not None and got.window == window.key and got.top for got in course.reached
    )
    locked = _locked(each, all_courses)
    return ChallengeView(
        code=challenge.code,
        part=each.part,
        state=_state(brand, each, player, standing, locked, now),
        window=window,
        goals=_goals(brand, each, states, reached),
        levels=_levels(each, reached),
        round=standing.round if standing else 1,
        times=times,
        ever=sum(got.top for got in course.reached),
        rests_until=_rest(brand, standing, now),
        joined_at=_joined_at(each, player, now),
        after=locked,
        team=None,
        mine=None,
        contribution=None,
    )


def _shared_view(
    brand: Brand,
    each: Current,
    player: Player,
    all_courses: Mapping[str, Course],
    seen: Seen,
    now: datetime,
) -> ChallengeView | None:
    challenge = each.stretch.challenge
    team = team_of(challenge, player.attributes)
    bar = None if team is None else filled_now(brand, each, team, now)
    day = brand.day(now)
    window = window_at(challenge, day, day, brand.zone) if bar else None
    total = _total(each.stretch, seen.bars[bar]) if bar else 0
    mine = seen.mine.get(challenge.code, {})
    done = sum(
        amount
        for part, amount in mine.items()
        if bar and (part.version_id, part.window) == (each.stretch.version_id, bar.window)
    )
    completed = {got for got in seen.completed if got[0] == challenge.code}
    if each.part.hidden and not any(mine.values()) and not completed:
        return None
    reached = _reached(each.stretch, total)
    top = challenge.levels[-1].code
    times = sum(bar is not None and got[1:] == (bar.window, top) for got in completed)
    locked = _locked(each, all_courses)
    state = _state(brand, each, player, None, locked, now)
    if state == "active" and (times or not bar):
        state = "completed" if times else "over"
    return ChallengeView(
        code=challenge.code,
        part=each.part,
        state=state,
        window=window,
        goals=_goals(brand, each, (GoalState(total, total, ()),), reached),
        levels=_levels(each, reached),
        round=1,
        times=times,
        ever=sum(got[2] == top for got in completed),
        rests_until=None,
        joined_at=_joined_at(each, player, now),
        after=locked,
        team=team,
        mine=done,
        contribution=challenge.contribution,
    )


def _state(
    brand: Brand,
    each: Current,
    player: Player,
    standing: Standing | None,
    locked: tuple[str, ...],
    now: datetime,
) -> State:
    challenge = each.stretch.challenge
    if challenge.start is not None and now < challenge.start:
        return "upcoming"
    if not in_time(challenge, now) or (standing is None and not challenge.shared):
        return "over"
    if challenge.opt_in and _joined_at(each, player, now) is None:
        return "open"
    if locked:
        return "locked"
    if standing is not None and standing.full:
        return "completed"
    return "resting" if _rest(brand, standing, now) else "active"


def _rest(brand: Brand, standing: Standing | None, now: datetime) -> date | None:
    until = standing.rests_until if standing else None
    return until if until is not None and brand.day(now) <= until else None


def _joined_at(each: Current, player: Player, now: datetime) -> datetime | None:
    spans = player.entries.get(each.stretch.challenge.code, ())
    open_ = (start for start, end in spans if end is None and start <= now)
    return next(open_, None)


def _locked(each: Current, all_courses: Mapping[str, Course]) -> tuple[str, ...]:
    return tuple(
        code
        for code in each.stretch.challenge.after
        if not any(got.top for got in all_courses[code].reached)
    )


def _total(stretch: Stretch, done: Done) -> int:
    return sum(done.get(stretch.version_id, {}).values())


def _reached(stretch: Stretch, total: int) -> frozenset[str]:
    levels = stretch.challenge.levels
    return frozenset(level.code for level in levels if total >= level.targets[0])


def _next(stretch: Stretch, reached: frozenset[str]) -> Level:
    levels = stretch.challenge.levels
    return next((level for level in levels if level.code not in reached), levels[-1])


def _goals(
    brand: Brand, each: Current, states: tuple[GoalState, ...], reached: frozenset[str]
) -> tuple[GoalView, ...]:
    targets = _next(each.stretch, reached).targets
    return tuple(
        GoalView(
            part=part,
            scale=scale_of(part, brand, each.points_scale),
            done=state.done,
            current=state.current,
            target=target,
            missing=_missing(state, target),
            seen=state.seen[:SEEN_MAX],
        )
        for part, state, target in zip(each.part.goal, states, targets, strict=True)
    )


def _missing(state: GoalState, target: int) -> int:
    # A row that is broken must be begun anew.
    return 0 if state.done >= target else target - min(state.done, state.current)


def _levels(each: Current, reached: frozenset[str]) -> tuple[LevelView, ...]:
    said = each.part.level or (None,)
    return tuple(
        LevelView(
            code=level.code,
            name=words.name if words else None,
            targets=level.targets,
            reached=level.code in reached,
            challenge_points=(words or each.part).challenge_points,
            prize=(words or each.part).prize,
        )
        for level, words in zip(each.stretch.challenge.levels, said, strict=True)
    )
