"""The parts of the ``[challenges]`` section: goals, levels and what a challenge is."""

from typing import Annotated, Literal

from pydantic import Field

from domain.earning.section_parts import Count, Moment
from domain.rewards.section_parts import Picture
from gamification.grounds.section_parts import Filter, Path, speaking_of
from gamification.prizes.section_parts import Prize
from kit.calendar import Period
from kit.documents import Code, ExactPositive, Flag, Part, Text, Whole
from kit.words import LongWords, Words

__all__ = ["Challenge", "Goal", "Level", "Path", "Step"]

CHALLENGES_MAX = 200
GOALS_MAX = 10
STEPS_MAX = 20
LEVELS_MAX = 20
PRIZES_MAX = 5
AFTER_MAX = 20
TIERS_MAX = 50
DAYS_MAX = 3_660
TIMES_MAX = 1_000_000
SCORE_MAX = 1_000_000_000

Kind = Literal["count", "sum", "distinct", "streak", "sequence"]
Of = Literal[
    "amount",
    "quantity",
    "points",
    "value",
    "categories",
    "skus",
    "stores",
    "channels",
    "days",
    "weeks",
    "months",
]
_Prizes = Annotated[tuple[Prize, ...], Field(max_length=PRIZES_MAX)]
_Times = Annotated[Whole, Field(ge=1, le=TIMES_MAX)]
_Score = Annotated[Whole, Field(ge=0, le=SCORE_MAX)]


class Step(Filter):
    """One step of a sequence: what must be done next."""

    name: Words | None = Field(default=None, description="what members read of this step")


class Goal(Filter):
    """What is to be done, counted over what the filter speaks of.

    ``count``: so many purchases or activities. ``sum``: so much in all ``of`` their amount (of
    the lines that fit, if the filter picks lines), their quantity, the points that they gave, or
    the whole number that ``value`` says of each. ``distinct``: so many different categories,
    skus, stores, channels or days. ``streak``: so many days, weeks or months in a row with at
    least one. ``sequence``: the steps, one after the other, with anything in between.
    """

    name: Words | None = Field(default=None, description="what members read of this goal")
    kind: Kind = Field(default="count", description="how it is counted")
    of: Of | None = Field(default=None, description="what is summed, told apart or in a row")
    value: Annotated[Count, speaking_of(("event", "now"), "a goal can't add up")] | None = Field(
        default=None, description='a whole number (CEL) for of = "value"; below zero counts as 0'
    )
    target: ExactPositive | None = Field(
        default=None, description="how much is enough; a sequence is enough with its last step"
    )
    step: Annotated[tuple[Step, ...], Field(max_length=STEPS_MAX)] = Field(
        default=(), description="the steps of a sequence, each a [[challenges.challenge.goal.step]]"
    )


class Level(Part):
    """One level of a challenge, such as silver: other targets, other prizes."""

    code: Code = Field(description="the level's short name, which never means another one")
    name: Words | None = Field(default=None, description="what members read")
    targets: Annotated[tuple[ExactPositive, ...], Field(min_length=1, max_length=GOALS_MAX)] = (
        Field(description="how much of each goal is enough, in the order of the goals")
    )
    prize: _Prizes = Field(default=(), description="what is won, each a [[…level.prize]]")
    challenge_points: _Score = Field(default=0, description="what boards count for it")


class Challenge(Part):
    """Something to do in a window of time, for a prize.

    The window is a calendar ``period`` of the brand's clock, or the last ``rolling_days``, or the
    first ``joining_days`` days after the day of joining the programme, or all time; in each case
    only ``from`` and ``until`` if they are given. Within one window it can be completed ``times``
    times, each beginning with nothing done, in at most so many ``windows``, and for
    ``cool_off_days`` whole days after the day of a completion nothing counts.

    ``who = "member"``: everyone for themselves. ``"team"``: members with the same value of the
    attribute ``team`` fill one bar together. ``"everyone"``: all members fill one bar. Who has
    done at least ``contribution`` of a bar that is full has completed it.

    Whoever changes anything but words, prizes, challenge points, budget, ``hidden``,
    ``on_refund`` and ``hold_days`` lets the challenge begin anew, with nothing done, as soon as
    the new version is in force; what was completed stays.
    """

    code: Code = Field(description="the challenge's short name, which never means another one")
    name: Words = Field(description="what members read: text, or a table by language")
    description: LongWords | None = Field(default=None, description="more of it")
    picture: Picture | None = Field(default=None, description="the address of a picture")
    goals: Literal["all", "any"] = Field(
        default="all", description="whether all of its goals must be reached, or any one"
    )
    goal: Annotated[tuple[Goal, ...], Field(min_length=1, max_length=GOALS_MAX)] = Field(
        description="what is to be done, each a [[challenges.challenge.goal]]"
    )
    who: Literal["member", "team", "everyone"] = Field(
        default="member", description="who fills its bar"
    )
    team: Text | None = Field(default=None, description="the attribute of members that is the team")
    contribution: ExactPositive | None = Field(
        default=None, description="how much of a shared bar one must have done; anything if none"
    )
    opt_in: Flag = Field(
        default=False, description="whether members must join it; what was before doesn't count"
    )
    from_: Moment | None = Field(default=None, alias="from", description="the first day or instant")
    until: Moment | None = Field(
        default=None, description="the first day or instant that does not count any more"
    )
    period: Period | None = Field(default=None, description="anew in each one of these")
    rolling_days: Annotated[Whole, Field(ge=1, le=DAYS_MAX)] | None = Field(
        default=None, description="within so many days, whichever they are"
    )
    joining_days: Annotated[Whole, Field(ge=0, le=DAYS_MAX)] | None = Field(
        default=None, description="up to so many days after the day of joining the programme"
    )
    times: _Times = Field(default=1, description="how often in one window")
    windows: _Times | None = Field(default=None, description="in how many windows at most")
    cool_off_days: Annotated[Whole, Field(ge=0, le=DAYS_MAX)] = Field(
        default=0, description="how many days after a completion nothing counts"
    )
    after: Annotated[tuple[Code, ...], Field(max_length=AFTER_MAX)] = Field(
        default=(), description="challenges that must be completed first; before nothing counts"
    )
    tiers: Annotated[tuple[Text, ...], Field(max_length=TIERS_MAX)] = Field(
        default=(), description="only what members do while they have one of these tiers"
    )
    level: Annotated[tuple[Level, ...], Field(max_length=LEVELS_MAX)] = Field(
        default=(), description="its levels, lowest first, each a [[challenges.challenge.level]]"
    )
    prize: _Prizes = Field(
        default=(), description="what is won, each a [[challenges.challenge.prize]]"
    )
    challenge_points: _Score = Field(default=0, description="what boards count for completing it")
    budget: _Times | None = Field(
        default=None, description="how many prizes there are for all members together"
    )
    hidden: Flag = Field(default=False, description="whether it is shown only once found")
    on_refund: Literal["keep", "take_back"] = Field(
        default="take_back",
        description="what becomes of a prize that was paid if a refund undoes what it was for",
    )
    hold_days: Annotated[Whole, Field(ge=0, le=DAYS_MAX)] = Field(
        default=0, description="how many whole days after that of completion a prize waits"
    )
