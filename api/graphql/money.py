"""Amounts between the integers inside and the decimals outside."""

from decimal import Decimal

import strawberry

from api.graphql.fields import EVERYONE, attribute
from api.graphql.scalars import Points
from domain.brands.rules import Brand
from kit.errors import InvalidInputError

_MINOR_MAX = 10**15


@strawberry.type(description="An amount of money.")
class Money:
    """Money with its currency."""

    amount: Decimal = attribute(EVERYONE, "How much, in the currency's main unit.")
    currency: str = attribute(EVERYONE, "The ISO 4217 code of the currency.")


def money(brand: Brand, minor: int) -> Money:
    """Return ``minor`` smallest units of the brand's currency as money."""
    return Money(amount=Decimal(minor).scaleb(-brand.currency_exponent), currency=brand.currency)


def points(scale: int, smallest: int) -> Points:
    """Return an amount in the asset's smallest unit as points with ``scale`` decimals."""
    return Points(Decimal(smallest).scaleb(-scale))


def minor(amount: Decimal, exponent: int, *path: str) -> int:
    """Return ``amount`` in the currency's smallest unit, exactly.

    Raises InvalidInputError, naming ``path``, for more decimals than the currency has and for
    amounts that no purchase can have.
    """
    scaled = amount.scaleb(exponent)
    if scaled != scaled.to_integral_value():
        message = f"has more than the {exponent} decimals of its currency; round it before"
        raise InvalidInputError(f"{path[-1]} {message}", code="AMOUNT_TOO_FINE", path=path)
    if abs(scaled) > _MINOR_MAX:
        message = f"{path[-1]} is out of range; correct it"
        raise InvalidInputError(message, code="AMOUNT_TOO_LARGE", path=path)
    return int(scaled)


def smallest(scale: int, given: Points, *path: str) -> int:
    """Return points in the asset's smallest unit, exactly.

    Raises InvalidInputError, naming ``path``, for more decimals than the points have.
    """
    scaled = given.scaleb(scale)
    if scaled != scaled.to_integral_value():
        message = f"{path[-1]} has more than the {scale} decimals of the points; round it before"
        raise InvalidInputError(message, code="POINTS_TOO_FINE", path=path)
    return int(scaled)
