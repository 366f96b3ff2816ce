"""The ``[points]`` section of a programme file, and the dates it gives to earned points."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field

from kit.calendar import day_end, day_start, months_after, period_last
from kit.documents import Part, Section, Text, Whole, fault

SCALE_MAX = 9
PENDING_DAYS_MAX = 3650
MONTHS_MAX = 1200
_SHORTEST_MONTH_DAYS = 28


class Expiry(Part):
    """Points last ``months`` calendar months, then to the end of the day, month or year.

    Counted from the brand's day on which they were earned: 31 January and one month is the
    end of 28 (or 29) February.
    """

    months: Annotated[Whole, Field(ge=0, le=MONTHS_MAX)] = Field(
        description="how many calendar months points last; 0 is the same day"
    )
    round: Literal["day", "month", "year"] = Field(
        default="day", description="the day, month or year at whose end they expire"
    )


def _expires(value: object) -> object:
    if value == "never":
        return None
    if isinstance(value, dict | Expiry):
        return value
    raise fault('must be "never" or a table such as { months = 12 }')


class PointsSection(Section):
    """What the brand's points are and how long they live."""

    code: Annotated[Text, Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")] = Field(
        description="the unit's short name: a letter a-z, then a-z, 0-9, - or _"
    )
    name: Text = Field(description="the unit's name as members read it")
    scale: Annotated[Whole, Field(ge=0, le=SCALE_MAX)] = Field(
        default=0, description="how many decimals a balance has; never changes once applied"
    )
    pending_days: Annotated[Whole, Field(ge=0, le=PENDING_DAYS_MAX)] = Field(
        default=0,
        description="points are spendable from the start of the day this many days later",
    )
    expires: Annotated[Expiry | None, BeforeValidator(_expires)] = Field(
        description="when points end"
    )

    def faults(self, others: Mapping[str, Section]) -> Iterator[tuple[tuple[str, ...], str]]:
        """Yield the fault of points that would expire before they can be spent."""
        del others
        if self.expires and self.pending_days > self.expires.months * _SHORTEST_MONTH_DAYS:
            yield ("pending_days",), "points could expire while pending; shorten it"


def available_at(points: PointsSection, zone: ZoneInfo, occurred_at: datetime) -> datetime:
    """Return the instant from which points earned at ``occurred_at`` can be spent."""
    if not points.pending_days:
        return occurred_at
    day = occurred_at.astimezone(zone).date()
    return day_start(zone, day + timedelta(days=points.pending_days))


def expires_at(points: PointsSection, zone: ZoneInfo, occurred_at: datetime) -> datetime | None:
    """Return the instant at which points earned at ``occurred_at`` are gone, None for never.

    The instant itself is already too late: points live while ``now < expires_at``.
    """
    if points.expires is None:
        return None
    day = months_after(occurred_at.astimezone(zone).date(), points.expires.months)
    return day_end(zone, period_last(points.expires.round, day))
