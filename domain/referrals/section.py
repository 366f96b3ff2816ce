"""The ``[referrals]`` section of a programme file: when bringing a friend counts."""

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar

from pydantic import BeforeValidator, Field

from domain.brands.section import BrandSection
from domain.earning.section import EarningSection
from domain.earning.section_parts import PURCHASE
from domain.rewards.section import RewardsSection
from kit.calendar import Period
from kit.documents import ROOT, ExactPositive, Part, Section, Text, Whole, fault, find_section

LIMITS_MAX = 10
SIGNALS_MAX = 20
DAYS_MAX = 3_660
REFERRAL = "referral"
"""The activity of the member who brought a friend, once it counts."""
REFERRED = "referred"
"""The activity of the friend."""

Path = tuple[str | int, ...]


def _link(value: object) -> str:
    if not isinstance(value, str) or value.count("{code}") != 1 or not value.startswith("https://"):
        raise fault('is no link; write one such as "https://example.com/join?friend={code}"')
    return value


class Limit(Part):
    """How many friends count for one member in a period of the brand's clock, or ever.

    A friend counts from naming the code on, unless staff have yet to look.
    """

    name: Text = Field(description="what members and staff read as the reason")
    period: Period | None = Field(default=None, description="how long it counts; all time")
    times: Annotated[Whole, Field(ge=1)] = Field(description="so many friends")


class ReferralsSection(Section):
    """Members may bring friends; without this section nobody may.

    A friend names a member's code within ``link_days`` of following the link and within
    ``claim_days`` of joining, and joined no earlier than that member. The referral counts once
    the friend has done ``on``, for ``minimum`` at least, within ``qualify_days`` of naming the
    code, and that was not returned for ``return_days``. Then the one who brought has done the
    activity "referral", the friend "referred": what they get is said by the rules of [earning]
    and by [[rewards.automatic]]. Days are whole days of the brand's clock, the last one included;
    what was done in the days before naming the code neither counts nor harms.

    Who shares one of the ``signals`` with the other, such as a device or a card, or with anybody
    up the chain, brought nobody; friends of one member who share one wait for staff. Who brings
    more than ``review_over`` friends in a day waits as well, from the first one too many on.
    """

    optional: ClassVar[bool] = True

    on: Text = Field(default=PURCHASE, description='"purchase" or the kind of an activity')
    minimum: ExactPositive | None = Field(
        default=None, description="for this amount at least, in the brand's currency"
    )
    link: Annotated[str, BeforeValidator(_link)] | None = Field(
        default=None, max_length=1_000, description="the address members share, with {code} in it"
    )
    link_days: Annotated[Whole, Field(ge=0, le=DAYS_MAX)] = Field(
        default=30, description="how long a link that was followed counts"
    )
    claim_days: Annotated[Whole, Field(ge=0, le=DAYS_MAX)] = Field(
        default=30, description="how long after joining a friend may name a code"
    )
    qualify_days: Annotated[Whole, Field(ge=1, le=DAYS_MAX)] = Field(
        default=90, description="how long the friend has to do it"
    )
    return_days: Annotated[Whole, Field(ge=0, le=DAYS_MAX)] = Field(
        default=0, description="how long a return undoes it; rewards wait for it"
    )
    signals: Annotated[tuple[Text, ...], Field(max_length=SIGNALS_MAX)] = Field(
        default=(), description="attributes of members that two people don't share"
    )
    review_over: Annotated[Whole, Field(ge=1)] | None = Field(
        default=None, description="more friends in a day are looked at by staff first"
    )
    limit: Annotated[tuple[Limit, ...], Field(max_length=LIMITS_MAX)] = Field(
        default=(), description="the most in a period, each a [[referrals.limit]]"
    )

    def faults(self, others: Mapping[str, Section]) -> Iterator[tuple[Path, str]]:
        """Yield referrals that nothing rewards, and amounts finer than money."""
        brand = find_section(others, BrandSection)
        if self.minimum and brand and self.minimum.scaleb(brand.currency_exponent) % 1:
            yield ("minimum",), f"is finer than {brand.currency} can be; write fewer decimals"
        if self.on in (REFERRAL, REFERRED):
            yield ("on",), f"can't be {self.on!r}: that is what comes of it"
        earning, rewards = (
            find_section(others, EarningSection),
            find_section(others, RewardsSection),
        )
        kinds = {rule.on for rule in earning.rule} if earning else set()
        kinds |= {each.activity or "" for each in rewards.automatic} if rewards else set()
        if not kinds & {REFERRAL, REFERRED}:
            yield (
                (*ROOT, "referrals"),
                'give nobody anything; add a rule of [earning] with on = "referral" or "referred"',
            )
