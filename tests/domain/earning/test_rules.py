"""Awards: rates, rounding, multipliers, caps."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.earning.rules import Award, EarningRule, Line, Purchase, award, compile_earning
from domain.earning.section import EarningSection
from kit.errors import InvalidInputError

NEW_YORK = ZoneInfo("America/New_York")
NOON = datetime(2026, 5, 5, 12, tzinfo=NEW_YORK)


def rule(scale: int = 0, **settings: Any) -> EarningRule:
    plain = {"points": "1", "per": "1.00", "rounding": "floor", "base": "after_discount"}
    return compile_earning(EarningSection(**(plain | settings)), 2, scale)


def basket(*lines: Line, channel: str = "") -> Purchase:
    return Purchase("e1", "m1", NOON, "USD", lines, channel)


def points(rule: EarningRule, *lines: Line, channel: str = "", at: datetime = NOON) -> int:
    return award(rule, basket(*lines, channel=channel), at, {}).points


def test_one_point_per_whole_dollar_of_the_basket_not_of_each_line() -> None:
    assert award(rule(), basket(Line(199), Line(199)), NOON, {}) == Award(3, 3, 398, ())


def test_a_basket_of_nothing_earns_nothing() -> None:
    assert award(rule(), basket(), NOON, {}) == Award(0, 0, 0, ())
    assert points(rule(), Line(0)) == 0


@pytest.mark.parametrize(
    ("rate", "expected"),
    # Sephora, 24 August 2018: $100 earns 100, 125 or 150 points by tier (loyalty S2).
    [("1", 100), ("1.25", 125), ("1.5", 150)],
)
def test_s2_rates_of_sephora(rate: str, expected: int) -> None:
    assert points(rule(points=rate), Line(10_000)) == expected


def test_b3_starbucks_2016_two_stars_per_dollar() -> None:
    # eonline.com/news/742477: $62.50 earns 125 Stars (loyalty B3).
    assert points(rule(points="2"), Line(6_250)) == 125


def test_b6_fractional_stars() -> None:
    # Starbucks, 10 March 2026: $3.45 at 1.2 Stars per dollar is 4.14 Stars (loyalty B6).
    assert points(rule(scale=2, points="1.2"), Line(345)) == 414


def test_n1_the_north_face_ten_points_per_dollar() -> None:
    assert points(rule(points="10"), Line(1_999)) == 199


@pytest.mark.parametrize(
    ("rounding", "expected"),
    [
        ("floor", (1, 1, 2)),
        ("half_up", (1, 2, 3)),
        ("half_even", (1, 2, 2)),
        ("ceiling", (2, 2, 3)),
    ],
)
def test_rounding(rounding: str, expected: tuple[int, int, int]) -> None:
    rounded = rule(rounding=rounding)
    assert tuple(points(rounded, Line(cents)) for cents in (149, 150, 250)) == expected


def test_a_thirtieth_of_a_point_per_cent_is_exact() -> None:
    third = rule(points="1", per="0.30")
    assert [points(third, Line(cents)) for cents in (29, 30, 89, 90)] == [0, 1, 2, 3]


def test_a_currency_without_decimals() -> None:
    section = EarningSection(points="1", per="100", rounding="floor", base="after_discount")
    assert points(compile_earning(section, 0, 0), Line(250)) == 2


def test_the_base_before_discount_counts_what_was_taken_off() -> None:
    before = rule(base="before_discount")
    assert points(before, Line(600, discount=400)) == 10
    assert points(rule(), Line(600, discount=400)) == 6


def test_excluded_lines_earn_nothing() -> None:
    # Gift cards that earn points can buy gift cards (loyalty, pitfall 11).
    excluding = rule(excluded_categories=["gift card", "tax"])
    lines = (Line(1_000, category="food"), Line(5_000, category="gift card"))
    assert award(excluding, basket(*lines), NOON, {}) == Award(10, 10, 1_000, ())


def double(name: str, factor: str = "2", **settings: Any) -> dict[str, Any]:
    return {"name": name, "factor": factor, **settings}


def during(start: date, end: date) -> EarningRule:
    return rule(multiplier=[double("then") | {"from": start, "until": end}])


def test_a_multiplier_for_a_category_leaves_other_lines_alone() -> None:
    beans = rule(multiplier=[double("beans", "1.5", categories=["beans"])])
    assert points(beans, Line(1_000, category="beans"), Line(1_000)) == 25


def test_a_multiplier_for_a_channel() -> None:
    app = rule(multiplier=[double("app", channels=["app"])])
    assert points(app, Line(1_000), channel="app") == 20
    assert points(app, Line(1_000), channel="shop") == 10


def test_a_multiplier_between_days_is_half_open_on_the_brands_clock() -> None:
    week = during(date(2026, 5, 4), date(2026, 5, 6))
    edges = [
        datetime(2026, 5, 3, 23, 59, 59, tzinfo=NEW_YORK),
        datetime(2026, 5, 4, tzinfo=NEW_YORK),
        datetime(2026, 5, 5, 23, 59, 59, tzinfo=NEW_YORK),
        datetime(2026, 5, 6, tzinfo=NEW_YORK),
    ]
    assert [points(week, Line(100), at=edge) for edge in edges] == [1, 2, 2, 1]


def test_a_multiplier_between_instants_is_half_open() -> None:
    start, end = datetime(2026, 5, 5, 16, tzinfo=UTC), datetime(2026, 5, 5, 17, tzinfo=UTC)
    hour = during(start, end)
    second = timedelta(seconds=1)
    edges = [start - second, start, end - second, end]
    found = [points(hour, Line(100), at=edge.astimezone(NEW_YORK)) for edge in edges]
    assert found == [1, 2, 2, 1]


def test_a_multiplier_from_an_instant_to_a_day() -> None:
    start = datetime(2026, 5, 5, 16, tzinfo=UTC)  # noon in New York
    found = during(start, date(2026, 5, 6))
    second = timedelta(seconds=1)
    assert [points(found, Line(100), at=at) for at in (NOON - second, NOON)] == [1, 2]
    assert points(found, Line(100), at=datetime(2026, 5, 6, tzinfo=NEW_YORK)) == 1


@pytest.mark.parametrize(("stacking", "expected"), [("best", 300), ("multiply", 450), ("add", 350)])
def test_stacking(stacking: str, expected: int) -> None:
    # Overlapping rules must not stack by accident (loyalty, pitfall 14).
    both = rule(stacking=stacking, multiplier=[double("a", "1.5"), double("b", "3")])
    assert points(both, Line(10_000)) == expected


def test_adding_factors_below_one_never_goes_below_zero() -> None:
    few = rule(stacking="add", multiplier=[double("a", "0.25"), double("b", "0.25")])
    assert points(few, Line(10_000)) == 0


def test_the_order_of_multipliers_is_irrelevant() -> None:
    a, b = double("a", "0.5", categories=["x"]), double("b", "1.7")
    lines = (Line(12_345, category="x"), Line(777))
    for stacking in ("best", "multiply", "add"):
        one = rule(stacking=stacking, multiplier=[a, b])
        other = rule(stacking=stacking, multiplier=[b, a])
        assert points(one, *lines) == points(other, *lines)


def test_a_cap_per_purchase() -> None:
    assert award(rule(per_purchase_cap="50"), basket(Line(10_000)), NOON, {}).computed == 50


def test_caps_per_period_give_what_the_tightest_leaves() -> None:
    caps = [
        {"name": "daily", "period": "day", "points": "100"},
        {"name": "yearly", "period": "year", "points": "1000"},
    ]
    day, year = ("daily", date(2026, 5, 5)), ("yearly", date(2026, 1, 1))
    capped = rule(period_cap=caps)
    found = award(capped, basket(Line(8_000)), NOON, {day: 70, year: 10})
    assert found == Award(30, 80, 8_000, ((day, 30), (year, 30)))
    assert award(capped, basket(Line(8_000)), NOON, {day: 100}) == Award(0, 80, 8_000, ())


def test_a_cap_lowered_below_what_is_used_takes_nothing_away() -> None:
    capped = rule(period_cap=[{"name": "daily", "period": "day", "points": "100"}])
    used = {("daily", date(2026, 5, 5)): 150}
    assert award(capped, basket(Line(100)), NOON, used) == Award(0, 1, 100, ())


def test_a_cap_counts_days_of_the_brands_clock() -> None:
    capped = rule(period_cap=[{"name": "daily", "period": "day", "points": "100"}])
    late = datetime(2026, 5, 6, 3, 59, tzinfo=UTC).astimezone(NEW_YORK)
    assert award(capped, basket(Line(100)), late, {}).cap_uses == (
        (("daily", date(2026, 5, 5)), 1),
    )


def test_an_award_no_account_can_hold_is_refused() -> None:
    with pytest.raises(InvalidInputError) as refused:
        points(rule(scale=9, points="1000000"), Line(10**12))
    assert refused.value.code == "AWARD_TOO_LARGE"


factors = st.decimals("0.01", 20, places=2).map(str)
amounts = st.integers(0, 10**7)
categories = st.sampled_from(["", "a", "b", "gift"])
lines = st.lists(st.builds(Line, amounts, amounts, category=categories), max_size=8)
multipliers = st.lists(
    st.fixed_dictionaries(
        {"factor": factors, "categories": st.lists(st.sampled_from(["a", "b"]), max_size=2)}
    ),
    max_size=4,
)


@st.composite
def rules(draw: st.DrawFn) -> EarningRule:
    return rule(
        scale=draw(st.integers(0, 4)),
        points=draw(factors),
        per=draw(factors),
        rounding=draw(st.sampled_from(["floor", "half_up", "half_even", "ceiling"])),
        base=draw(st.sampled_from(["after_discount", "before_discount"])),
        stacking=draw(st.sampled_from(["best", "multiply", "add"])),
        excluded_categories=draw(st.sampled_from([[], ["gift"]])),
        per_purchase_cap=draw(st.sampled_from([None, "0", "1000"])),
        multiplier=[each | {"name": str(index)} for index, each in enumerate(draw(multipliers))],
    )


@given(rules(), lines, st.randoms())
def test_the_order_of_lines_is_irrelevant(
    rule: EarningRule, lines: list[Line], random: Any
) -> None:
    shuffled = list(lines)
    random.shuffle(shuffled)
    assert points(rule, *lines) == points(rule, *shuffled)


@given(rules(), lines, st.data())
def test_who_pays_more_never_earns_less(
    rule: EarningRule, lines: list[Line], data: st.DataObject
) -> None:
    more = [replace(line, amount=line.amount + data.draw(amounts)) for line in lines]
    assert points(rule, *more) >= points(rule, *lines)


@given(
    st.lists(st.tuples(amounts, st.integers(0, 40)), max_size=12),
    st.integers(0, 50_000),
    st.integers(0, 100_000),
)
def test_caps_are_never_exceeded(
    purchases: list[tuple[int, int]], daily: int, monthly: int
) -> None:
    caps = [
        {"name": "daily", "period": "day", "points": str(daily)},
        {"name": "monthly", "period": "month", "points": str(monthly)},
    ]
    capped = rule(period_cap=caps)
    limits = {"daily": daily, "monthly": monthly}
    used: dict[tuple[str, date], int] = {}
    for cents, days in purchases:
        found = award(capped, basket(Line(cents)), NOON + timedelta(days=days), used)
        assert 0 <= found.points <= found.computed
        for key, taken in found.cap_uses:
            used[key] = used.get(key, 0) + taken
            assert used[key] <= limits[key[0]]


@given(rules(), lines)
def test_an_unboosted_award_is_the_rounded_product(rule: EarningRule, lines: list[Line]) -> None:
    plain = replace(rule, boosts=(), purchase_cap=10**17)
    found = award(plain, basket(*lines), NOON, {})
    exact = Decimal(found.base) * rule.numerator
    assert abs(found.points * rule.denominator - exact) < rule.denominator
