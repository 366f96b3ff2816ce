"""Rewards as a programme describes them, for anybody, in the reader's language."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import lru_cache

import strawberry

from api.context import Info
from api.graphql import ids
from api.graphql.fields import EVERYONE, attribute
from api.graphql.money import Money, money, points
from api.graphql.node import Node
from api.graphql.scalars import Points
from domain.brands.rules import Brand
from domain.programmes.rules import Programme, Timeline
from domain.rewards.rules_catalogue import Offer, offers_of
from domain.rewards.section import RewardsSection
from domain.rewards.section_parts import Validity
from domain.wallets.section import PointsSection
from kit.words import in_language

KIND = "Reward"
CATEGORIES_USUAL = 5
"""As how many categories a programme counts."""
EARLY_USUAL = 1
"""As how many tiers with early access a reward counts."""


@strawberry.enum(description="What a reward is, for apps to draw. Kinds may be added.")
class RewardKind(Enum):
    """The kinds of rewards."""

    VOUCHER = strawberry.enum_value("voucher", description="A code to show at a till.")
    DISCOUNT = strawberry.enum_value("discount", description="Less to pay, once.")
    FREE_PRODUCT = strawberry.enum_value("free_product", description="An article for nothing.")
    GIFT_CARD = strawberry.enum_value(
        "gift_card", description="Money on a code, used in parts or at once."
    )
    EXPERIENCE = strawberry.enum_value("experience", description="Something to live through.")
    EVENT = strawberry.enum_value("event", description="A seat at an event.")
    FLIGHT = strawberry.enum_value("flight", description="A flight.")
    BAG = strawberry.enum_value("bag", description="A bag on a flight.")
    HOTEL_NIGHT = strawberry.enum_value("hotel_night", description="A night at a hotel.")
    PARTNER_STATUS = strawberry.enum_value(
        "partner_status", description="A status with a partner of the brand."
    )
    DONATION = strawberry.enum_value("donation", description="Points given to a cause.")
    POINTS = strawberry.enum_value("points", description="Points.")
    GAME_ITEM = strawberry.enum_value(
        "game_item", description="Something for games, such as a freeze of a streak."
    )


@strawberry.enum(description="How a reward is done once a member asked for it.")
class FulfilmentWay(Enum):
    """The two ways."""

    AT_ONCE = strawberry.enum_value("at_once", description="It is the member's at once.")
    BY_STAFF = strawberry.enum_value(
        "by_staff", description="The points are reserved until the brand has done it."
    )


@strawberry.type(description="What rewards are sorted into.")
class RewardCategory:
    """A category."""

    code: str = attribute(EVERYONE, "The category's short name, to ask for its rewards by.")
    name: str = attribute(
        EVERYONE, "What members read, in the language that `Accept-Language` asks for."
    )


@strawberry.type(description="What one of a reward costs.")
class RewardPrice:
    """A price: points, and money where there is some."""

    points: Points = attribute(EVERYONE, "The points to spend; zero for what is free.")
    money: Money | None = attribute(
        EVERYONE, "The money to pay to the brand besides; null for none."
    )


@strawberry.type(description="When members of a tier may have a reward before the others.")
class EarlyAccess:
    """Who may when."""

    tier: str = attribute(EVERYONE, "The tier's name as members read it.")
    from_: datetime = attribute(EVERYONE, "The first instant at which they may.", name="from")


@strawberry.type(
    description="How long a voucher is good from the day it is issued: one of the three, or for"
    " good if all are null. Days and months last to the end of the brand's day."
)
class VoucherValidity:
    """A validity as written."""

    days: int | None = attribute(EVERYONE, "So many days; 0 is the same day.")
    months: int | None = attribute(EVERYONE, "So many calendar months.")
    until: date | None = attribute(
        EVERYONE, "The first day in the brand's time zone on which it is gone."
    )


@strawberry.type(
    description="Something that members can have for points. Texts are in the language that"
    " `Accept-Language` asks for, if the brand wrote them in it."
)
class Reward(Node):
    """A reward as the latest version of the programme that has it says."""

    code: str = attribute(
        EVERYONE, "The reward's short name, by which to ask for it; it never means another one."
    )
    kind: RewardKind = attribute(EVERYONE, "What it is, for apps to draw.")
    name: str = attribute(EVERYONE, "What members read.")
    description: str | None = attribute(EVERYONE, "More of it; null for no more.")
    terms: str | None = attribute(EVERYONE, "The small print; null for none.")
    picture: str | None = attribute(
        EVERYONE, "The address of a picture, with `https`; null for none."
    )
    category: RewardCategory | None = attribute(
        EVERYONE, "What it is sorted into; null for nothing.", weight=0
    )
    price: RewardPrice = attribute(EVERYONE, "What one of it costs.", weight=0)
    value: Money | None = attribute(
        EVERYONE, "What one is worth at the till; null if nothing says.", weight=0
    )
    percent: Decimal | None = attribute(
        EVERYONE, "How many percent a discount takes off; null for what is no such discount."
    )
    gives: Points | None = attribute(
        EVERYONE, "How many points one gives, if it is points; else null."
    )
    article: str | None = attribute(EVERYONE, "The article of a free product, if one is named.")
    partner_status: str | None = attribute(
        EVERYONE, "The status with a partner, if it is one that is named."
    )
    tiers: list[str] = attribute(
        EVERYONE, "The names of the tiers whose members alone may have it; all if it is empty."
    )
    birthday_days: int | None = attribute(
        EVERYONE,
        "In how many days from the member's birthday on it can be had; null for no such limit.",
    )
    from_: datetime | None = attribute(
        EVERYONE, "The first instant at which it can be had; null if it always could.", name="from"
    )
    until: datetime | None = attribute(
        EVERYONE, "The first instant at which it can't be had any more; null for no end."
    )
    early: list[EarlyAccess] = attribute(
        EVERYONE, "Who may have it before `from`.", size=EARLY_USUAL
    )
    limits: list[str] = attribute(
        EVERYONE, "The names of the limits on how often a member may have it."
    )
    fulfilment: FulfilmentWay = attribute(EVERYONE, "How it is done.")
    return_days: int | None = attribute(
        EVERYONE, "For how many days it can be returned unused; null if it can't."
    )
    validity: VoucherValidity | None = attribute(
        EVERYONE, "How long its voucher is good; null for what gives none.", weight=0
    )


def reward(info: Info, code: str, timeline: Timeline) -> Reward | None:
    """Return a reward of the caller's brand by its code, from the latest version that has it.

    Versions that are not in force yet don't count.
    """
    brand = info.context.principal.brand
    for programme in reversed(timeline.programmes):
        if programme.effective_from <= info.context.now:
            found = shown(brand, programme, info.context.language).get(code)
            if found is not None:
                return found
    return None


async def by_id(info: Info, key: str) -> Reward | None:
    """Return the reward with that key, None if the caller's brand has none."""
    brand, _, code = key.partition("/")
    if brand != info.context.principal.brand.code:
        return None
    return reward(info, code, (await info.context.loaders.programmes()).timeline)


