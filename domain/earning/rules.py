"""Purchases and what they earn: values in, values out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from math import lcm
from typing import Literal, NamedTuple

from domain.earning.section import EarningSection, Multiplier
from domain.ledger.rules import AMOUNT_MAX
from kit.calendar import Period, period_start
from kit.errors import InvalidInputError

POINTS_MAX = AMOUNT_MAX

CapKey = tuple[str, date]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a basket. Amounts are in the smallest unit of the purchase's currency.

    ``amount`` is what the member paid for the line, ``discount`` what was taken off before;
    the price before discount is their sum.
    """

    amount: int
    discount: int = 0
    quantity: int = 1
    sku: str = ""
    category: str = ""


@dataclass(frozen=True, slots=True)
class Purchase:
    """A basket a member paid for, as the brand reports it."""

    external_id: str
    member: str
    occurred_at: datetime
    currency: str
    lines: tuple[Line, ...] = field(default=())
    channel: str = ""
    store: str = ""

    @property
    def amount(self) -> int:
        """What the member paid, in the currency's smallest unit."""
        return sum(line.amount for line in self.lines)


@dataclass(frozen=True, slots=True)
class Boost:
    """One multiplier; ``factor`` counts in the rule's ``unit``-ths."""

    factor: int
    categories: frozenset[str]
    channels: frozenset[str]
    start: datetime | date | None
    end: datetime | date | None


@dataclass(frozen=True, slots=True)
class Cap:
    """The most that one member earns in a calendar period, in the asset's smallest unit."""

    name: str
    period: Period
    points: int


@dataclass(frozen=True, slots=True)
class EarningRule:
    """A brand's earning section as plain integers.

    One smallest money unit earns ``numerator / denominator`` smallest units of points.
    """

    numerator: int
    denominator: int
    rounding: Callable[[int, int], int]
    before_discount: bool
    excluded: frozenset[str]
    stacking: Literal["best", "multiply", "add"]
    unit: int
    boosts: tuple[Boost, ...]
    purchase_cap: int
    period_caps: tuple[Cap, ...]


class Award(NamedTuple):
    """What one purchase earns, in the asset's smallest unit.

    ``points`` is final; ``computed`` is what it was before the caps per period. ``base`` is
    the money that earned, in the currency's smallest unit. ``cap_uses`` says how much of
    which cap the award takes up.
    """

    points: int
    computed: int
    base: int
    cap_uses: tuple[tuple[CapKey, int], ...]


def compile_earning(
    section: EarningSection, currency_exponent: int, points_scale: int
) -> EarningRule:
    """Return the section as plain integers, once per version of a programme."""
    rate = Fraction(section.points) / Fraction(section.per)
    rate = rate * 10**points_scale / 10**currency_exponent
    unit = lcm(*(Fraction(each.factor).denominator for each in section.multiplier))
    cap = section.per_purchase_cap
    return EarningRule(
        numerator=rate.numerator,
        denominator=rate.denominator,
        rounding=_ROUNDINGS[section.rounding],
        before_discount=section.base == "before_discount",
        excluded=frozenset(section.excluded_categories),
        stacking=section.stacking or "best",
        unit=unit,
        boosts=tuple(_boost(each, unit) for each in section.multiplier),
        purchase_cap=POINTS_MAX + 1 if cap is None else int(cap.scaleb(points_scale)),
        period_caps=tuple(
            Cap(each.name, each.period, int(each.points.scaleb(points_scale)))
            for each in section.period_cap
        ),
    )


def cap_keys(rule: EarningRule, local: datetime) -> list[CapKey]:
    """Return the caps that an award at ``local`` (the brand's wall clock) takes from."""
    day = local.date()
    return [(cap.name, period_start(cap.period, day)) for cap in rule.period_caps]


