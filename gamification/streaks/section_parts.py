"""The parts of the ``[streaks]`` section: streaks and their milestones."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from domain.earning.section_parts import Weekday
from gamification.grounds.section_parts import Filter
from gamification.prizes.section_parts import Prize
from kit.calendar import Period
from kit.documents import Code, Flag, Part, Whole
from kit.words import LongWords, Words

Path = tuple[str | int, ...]

STREAKS_MAX = 50
MILESTONES_MAX = 100
LENGTH_MAX = 10_000
TIMES_MAX = 1_000
FREEZES_MAX = 100
REPAIRS_MAX = 100
REPAIR_DAYS_MAX = 92
HOLD_DAYS_MAX = 366
BUDGET_MAX = 1_000_000_000

Every: TypeAlias = Literal["day", "week", "month"]
OnRefund: TypeAlias = Literal["keep", "take_back"]


class Milestone(Part):
    """A length of a streak that wins a prize.

    What a return undoes is taken back, or with ``on_refund = "keep"`` stays once it is paid. It is
    counted by how
    many times it was reached: what is reached again after that was paid before.
    """

    at: Annotated[Whole, Field(ge=1, le=LENGTH_MAX)] = Field(
        description="when so many periods are kept"
    )
    name: Words | None = Field(
        default=None, description="what members read: text, or a table by language"
    )
    prize: Prize = Field(description="what it wins")
    again: Flag = Field(
        default=False, description="for each streak anew; else for the first that gets so far only"
    )
    times: Annotated[Whole, Field(ge=1, le=TIMES_MAX)] | None = Field(
        default=None, description="at most so many times for a member, with again"
    )
    on_refund: OnRefund = Field(
        default="take_back", description="what becomes of the prize when a return undoes it"
    )
    hold_days: Annotated[Whole, Field(ge=0, le=HOLD_DAYS_MAX)] = Field(
        default=0, description="how many whole days of the brand the prize waits"
    )
    budget: Annotated[Whole, Field(ge=1, le=BUDGET_MAX)] | None = Field(
        default=None, description="so many prizes for all members together"
    )


class Streak(Part):
    """Something members do period after period: every day, week (from Monday) or month.

    A period is kept once ``times`` purchases or activities fit the goal in it; each counts on the
    brand's day on which it happened. With ``weekdays`` a daily streak rests on all others: what is
    done on those neither counts nor harms.

    A period that was not kept is bridged by a freeze, if the member had one before it was over:
    the streak goes on, though the period does not count in its length. The oldest freeze goes
    first. A member holds ``freezes_max`` at most. Every ``freeze_every`` periods kept without a
    break earn one, lost if there is no room. Those that are bought, won or given always count:
    what there is no room for waits until the next period is kept.

    A break may be repaired in the ``repair_days`` after the first period that nothing bridged:
    ``repairs_free`` times per ``repairs_per`` for nothing, else for a ``repair_reward`` that the
    member has bought and not used. All periods missed since are then bridged.

    What is left out of the programme ends, and begins anew if it comes back, as it does with
    another ``every``; freezes that were not used stay.
    """

    code: Code = Field(description="the streak's short name, which never means another one")
    name: Words = Field(description="what members read: text, or a table by language")
    description: LongWords | None = Field(default=None, description="more of it")
    every: Every = Field(description="how long a period is")
    goal: Filter = Field(default=Filter(), description="what counts, a [streaks.streak.goal]")
    times: Annotated[Whole, Field(ge=1, le=TIMES_MAX)] = Field(
        default=1, description="how often in a period"
    )
    weekdays: Annotated[tuple[Weekday, ...], Field(max_length=7)] = Field(
        default=(), description="the days of a daily streak; all if left out"
    )
    freezes_max: Annotated[Whole, Field(ge=0, le=FREEZES_MAX)] = Field(
        default=0, description="how many freezes a member can hold"
    )
    freeze_every: Annotated[Whole, Field(ge=1, le=LENGTH_MAX)] | None = Field(
        default=None, description="so many periods kept earn a freeze"
    )
    freeze_reward: Code | None = Field(
        default=None, description='the reward, of kind "game_item", that is a freeze'
    )
    repair_days: Annotated[Whole, Field(ge=1, le=REPAIR_DAYS_MAX)] | None = Field(
        default=None, description="how many days after a break it can be repaired"
    )
    repairs_free: Annotated[Whole, Field(ge=1, le=REPAIRS_MAX)] | None = Field(
        default=None, description="so many repairs cost nothing"
    )
    repairs_per: Period | None = Field(
        default=None, description="the period that free repairs are counted in; all time"
    )
    repair_reward: Code | None = Field(
        default=None, description='the reward, of kind "game_item", that pays for a repair'
    )
    milestone: Annotated[tuple[Milestone, ...], Field(max_length=MILESTONES_MAX)] = Field(
        default=(), description="what lengths win, each a [[streaks.streak.milestone]]"
    )
