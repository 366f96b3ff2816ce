"""When a brand's points end, for anybody."""

from datetime import date
from enum import Enum

import strawberry

from api.graphql.fields import EVERYONE, attribute
from domain.wallets.section import Expiry, PointsSection, WithTier

ENDINGS_USUAL = 3
"""As how many endings a programme counts."""


@strawberry.enum(description="What ends points.")
class EndingKind(Enum):
    """The ways in which points end."""

    NEVER = strawberry.enum_value("never", description="Nothing.")
    AFTER_EARNING = strawberry.enum_value("earning", description="The time since they were earned.")
    AFTER_ACTIVITY = strawberry.enum_value(
        "activity", description="The time since the member last did something."
    )
    AFTER_ACTIVE_MONTHS = strawberry.enum_value(
        "monthly_activity",
        description="The time since the end of the unbroken row of months, from earning on, in"
        " which the member did something.",
    )
    ON_DAY = strawberry.enum_value("on", description="A fixed day.")
    WITH_TIER = strawberry.enum_value("with_tier", description="The fall from the tier.")


@strawberry.enum(description="A part of the calendar.")
class CalendarPeriod(Enum):
    """The periods to whose end points live."""

    DAY = strawberry.enum_value("day", description="A day.")
    MONTH = strawberry.enum_value("month", description="A month.")
    QUARTER = strawberry.enum_value("quarter", description="A quarter of a year.")
    YEAR = strawberry.enum_value("year", description="A year.")


@strawberry.type(description="When points end, of members of some tiers or of all others.")
class PointsEnding:
    """An end of points as the programme describes it."""

    tiers: list[str] = attribute(
        EVERYONE, "Whose points end so: members of these tiers; all others if it is empty."
    )
    kind: EndingKind = attribute(EVERYONE, "What ends them.")
    months: int | None = attribute(
        EVERYONE, "After how many calendar months; null where no months count."
    )
    to_end_of: CalendarPeriod | None = attribute(
        EVERYONE, "The part of the calendar at whose end they are gone; null where none counts."
    )
    on: date | None = attribute(
        EVERYONE, "The first day without them in the brand's time zone; null for no fixed day."
    )


def endings(points: PointsSection) -> list[PointsEnding]:
    """Return when points end: by tiers first, then for everyone else."""
    of_tiers = [_ending(list(each.tiers), each.expires) for each in points.tier_expiry]
    return [*of_tiers, _ending([], points.expires)]


def _ending(tiers: list[str], end: Expiry | WithTier | None) -> PointsEnding:
    kind, months, to_end_of, on = EndingKind.NEVER, None, None, None
    if isinstance(end, WithTier):
        kind = EndingKind.WITH_TIER
    elif end is not None and end.on is not None:
        kind, on = EndingKind.ON_DAY, end.on
    elif end is not None:
        kind, months = EndingKind(end.after), end.months
        to_end_of = CalendarPeriod(end.round)
    return PointsEnding(tiers=tiers, kind=kind, months=months, to_end_of=to_end_of, on=on)
