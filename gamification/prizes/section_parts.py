"""The part of a programme file that says what somebody wins."""

from typing import Annotated

from pydantic import Field

from kit.documents import Code, ExactPositive, Flag, Part, Whole

Path = tuple[str | int, ...]

LEVEL_MAX = 100
FREEZES_MAX = 100
WEIGHT_MAX = 1_000_000
MYSTERY_MAX = 50


class Gift(Part):
    """One thing that is won: give exactly one of points, qualifying, reward, badge and freeze."""

    points: ExactPositive | None = Field(
        default=None, description="points; they wait and end as those of the base rate do"
    )
    qualifies: Flag = Field(default=False, description="whether the points count towards tiers too")
    qualifying: ExactPositive | None = Field(
        default=None, description="points that only count towards tiers, and can't be spent"
    )
    reward: Code | None = Field(
        default=None, description="the code of a reward that costs no points, listed or not"
    )
    badge: Code | None = Field(default=None, description="the code of a badge")
    level: Annotated[Whole, Field(ge=1, le=LEVEL_MAX)] | None = Field(
        default=None, description="which level of the badge"
    )
    freeze: Annotated[Whole, Field(ge=1, le=FREEZES_MAX)] | None = Field(
        default=None, description="so many freezes of a streak"
    )
    streak: Code | None = Field(default=None, description="the code of the streak they are for")


class MysteryPart(Gift):
    """One of the things that may be drawn."""

    weight: Annotated[Whole, Field(ge=1, le=WEIGHT_MAX)] = Field(
        description="how often, compared with the weights of the others"
    )


class Prize(Gift):
    """What somebody wins: one thing, or one that is drawn by lot once and never again."""

    mystery: Annotated[tuple[MysteryPart, ...], Field(max_length=MYSTERY_MAX)] = Field(
        default=(), description="one of these by lot, in place of all others"
    )
