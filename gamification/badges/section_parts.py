"""The parts of the ``[badges]`` section: badges, their levels, and what earns them."""

from typing import Annotated, Literal

from pydantic import Field

from domain.rewards.section_parts import Picture
from gamification.grounds.section_parts import Filter
from kit.documents import Code, ExactPositive, Part, Text, Whole
from kit.words import LongWords, Words

Path = tuple[str | int, ...]

BADGES_MAX = 500
LEVELS_MAX = 20
VALID_DAYS_MAX = 36_600

Often = Literal["once", "day", "week", "month", "year"]


class Goal(Filter):
    """What is counted for a badge, over what the filter speaks of.

    ``count``: so many purchases or activities. ``sum``: so much in all ``of`` their amount (of
    the lines that fit, if the filter picks lines), their quantity, or the points that they gave.
    """

    kind: Literal["count", "sum"] = Field(default="count", description="how it is counted")
    of: Literal["amount", "quantity", "points"] | None = Field(
        default=None, description="what is summed"
    )


class Level(Part):
    """A level of a badge, such as bronze. Each is above the one before."""

    name: Words = Field(description="what members read: text, or a table by language")
    target: ExactPositive | None = Field(
        default=None, description="how much of the goal it takes, for a badge with one"
    )
    tier: Text | None = Field(default=None, description="the tier to reach, for a badge by tier")
    picture: Picture | None = Field(default=None, description="another picture than the badge's")


class Badge(Part):
    """Something members are proud of, and can show to anybody.

    It is awarded by rule with a goal or a tier, else only by hand or as a prize. With levels
    each has a target or tier of its own; without them the badge has.

    ``award = "once"`` is once ever, and what counts for the goal counts for ever; else once a
    day, week, month or year of the brand's clock, in which the goal begins anew. What a rule has
    awarded and a return undoes is revoked, or with ``on_refund = "keep"`` stays; if it is reached
    again it is awarded anew.
    """

    code: Code = Field(description="the badge's short name, which never means another one")
    name: Words = Field(description="what members read: text, or a table by language")
    description: LongWords = Field(description="what it stands for")
    criteria: LongWords = Field(description="what it takes, for members and whoever checks it")
    picture: Picture | None = Field(
        default=None, description="the address of a picture; one is drawn if left out"
    )
    award: Often = Field(default="once", description="how often a member can have it")
    goal: Goal | None = Field(default=None, description="what is counted, a [badges.badge.goal]")
    target: ExactPositive | None = Field(
        default=None, description="how much of the goal it takes, without levels"
    )
    tier: Text | None = Field(default=None, description="the tier to reach, without levels")
    level: Annotated[tuple[Level, ...], Field(max_length=LEVELS_MAX)] = Field(
        default=(), description="the levels, lowest first, each a [[badges.badge.level]]"
    )
    on_refund: Literal["keep", "revoke"] = Field(
        default="revoke", description="what becomes of it when what earned it is returned"
    )
    valid_days: Annotated[Whole, Field(ge=1, le=VALID_DAYS_MAX)] | None = Field(
        default=None, description="how many days it is valid after the day of the award; no end"
    )
