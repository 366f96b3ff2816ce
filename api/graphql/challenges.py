"""Challenges: which there are, for anybody, and how far members are with theirs."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import Enum
from typing import Annotated
from uuid import UUID

import strawberry

from api.context import Info
from api.graphql.badges import LEVELS_USUAL, origin_of
from api.graphql.challenge_terms import (
    GOALS_USUAL,
    Challenge,
    ChallengeGoal,
    ChallengeLevel,
    measured,
    shown,
)
from api.graphql.fields import EVERYONE, SIGNED_IN, attribute
from api.graphql.quantities import Quantity
from api.graphql.requests import checked_number
from domain.brands.rules import Brand
from domain.programmes.rules import Timeline
from gamification.challenges import queries
from gamification.challenges.queries import BarView, ChallengeView, GoalView, LevelView
from gamification.challenges.rules_windows import Window

STATES_MAX = 7


@strawberry.enum(description="How a member stands with a challenge.")
class ChallengeState(Enum):
    """The states."""

    UPCOMING = strawberry.enum_value("upcoming", description="It has not begun.")
    OPEN = strawberry.enum_value("open", description="The member may join it.")
    LOCKED = strawberry.enum_value("locked", description="Others must be completed first.")
    ACTIVE = strawberry.enum_value("active", description="What the member does counts.")
    RESTING = strawberry.enum_value(
        "resting", description="It was completed, and counts again after `restsUntil`."
    )
    COMPLETED = strawberry.enum_value(
        "completed", description="Nothing more can be done in this window."
    )
    OVER = strawberry.enum_value(
        "over", description="It has ended, for everyone or for this member."
    )


ChallengeStates = Annotated[
    list[ChallengeState] | None,
    strawberry.argument(
        description=f"Only those in these states, {STATES_MAX} at most; all without it."
    ),
]


@strawberry.type(description="The time within which a challenge is played.")
class ChallengeWindow:
    """A window."""

    starts_at: datetime | None = attribute(
        EVERYONE, "From when on things count; null since ever. That of rolling days moves on."
    )
    ends_at: datetime | None = attribute(
        EVERYONE, "The first instant that does not count any more; null for no end."
    )


@strawberry.type(description="How far one goal is, towards the next level that is not reached.")
class GoalProgress:
    """A goal's progress."""

    goal: ChallengeGoal = attribute(EVERYONE, "What is to be done.", weight=0)
    current: Quantity = attribute(
        EVERYONE,
        "How much is there; of a row that must not break, the one that is not broken yet.",
        weight=0,
    )
    best: Quantity = attribute(
        EVERYONE, "The most that was there: it differs for a row that broke alone.", weight=0
    )
    target: Quantity = attribute(EVERYONE, "How much is enough.", weight=0)
    missing: Quantity = attribute(
        EVERYONE, "How much is missing; zero once it is enough.", weight=0
    )
    seen: list[str] = attribute(
        EVERYONE, "The different ones that are there, by name, the first 100; else none."
    )


@strawberry.type(description="Whether a level is reached.")
class LevelProgress:
    """A level's progress."""

    level: ChallengeLevel = attribute(EVERYONE, "The level.", weight=0)
    is_reached: bool = attribute(EVERYONE, "Whether it is, in the round that is played.")


@strawberry.type(description="A bar that all members, or those of a team, fill together.")
class ChallengeBar:
    """A shared bar."""

    challenge: Challenge = attribute(EVERYONE, "What it is filled for.", weight=0)
    window: ChallengeWindow = attribute(EVERYONE, "Until when it is filled.", weight=0)
    progress: GoalProgress = attribute(EVERYONE, "How full it is.", weight=0)
    levels: list[LevelProgress] = attribute(
        EVERYONE, "Its levels, the lowest first.", weight=0, size=LEVELS_USUAL
    )


@strawberry.type(description="A member's part of a bar that is shared.")
class ChallengeShare:
    """A share."""

    team: str | None = attribute(SIGNED_IN, "The member's team; null if everyone fills the bar.")
    mine: Quantity = attribute(SIGNED_IN, "How much the member has put in.", weight=0)
    least: Quantity = attribute(
        SIGNED_IN, "How much one must have put in to have completed it.", weight=0
    )


