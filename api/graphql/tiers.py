"""A member's tier, how long it lasts, and what is missing to the next."""

from datetime import datetime

import strawberry

from api.graphql.fields import SIGNED_IN, attribute
from api.graphql.money import Money, money
from domain.brands.rules import Brand
from domain.tiers.rules import Standing

TIERS_USUAL = 10
"""As how many tiers a brand's ladder counts."""


@strawberry.type(description="The tier above a member's present one.")
class NextTier:
    """The next step of the ladder."""

    name: str = attribute(SIGNED_IN, "The tier's name as members read it.")
    missing: Money = attribute(SIGNED_IN, "What this year's spend lacks to reach it.")


@strawberry.type(description="A member's place on the brand's ladder of tiers.")
class Tier:
    """A member's standing."""

    name: str = attribute(SIGNED_IN, "The tier's name as members read it.")
    rank: int = attribute(SIGNED_IN, "The tier's place on the ladder; 0 is the lowest.")
    valid_until: datetime | None = attribute(
        SIGNED_IN,
        "When the tier is over unless it is reached again; null for the lowest, which stays.",
    )
    spend_this_year: Money = attribute(
        SIGNED_IN, "What was paid less refunds since 1 January of the brand's time zone."
    )
    next: NextTier | None = attribute(SIGNED_IN, "The tier above; null at the top.")
    keep_missing: Money | None = attribute(
        SIGNED_IN,
        "What this year's spend lacks to hold the present tier for one more year; null for the"
        " lowest tier.",
    )
    progress: float = attribute(
        SIGNED_IN,
        "How much of the next tier's threshold this year's spend makes up: 0 to 1, at the top 1."
        " For a progress bar; decide nothing by it.",
    )


def tier(brand: Brand, standing: Standing) -> Tier:
    """Return a standing as it is shown."""
    ahead, missing = standing.next_tier, standing.missing
    return Tier(
        name=standing.tier,
        rank=standing.rank,
        valid_until=standing.valid_until,
        spend_this_year=money(brand, standing.spend_this_year),
        next=None
        if ahead is None or missing is None
        else NextTier(name=ahead, missing=money(brand, missing)),
        keep_missing=None if standing.keep_missing is None else money(brand, standing.keep_missing),
        progress=_progress(standing.spend_this_year, missing),
    )


def _progress(spend: int, missing: int | None) -> float:
    if missing is None:
        return 1.0
    return max(0, spend) / (spend + missing) if spend + missing > 0 else 1.0
