"""Refunds: the parts take back the whole, in any order, and nothing leaks."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.earning.rules import EarningRule, Line, Purchase, award, compile_earning
from domain.earning.rules_refund import kept_lines, reversal, spread
from domain.earning.section import EarningSection
from kit.errors import InvalidInputError

NOON = datetime(2026, 5, 5, 12, tzinfo=ZoneInfo("America/New_York"))


def rule(**settings: Any) -> EarningRule:
    plain = {"points": "1", "per": "1.00", "rounding": "floor", "base": "after_discount"}
    return compile_earning(EarningSection(**(plain | settings)), 2, 0)


def basket(*lines: Line) -> Purchase:
    return Purchase("e1", "m1", NOON, "USD", lines)


def take_back(rule: EarningRule, purchase: Purchase, *states: list[int]) -> list[int]:
    awarded = award(rule, purchase, NOON, {}).points
    taken: list[int] = []
    for refunded in states:
        taken.append(
            reversal(
                rule,
                purchase,
                NOON,
                awarded=awarded,
                already_reversed=sum(taken),
                refunded=refunded,
            )
        )
    return taken


def test_r1_half_of_a_basket_takes_back_half() -> None:
    # Open Loyalty: EUR 40 earned 70 points, EUR 20 returned takes back 35 (loyalty R1).
    earning = rule(points="1.75")
    assert take_back(earning, basket(Line(2_000), Line(2_000)), [2_000, 0]) == [35]


def test_r1_what_a_kept_line_earned_by_a_multiplier_stays() -> None:
    # Open Loyalty takes the share of the whole basket, and with it points of kept items
    # (loyalty, pitfall 13): half of 60 would be 30, but the kept beans earned 40 alone.
    beans = rule(multiplier=[{"name": "beans", "factor": "2", "categories": ["beans"]}])
    purchase = basket(Line(2_000, category="beans"), Line(2_000))
    assert take_back(beans, purchase, [0, 2_000], [2_000, 2_000]) == [20, 40]
    assert take_back(beans, purchase, [2_000, 0], [2_000, 2_000]) == [40, 20]


def test_r2_two_refunds_of_five_dollars_leak_no_point() -> None:
    # Square floors each refund by itself: at 1 point per $10, two of $5 take back nothing
    # (loyalty R2). Here the second takes back what the first left open.
    square = rule(per="10.00")
    assert take_back(square, basket(Line(1_000)), [500], [1_000]) == [1, 0]
    assert take_back(square, basket(Line(2_000)), [500], [1_000], [2_000]) == [1, 0, 1]


def test_an_award_cut_by_a_period_cap_is_taken_back_no_further() -> None:
    taken = reversal(
        rule(), basket(Line(10_000)), NOON, awarded=30, already_reversed=0, refunded=[5_000]
    )
    assert taken == 0
    taken = reversal(
        rule(), basket(Line(10_000)), NOON, awarded=30, already_reversed=0, refunded=[10_000]
    )
    assert taken == 30


def test_a_whole_refund_keeps_no_free_line() -> None:
    before = rule(base="before_discount")
    purchase = basket(Line(1_000), Line(0, discount=500))
    assert take_back(before, purchase, [400, 0], [1_000, 0]) == [4, 11]


def test_a_discount_shrinks_with_its_line() -> None:
    kept = kept_lines([Line(900, discount=100), Line(50)], [300, 0])
    assert kept == (Line(600, discount=66), Line(50))


def test_spread_gives_the_rest_to_the_largest_remainders_then_to_earlier_lines() -> None:
    assert spread(100, [100, 100, 100]) == (34, 33, 33)
    assert spread(1, [0, 1, 2]) == (0, 0, 1)
    assert spread(5, [1, 2, 7]) == (1, 1, 3)
    assert spread(0, [0, 0]) == (0, 0)


@pytest.mark.parametrize(("amount", "remaining"), [(-1, [5]), (6, [5]), (1, [])])
def test_spread_refuses_more_than_remains(amount: int, remaining: list[int]) -> None:
    with pytest.raises(InvalidInputError) as refused:
        spread(amount, remaining)
    assert refused.value.code == "REFUND_EXCEEDS_PURCHASE"


@pytest.mark.parametrize(
    ("refunded", "code"),
    [
        ([101], "REFUND_EXCEEDS_PURCHASE"),
        ([-1], "REFUND_EXCEEDS_PURCHASE"),
        ([1, 1], "REFUND_LINES_MISMATCH"),
    ],
)
def test_kept_lines_refuses(refunded: list[int], code: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        kept_lines([Line(100)], refunded)
    assert refused.value.code == code


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=8), st.data())
def test_spread_sums_to_the_amount_and_stays_within_each_line(
    remaining: list[int], data: st.DataObject
) -> None:
    amount = data.draw(st.integers(0, sum(remaining)))
    parts = spread(amount, remaining)
    assert sum(parts) == amount
    assert all(0 <= part <= each for part, each in zip(parts, remaining, strict=True))


@st.composite
def earning(draw: st.DrawFn) -> EarningRule:
    multiplier = [
        {"name": name, "factor": draw(st.sampled_from(["0.5", "1.2", "3"])), "categories": [name]}
        for name in draw(st.sampled_from([[], ["a"], ["a", "b"]]))
    ]
    return rule(
        points=draw(st.sampled_from(["1", "1.2", "0.1"])),
        rounding=draw(st.sampled_from(["floor", "half_up", "half_even", "ceiling"])),
        base=draw(st.sampled_from(["after_discount", "before_discount"])),
        stacking="best",
        per_purchase_cap=draw(st.sampled_from([None, "100"])),
        multiplier=multiplier,
    )


amounts = st.integers(0, 10**5)
lines = st.lists(
    st.builds(Line, amounts, amounts, category=st.sampled_from(["", "a", "b"])),
    min_size=1,
    max_size=5,
)


@given(earning(), lines, st.integers(0, 10**4), st.data())
def test_refunds_in_parts_take_back_exactly_what_was_awarded(
    rule: EarningRule, lines: list[Line], cut_by_caps: int, data: st.DataObject
) -> None:
    purchase = basket(*lines)
    awarded = max(0, award(rule, purchase, NOON, {}).points - cut_by_caps)
    refunded = [0] * len(lines)
    taken = 0
    while (left := purchase.amount - sum(refunded)) > 0:
        amount = data.draw(st.integers(max(1, left // 4), left))
        remaining = [line.amount - back for line, back in zip(lines, refunded, strict=True)]
        parts = spread(amount, remaining)
        refunded = [back + part for back, part in zip(refunded, parts, strict=True)]
        now = reversal(
            rule, purchase, NOON, awarded=awarded, already_reversed=taken, refunded=refunded
        )
        assert now >= 0
        taken += now
        assert taken <= awarded
    if purchase.amount:
        assert taken == awarded


@given(earning(), lines, st.data())
def test_two_refunds_take_back_the_same_in_either_order(
    rule: EarningRule, lines: list[Line], data: st.DataObject
) -> None:
    first = [data.draw(st.integers(0, line.amount)) for line in lines]
    second = [
        data.draw(st.integers(0, line.amount - back))
        for line, back in zip(lines, first, strict=True)
    ]
    both = [a + b for a, b in zip(first, second, strict=True)]
    one = take_back(rule, basket(*lines), first, both)
    other = take_back(rule, basket(*lines), second, both)
    assert sum(one) == sum(other) == sum(take_back(rule, basket(*lines), both))
