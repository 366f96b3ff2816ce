"""What a refund takes back: a function of what is kept, so that no order of parts leaks."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from domain.earning.rules import CapKey, Facts, Line, Purchase
from domain.earning.rules_award import Value, values
from domain.earning.rules_award import drawn as by_lot
from domain.earning.rules_caps import counter_of, turn_of
from domain.earning.rules_compile import EarningRules, Giver
from kit.errors import InvalidInputError


def spread(amount: int, remaining: Sequence[int]) -> tuple[int, ...]:
    """Divide a refund given as one amount over lines by what remains of each.

    The parts sum to ``amount`` and none exceeds its line; what flooring leaves over goes one
    unit each to the largest remainders, earlier lines first. Raises `InvalidInputError`.
    """
    total = sum(remaining)
    if not 0 <= amount <= total:
        raise _excess()
    if not total:
        return (0,) * len(remaining)
    shares = [divmod(amount * each, total) for each in remaining]
    parts = [whole for whole, _ in shares]
    by_rest = sorted(range(len(shares)), key=lambda index: -shares[index][1])
    for index in by_rest[: amount - sum(parts)]:
        parts[index] += 1
    return tuple(parts)


def kept_lines(lines: Sequence[Line], refunded: Sequence[int]) -> tuple[Line, ...]:
    """Return what remains of ``lines`` once ``refunded``, in all, was paid back on each.

    A line's discount and quantity shrink with it, a begun piece stays one. A line that was paid
    for and is paid back is gone; where nothing paid remains, free lines are returned too. Raises
    `InvalidInputError` if more is refunded than was paid.
    """
    if len(refunded) != len(lines):
        raise InvalidInputError(
            f"the refund names {len(refunded)} lines, the purchase has {len(lines)}",
            code="REFUND_LINES_MISMATCH",
            path=("lines",),
        )
    paid = list(zip(lines, refunded, strict=True))
    if any(not 0 <= back <= line.amount for line, back in paid):
        raise _excess()
    if sum(refunded) == sum(line.amount for line in lines):
        return ()
    return tuple(_shrunk(line, back) for line, back in paid if back < line.amount or not back)


def due(
    rules: EarningRules,
    purchase: Purchase,
    local: datetime,
    facts: Facts,
    hits: Sequence[str],
    *,
    awarded: Mapping[str, int],
    refunded: Sequence[int],
) -> dict[str, int]:
    """Return per awarded rule the points to take back in all, in the asset's smallest unit.

    ``refunded`` is all that was paid back per line so far, this refund included; ``facts`` and
    ``hits`` are those of the purchase; ``awarded`` is what each rule gave. The member keeps what
    the kept lines alone would have earned by the same rules at the same time, but no more than
    was awarded; with ``refund_rounding = "returned"`` what the returned lines made is rounded
    instead. A group counts as one rule. So refunds in any parts take back the same, a whole
    refund exactly what was awarded, and none of what only kept lines earned.
    """
    kept = kept_lines(purchase.lines, refunded)
    if not kept:
        return dict(awarded)

    def gate(giver: Giver) -> bool:
        return _turned(giver, hits) and by_lot(giver, purchase)

    remain = values(rules, replace(purchase, lines=kept), local, facts, gate)
    whole: list[Value] = []
    if rules.section.refund_rounding == "returned":
        whole = values(rules, purchase, local, facts, gate)
    result = {}
    for rule, points in awarded.items():
        same = _same(rules, rule)
        keeps = sum(_kept(rules, value, whole) for value in remain if value.rule in same)
        result[rule] = points - min(points, keeps)
    return result


def turns(
    rules: EarningRules,
    purchase: Purchase,
    local: datetime,
    facts: Facts,
    hits: Sequence[str],
    *,
    kept: Sequence[Line],
) -> dict[CapKey, int]:
    """Return what a purchase of which these lines are kept has on the counters of ``nth``.

    So what a refund takes off them is a function of what is kept as well.
    """
    if all(giver.nth is None for giver in rules.givers):
        return {}

    def counted(lines: Sequence[Line]) -> dict[CapKey, int]:
        found: dict[CapKey, int] = {}

        def gate(giver: Giver) -> bool:
            stands = by_lot(giver, purchase)
            if stands and giver.nth is not None:
                turn = turn_of(giver.nth, turned=giver.name in hits)
                found[counter_of(giver, local)] = turn
            return stands and _turned(giver, hits)

        values(rules, replace(purchase, lines=tuple(lines)), local, facts, gate)
        return found

    # What counts only now that less is kept was never counted.
    at_first = counted(purchase.lines)
    return {key: turn for key, turn in counted(kept).items() if key in at_first}


def _turned(giver: Giver, hits: Sequence[str]) -> bool:
    return giver.name in hits or not (giver.first or giver.nth is not None)


def _kept(rules: EarningRules, value: Value, whole: Sequence[Value]) -> int:
    before = next((each for each in whole if each.rule == value.rule), None)
    if before is None:
        return rules.rounding(*value.ratio)
    (part, by), (all_of_it, by_all) = value.ratio, before.ratio
    returned = rules.rounding(max(0, all_of_it * by - part * by_all), by * by_all)
    return max(0, rules.rounding(*before.ratio) - returned)


def _same(rules: EarningRules, rule: str) -> frozenset[str]:
    group = next((giver.group for giver in rules.givers if giver.name == rule), None)
    if group is None:
        return frozenset((rule,))
    return frozenset(giver.name for giver in rules.givers if giver.group == group)


def _shrunk(line: Line, back: int) -> Line:
    if not back:
        return line
    kept = line.amount - back
    return replace(
        line,
        amount=kept,
        discount=line.discount * kept // line.amount,
        quantity=-(-line.quantity * kept // line.amount),
    )


def _excess() -> InvalidInputError:
    return InvalidInputError(
        "the refund is negative or more than what is left of the purchase",
        code="REFUND_EXCEEDS_PURCHASE",
        path=("amount",),
    )
