"""What holds of refunds whatever the programme, the basket and the parts.

A programme is monotone if more in a basket never earns less: base rates, multipliers, rates,
shares and fixed points by line, tier or time are, conditions and steps if they rise with the
basket. Where they fall (fewer points from $100 on), parts may take back more on the way than the
end alone would, as what was taken back is not given again; never more than was awarded.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from domain.earning.rules import CapKey, Line, Purchase, Verdict
from domain.earning.rules_compile import EarningRules
from domain.earning.rules_refund import due, kept_lines, spread, turns
from tests.support.earning import NOON, basket, examples, given_by, judged, lines, made, settings

paid = lines.filter(lambda line: line.amount > 0)
baskets = st.lists(lines, min_size=1, max_size=4).filter(
    lambda every: any(line.amount for line in every)
)
States = list[list[int]]


def in_all(
    rules: EarningRules, purchase: Purchase, given_points: Mapping[str, int], state: Sequence[int]
) -> dict[str, int]:
    return due(rules, purchase, NOON, {}, (), awarded=given_points, refunded=state)


@st.composite
def states(draw: st.DrawFn, lines: Sequence[Line]) -> States:
    """Draw what is refunded per line after each of some refunds, by line or spread over all."""
    refunded = [0] * len(lines)
    found: States = []
    while left := sum(line.amount for line in lines) - sum(refunded):
        remaining = [line.amount - back for line, back in zip(lines, refunded, strict=True)]
        if len(found) == 5:
            parts: Sequence[int] = remaining
        elif draw(st.booleans()):
            parts = spread(draw(st.integers(1, left)), remaining)
        else:
            place = draw(st.sampled_from([place for place, rest in enumerate(remaining) if rest]))
            part = draw(st.sampled_from([remaining[place], (remaining[place] + 1) // 2]))
            parts = [part if place == each else 0 for each in range(len(lines))]
        refunded = [back + part for back, part in zip(refunded, parts, strict=True)]
        found.append(refunded)
    return found


@st.composite
def cut(draw: st.DrawFn, rules: EarningRules, purchase: Purchase) -> dict[str, int]:
    """Draw what was awarded: what the rules give, or less by some caps."""
    given_points = given_by(judged(rules, purchase))
    if draw(st.booleans()):
        return given_points
    return {rule: draw(st.integers(1, points)) for rule, points in given_points.items()}


@examples(40)
@given(settings(), baskets, st.data())
def test_parts_in_any_order_take_back_exactly_what_was_awarded(
    given_settings: dict[str, Any], lines: list[Line], data: st.DataObject
) -> None:
    rules, purchase = made(**given_settings), basket(*lines)
    awarded = data.draw(cut(rules, purchase))
    before = dict.fromkeys(awarded, 0)
    for state in data.draw(states(lines)):
        now = in_all(rules, purchase, awarded, state)
        assert all(before[rule] <= now[rule] <= awarded[rule] for rule in awarded)
        before = now
    assert before == awarded


@examples(40)
@given(settings(), baskets, st.data())
def test_what_is_kept_is_what_the_kept_lines_alone_would_have_earned(
    given_settings: dict[str, Any], lines: list[Line], data: st.DataObject
) -> None:
    rules, purchase = made(**given_settings | {"refund_rounding": "kept"}), basket(*lines)
    awarded = given_by(judged(rules, purchase))
    for state in data.draw(states(lines))[:-1]:
        alone = given_by(judged(rules, replace(purchase, lines=kept_lines(lines, state))))
        # Of the two rules of the group one gave points, and the other may say what is kept.
        group = dict.fromkeys(("more", "less"), alone.get("more", 0) + alone.get("less", 0))
        keeps = alone | group
        expected = {
            rule: points - min(points, keeps.get(rule, 0)) for rule, points in awarded.items()
        }
        assert in_all(rules, purchase, awarded, state) == expected


@examples(40)
@given(settings(), st.lists(paid, min_size=2, max_size=4), st.data())
def test_two_orders_that_end_with_the_same_lines_take_back_the_same(
    given_settings: dict[str, Any], lines: list[Line], data: st.DataObject
) -> None:
    rules, purchase = made(**given_settings), basket(*lines)
    awarded = given_by(judged(rules, purchase))
    backs = [data.draw(st.integers(0, line.amount)) for line in lines]
    totals = []
    for order in (range(len(lines)), data.draw(st.permutations(range(len(lines))))):
        refunded = [0] * len(lines)
        taken = dict.fromkeys(awarded, 0)
        for place in order:
            refunded[place] = backs[place]
            now = in_all(rules, purchase, awarded, refunded)
            # What was taken back before is not given again.
            taken = {rule: max(points, now[rule]) for rule, points in taken.items()}
        totals.append(taken)
    assert totals[0] == totals[1] == in_all(rules, purchase, awarded, backs)


@examples(40)
@given(settings(), baskets, st.data())
def test_returned_goods_take_nothing_that_kept_goods_earned(
    given_settings: dict[str, Any], lines: list[Line], data: st.DataObject
) -> None:
    # Rules that look at lines alone, each at those of its own category (loyalty, pitfall 13).
    own = [
        {"name": name, "points": "2", "per": "1", "categories": [name]} for name in ("a", "b")
    ] + [{"name": "once a", "points": "9", "categories": ["a"]}]
    rules, purchase = made(**given_settings | {"rule": own}), basket(*lines)
    awarded = given_by(judged(rules, purchase))
    for state in data.draw(states(lines))[:-1]:
        touched = {line.category for line, back in zip(lines, state, strict=True) if back}
        found = in_all(rules, purchase, awarded, state)
        for rule in found.keys() & {"a", "b"} - touched:
            assert found[rule] == 0
        if "a" not in touched:
            assert found.get("once a", 0) == 0


FALLING = [
    [{"name": "fewer", "steps": [{"from": "1", "points": "90"}, {"from": "50", "points": "20"}]}],
    [{"name": "small", "points": "3", "per": "1", "when": "event.amount < 40.0"}],
    [{"name": "less", "points": "9", "each": "50 - int(event.amount)"}],
    [
        {"name": "a", "points": "100", "when": "event.amount >= 60.0", "group": "g", "priority": 3},
        {"name": "b", "points": "1", "when": "event.amount >= 30.0", "group": "g", "priority": 2},
        {"name": "c", "points": "40", "group": "g", "priority": 1},
    ],
]


@examples(40)
@given(st.sampled_from(FALLING), baskets, st.data())
def test_rules_that_fall_with_the_basket_take_back_no_more_than_they_gave(
    rule: list[dict[str, Any]], lines: list[Line], data: st.DataObject
) -> None:
    rules, purchase = made(rate="1", rule=rule), basket(*lines)
    awarded = given_by(judged(rules, purchase))
    taken = dict.fromkeys(awarded, 0)
    for state in data.draw(states(lines)):
        now = in_all(rules, purchase, awarded, state)
        assert all(0 <= now[rule] <= awarded[rule] for rule in awarded)
        taken = {rule: max(points, now[rule]) for rule, points in taken.items()}
    assert taken == awarded


@examples(40)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 30)), max_size=60))
def test_nobody_turns_by_goods_that_went_back(steps: list[tuple[bool, int]]) -> None:
    # Buy or return: a bonus comes only if by then every bonus has four purchases that are kept.
    rules = made(rule=[{"name": "fourth", "points": "9", "nth": 4}])
    purchase = basket(100)
    used: dict[CapKey, int] = {}
    kept: list[Verdict] = []
    for buys, which in steps:
        before = sum(each.points for each in kept)
        if buys or not kept:
            kept.append(judged(rules, purchase, used=used))
            changes = kept[-1].uses
        else:
            hits = kept.pop(which % len(kept)).hits
            has = turns(rules, purchase, NOON, {}, hits, kept=purchase.lines)
            changes = {key: -turn for key, turn in has.items()}
        used = {key: used.get(key, 0) + turn for key, turn in changes.items()}
        points = sum(each.points for each in kept)
        assert points <= before or points <= 9 * (len(kept) // 4)
        assert used == dict.fromkeys(used, len(kept) - 4 * (points // 9))
