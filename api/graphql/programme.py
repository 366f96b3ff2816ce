"""A brand's terms, for anybody: its points, when they end, its tiers and what they give."""

from datetime import datetime

import strawberry

from api.context import Info
from api.graphql import brands, catalogue, rewards
from api.graphql.brands import Brand
from api.graphql.catalogue import InCategory
from api.graphql.endings import ENDINGS_USUAL, PointsEnding, endings
from api.graphql.fields import EVERYONE, attribute
from api.graphql.ladders import Ladder, ladders
from api.graphql.paging import After, Before, Connection, First, Last, paged
from api.graphql.plays import Playground
from api.graphql.rewards import CATEGORIES_USUAL, Reward, RewardCategory
from api.graphql.tiers import LADDERS_USUAL
from api.sections import SECTIONS
from domain.brands import queries, rules
from domain.programmes import queries as programmes
from domain.programmes import rules as rules_of_programmes
from domain.wallets.section import PointsSection
from kit.texts import usable


@strawberry.type(description="A brand's programme as it is in force now.")
class Programme(Playground):
    """The public terms of a programme."""

    record: strawberry.Private[rules.Brand]
    version: strawberry.Private[rules_of_programmes.Programme]
    brand: Brand = attribute(EVERYONE, "Whose programme it is.")
    points_name: str = attribute(EVERYONE, "What its points are called.")
    effective_from: datetime = attribute(EVERYONE, "Since when these terms are in force.")
    pending_days: int = attribute(
        EVERYONE, "How many days points wait before they can be spent, if no rule says otherwise."
    )
    endings: list[PointsEnding] = attribute(
        EVERYONE,
        "When points end: those of members of some tiers first, then all others'.",
        size=ENDINGS_USUAL,
    )
    ladders: list[Ladder] = attribute(
        EVERYONE,
        "The ladders of tiers, the main one first; none without tiers.",
        size=LADDERS_USUAL,
    )
    reward_categories: list[RewardCategory] = attribute(
        EVERYONE, "What its rewards are sorted into, in order.", size=CATEGORIES_USUAL
    )

    @paged(
        EVERYONE,
        "The rewards that members may ask for, now or later, in order. Whether a member can have"
        " one is said by the member's own `catalogue`.",
    )
    async def rewards(
        self,
        info: Info,
        category: InCategory = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Reward] | None:
        pages = first, after, last, before
        return catalogue.public(info, self.record, self.version, pages, category)


async def programme(info: Info, code: str) -> Programme | None:
    """Return the programme of the brand ``code``, None if there is none in force."""
    if not usable(code):
        return None
    now = info.context.now
    async with info.context.reads.session() as session:
        brand = await queries.by_code(session, code)
        if brand is None:
            return None
        timeline = await programmes.timeline(session, brand.id, SECTIONS)
    found = timeline.at(now)
    if found is None:
        return None
    points = found.document.section(PointsSection)
    return Programme(
        record=brand,
        version=found,
        timeline=timeline,
        brand=brands.brand(brand),
        points_name=points.name,
        effective_from=found.effective_from,
        pending_days=points.pending_days,
        endings=endings(points),
        ladders=ladders(brand, found, now),
        reward_categories=list(rewards.categories(found, info.context.language).values()),
    )
