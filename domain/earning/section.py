"""The ``[earning]`` section of a programme file: what purchases and activities earn."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from domain.brands.section import BrandSection
from domain.earning.section_parts import (
    BASE,
    CAPS_MAX,
    LINE_NAMES,
    MULTIPLIERS_MAX,
    PURCHASE,
    RULES_MAX,
    Cap,
    Conditional,
    Multiplier,
    Names,
    Path,
    Rule,
    rule_language,
)
from domain.tiers.section import TiersSection
from domain.wallets.section import PointsSection
from kit.documents import Exact, ExactPositive, Section, find_section


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
        yield from _doubled("multiplier", [each.name for each in self.multiplier])
        yield from _doubled("rule", [each.name for each in self.rule])
        yield from _doubled("cap", [each.name for each in self.cap])
        for index, multiplier in enumerate(self.multiplier):
            yield from _placed(("multiplier", index), _condition_faults(multiplier, others))
        for index, rule in enumerate(self.rule):
            yield from _placed(("rule", index), _rule_faults(rule))
            yield from _placed(("rule", index), _condition_faults(rule, others))
        yield from _share_faults(self.rule)
        yield from _group_faults(self.rule)
        known = {BASE, *(rule.name for rule in self.rule)}
        for index, cap in enumerate(self.cap):
            yield from _placed(("cap", index), _cap_faults(cap, known))
        yield from self._too_fine(others)

    def _base_faults(self) -> Iterator[tuple[Path, str]]:
        if (self.points is None) != (self.per is None):
            yield ("points",), "and per go together: so many points for so much money"
        if self.points is None and not self.rule:
            yield ("rule",), "is missing: nothing is earned; add points and per, or a rule"
        if self.points is None and self.multiplier:
            yield ("multiplier",), "multiplies points per money, which are missing; add them"
        if len(self.multiplier) > 1 and self.stacking is None:
            yield (
                ("stacking",),
                'is missing: add "best", "multiply", "add" or "priority" for several multipliers',
            )
        ranks = [each.priority for each in self.multiplier]
        if self.stacking != "priority":
            for index, rank in enumerate(ranks):
                if rank is not None:
                    yield ("multiplier", index, "priority"), 'goes with stacking = "priority"'
        else:
            for index, rank in enumerate(ranks):
                if rank is None or rank in ranks[:index]:
                    message = "must be there and different from that of every other multiplier"
                    yield ("multiplier", index, "priority"), message

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


def _placed(place: Path, faults: Iterator[tuple[Path, str]]) -> Iterator[tuple[Path, str]]:
    for path, message in faults:
        yield (*place, *path), message


def _doubled(kind: str, names: list[str]) -> Iterator[tuple[Path, str]]:
    for index, name in enumerate(names):
        if name in names[:index]:
            yield (kind, index, "name"), f"{name!r} is taken by one before; choose another"


def _condition_faults(
    each: Conditional, others: Mapping[str, Section]
) -> Iterator[tuple[Path, str]]:
    if _is_empty(each.from_, each.until):
        yield ("until",), "is not after from; choose a later day"
    tiers = find_section(others, TiersSection)
    known = tiers.names if tiers else frozenset()
    for tier in each.tiers:
        if tier not in known:
            listed = ", ".join(sorted(known)) or "none: the file has no [tiers]"
            yield ("tiers",), f"names {tier!r}, which is no tier; known are {listed}"


def _rule_faults(rule: Rule) -> Iterator[tuple[Path, str]]:
    ways = [
        bool(rule.steps),
        rule.points is not None,
        rule.of is not None or rule.share is not None,
    ]
    if sum(ways) != 1:
        yield (), "must give exactly one of points, steps, and of with share"
    if rule.points is None and (rule.per is not None or rule.each is not None):
        yield ("per" if rule.per is not None else "each",), "goes with points; add them"
    if rule.per is not None and rule.each is not None:
        yield ("each",), "does not go with per; leave one out"
    if (rule.of is None) != (rule.share is None):
        yield ("of" if rule.share is None else "share",), "goes with the other of of and share"
    if rule.name == BASE:
        yield ("name",), f"{BASE!r} means points per money; choose another"
    if (rule.group is None) != (rule.priority is None):
        yield ("group",), "and priority go together"
    if rule.nth_per is not None and rule.nth is None:
        yield ("nth_per",), "goes with nth"
    if rule.chance is not None and (rule.seed is None or rule.chance > 1):
        yield ("chance",), 'must be at most "1" and come with a seed'
    if rule.chance is None and rule.seed is not None:
        yield ("seed",), "goes with chance"
    if rule.on != PURCHASE and (rule.categories or rule.skus or _speaks_of_lines(rule)):
        yield ("on",), f"{rule.on!r} has no lines; leave out categories, skus and line"
    if rule.each is not None and LINE_NAMES & rule_language().expression(rule.each, "int").uses:
        yield ("each",), "speaks of one line, but is said of the whole event; use event"
    starts = [step.from_ for step in rule.steps]
    for index, start in enumerate(starts[1:], start=1):
        if start <= starts[index - 1]:
            yield ("steps", index, "from"), "must be above the step before: steps must not overlap"


def _speaks_of_lines(each: Conditional) -> bool:
    if each.when is None:
        return False
    return bool(LINE_NAMES & rule_language().expression(each.when, "bool").uses)


def _share_faults(rules: Sequence[Rule]) -> Iterator[tuple[Path, str]]:
    source = {rule.name: rule.of for rule in rules}
    for index, rule in enumerate(rules):
        if rule.of is None:
            continue
        if rule.of != BASE and rule.of not in source:
            known = ", ".join([BASE, *sorted(source)])
            yield ("rule", index, "of"), f"names {rule.of!r}, which is no rule; known are {known}"
            continue
        way = [rule.name]
        while (before := source.get(way[-1])) is not None and before not in way:
            way.append(before)
        if before is not None:
            circle = " of ".join(repr(name) for name in [*way, before])
            yield ("rule", index, "of"), f"goes in a circle: {circle}; break it"


def _group_faults(rules: Sequence[Rule]) -> Iterator[tuple[Path, str]]:
    seen: dict[tuple[str, int | None], str] = {}
    for index, rule in enumerate(rules):
        if rule.group is None:
            continue
        key = rule.group, rule.priority
        if key in seen:
            message = f"is that of {seen[key]!r} as well: nobody could say which one counts"
            yield ("rule", index, "priority"), message
        seen.setdefault(key, rule.name)


def _cap_faults(cap: Cap, known: set[str]) -> Iterator[tuple[Path, str]]:
    given = [cap.points is not None, cap.times is not None, cap.amount is not None]
    if sum(given) != 1:
        yield (), "must have exactly one of points, times and amount"
    if cap.period is not None and cap.windows:
        yield ("windows",), "does not go with period; leave one out"
    if len(set(cap.windows)) < len(cap.windows):
        yield ("windows",), "names a day twice"
    if cap.excess == "carried" and (cap.points is None or cap.of != "member"):
        yield ("excess",), 'can be "carried" only for points of = "member"'
    if cap.excess == "carried" and cap.period is None and not cap.windows:
        yield ("excess",), "can be carried only with a period or windows"
    for name in cap.rules:
        if name not in known:
            listed = ", ".join(sorted(known))
            yield ("rules",), f"names {name!r}, which is no rule; known are {listed}"


def _is_empty(start: datetime | date | None, end: datetime | date | None) -> bool:
    if start is None or end is None:
        return False
    if isinstance(start, datetime) and isinstance(end, datetime):
        return end <= start
    if isinstance(start, datetime) or isinstance(end, datetime):
        return False
    return end <= start
