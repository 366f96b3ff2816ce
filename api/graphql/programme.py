"""A brand's terms, for anybody: what its points are called and which tiers there are."""

from datetime import datetime

import strawberry

from api.context import Info
from api.graphql import brands
from api.graphql.brands import Brand
from api.graphql.fields import EVERYONE, attribute
from api.graphql.money import Money, money
from api.graphql.tiers import TIERS_USUAL
from api.sections import SECTIONS
from domain.brands import queries
from domain.programmes import queries as programmes
from domain.tiers.queries import ladder_of
from domain.tiers.rules import Ladder
from domain.wallets.section import PointsSection
from kit.texts import usable


@strawberry.type(description="One step of a brand's ladder of tiers.")
class TierStep:
    """A tier as the programme describes it."""

    name: str = attribute(EVERYONE, "The tier's name as members read it.")
    rank: int = attribute(EVERYONE, "The tier's place on the ladder; 0 is the lowest.")
    threshold: Money = attribute(EVERYONE, "The spend of a calendar year that reaches it.")


@strawberry.type(description="A brand's programme as it is in force now.")
class Programme:
    """The public terms of a programme."""

    brand: Brand = attribute(EVERYONE, "Whose programme it is.")
    points_name: str = attribute(EVERYONE, "What its points are called.")
    effective_from: datetime = attribute(EVERYONE, "Since when these terms are in force.")
    tiers: list[TierStep] = attribute(
        EVERYONE, "The ladder of tiers, the lowest first; empty without tiers.", size=TIERS_USUAL
    )


async def programme(info: Info, code: str) -> Programme | None:
    """Return the programme of the brand ``code``, None if there is none in force."""
    if not usable(code):
        return None
    async with info.context.reads.session() as session:
        brand = await queries.by_code(session, code)
        if brand is None:
            return None
        timeline = await programmes.timeline(session, brand.id, SECTIONS)
    found = timeline.at(info.context.now)
    if found is None:
        return None
    ladder = ladder_of(found, brand) or Ladder((), ())
    steps = zip(ladder.names, ladder.thresholds, strict=True)
    return Programme(
        brand=brands.brand(brand),
        points_name=found.document.section(PointsSection).name,
        effective_from=found.effective_from,
        tiers=[
            TierStep(name=name, rank=rank, threshold=money(brand, threshold))
            for rank, (name, threshold) in enumerate(steps)
        ],
    )