def award(
    rule: EarningRule, purchase: Purchase, local: datetime, used: Mapping[CapKey, int]
) -> Award:
    """Return what ``purchase`` earns at ``local``, the aware time on the brand's wall clock.

    ``used`` is what the member's earlier awards took from each cap of `cap_keys`. Raises
    `InvalidInputError` for an award above ``POINTS_MAX``.
    """
    base, computed = compute(rule, purchase.lines, purchase.channel, local)
    if not rule.period_caps:
        return Award(computed, computed, base, ())
    keys = cap_keys(rule, local)
    left = (cap.points - used.get(key, 0) for cap, key in zip(rule.period_caps, keys, strict=True))
    points = max(0, min(computed, *left))
    return Award(points, computed, base, tuple((key, points) for key in keys) if points else ())


def compute(
    rule: EarningRule, lines: Sequence[Line], channel: str, local: datetime
) -> tuple[int, int]:
    """Return the earning base and the points of ``lines`` before the caps per period."""
    if rule.excluded:
        lines = [line for line in lines if line.category not in rule.excluded]
    base = sum([line.amount for line in lines])
    if rule.before_discount:
        base += sum([line.discount for line in lines])
    active = [boost for boost in rule.boosts if _applies(boost, channel, local)]
    if active:
        weighted, unit = _weigh(rule, active, lines)
    else:
        weighted, unit = base, 1
    points = rule.rounding(weighted * rule.numerator, unit * rule.denominator)
    points = min(points, rule.purchase_cap)
    if points > POINTS_MAX:
        raise InvalidInputError(
            "the purchase would earn more points than an account can hold; check its amounts",
            code="AWARD_TOO_LARGE",
            path=("lines",),
        )
    return base, points


def _weigh(rule: EarningRule, active: Sequence[Boost], lines: Sequence[Line]) -> tuple[int, int]:
    amounts: dict[str, int] = {}
    for line in lines:
        amount = line.amount + line.discount if rule.before_discount else line.amount
        amounts[line.category] = amounts.get(line.category, 0) + amount
    # A product of n factors counts in unit ** n; the others in unit.
    power = len(active) if rule.stacking == "multiply" else 1
    weighted = sum(
        amount * _factor(rule, active, category, power) for category, amount in amounts.items()
    )
    return weighted, rule.unit**power


def _factor(rule: EarningRule, active: Sequence[Boost], category: str, power: int) -> int:
    factors = [
        boost.factor for boost in active if not boost.categories or category in boost.categories
    ]
    if not factors:
        return int(rule.unit**power)
    if rule.stacking == "best":
        return max(factors)
    if rule.stacking == "add":
        return max(0, rule.unit + sum(factor - rule.unit for factor in factors))
    product: int = rule.unit ** (power - len(factors))
    for factor in factors:
        product *= factor
    return product


def _applies(boost: Boost, channel: str, local: datetime) -> bool:
    if boost.channels and channel not in boost.channels:
        return False
    if boost.start is not None and not _reached(boost.start, local):
        return False
    return boost.end is None or not _reached(boost.end, local)


def _reached(moment: datetime | date, local: datetime) -> bool:
    if isinstance(moment, datetime):
        return local >= moment
    return local.date() >= moment


def _boost(multiplier: Multiplier, unit: int) -> Boost:
    return Boost(
        factor=int(Fraction(multiplier.factor) * unit),
        categories=frozenset(multiplier.categories),
        channels=frozenset(multiplier.channels),
        start=multiplier.from_,
        end=multiplier.until,
    )


def _floor(value: int, by: int) -> int:
    return value // by


def _ceiling(value: int, by: int) -> int:
    return -(-value // by)


def _half_up(value: int, by: int) -> int:
    return (2 * value + by) // (2 * by)


def _half_even(value: int, by: int) -> int:
    whole, rest = divmod(value, by)
    return whole + (2 * rest > by or (2 * rest == by and whole % 2 == 1))


_ROUNDINGS = {
    "floor": _floor,
    "ceiling": _ceiling,
    "half_up": _half_up,
    "half_even": _half_even,
}
