"""The ``[earning]`` section of a programme file: what purchases and activities earn."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from domain.brands.section import BrandSection
from domain.earning.section_faults import (
    cap_faults,
    carry_faults,
    condition_faults,
    doubled,
    group_faults,
    placed,
    rule_faults,
    share_faults,
)
from domain.earning.section_parts import (
    BASE,
    CAPS_MAX,
    MULTIPLIERS_MAX,
    RULES_MAX,
    Cap,
    Conditional,
    Multiplier,
    Names,
    Path,
    Rule,
)
from domain.tiers.section import TiersSection
from domain.wallets.section import PointsSection
from kit.documents import ROOT, Exact, ExactPositive, Section, find_section


class EarningSection(Section):
    """What purchases and activities earn.

    The base rate is ``points`` for every ``per`` of money on a purchase's lines, multiplied by
    the multipliers, rounded once per purchase. ``stacking`` says what happens where several
    multipliers meet on one line: ``best`` takes the highest factor, ``multiply`` their product,
    ``add`` adds what each gives above one, ``priority`` takes the one with the highest priority.

    ``refund_rounding`` decides a partial return: ``kept`` leaves what the kept goods alone would
    earn; ``returned`` takes back what the returned goods made, rounded like everything. Either
    way all parts together take back exactly what was given.
    """

    points: Exact | None = Field(default=None, description="how many points are earned")
    per: ExactPositive | None = Field(default=None, description="for how much money")
    rounding: Literal["floor", "half_up", "half_even", "ceiling"] = Field(
        description="how points become a number their unit can hold"
    )
    base: Literal["after_discount", "before_discount"] = Field(
        description="whether what was paid counts, or the price before discounts"
    )
    refund_rounding: Literal["kept", "returned"] = Field(
        default="kept", description="which side of a partial return is rounded"
    )
    excluded_categories: Names = Field(
        default=(), description="lines that earn nothing: gift cards, tax"
    )
    stacking: Literal["best", "multiply", "add", "priority"] | None = Field(
        default=None, description="what happens where several multipliers meet"
    )
    per_purchase_cap: Exact | None = Field(
        default=None, description="the most points one purchase or activity earns"
    )
    multiplier: Annotated[tuple[Multiplier, ...], Field(max_length=MULTIPLIERS_MAX)] = Field(
        default=(), description="each a [[earning.multiplier]]"
    )
    rule: Annotated[tuple[Rule, ...], Field(max_length=RULES_MAX)] = Field(
        default=(), description="each a [[earning.rule]]"
    )
    cap: Annotated[tuple[Cap, ...], Field(max_length=CAPS_MAX)] = Field(
        default=(), description="each a [[earning.cap]]"
    )

    def faults(self, others: Mapping[str, Section]) -> Iterator[tuple[Path, str]]:
        """Yield what contradicts itself or another section, and what could never apply."""
        yield from self._base_faults()
        yield from self._stacking_faults()
        for kind, parts in (
            ("multiplier", self.multiplier),
            ("rule", self.rule),
            ("cap", self.cap),
        ):
            yield from doubled(kind, [each.name for each in parts])
        for index, multiplier in enumerate(self.multiplier):
            yield from placed(("multiplier", index), condition_faults(multiplier, others))
            yield from placed(("multiplier", index), self._excluded_faults(multiplier))
        for index, rule in enumerate(self.rule):
            yield from placed(("rule", index), rule_faults(rule, others))
            yield from placed(("rule", index), condition_faults(rule, others))
            yield from placed(("rule", index), self._excluded_faults(rule))
        yield from share_faults(self.rule, base=self.points is not None)
        yield from group_faults(self.rule)
        known = {BASE, *(rule.name for rule in self.rule)}
        for index, cap in enumerate(self.cap):
            yield from placed(("cap", index), cap_faults(cap, known))
        points = find_section(others, PointsSection)
        yield from carry_faults(self.cap, self.rule, points)
        yield from self._too_fine(others)
        if points and points.tier_expiry and find_section(others, TiersSection) is None:
            message = "is for members of tiers, but the file has no [tiers]; add them"
            yield (*ROOT, "points", "tier_expiry"), message

    def _base_faults(self) -> Iterator[tuple[Path, str]]:
        if (self.points is None) != (self.per is None):
            yield ("points",), "and per go together: so many points for so much money"
        if self.points is None and not self.rule:
            yield ("rule",), "is missing: nothing is earned; add points and per, or a rule"
        if self.points is None and self.multiplier:
            yield ("multiplier",), "multiplies points per money, which are missing; add them"

    def _stacking_faults(self) -> Iterator[tuple[Path, str]]:
        if len(self.multiplier) > 1 and self.stacking is None:
            yield (
                ("stacking",),
                'is missing: add "best", "multiply", "add" or "priority" for several multipliers',
            )
        ranks: set[int | None] = set()
        for index, each in enumerate(self.multiplier):
            place: Path = ("multiplier", index, "priority")
            if self.stacking == "priority":
                if each.priority is None or each.priority in ranks:
                    yield place, "must be there and different from that of every other multiplier"
            elif each.priority is not None and self.stacking is not None:
                yield place, 'goes with stacking = "priority"; leave it out'
            ranks.add(each.priority)

    def _excluded_faults(self, each: Conditional) -> Iterator[tuple[Path, str]]:
        for index, category in enumerate(each.categories):
            if category in self.excluded_categories:
                message = f"{category!r} earns nothing: it is among earning.excluded_categories"
                yield ("categories", index), f"{message}; take it out of one of the two"

    def _too_fine(self, others: Mapping[str, Section]) -> Iterator[tuple[Path, str]]:
        points, brand = find_section(others, PointsSection), find_section(others, BrandSection)
        if points is None or brand is None:
            return
        amounts: list[tuple[Path, Decimal | None]] = [
            (("per_purchase_cap",), self.per_purchase_cap)
        ]
        money: list[tuple[Path, Decimal | None]] = []
        for index, cap in enumerate(self.cap):
            amounts.append((("cap", index, "points"), cap.points))
            money.append((("cap", index, "amount"), cap.amount))
        for index, rule in enumerate(self.rule):
            for place, step in enumerate(rule.steps):
                amounts.append((("rule", index, "steps", place, "points"), step.points))
                money.append((("rule", index, "steps", place, "from"), step.from_))
            if rule.per is None and rule.each is None:
                amounts.append((("rule", index, "points"), rule.points))
        for path, value in amounts:
            if value is not None and value.scaleb(points.scale) % 1:
                yield path, f"has more decimals than points.scale, {points.scale}; write fewer"
        for path, value in money:
            if value is not None and value.scaleb(brand.currency_exponent) % 1:
                yield path, f"is finer than {brand.currency} can be; write fewer decimals"
