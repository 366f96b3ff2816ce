"""A member's tiers, how long they last, what is missing to the next, and what they give."""

from datetime import datetime
from enum import Enum

import strawberry

from api.graphql.benefits import BENEFITS_USUAL, Benefit, benefits
from api.graphql.fields import SIGNED_IN, attribute
from api.graphql.quantities import Quantity, quantity
from domain.brands.rules import Brand
from domain.programmes.rules import Programme
from domain.tiers.rules import Standing

TIERS_USUAL = 10
"""As how many tiers a brand's ladder counts."""
LADDERS_USUAL = 2
"""As how many ladders a brand counts."""


@strawberry.enum(description="What a ladder of tiers counts.")
class Measure(Enum):
    """The measures of ladders."""

    SPEND = strawberry.enum_value("spend", description="What was paid, less refunds.")
    POINTS = strawberry.enum_value("points", description="Points that count towards tiers.")
    PURCHASES = strawberry.enum_value("purchases", description="How many purchases were made.")
    ACTIVITIES = strawberry.enum_value(
        "activities", description="How many activities of one kind were done."
    )
    EXPRESSION = strawberry.enum_value(
        "expression", description="A number made of all these, as the programme says."
    )


@strawberry.type(description="The tier above a member's present one.")
class NextTier:
    """The next step of the ladder."""

    name: str = attribute(SIGNED_IN, "The tier's name as members read it.")
    missing: Quantity = attribute(SIGNED_IN, "What is missing to reach it.")
    by: datetime | None = attribute(
        SIGNED_IN,
        "Until when the missing can be brought: the end of the time in which it is counted;"
        " null if that never ends or moves on every day.",
    )


@strawberry.type(description="What keeps a tier once more.")
class TierKeep:
    """What is missing to hold the present tier beyond its end."""

    missing: Quantity = attribute(SIGNED_IN, "What is missing; zero if it is kept already.")
    by: datetime | None = attribute(
        SIGNED_IN, "Until when it can be brought; null if that never ends."
    )


@strawberry.type(description="A member's place on one of the brand's ladders of tiers.")
class Tier:
    """A member's standing."""

    ladder: str = attribute(SIGNED_IN, "The code of the ladder, one of `programme.ladders`.")
    name: str = attribute(SIGNED_IN, "The tier's name as members read it.")
    rank: int = attribute(SIGNED_IN, "The tier's place on the ladder; 0 is the lowest.")
    since: datetime = attribute(SIGNED_IN, "Since when the member has it.")
    valid_until: datetime | None = attribute(
        SIGNED_IN,
        "When the tier is over unless it is reached again; null for one that stays, as the lowest"
        " does.",
    )
    granted: bool = attribute(
        SIGNED_IN, "Whether it was given by hand, above what the member has earned."
    )
    measure: Measure = attribute(SIGNED_IN, "What counts on this ladder.")
    counted: Quantity = attribute(
        SIGNED_IN, "How much of it counts now, refunds taken off; below zero if they were more."
    )
    progress: float = attribute(
        SIGNED_IN,
        "How much of what the next tier takes is there: 0 to 1, at the top 1. For a progress bar;"
        " decide nothing by it.",
    )
    next: NextTier | None = attribute(SIGNED_IN, "The tier above; null at the top.")
    keep: TierKeep | None = attribute(
        SIGNED_IN,
        "What keeps the tier beyond `validUntil`, or earns one that was given by hand; null if"
        " nothing has to be done or can be.",
    )
    benefits: list[Benefit] = attribute(
        SIGNED_IN, "What it gives besides points, and will give.", size=BENEFITS_USUAL
    )


def tier(brand: Brand, scale: int, programme: Programme, at: datetime, standing: Standing) -> Tier:
    """Return a standing at an instant as it is shown, by the programme in force then."""

    def shown(smallest: int) -> Quantity:
        return quantity(brand, scale, standing.measure, smallest)

    ahead, missing, keep = standing.next_tier, standing.missing, standing.keep_missing
    return Tier(
        ladder=standing.ladder,
        name=standing.tier,
        rank=standing.rank,
        since=standing.since,
        valid_until=standing.valid_until,
        granted=standing.granted,
        measure=Measure(standing.measure),
        counted=shown(standing.progress),
        progress=_progress(standing.progress, missing),
        next=None
        if ahead is None or missing is None
        else NextTier(name=ahead, missing=shown(missing), by=standing.missing_by),
        keep=None
        if keep is None or standing.keep_by is None
        else TierKeep(missing=shown(keep), by=standing.keep_by),
        benefits=benefits(brand, programme, standing.tier, brand.local(at).date()),
    )


def _progress(counted: int, missing: int | None) -> float:
    if missing is None:
        return 1.0
    return max(0, counted) / (counted + missing) if counted + missing > 0 else 1.0
