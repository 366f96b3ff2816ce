"""How much of something, whatever it is: what ladders of tiers count."""

from decimal import Decimal
from enum import Enum

import strawberry

from api.graphql.fields import EVERYONE, attribute
from domain.brands.rules import Brand


@strawberry.enum(description="What a number counts.")
class Unit(Enum):
    """The units of quantities."""

    MONEY = strawberry.enum_value("money", description="Money, in its main unit.")
    POINTS = strawberry.enum_value("points", description="Points, whole ones.")
    COUNT = strawberry.enum_value("count", description="How often, or how many.")


@strawberry.type(description="A number of something: money, points, or how many.")
class Quantity:
    """An amount with what it counts."""

    value: Decimal = attribute(
        EVERYONE, "How much, exactly, with as many decimals as the currency or the points have."
    )
    unit: Unit = attribute(EVERYONE, "What it counts.")
    currency: str | None = attribute(
        EVERYONE, "The ISO 4217 code of the currency; null for what is no money."
    )


_UNITS = {"spend": Unit.MONEY, "points": Unit.POINTS}


def quantity(brand: Brand, scale: int, measure: str, smallest: int) -> Quantity:
    """Return an amount in the smallest unit of a ladder's measure; ``scale`` is the points'."""
    unit = _UNITS.get(measure, Unit.COUNT)
    return Quantity(
        value=Decimal(smallest).scaleb(-_exponent(brand, scale, unit)),
        unit=unit,
        currency=brand.currency if unit is Unit.MONEY else None,
    )


def exact(brand: Brand, scale: int, measure: str, whole: Decimal) -> Quantity:
    """Return an amount as a programme writes it, in the whole unit of a ladder's measure."""
    exponent = _exponent(brand, scale, _UNITS.get(measure, Unit.COUNT))
    return quantity(brand, scale, measure, int(whole.scaleb(exponent)))


def _exponent(brand: Brand, scale: int, unit: Unit) -> int:
    return {Unit.MONEY: brand.currency_exponent, Unit.POINTS: scale, Unit.COUNT: 0}[unit]
