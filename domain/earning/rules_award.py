"""What an event earns: every rule's value, exactly, then rounded and capped."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from domain.earning.rules import (
    POINTS_MAX,
    Award,
    CapKey,
    Event,
    Facts,
    Line,
    Purchase,
    Verdict,
)
from domain.earning.rules_caps import (
    Used,
    counter_of,
    first_of,
    key_of,
    left,
    limited,
    period_of,
    turn_of,
    use,
)
from domain.earning.rules_compile import Boost, EarningRules, Giver, Limit, Ratio
from domain.earning.rules_conditions import (
    Situation,
    about_lines,
    applies,
    fits,
    fitting,
    touches,
)
from domain.earning.section_parts import BASE, PURCHASE
from kit.errors import InvalidInputError
from kit.ids import content_hash

EACH_MAX = 10**12
"""The most that an expression may count."""
_DRAW = 2**64

Gate = Callable[[Giver], bool]
"""Whether a rule that applies gives something this time: by turn, by lot, for the first time."""


class Value(NamedTuple):
    """What a rule gives before rounding and caps; ``money`` is what of it earned."""

    rule: str
    ratio: Ratio
    money: int
    group: str | None


def award(rules: EarningRules, event: Event, local: datetime, facts: Facts, used: Used) -> Verdict:
    """Return what ``event`` earns at ``local``, the aware time on the brand's wall clock.

    ``facts`` are those that the rules need of the member before the event; ``used`` is what is
    used up of the caps and counters of `rules_caps.keys_of` and `budgets_of`, later periods
    included. Raises `InvalidInputError` for an award above ``POINTS_MAX``.
    """
    uses: dict[CapKey, int] = {}
    hits: list[str] = []

    def gate(giver: Giver) -> bool:
        return drawn(giver, event) and _turn(giver, local, facts, used, uses, hits)

    computed = 0
    awards: list[Award] = []
    for value in values(rules, event, local, facts, gate):
        limits = rules.limits_on(value.rule)
        ratio = _earned_by(limits, value, local, used, uses)
        points = rules.rounding(*ratio)
        computed = min(computed + points, rules.event_cap)
        if computed > POINTS_MAX:
            raise _too_large()
        points = min(points, rules.event_cap - sum(each.points for each in awards))
        parts = limited(limits, points, local, used, uses) if points else ()
        if parts:
            awards.append(Award(value.rule, parts))
    return Verdict(tuple(awards), computed, uses, tuple(hits))


def _earned_by(
    limits: Sequence[Limit], value: Value, local: datetime, used: Used, uses: dict[CapKey, int]
) -> Ratio:
    """Return what of a value its money earns within the caps of money, and take it from them."""
    if all(limit.unit != "amount" for limit in limits):
        return value.ratio
    keys = {
        key_of(limit, period_of(limit.cap, local)[0]): limit
        for limit in limits
        if limit.unit == "amount"
    }
    allowed = min([value.money, *(left(limit, key, used, uses) for key, limit in keys.items())])
    for key in keys:
        use(uses, key, allowed)
    if allowed == value.money:
        return value.ratio
    return value.ratio[0] * allowed, value.ratio[1] * value.money


def values(
    rules: EarningRules, event: Event, local: datetime, facts: Facts, gate: Gate
) -> list[Value]:
    """Return what the base rate and each rule give for ``event``, nothing left out but zeros.

    Lines of excluded categories are left out before anything is asked, so that they neither earn
    nor help to meet a condition; a basket of nothing else earns nothing.
    """
    if rules.excluded and isinstance(event, Purchase) and event.lines:
        counting = tuple(line for line in event.lines if line.category not in rules.excluded)
        if not counting:
            return []
        if len(counting) < len(event.lines):
            event = replace(event, lines=counting)
    situation = Situation(event, local, facts, rules.exponent, rules.speaks)
    money = _money(rules, event.lines)
    found: dict[str, Value] = {}
    if rules.base is not None and event.kind == PURCHASE:
        weighted, unit = _weighed(rules, situation, event.lines, money)
        ratio = (weighted * rules.base[0], unit * rules.base[1])
        found[BASE] = Value(BASE, ratio, money, None)
    for giver in rules.givers_on(event.kind):
        if applies(giver.condition, situation):
            value = _value(rules, giver, situation, money, found)
            if value is not None and value.ratio[0] > 0:
                found[giver.name] = value
    return [value for value in _counting(rules, found, gate) if value.ratio[0] > 0]


def _value(
    rules: EarningRules,
    giver: Giver,
    situation: Situation,
    whole: int,
    found: Mapping[str, Value],
) -> Value | None:
    if giver.of is not None:
        source = found.get(giver.of)
        if source is None:
            return None
        (part, by), (all_of_it, by_all) = giver.points, source.ratio
        return Value(giver.name, (all_of_it * part, by_all * by), source.money, giver.group)
    money = _earning_money(rules, giver, situation, whole)
    if money is None:
        return None
    return Value(giver.name, _ratio_of(giver, situation, money), money, giver.group)


def _earning_money(
    rules: EarningRules, giver: Giver, situation: Situation, money: int
) -> int | None:
    event = situation.event
    if event.kind != PURCHASE:
        return event.amount
    if about_lines(giver.condition):
        lines = fitting(giver.condition, situation)
        return _money(rules, lines) if lines else None
    return money


def _ratio_of(giver: Giver, situation: Situation, money: int) -> Ratio:
    points, by = giver.points
    if giver.rate:
        return points * money, by
    if giver.steps:
        reached = [given for start, given in giver.steps if start <= money]
        return reached[-1] if reached else 0, 1
    if giver.each is not None:
        counted = giver.each.value(situation.activation())
        # An expression over attributes may turn out to be anything, or nothing.
        if not isinstance(counted, int) or isinstance(counted, bool):
            return 0, 1
        return points * min(max(0, counted), EACH_MAX), by
    return points, by


def _counting(rules: EarningRules, found: Mapping[str, Value], gate: Gate) -> list[Value]:
    free = {
        name
        for name in found
        if name not in rules.entwined and (name == BASE or gate(rules.giver(name)))
    }
    givers = [rules.giver(name) for name in found if name in rules.entwined]
    passed: set[str] = set()
    while True:
        best: dict[str | None, str] = {}
        for giver in sorted(givers, key=lambda giver: giver.priority):
            best[giver.group] = giver.name
        counting = [each for each in givers if each.group is None or best[each.group] == each.name]
        names = {BASE, *(giver.name for giver in counting)}
        # A share of what doesn't count doesn't either, and leaves its place to the next.
        gone = {giver.name for giver in counting if giver.of and giver.of not in names}
        if not gone:
            # Whoever loses its group is not asked: it would use up its turn for nothing.
            asked = (giver for giver in counting if giver.name not in passed)
            gone = {giver.name for giver in _first_refused(asked, gate, passed)}
        if not gone:
            return [value for name, value in found.items() if name in free or name in names]
        givers = [giver for giver in givers if giver.name not in gone]


def _first_refused(givers: Iterable[Giver], gate: Gate, passed: set[str]) -> Iterator[Giver]:
    for giver in givers:
        if not gate(giver):
            yield giver
            return
        passed.add(giver.name)


def _money(rules: EarningRules, lines: Sequence[Line]) -> int:
    money = sum([line.amount for line in lines])
    if rules.before_discount:
        money += sum([line.discount for line in lines])
    return money


def _weighed(
    rules: EarningRules, situation: Situation, lines: Sequence[Line], money: int
) -> tuple[int, int]:
    active = [boost for boost in rules.boosts if applies(boost.condition, situation)]
    if not active:
        return money, 1
    stacking = rules.section.stacking or "best"
    # A product of n factors counts in unit ** n; the others in unit.
    power = len(active) if stacking == "multiply" else 1
    every = [boost for boost in active if not about_lines(boost.condition)]
    some = [boost for boost in active if about_lines(boost.condition)]
    some = [boost for boost in some if touches(boost.condition, situation)]
    if not some:
        return money * _factor(rules, every, stacking, power), rules.unit**power
    weighted = 0
    factors: dict[tuple[bool, ...], int] = {}
    for line in lines:
        amount = line.amount + line.discount if rules.before_discount else line.amount
        which = tuple([fits(boost.condition, situation, line) for boost in some])
        if which not in factors:
            more = [boost for boost, fit in zip(some, which, strict=True) if fit]
            factors[which] = _factor(rules, [*every, *more], stacking, power)
        weighted += amount * factors[which]
    return weighted, rules.unit**power


def _factor(rules: EarningRules, boosts: Sequence[Boost], stacking: str, power: int) -> int:
    unit = rules.unit
    factors = [boost.factor for boost in boosts]
    if not factors:
        return int(unit**power)
    if stacking == "priority":
        return max(boosts, key=lambda boost: boost.priority).factor
    if stacking == "best":
        return max(factors)
    if stacking == "add":
        return max(0, unit + sum(factor - unit for factor in factors))
    product: int = unit ** (power - len(factors))
    for factor in factors:
        product *= factor
    return product


def drawn(giver: Giver, event: Event) -> bool:
    """Whether a rule that draws lots gives something for an event: the same each time.

    Nothing is drawn for an event without an id, which can be previewed only.
    """
    if giver.chance is None:
        return True
    if not event.external_id:
        return False
    parts = (giver.seed, giver.name, event.kind, event.external_id)
    draw = int.from_bytes(content_hash(*(part.encode() for part in parts))[:8], "big")
    return draw * giver.chance[1] < giver.chance[0] * _DRAW


def _turn(
    giver: Giver,
    local: datetime,
    facts: Facts,
    used: Used,
    uses: dict[CapKey, int],
    hits: list[str],
) -> bool:
    if giver.first:
        key = first_of(giver.kind)
        if facts["member.count"].get(giver.kind, 0) or used.get(key, 0):
            return False
        uses[key] = 1
        hits.append(giver.name)
    if giver.nth is not None:
        key = counter_of(giver, local)
        turned = used.get(key, 0) + 1 >= giver.nth
        use(uses, key, turn_of(giver.nth, turned=turned))
        if not turned:
            return False
        hits.append(giver.name)
    return True


def _too_large() -> InvalidInputError:
    return InvalidInputError(
        "the event would earn more points than an account can hold; check its amounts",
        code="AWARD_TOO_LARGE",
        path=("lines",),
    )
