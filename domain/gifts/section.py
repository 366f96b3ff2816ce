"""The ``[gifts]`` section of a programme file: what members may give each other."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from domain.wallets.section import PointsSection
from kit.calendar import Period
from kit.documents import ExactPositive, Part, Section, Text, Whole, find_section

LIMITS_MAX = 20
DAYS_MAX = 3_660

Path = tuple[str | int, ...]


class Limit(Part):
    """The most that a member may give, or get, in a period of the brand's clock, or ever."""

    name: Text = Field(description="what members and staff read as the reason")
    of: Literal["giver", "receiver"] = Field(default="giver", description="whose gifts it counts")
    period: Period | None = Field(default=None, description="how long it counts; all time")
    times: Annotated[Whole, Field(ge=1)] | None = Field(default=None, description="so many gifts")
    points: ExactPositive | None = Field(default=None, description="so many points")


class GiftsSection(Section):
    """Members may give points to each other; without this section nobody may.

    Points keep their end when they change hands. Who has joined less than ``wait_days`` ago gives
    nothing yet, and nor does who got points from others less than ``cool_off_days`` ago.
    """

    optional: ClassVar[bool] = True

    minimum: ExactPositive | None = Field(default=None, description="the fewest points of a gift")
    maximum: ExactPositive | None = Field(default=None, description="the most points of a gift")
    wait_days: Annotated[Whole, Field(ge=0, le=DAYS_MAX)] = Field(
        default=0, description="how long after joining a member may give"
    )
    cool_off_days: Annotated[Whole, Field(ge=0, le=DAYS_MAX)] = Field(
        default=0, description="how long after getting points a member may not give any"
    )
    limit: Annotated[tuple[Limit, ...], Field(max_length=LIMITS_MAX)] = Field(
        default=(), description="the most in a period, each a [[gifts.limit]]"
    )

    def faults(self, others: Mapping[str, Section]) -> Iterator[tuple[Path, str]]:
        """Yield bounds that contradict each other or are finer than the points."""
        points = find_section(others, PointsSection)
        if self.minimum and self.maximum and self.minimum > self.maximum:
            yield ("minimum",), f"is above maximum, {self.maximum}; lower it"
        amounts: list[tuple[Path, Decimal | None]] = [
            (("minimum",), self.minimum),
            (("maximum",), self.maximum),
        ]
        for index, each in enumerate(self.limit):
            if (each.times is None) == (each.points is None):
                yield ("limit", index, "times"), "or points must be there, and only one of the two"
            amounts.append((("limit", index, "points"), each.points))
        for path, value in amounts:
            if points and value is not None and value.scaleb(points.scale) % 1:
                yield path, f"has more decimals than points.scale, {points.scale}; write fewer"