@strawberry.type(
    description="How far a member is with a challenge, at the instant of the request: it follows"
    " from what was done and not given back."
)
class MemberChallenge:
    """A challenge of a member."""

    challenge: Challenge = attribute(SIGNED_IN, "What it is about.", weight=0)
    state: ChallengeState = attribute(SIGNED_IN, "How the member stands with it.")
    window: ChallengeWindow | None = attribute(
        SIGNED_IN, "The time in which things count now; null if none does.", weight=0
    )
    goals: list[GoalProgress] = attribute(
        SIGNED_IN,
        "How far its goals are, in order; of a bar that is shared, how full it is.",
        weight=0,
        size=GOALS_USUAL,
    )
    levels: list[LevelProgress] = attribute(
        SIGNED_IN, "Its levels, the lowest first.", weight=0, size=LEVELS_USUAL
    )
    share: ChallengeShare | None = attribute(
        SIGNED_IN, "What the member put into a bar that is shared; null for others.", weight=0
    )
    round: int = attribute(SIGNED_IN, "Which time in this window it is, from 1.")
    times: int = attribute(SIGNED_IN, "How often it was completed in this window.")
    times_ever: int = attribute(SIGNED_IN, "How often it was completed in all windows.")
    rests_until: date | None = attribute(
        SIGNED_IN, "The last day on which nothing counts; null if there is no such rest."
    )
    joined_at: datetime | None = attribute(
        SIGNED_IN, "When the member joined it; null if not, or if nobody has to."
    )
    missing_first: list[str] = attribute(
        SIGNED_IN, "The codes of challenges that the member must complete before."
    )


async def of_member(
    info: Info, member_id: UUID, states: Sequence[ChallengeState] | None = None
) -> list[MemberChallenge]:
    """Return a member's challenges in these states, in the order of the file."""
    checked_number(len(states or ()), "states", "TOO_MANY_STATES", STATES_MAX)
    found = await info.context.loaders.playing.challenges.load(member_id)
    timeline = (await info.context.loaders.programmes()).timeline
    brand = info.context.principal.brand
    known = terms(info, brand, timeline)
    wanted = {str(each.value) for each in states or ChallengeState}
    return [_of_member(brand, known[each.code], each) for each in found if each.state in wanted]


async def one_of_member(info: Info, member_id: UUID | None, code: str) -> MemberChallenge | None:
    """Return one challenge of a member, None if there is none that may be shown."""
    every = await of_member(info, member_id) if member_id else []
    return next((each for each in every if each.challenge.code == code), None)


def listed(info: Info, brand: Brand, timeline: Timeline) -> list[Challenge]:
    """Return the challenges in force that are not hidden, in the order of the file."""
    return [each for each in terms(info, brand, timeline).values() if not each.hidden]


async def bars(info: Info, brand: Brand, timeline: Timeline) -> list[ChallengeBar]:
    """Return the bars that all members of a brand fill and that are open now."""
    known = terms(info, brand, timeline)
    if not any(each.fills_together for each in known.values()):
        return []
    async with info.context.reads.session() as session:
        found = await queries.community(session, info.context.now, brand, timeline)
    return [_bar(brand, known[each.code], each) for each in found]


def terms(info: Info, brand: Brand, timeline: Timeline) -> Mapping[str, Challenge]:
    """Return the challenges in force by code, those that are hidden too."""
    programme = timeline.at(info.context.now)
    if programme is None:
        return {}
    return shown(brand, timeline, programme, origin_of(info), info.context.language)


def _of_member(brand: Brand, challenge: Challenge, each: ChallengeView) -> MemberChallenge:
    return MemberChallenge(
        challenge=challenge,
        state=ChallengeState(each.state),
        window=_window(each.window) if each.window else None,
        goals=_goals(brand, challenge, each.goals),
        levels=_levels(challenge, each.levels),
        share=_share(brand, each),
        round=each.round,
        times=each.times,
        times_ever=each.ever,
        rests_until=each.rests_until,
        joined_at=each.joined_at,
        missing_first=list(each.after),
    )


def _bar(brand: Brand, challenge: Challenge, each: BarView) -> ChallengeBar:
    return ChallengeBar(
        challenge=challenge,
        window=_window(each.window),
        progress=_goals(brand, challenge, [each.goal])[0],
        levels=_levels(challenge, each.levels),
    )


def _window(window: Window) -> ChallengeWindow:
    return ChallengeWindow(starts_at=window.starts_at, ends_at=window.ends_at)


def _goals(brand: Brand, challenge: Challenge, found: Sequence[GoalView]) -> list[GoalProgress]:
    return [
        GoalProgress(
            goal=goal,
            current=measured(brand, each.part, each.scale, each.current),
            best=measured(brand, each.part, each.scale, each.done),
            target=measured(brand, each.part, each.scale, each.target),
            missing=measured(brand, each.part, each.scale, each.missing),
            seen=list(each.seen),
        )
        for goal, each in zip(challenge.goals, found, strict=True)
    ]


def _levels(challenge: Challenge, found: Sequence[LevelView]) -> list[LevelProgress]:
    return [
        LevelProgress(level=level, is_reached=each.reached)
        for level, each in zip(challenge.levels, found, strict=True)
    ]


def _share(brand: Brand, each: ChallengeView) -> ChallengeShare | None:
    if each.mine is None or each.contribution is None:
        return None
    goal = each.goals[0]
    return ChallengeShare(
        team=each.team or None,
        mine=measured(brand, goal.part, goal.scale, each.mine),
        least=measured(brand, goal.part, goal.scale, each.contribution),
    )
