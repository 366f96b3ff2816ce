"""A brand's key figures."""

from datetime import datetime

import strawberry

from api.context import Info
from api.graphql import dates
from api.graphql.fields import STAFF, attribute
from api.graphql.money import Money, money, points
from api.graphql.scalars import BigInt, Points
from api.graphql.tiers import TIERS_USUAL
from domain.brands.rules import Brand
from domain.metrics import queries


@strawberry.type(description="How many members a tier has.")
class TierCount:
    """A tier and its members."""

    ladder: str = attribute(STAFF, "The code of the ladder, one of `programme.ladders`.")
    name: str = attribute(STAFF, "The tier's name as members read it.")
    members: BigInt = attribute(STAFF, "How many members have it.")


@strawberry.type(description="A brand's key figures as of an instant.")
class Figures:
    """Figures as shown."""

    as_of: datetime = attribute(STAFF, "The instant up to which everything counts.")
    members: BigInt = attribute(STAFF, "Members who had joined.")
    purchases: BigInt = attribute(STAFF, "Purchases that had happened.")
    spend: Money = attribute(STAFF, "What members paid, before refunds.")
    refunded: Money = attribute(STAFF, "What was given back.")
    points_issued: Points = attribute(STAFF, "Points earned.")
    points_spent: Points = attribute(STAFF, "Points spent.")
    points_expired: Points = attribute(STAFF, "Points that ended unspent.")
    points_reversed: Points = attribute(STAFF, "Points taken back with refunds.")
    points_outstanding: Points = attribute(STAFF, "Points that members still have.")
    tiers: list[TierCount] = attribute(
        STAFF, "Members per tier, the main ladder's first, the lowest tier first.", size=TIERS_USUAL
    )


async def figures(info: Info, as_of: datetime | None) -> Figures:
    """Return the brand's figures. Raises InvalidInputError for an instant outside 1970 to 2199."""
    at = dates.checked(info, as_of)
    brand = info.context.principal.brand
    known = await info.context.loaders.programmes()
    async with info.context.reads.session() as session:
        found = await queries.figures(session, brand, known.timeline, at)
    return _shown(known.scale, brand, found)


def _shown(scale: int, brand: Brand, found: queries.Figures) -> Figures:
    return Figures(
        as_of=found.as_of,
        members=BigInt(found.members),
        purchases=BigInt(found.purchases),
        spend=money(brand, found.spend_minor),
        refunded=money(brand, found.refunded_minor),
        points_issued=points(scale, found.points_issued),
        points_spent=points(scale, found.points_spent),
        points_expired=points(scale, found.points_expired),
        points_reversed=points(scale, found.points_reversed),
        points_outstanding=points(scale, found.points_outstanding),
        tiers=[
            TierCount(ladder=ladder, name=name, members=BigInt(number))
            for ladder, members in found.tiers.items()
            for name, number in members.items()
        ],
    )
