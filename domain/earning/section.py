"""The ``[earning]`` section of a programme file."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from domain.wallets.section import PointsSection
from kit.documents import Exact, ExactPositive, Part, Section, Text, fault, find_section

Path = tuple[str | int, ...]

MULTIPLIERS_MAX = 100
CATEGORIES_MAX = 1000


def _moment(value: object) -> object:
    if isinstance(value, datetime) and value.tzinfo is None:
        raise fault(
            "has a time of day without a time zone; add one such as -05:00, or write the day only"
        )
    if not isinstance(value, date):
        raise fault("is not a date; write one such as 2026-05-01, without quotes")
    return value


Moment = Annotated[datetime | date, BeforeValidator(_moment)]
Names = Annotated[tuple[Text, ...], Field(max_length=CATEGORIES_MAX)]


class Multiplier(Part):
    """Lines of these categories, in these channels and days, earn ``factor`` times the rate.

    A condition left out is always met. Names are compared letter by letter.
    """

    name: Text = Field(description="what members and staff read as the reason")
    factor: ExactPositive = Field(description='how often the rate: "2" is double')
    categories: Names = Field(default=(), description="the categories it is for; none is all")
    channels: Names = Field(default=(), description="the channels it is for; none is all")
    from_: Moment | None = Field(
        default=None, alias="from", description="the first day, or the instant it begins"
    )
    until: Moment | None = Field(
        default=None, description="the first day, or instant, to which it no longer applies"
    )


class PeriodCap(Part):
    """No member earns more than ``points`` in one calendar period of the brand's clock."""

    name: Text = Field(description="what members and staff read as the reason")
    period: Literal["day", "month", "year"] = Field(description="how long it counts")
    points: Exact = Field(description="the most that one member earns in the period")


class EarningSection(Section):
    """What a purchase earns: ``points`` for every ``per`` of money, rounded once per purchase.

    ``stacking`` says what happens where several multipliers meet on one line: ``best`` takes
    the highest factor, ``multiply`` their product, ``add`` adds what each gives above one.
    """

    points: Exact = Field(description="how many points are earned")
    per: ExactPositive = Field(description="for how much money they are earned")
    rounding: Literal["floor", "half_up", "half_even", "ceiling"] = Field(
        description="how a purchase's points become a number its unit can hold"
    )
    base: Literal["after_discount", "before_discount"] = Field(
        description="whether what was paid counts, or the price before discounts"
    )
    excluded_categories: Names = Field(
        default=(), description="lines that earn nothing: gift cards, tax"
    )
    stacking: Literal["best", "multiply", "add"] | None = Field(
        default=None, description="what happens where several multipliers meet"
    )
    per_purchase_cap: Exact | None = Field(
        default=None, description="the most points one purchase earns"
    )
    multiplier: Annotated[tuple[Multiplier, ...], Field(max_length=MULTIPLIERS_MAX)] = Field(
        default=(), description="each a [[earning.multiplier]]"
    )
    period_cap: Annotated[tuple[PeriodCap, ...], Field(max_length=MULTIPLIERS_MAX)] = Field(
        default=(), description="each a [[earning.period_cap]]"
    )

    def faults(self, others: Mapping[str, Section]) -> Iterator[tuple[Path, str]]:
        """Yield multipliers that meet undeclared, doubled names, empty windows, fine caps."""
        if len(self.multiplier) > 1 and self.stacking is None:
            yield (
                ("stacking",),
                'is missing: add "best", "multiply" or "add" for several multipliers',
            )
        yield from _doubled("multiplier", [each.name for each in self.multiplier])
        yield from _doubled("period_cap", [each.name for each in self.period_cap])
        for index, multiplier in enumerate(self.multiplier):
            if _is_empty(multiplier.from_, multiplier.until):
                yield ("multiplier", index, "until"), "is not after from; choose a later day"
        points = find_section(others, PointsSection)
        if points is not None:
            yield from self._too_fine(points.scale)

    def _too_fine(self, scale: int) -> Iterator[tuple[Path, str]]:
        caps: list[tuple[Path, Decimal | None]] = [(("per_purchase_cap",), self.per_purchase_cap)]
        caps += [
            (("period_cap", index, "points"), cap.points)
            for index, cap in enumerate(self.period_cap)
        ]
        for path, cap in caps:
            if cap is not None and cap.scaleb(scale) % 1:
                yield path, f"has more decimals than points.scale, {scale}; write fewer"


def _doubled(kind: str, names: list[str]) -> Iterator[tuple[Path, str]]:
    for index, name in enumerate(names):
        if name in names[:index]:
            yield (kind, index, "name"), f"{name!r} is taken by one before; choose another"


def _is_empty(start: datetime | date | None, end: datetime | date | None) -> bool:
    if start is None or end is None:
        return False
    if isinstance(start, datetime) and isinstance(end, datetime):
        return end <= start
    if isinstance(start, datetime) or isinstance(end, datetime):
        return False
    return end <= start
