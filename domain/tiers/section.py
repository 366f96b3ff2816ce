"""The ``[tiers]`` section of a programme file."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from domain.brands.section import BrandSection
from kit.documents import Exact, Part, Section, Text, find_section

TIERS_MAX = 50


class Step(Part):
    """One tier: reached at ``threshold`` exactly, up to but not including the next one's."""

    name: Text = Field(description="the tier's name as members read it")
    threshold: Exact = Field(description="from how much on, in the brand's currency")


class TiersSection(Section):
    """The ladder of tiers, lowest first, and how long a tier once reached is held."""

    optional: ClassVar[bool] = True

    qualify_by: Literal["calendar_year_spend"] = Field(
        description="what is counted: the amounts paid less refunds, per calendar year"
    )
    holds_until: Literal["end_of_next_year"] = Field(
        description="how long a tier lasts once reached"
    )
    ladder: Annotated[tuple[Step, ...], Field(min_length=1, max_length=TIERS_MAX)] = Field(
        description="the tiers, lowest first, each a [[tiers.ladder]]"
    )

    def faults(self, others: Mapping[str, Section]) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Yield thresholds out of order or finer than the currency, and doubled names."""
        brand = find_section(others, BrandSection)
        names: set[str] = set()
        below: Decimal | None = None
        for index, step in enumerate(self.ladder):
            place = ("ladder", index, "threshold")
            if below is None and step.threshold:
                yield place, 'of the lowest tier must be "0": every member has a tier'
            if below is not None and step.threshold <= below:
                yield place, f"must be above {below}, the threshold of the tier before"
            if brand and step.threshold.scaleb(brand.currency_exponent) % 1:
                yield place, f"is finer than {brand.currency} can be; write fewer decimals"
            if step.name in names:
                yield ("ladder", index, "name"), f"{step.name!r} is taken by a tier before"
            names.add(step.name)
            below = step.threshold
