"""A brand's earning section made ready: plain integers and compiled conditions, per version."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from math import lcm
from typing import Literal

from domain.earning.rules import POINTS_MAX
from domain.earning.rules_conditions import Condition, compile_condition, facts_in
from domain.earning.section import EarningSection
from domain.earning.section_parts import BASE, Cap, Multiplier, Rule, rule_language
from domain.wallets.section import PointsSection
from kit.expressions import Expression

Ratio = tuple[int, int]
"""A numerator and a positive denominator: points before they are rounded."""

FIRST = "first:"
NTH = "nth:"
"""What the counters of rules are called among the caps; names of caps can't begin so."""


@dataclass(frozen=True, slots=True)
class Boost:
    """A multiplier made ready; ``factor`` counts in the rules' ``unit``-ths."""

    condition: Condition
    factor: int
    priority: int


@dataclass(frozen=True, slots=True)
class Giver:
    """A rule made ready. ``points`` is what it gives once, or per unit of what it counts.

    For a rate, one smallest money unit gives ``points``; ``steps`` are (from, points), lowest
    first, in smallest units; ``chance`` is (numerator, denominator).
    """

    name: str
    kind: str
    condition: Condition
    points: Ratio
    rate: bool
    each: Expression | None
    steps: tuple[tuple[int, int], ...]
    of: str | None
    first: bool
    nth: int | None
    chance: Ratio | None
    seed: str
    group: str | None
    priority: int
    part: Rule


@dataclass(frozen=True, eq=False)
class Limit:
    """A cap made ready; ``most`` is in its unit: smallest units of points or money, or times."""

    cap: Cap
    unit: Literal["points", "times", "amount"]
    most: int

    @cached_property
    def counter(self) -> str:
        """The name under which it is counted: another unit or period begins anew."""
        over = ",".join(self.cap.windows) or self.cap.period or "ever"
        return f"{self.cap.name}|{self.unit}|{over}"

    def covers(self, rule: str) -> bool:
        """Whether it limits ``rule``."""
        return not self.cap.rules or rule in self.cap.rules


@dataclass(frozen=True, eq=False)
class EarningRules:
    """All of a version's earning rules.

    ``needs`` are the facts of members that they ask for, ``speaks`` the names that expressions use.

    One smallest money unit gives ``base`` points, None without a base rate. ``givers`` stand in
    an order in which a share comes after what it is a share of.
    """

    section: EarningSection
    points: PointsSection
    exponent: int
    base: Ratio | None
    rounding: Callable[[int, int], int]
    before_discount: bool
    excluded: frozenset[str]
    unit: int
    boosts: tuple[Boost, ...]
    givers: tuple[Giver, ...]
    limits: tuple[Limit, ...]
    event_cap: int
    needs: frozenset[str]
    speaks: frozenset[str]

    def givers_on(self, kind: str) -> list[Giver]:
        """Return the rules for events of a kind."""
        return self._by_kind.get(kind, [])

    def limits_on(self, rule: str) -> list[Limit]:
        """Return the caps that limit ``rule``."""
        return self._by_rule[rule]

    def giver(self, name: str) -> Giver:
        """Return the rule of that name."""
        return self._by_name[name]

    def part(self, rule: str) -> Rule | None:
        """Return what the file says of ``rule``, None of the base rate."""
        found = self._by_name.get(rule)
        return None if found is None else found.part

    @cached_property
    def entwined(self) -> frozenset[str]:
        """The rules that depend on others, or others on them: by a group, or as a share."""
        sources = {giver.of for giver in self.givers}
        return frozenset(
            giver.name
            for giver in self.givers
            if giver.group is not None or giver.of is not None or giver.name in sources
        )

    @cached_property
    def _by_kind(self) -> dict[str, list[Giver]]:
        kinds = {giver.kind for giver in self.givers}
        return {kind: [each for each in self.givers if each.kind == kind] for kind in kinds}

    @cached_property
    def _by_rule(self) -> dict[str, list[Limit]]:
        names = [BASE, *(giver.name for giver in self.givers)]
        return {name: [each for each in self.limits if each.covers(name)] for name in names}

    @cached_property
    def _by_name(self) -> dict[str, Giver]:
        return {giver.name: giver for giver in self.givers}


