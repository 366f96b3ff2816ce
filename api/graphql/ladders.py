"""The ladders of tiers of a brand's programme, for anybody."""

from datetime import datetime
from enum import Enum

import strawberry

from api.graphql.benefits import BENEFITS_USUAL, Benefit, benefits
from api.graphql.fields import EVERYONE, attribute
from api.graphql.quantities import Quantity, exact
from api.graphql.tiers import TIERS_USUAL, Measure
from domain.brands.rules import Brand
from domain.programmes.rules import Programme
from domain.tiers import section
from domain.tiers.section import Period, TiersSection
from domain.wallets.section import PointsSection


@strawberry.enum(description="Over which time a ladder counts.")
class CountingWindow(Enum):
    """The windows of ladders."""

    CALENDAR_YEAR = strawberry.enum_value(
        "calendar_year", description="From 1 January of the brand's time zone on."
    )
    ANNIVERSARY = strawberry.enum_value(
        "anniversary", description="From the day of the year on which the member joined."
    )
    ROLLING = strawberry.enum_value("rolling", description="The months up to now.")
    LIFETIME = strawberry.enum_value("lifetime", description="All time.")


@strawberry.enum(description="How long a tier lasts once it is reached.")
class Holding(Enum):
    """The ways in which tiers end."""

    END_OF_WINDOW = strawberry.enum_value(
        "end_of_window", description="To the end of the window in which it was last reached."
    )
    END_OF_NEXT_WINDOW = strawberry.enum_value(
        "end_of_next_window", description="To the end of the window after that."
    )
    MONTHS = strawberry.enum_value(
        "months", description="So many months from the day it was reached, again and again if kept."
    )
    WHILE_REACHED = strawberry.enum_value(
        "while_reached", description="As long as the window holds enough."
    )
    FOREVER = strawberry.enum_value("forever", description="For good.")


@strawberry.type(description="One step of a ladder of tiers.")
class TierStep:
    """A tier as the programme describes it."""

    name: str = attribute(EVERYONE, "The tier's name as members read it.")
    rank: int = attribute(EVERYONE, "The tier's place on the ladder; 0 is the lowest.")
    threshold: Quantity = attribute(
        EVERYONE, "From how much on it is reached, up to but not including the next one's."
    )
    keep: Quantity = attribute(
        EVERYONE, "What its time must bring to hold it once more, where tiers are held for months."
    )
    benefits: list[Benefit] = attribute(
        EVERYONE, "What it gives besides points, and will give.", size=BENEFITS_USUAL
    )


@strawberry.type(description="Tiers by one measure.")
class Ladder:
    """A ladder as the programme describes it."""

    code: str = attribute(EVERYONE, "The ladder's short name, as `Tier.ladder` has it.")
    name: str | None = attribute(EVERYONE, "The ladder's name as members read it, if it has one.")
    measure: Measure = attribute(EVERYONE, "What counts.")
    activity: str | None = attribute(
        EVERYONE, "The kind of activity that counts; null where something else does."
    )
    window: CountingWindow = attribute(EVERYONE, "Over which time it counts.")
    window_months: int | None = attribute(
        EVERYONE, "How many months a rolling window has; null for the others."
    )
    holds: Holding = attribute(EVERYONE, "How long a tier lasts once it is reached.")
    holds_months: int | None = attribute(
        EVERYONE, "For how many months, where it is held for months; else null."
    )
    grace_days: int = attribute(EVERYONE, "How many days a tier outlasts its end.")
    tiers: list[TierStep] = attribute(EVERYONE, "The tiers, the lowest first.", size=TIERS_USUAL)


def ladders(brand: Brand, programme: Programme, now: datetime) -> list[Ladder]:
    """Return a programme's ladders, the main one first."""
    tiers = programme.document.find(TiersSection)
    return [_shown(brand, programme, each, now) for each in (tiers.ladder if tiers else ())]


def _shown(brand: Brand, programme: Programme, each: section.Ladder, now: datetime) -> Ladder:
    holds = each.holds
    return Ladder(
        code=each.code,
        name=each.name,
        measure=Measure(each.qualify_by),
        activity=each.activity,
        window=CountingWindow(each.window),
        window_months=each.months,
        holds=Holding.MONTHS if isinstance(holds, Period) else Holding(holds),
        holds_months=holds.months if isinstance(holds, Period) else None,
        grace_days=each.grace_days,
        tiers=_steps(brand, programme, each, now),
    )


def _steps(
    brand: Brand, programme: Programme, ladder: section.Ladder, now: datetime
) -> list[TierStep]:
    scale = programme.document.section(PointsSection).scale
    today = brand.local(now).date()
    return [
        TierStep(
            name=each.name,
            rank=rank,
            threshold=exact(brand, scale, ladder.qualify_by, each.threshold),
            keep=exact(
                brand,
                scale,
                ladder.qualify_by,
                each.threshold if each.keep is None else each.keep,
            ),
            benefits=benefits(brand, programme, each.name, today),
        )
        for rank, each in enumerate(ladder.tier)
    ]
