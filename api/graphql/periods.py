"""Calendar periods of a brand's clock, wherever something comes anew in each."""

from enum import Enum

import strawberry


@strawberry.enum(description="A calendar period of the brand's clock.")
class GamePeriod(Enum):
    """The periods."""

    DAY = strawberry.enum_value("day", description="A day.")
    WEEK = strawberry.enum_value("week", description="A week, from Monday on.")
    MONTH = strawberry.enum_value("month", description="A calendar month.")
    QUARTER = strawberry.enum_value("quarter", description="Three calendar months.")
    YEAR = strawberry.enum_value("year", description="A calendar year.")


def period(name: str | None) -> GamePeriod | None:
    """Return a period by its name in programmes, None for none."""
    return None if name is None else GamePeriod(name)