def compile_rules(section: EarningSection, points: PointsSection, exponent: int) -> EarningRules:
    """Return the section made ready, once per version of a programme."""
    unit = lcm(*(Fraction(each.factor).denominator for each in section.multiplier))
    boosts = tuple(_boost(each, unit) for each in section.multiplier)
    givers = _in_order([_giver(each, points.scale, exponent) for each in section.rule])
    cap = section.per_purchase_cap
    base = None
    if section.points is not None and section.per is not None:
        base = _ratio(_rate(section.points, section.per, points.scale, exponent))
    return EarningRules(
        section=section,
        points=points,
        exponent=exponent,
        base=base,
        rounding=ROUNDINGS[section.rounding],
        before_discount=section.base == "before_discount",
        excluded=frozenset(section.excluded_categories),
        unit=unit,
        boosts=boosts,
        givers=givers,
        limits=tuple(_limit(each, points.scale, exponent) for each in section.cap),
        event_cap=POINTS_MAX + 1 if cap is None else int(cap.scaleb(points.scale)),
        needs=_needs(boosts, givers),
        speaks=_speaks(boosts, givers),
    )


def _needs(boosts: tuple[Boost, ...], givers: tuple[Giver, ...]) -> frozenset[str]:
    conditions = [each.condition for each in boosts] + [each.condition for each in givers]
    names = {name for condition in conditions for name in condition.needs}
    for giver in givers:
        if giver.each is not None:
            names |= facts_in(giver.each)
        if giver.first:
            names.add("member.count")
    return frozenset(names)


def _speaks(boosts: tuple[Boost, ...], givers: tuple[Giver, ...]) -> frozenset[str]:
    said = [each.condition.when for each in boosts] + [each.condition.when for each in givers]
    said += [giver.each for giver in givers]
    return frozenset(name for each in said if each is not None for name in each.uses)


def _boost(part: Multiplier, unit: int) -> Boost:
    return Boost(compile_condition(part), int(Fraction(part.factor) * unit), part.priority or 0)


def _giver(part: Rule, scale: int, exponent: int) -> Giver:
    points = Fraction(part.points or 0) * 10**scale
    if part.per is not None and part.points is not None:
        points = _rate(part.points, part.per, scale, exponent)
    if part.share is not None:
        points = Fraction(part.share)
    return Giver(
        name=part.name,
        kind=part.on,
        condition=compile_condition(part),
        points=_ratio(points),
        rate=part.per is not None,
        each=rule_language().expression(part.each, "int") if part.each else None,
        steps=tuple(
            (int(step.from_.scaleb(exponent)), int(step.points.scaleb(scale)))
            for step in part.steps
        ),
        of=part.of,
        first=part.first,
        nth=part.nth,
        chance=None if part.chance is None else _ratio(Fraction(part.chance)),
        seed=part.seed or "",
        group=part.group,
        priority=part.priority or 0,
        part=part,
    )


def _in_order(givers: list[Giver]) -> tuple[Giver, ...]:
    ordered: list[Giver] = []
    done = {BASE}
    while len(ordered) < len(givers):
        ready = [
            giver
            for giver in givers
            if giver.name not in done and (giver.of is None or giver.of in done)
        ]
        assert ready, "a checked section has no circle of shares"
        ordered += ready
        done.update(giver.name for giver in ready)
    return tuple(ordered)


def _limit(cap: Cap, scale: int, exponent: int) -> Limit:
    if cap.points is not None:
        return Limit(cap, "points", int(cap.points.scaleb(scale)))
    if cap.times is not None:
        return Limit(cap, "times", cap.times)
    assert cap.amount is not None, "a checked cap has one of the three"
    return Limit(cap, "amount", int(cap.amount.scaleb(exponent)))


def _rate(points: Decimal, per: Decimal, scale: int, exponent: int) -> Fraction:
    rate: Fraction = Fraction(points) / Fraction(per) * 10**scale / 10**exponent
    return rate


def _ratio(value: Fraction) -> Ratio:
    return value.numerator, value.denominator


def _floor(value: int, by: int) -> int:
    return value // by


def _ceiling(value: int, by: int) -> int:
    return -(-value // by)


def _half_up(value: int, by: int) -> int:
    return (2 * value + by) // (2 * by)


def _half_even(value: int, by: int) -> int:
    whole, rest = divmod(value, by)
    return whole + (2 * rest > by or (2 * rest == by and whole % 2 == 1))


ROUNDINGS = {
    "floor": _floor,
    "ceiling": _ceiling,
    "half_up": _half_up,
    "half_even": _half_even,
}
