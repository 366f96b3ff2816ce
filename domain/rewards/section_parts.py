"""The parts of the ``[rewards]`` section: rewards, limits, and what is given by itself."""

import re
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from domain.earning.section_parts import Moment
from kit.calendar import Period
from kit.documents import Code, Day, Exact, ExactPositive, Flag, Part, Text, Whole, fault
from kit.words import LongWords, Words

Path = tuple[str | int, ...]

REWARDS_MAX = 1_000
CATEGORIES_MAX = 100
LIMITS_MAX = 100
AUTOMATIC_MAX = 100
TIERS_MAX = 50
EARLY_MAX = 10
STOCK_MAX = 1_000_000_000
DAYS_MAX = 3_660
MONTHS_MAX = 120
QUANTITY_MAX = 100

Kind = Literal[
    "voucher",
    "discount",
    "free_product",
    "gift_card",
    "experience",
    "event",
    "flight",
    "bag",
    "hotel_night",
    "partner_status",
    "donation",
    "points",
    "game_item",
]
WITHOUT_VOUCHER = frozenset({"donation", "points", "partner_status", "game_item"})
"""Kinds that give no code to show at a till: they are done when they are fulfilled."""

_URL = re.compile(r"https://[^\s\"<>\\^`{|}\x00-\x20\x7f]{1,1990}")
_TIERS = Annotated[tuple[Text, ...], Field(max_length=TIERS_MAX)]


def _picture(value: object) -> str:
    if not isinstance(value, str) or not _URL.fullmatch(value):
        raise fault('is no address of a picture; write one such as "https://example.com/cup.png"')
    return value


Picture = Annotated[
    str,
    BeforeValidator(_picture),
    WithJsonSchema({"type": "string", "pattern": f"^{_URL.pattern}$"}),
]


class Category(Part):
    """What rewards are sorted into."""

    code: Code = Field(description="the category's short name")
    name: Words = Field(description="what members read: text, or a table by language")


class Early(Part):
    """Members of these tiers may redeem before everybody else."""

    tiers: Annotated[_TIERS, Field(min_length=1)] = Field(description="the tiers")
    from_: Moment = Field(alias="from", description="their first day, or instant")


class Validity(Part):
    """How long a voucher is good from the day it is issued: give one of the three.

    Days and months last to the end of the brand's day.
    """

    days: Annotated[Whole, Field(ge=0, le=DAYS_MAX)] | None = Field(
        default=None, description="so many days; 0 is the same day"
    )
    months: Annotated[Whole, Field(ge=1, le=MONTHS_MAX)] | None = Field(
        default=None, description="so many calendar months"
    )
    until: Day | None = Field(default=None, description="the first day on which it is gone")


class Reward(Part):
    """Something members can have for points, or for points and money.

    Fulfilled ``at_once`` it is theirs as soon as they ask. Else the points are reserved until
    staff fulfil it; if ``fulfil_days`` pass first, it ends and the points are back. What costs
    money too is always fulfilled by staff: by whoever took the payment.
    """

    code: Code = Field(description="the reward's short name, which never means another one")
    kind: Kind = Field(description="what it is")
    name: Words = Field(description="what members read: text, or a table by language")
    description: LongWords | None = Field(default=None, description="more of it")
    terms: LongWords | None = Field(default=None, description="the small print")
    picture: Picture | None = Field(default=None, description="the address of a picture")
    category: Code | None = Field(default=None, description="the code of a category")
    points: Exact = Field(description='how many points it costs; "0" is free')
    money: ExactPositive | None = Field(default=None, description="and how much money")
    value: ExactPositive | None = Field(
        default=None, description="what it is worth at the till, in the brand's currency"
    )
    percent: ExactPositive | None = Field(default=None, description="how much a discount takes off")
    gives: ExactPositive | None = Field(
        default=None, description='how many points kind = "points" gives'
    )
    article: Text | None = Field(default=None, description="the article, for a free product")
    status: Text | None = Field(default=None, description="the status, for partner_status")
    cost: Exact | None = Field(
        default=None, description="what one costs the brand, for figures and simulations"
    )
    tiers: _TIERS = Field(default=(), description="for members of these tiers only")
    birthday_days: Annotated[Whole, Field(ge=1, le=366)] | None = Field(
        default=None, description="in so many days from the member's birthday on only"
    )
    from_: Moment | None = Field(default=None, alias="from", description="the first day or instant")
    until: Moment | None = Field(
        default=None, description="the first day or instant at which it can't be had any more"
    )
    early: Annotated[tuple[Early, ...], Field(max_length=EARLY_MAX)] = Field(
        default=(), description="who may before, each a [[rewards.reward.early]]"
    )
    stock: Annotated[Whole, Field(ge=0, le=STOCK_MAX)] | None = Field(
        default=None, description="how many there are for all time; no end if left out"
    )
    codes: Code | None = Field(
        default=None, description="the pool that its codes come from; made here if left out"
    )
    valid: Validity | None = Field(default=None, description="how long the voucher is good")
    fulfil: Literal["at_once", "by_staff"] = Field(default="at_once", description="how it is done")
    fulfil_days: Annotated[Whole, Field(ge=1, le=366)] = Field(
        default=7, description="how long staff have to fulfil or approve it"
    )
    return_days: Annotated[Whole, Field(ge=0, le=DAYS_MAX)] | None = Field(
        default=None, description="how long it can be returned unused; never if left out"
    )
    listed: Flag = Field(
        default=True, description="whether members can ask for it, or only get it automatically"
    )


class Limit(Part):
    """The most that one member may redeem in a period of the brand's clock, or ever.

    Of rewards that are named it counts those together, else all. ``value`` is what they are
    worth. What was cancelled, returned or not fulfilled in time does not count.
    """

    name: Text = Field(description="what members and staff read as the reason")
    rewards: Annotated[tuple[Code, ...], Field(max_length=REWARDS_MAX)] = Field(
        default=(), description="the rewards it limits together; all if none"
    )
    period: Period | None = Field(default=None, description="how long it counts; all time")
    times: Annotated[Whole, Field(ge=1)] | None = Field(default=None, description="so many")
    points: ExactPositive | None = Field(default=None, description="for so many points")
    value: ExactPositive | None = Field(default=None, description="worth so much money")


class Automatic(Part):
    """A reward that members get without asking, as soon as Laurel hears of the reason.

    ``points``: whenever they have the reward's price, which is spent. ``tier``: with each move
    up into one of the ``tiers``, not for staying, again after a fall by time. ``birthday``: on
    the day, once a year. ``activity``: with each activity of the kind.
    """

    reward: Code = Field(description="the code of the reward")
    on: Literal["points", "tier", "birthday", "activity"] = Field(description="the reason")
    tiers: _TIERS = Field(default=(), description='the tiers, for on = "tier"')
    activity: Text | None = Field(default=None, description='the kind, for on = "activity"')
