"""What a tier gives besides points."""

from datetime import date
from decimal import Decimal
from enum import Enum

import strawberry

from api.graphql.fields import EVERYONE, attribute
from api.graphql.money import Money
from domain.brands.rules import Brand
from domain.programmes.rules import Programme
from domain.tiers import section
from domain.tiers.section import TiersSection

BENEFITS_USUAL = 3
"""As how many benefits a tier counts."""


@strawberry.enum(description="What a benefit is, for apps to draw. Kinds may be added.")
class BenefitKind(Enum):
    """The kinds of benefits."""

    EARLY_ACCESS = strawberry.enum_value(
        "early_access", description="To buy before others; `value` is how many hours, if given."
    )
    EVENT = strawberry.enum_value("event", description="To be invited.")
    FREE_SHIPPING = strawberry.enum_value("free_shipping", description="Nothing to pay for it.")
    DISCOUNT = strawberry.enum_value(
        "discount", description="Less to pay; `value` is how many percent, if given."
    )
    GIFT = strawberry.enum_value("gift", description="Something to get.")
    SERVICE = strawberry.enum_value("service", description="Something done for the member.")
    OTHER = strawberry.enum_value("other", description="Something else; its name says it.")


@strawberry.type(description="Something that the members of a tier have.")
class Benefit:
    """A benefit as shown."""

    name: str = attribute(EVERYONE, "What members read.")
    kind: BenefitKind = attribute(EVERYONE, "What it is, for apps to draw.")
    value: Decimal | None = attribute(
        EVERYONE, "Its number, such as the percent of a discount; null if it has none."
    )
    minimum: Money | None = attribute(
        EVERYONE, "The purchase from which on it is given; null if it needs none."
    )
    from_: date | None = attribute(
        EVERYONE, "Its first day in the brand's time zone; null if it always was.", name="from"
    )
    until: date | None = attribute(EVERYONE, "The first day without it; null if it has no end.")


def benefits(brand: Brand, programme: Programme, tier: str, today: date) -> list[Benefit]:
    """Return what a tier gives by a programme, without what was over before ``today``."""
    tiers = programme.document.find(TiersSection)
    return [
        _shown(brand, each)
        for each in (tiers.benefit if tiers else ())
        if tier in each.tiers and (each.until is None or today < each.until)
    ]


def _shown(brand: Brand, each: section.Benefit) -> Benefit:
    minimum = each.minimum
    return Benefit(
        name=each.name,
        kind=BenefitKind(each.kind),
        value=each.value,
        minimum=None if minimum is None else Money(amount=minimum, currency=brand.currency),
        from_=each.from_,
        until=each.until,
    )