def listed(programme: Programme, brand: Brand, now: datetime, category: str | None) -> list[str]:
    """Return the codes of what members may ask for, now or later, in the order of the file."""
    return [
        code
        for code, each in offers_of(programme, brand).items()
        if each.reward.listed
        and (each.until is None or now < each.until)
        and category in (None, each.reward.category)
    ]


@lru_cache(maxsize=64)
def categories(programme: Programme, language: str) -> Mapping[str, RewardCategory]:
    """Return a programme's categories by code, in the order of the file."""
    section = programme.document.find(RewardsSection)
    return {
        each.code: RewardCategory(code=each.code, name=in_language(each.name, language))
        for each in (section.category if section else ())
    }


# A version never changes, and rewards are read with each home screen.
@lru_cache(maxsize=64)
def shown(brand: Brand, programme: Programme, language: str) -> Mapping[str, Reward]:
    """Return all of a programme's rewards by code, as they are shown in a language."""
    scale = programme.document.section(PointsSection).scale
    sorted_into = categories(programme, language)
    return {
        code: _shown(brand, scale, sorted_into, each, language)
        for code, each in offers_of(programme, brand).items()
    }


def _shown(
    brand: Brand,
    scale: int,
    sorted_into: Mapping[str, RewardCategory],
    offer: Offer,
    language: str,
) -> Reward:
    each = offer.reward
    return Reward(
        id=ids.encode(KIND, f"{brand.code}/{each.code}"),
        code=each.code,
        kind=RewardKind(each.kind),
        name=in_language(each.name, language),
        description=in_language(each.description, language) if each.description else None,
        terms=in_language(each.terms, language) if each.terms else None,
        picture=each.picture,
        category=sorted_into[each.category] if each.category else None,
        price=RewardPrice(
            points=points(scale, offer.points), money=_money(brand, each.money, offer.money)
        ),
        value=_money(brand, each.value, offer.value),
        percent=each.percent,
        gives=None if each.gives is None else points(scale, offer.gives),
        article=each.article,
        partner_status=each.status,
        tiers=list(each.tiers),
        birthday_days=each.birthday_days,
        from_=offer.starts_at,
        until=offer.until,
        early=[EarlyAccess(tier=tier, from_=at) for tier, at in offer.early.items()],
        limits=[limit.name for limit in offer.limits],
        fulfilment=FulfilmentWay(each.fulfil),
        return_days=each.return_days,
        validity=_validity(offer),
    )


def _validity(offer: Offer) -> VoucherValidity | None:
    if not offer.gives_voucher:
        return None
    valid = offer.reward.valid or Validity()
    return VoucherValidity(days=valid.days, months=valid.months, until=valid.until)


def _money(brand: Brand, written: Decimal | None, minor: int) -> Money | None:
    return None if written is None else money(brand, minor)
