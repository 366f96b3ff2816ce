"""The catalogue of rewards: as a member sees it, and as anybody may read it."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import strawberry

from api.context import Info
from api.graphql import messages, paging, rewards
from api.graphql.codes import ErrorCode
from api.graphql.fields import SIGNED_IN, attribute, resolver
from api.graphql.money import points
from api.graphql.outcomes import code_of
from api.graphql.paging import Connection
from api.graphql.rewards import Reward
from api.graphql.scalars import BigInt, Points
from api.graphql.vouchers import Pages
from domain.brands.rules import Brand
from domain.programmes.rules import Programme
from domain.rewards import queries

InCategory = Annotated[
    str | None,
    strawberry.argument(description="Only those of the category with this code; all without it."),
]


@strawberry.type(description="Why a member can't have a reward now.")
class WhyNot:
    """A reason, the same as when it is asked for."""

    code: ErrorCode = attribute(SIGNED_IN, "The reason.")
    missing: Points | None = attribute(
        SIGNED_IN, "How many points are missing, if that is the reason; else null."
    )
    from_: datetime | None = attribute(
        SIGNED_IN,
        "From when on the member may have it, if it is too early; else null.",
        name="from",
    )

    @resolver(SIGNED_IN, "The reason, for people, in the language that `Accept-Language` asks for.")
    def message(self, info: Info) -> str:
        return messages.message(self.code, info.context.language)


@strawberry.type(description="A reward as a member sees it, as of the instant of the request.")
class CatalogueItem:
    """What a member may ask for, now or later."""

    reward: Reward = attribute(SIGNED_IN, "What it is.", weight=0)
    can_redeem: bool = attribute(
        SIGNED_IN, "Whether the member can have one now. It can be gone a moment later."
    )
    why_not: WhyNot | None = attribute(
        SIGNED_IN, "Why the member can't have one now; null if that can be.", weight=0
    )
    left: BigInt | None = attribute(
        SIGNED_IN, "How many there are for all members together; null for no end."
    )
    limit_left: BigInt | None = attribute(
        SIGNED_IN, "How many the limits still allow the member; null for no limit."
    )

    @resolver(
        SIGNED_IN, "How many points all members together gave to it; null if it is no donation."
    )
    async def donated(self, info: Info) -> Points | None:
        return await donated(info, self.reward)


async def donated(info: Info, reward: Reward) -> Points | None:
    """Return what was given to the cause of a reward of the caller's brand, None if it has none."""
    if reward.kind is not rewards.RewardKind.DONATION:
        return None
    loaders = info.context.loaders
    found = await loaders.spending.donations.load(reward.code)
    return points((await loaders.programmes()).scale, found or 0)


async def page_of(
    info: Info, member_id: UUID, pages: Pages, category: str | None
) -> Connection[CatalogueItem]:
    """Return a page of the rewards that a member may ask for, in the order of the programme."""
    brand, now = info.context.principal.brand, info.context.now
    cursors = info.context.cursors("Member.catalogue")
    known = await info.context.loaders.programmes()
    programme = known.timeline.at(now)
    codes = rewards.listed(programme, brand, now, category) if programme else []
    asked = paging.window(cursors, *pages, codes.index)
    seen = await info.context.loaders.spending.catalogues.load(member_id) or {}
    shown = rewards.shown(brand, programme, info.context.language) if programme else {}
    items = [
        _item(known.scale, shown[code], seen[code])
        for code in paging.slice_of(codes, asked)
        if code in seen
    ]
    return paging.connection(cursors, asked, items, lambda each: each.reward.code)


def public(
    info: Info, brand: Brand, programme: Programme, pages: Pages, category: str | None
) -> Connection[Reward]:
    """Return a page of the rewards of any brand's programme, as anybody may read them."""
    cursors = info.context.cursors("Programme.rewards", brand)
    codes = rewards.listed(programme, brand, info.context.now, category)
    asked = paging.window(cursors, *pages, codes.index)
    shown = rewards.shown(brand, programme, info.context.language)
    found = [shown[code] for code in paging.slice_of(codes, asked)]
    return paging.connection(cursors, asked, found, lambda each: each.code)


def _item(scale: int, reward: Reward, seen: queries.CatalogueItem) -> CatalogueItem:
    return CatalogueItem(
        reward=reward,
        can_redeem=bool(seen.can_redeem),
        why_not=_why_not(scale, seen),
        left=None if seen.left is None else BigInt(seen.left),
        limit_left=None if seen.limit_left is None else BigInt(seen.limit_left),
    )


def _why_not(scale: int, seen: queries.CatalogueItem) -> WhyNot | None:
    if seen.why is None:
        return None
    return WhyNot(
        code=code_of(seen.why.code),
        missing=None if seen.missing is None else points(scale, seen.missing),
        from_=seen.starts_at,
    )
