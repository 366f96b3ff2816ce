"""Refunds: what each kind of rule takes back, exactly."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from domain.earning.rules import Facts, Line, Purchase
from domain.earning.rules_compile import EarningRules
from domain.earning.rules_refund import due, kept_lines, spread, turns
from kit.errors import InvalidInputError
from tests.support.earning import NOON, basket, given_by, judged, made


def taken(
    rules: EarningRules,
    purchase: Purchase,
    *states: Sequence[int],
    awarded: Mapping[str, int] | None = None,
    facts: Facts | None = None,
    hits: Sequence[str] = (),
) -> list[dict[str, int]]:
    """Return what is due in all after each state of what was refunded per line."""
    verdict = judged(rules, purchase, facts=facts)
    given = given_by(verdict) if awarded is None else awarded
    return [
        due(
            rules, purchase, NOON, facts or {}, [*verdict.hits, *hits], awarded=given, refunded=each
        )
        for each in states
    ]


def base(rules: EarningRules, purchase: Purchase, *states: Sequence[int]) -> list[int]:
    return [each.get("base", 0) for each in taken(rules, purchase, *states)]


def once(name: str, points: str = "1", **settings: Any) -> dict[str, Any]:
    return {"name": name, "points": points, **settings}


def test_r1_half_of_a_basket_takes_back_half() -> None:
    # Open Loyalty: EUR 40 earned 70 points, EUR 20 returned takes back 35 (loyalty R1).
    assert base(made(rate="1.75"), basket(2_000, 2_000), [2_000, 0]) == [35]


def test_r1_what_a_kept_line_earned_by_a_multiplier_stays() -> None:
    # Open Loyalty takes the share of the whole basket, and with it points of kept items
    # (loyalty, pitfall 13): half of 60 would be 30, but the kept beans earned 40 alone.
    beans = made(multiplier=[{"name": "beans", "factor": "2", "categories": ["beans"]}])
    purchase = basket(Line(2_000, category="beans"), 2_000)
    assert base(beans, purchase, [0, 2_000], [2_000, 2_000]) == [20, 60]
    assert base(beans, purchase, [2_000, 0], [2_000, 2_000]) == [40, 60]


@pytest.mark.parametrize(
    ("refund_rounding", "expected"),
    [
        # Square floors what was returned: $1 and $5 of $20 take nothing, $10 a point, $20 both
        # (loyalty R2). Two of $5 are $10 and take a point as well: nothing leaks.
        ("returned", {100: 0, 500: 0, 999: 0, 1_000: 1, 1_500: 1, 2_000: 2}),
        # What the kept goods alone would earn: $19 of them 1, $10 still 1.
        ("kept", {100: 1, 500: 1, 999: 1, 1_000: 1, 1_500: 2, 2_000: 2}),
    ],
)
def test_r2_which_side_is_rounded(refund_rounding: str, expected: dict[int, int]) -> None:
    square = made(per="10", refund_rounding=refund_rounding)
    states = [[back] for back in expected]
    assert base(square, basket(2_000), *states) == list(expected.values())


@pytest.mark.parametrize(
    ("rounding", "returned", "kept"),
    [("floor", 0, 1), ("half_up", 1, 0), ("half_even", 0, 0), ("ceiling", 1, 0)],
)
def test_half_a_point_is_rounded_as_the_file_says(rounding: str, returned: int, kept: int) -> None:
    purchase = basket(200)
    for side, expected in (("returned", returned), ("kept", kept)):
        rules = made(rounding=rounding, refund_rounding=side)
        assert base(rules, purchase, [50]) == [expected]


def test_what_caps_cut_is_taken_back_last() -> None:
    for side in ("kept", "returned"):
        rules = made(refund_rounding=side)
        found = taken(
            rules, basket(10_000), [5_000], [7_100], [10_000], awarded={"base": 30, "gone": 5}
        )
        # A rule that the programme does not have keeps nothing.
        assert [each["base"] for each in found] == [0, 1, 30]
        assert [each["gone"] for each in found] == [5, 5, 5]


def test_each_rule_is_taken_back_by_itself() -> None:
    rules = made(
        rate="1",
        rule=[
            once("beans", "2", per="1", categories=["beans"]),
            once("any tea", "50", categories=["tea"]),
            once("large", "40", when="event.amount >= 50.0"),
            {"name": "steps", "steps": [{"from": "25", "points": "25"}, {"from": "50"} | TEN]},
            once("each", "3", each="int(event.amount) / 10"),
            {"name": "share", "of": "beans", "share": "0.5"},
        ],
    )
    purchase = basket(Line(1_000, category="beans"), Line(1_000, category="tea"), 4_000)
    assert given_by(judged(rules, purchase)) == {
        "base": 60,
        "beans": 20,
        "any tea": 50,
        "large": 40,
        "steps": 110,
        "each": 18,
        "share": 10,
    }
    tea, beans, rest = taken(rules, purchase, [0, 1_000, 0], [500, 0, 0], [0, 0, 4_000])
    assert tea == NOTHING | {"base": 10, "any tea": 50, "each": 3}
    assert beans == NOTHING | {"base": 5, "beans": 10, "each": 3, "share": 5}
    assert rest == NOTHING | {"base": 40, "large": 40, "steps": 110, "each": 12}


TEN = {"points": "110"}
NOTHING = dict.fromkeys(("base", "beans", "any tea", "large", "steps", "each", "share"), 0)


def test_who_fell_below_a_step_keeps_that_of_the_lower_one() -> None:
    steps = [{"from": "25", "points": "25"}, {"from": "50", "points": "75"}]
    rules = made(rule=[{"name": "s", "steps": steps}])
    states = taken(rules, basket(5_000), [1], [2_500], [2_501], [5_000])
    assert [each["s"] for each in states] == [50, 50, 75, 75]


def test_turns_and_lots_are_what_they_were() -> None:
    rules = made(
        rule=[
            once("first", "100", first=True, when="event.amount >= 10.0"),
            once("tenth", "10", nth=10),
            once("lot", "7", chance="0.5", seed="s", per="1"),
        ]
    )
    (lot,) = [giver for giver in rules.givers if giver.name == "lot"]
    purchase = next(
        each
        for each in (basket(2_000, name=str(index)) for index in range(20))
        if judged(rules, each, facts=NEW).points > 100
    )
    awarded = {"first": 100, "tenth": 10, "lot": 140}
    assert lot.rate
    states = taken(
        rules, purchase, [500], [1_500], [2_000], awarded=awarded, facts=NEW, hits=["tenth"]
    )
    assert states == [
        {"first": 0, "tenth": 0, "lot": 35},
        {"first": 100, "tenth": 0, "lot": 105},
        awarded,
    ]


NEW: Facts = {"member.count": {}}


COFFEES = [
    once("tenth", "3", categories=["coffee"], nth=10),
    once("second", "1", when="event.amount < 5.0", nth=2, nth_per="month"),
    once("share", "1", chance="0.000000001", seed="s", nth=2),
    once("plain", "1"),
]


@pytest.mark.parametrize(
    ("kept", "hits", "expected"),
    [
        ([Line(300, category="coffee"), Line(700)], [], {"nth:tenth|ever": 1}),
        ([Line(300, category="coffee"), Line(700)], ["tenth"], {"nth:tenth|ever": -9}),
        ([Line(700)], ["tenth"], {}),
        # Below $5 only since goods went back: that was never counted.
        ([Line(300, category="coffee")], [], {"nth:tenth|ever": 1}),
    ],
)
def test_what_a_purchase_has_on_counters_is_decided_by_what_is_kept(
    kept: list[Line], hits: list[str], expected: dict[str, int]
) -> None:
    purchase = basket(Line(300, category="coffee"), 700)
    found = turns(made(rule=COFFEES), purchase, NOON, {}, hits, kept=kept)
    assert {key.cap: turn for key, turn in found.items()} == expected


def test_what_was_counted_is_what_the_award_said() -> None:
    rules, purchase = made(rule=COFFEES), basket(Line(499, category="coffee"))
    verdict = judged(rules, purchase)
    found = turns(rules, purchase, NOON, {}, verdict.hits, kept=purchase.lines)
    assert found == verdict.uses
    assert {key.cap for key in found} == {"nth:tenth|ever", "nth:second|month"}
    assert turns(made(), purchase, NOON, {}, (), kept=purchase.lines) == {}


@pytest.mark.parametrize("side", ["kept", "returned"])
def test_a_group_is_one_rule(side: str) -> None:
    rules = made(
        refund_rounding=side,
        rule=[
            once("dear", "100", when="event.amount >= 50.0", group="g", priority=2),
            once("cheap", "1", per="1", group="g", priority=1),
        ],
    )
    states = taken(rules, basket(6_000), [1_000], [2_000], [5_900], [6_000])
    # Below $50 the other rule of the group says what is kept: a point per dollar.
    assert [each["dear"] for each in states] == [0, 60, 99, 100]


def test_conditions_on_the_member_are_judged_as_they_were() -> None:
    rules = made(rule=[once("gold", "2", per="1", tiers=["Gold"])])
    facts: Facts = {"tiers": {"status": "Gold"}}
    assert taken(rules, basket(1_000), [400], facts=facts) == [{"gold": 8}]


def test_three_pieces_of_which_one_is_kept_are_one_piece() -> None:
    rules = made(rule=[once("three", "30", when="line.quantity >= 3")])
    states = taken(rules, basket(Line(3_000, quantity=3)), [999], [1_000], [2_000])
    # Money given back on pieces that are kept leaves them what they are.
    assert [each["three"] for each in states] == [0, 30, 30]
    assert kept_lines([Line(3_000, quantity=3)], [999]) == (Line(2_001, quantity=3),)
    assert kept_lines([Line(100, quantity=1)], [99]) == (Line(1, quantity=1),)
    assert kept_lines([Line(100, quantity=0)], [99]) == (Line(1, quantity=0),)


def test_a_whole_refund_keeps_no_free_line() -> None:
    before = made(base="before_discount")
    purchase = basket(1_000, Line(0, discount=500))
    assert base(before, purchase, [400, 0], [1_000, 0]) == [4, 15]
    assert kept_lines(purchase.lines, [1_000, 0]) == ()
    assert base(before, basket(Line(0, discount=500)), [0]) == [5]


def test_a_discount_shrinks_with_its_line() -> None:
    kept = kept_lines([Line(900, discount=100), Line(50), Line(70)], [300, 0, 70])
    assert kept == (Line(600, discount=66), Line(50))


def test_what_remains_of_excluded_goods_earns_nothing() -> None:
    for side in ("kept", "returned"):
        rules = made(excluded_categories=["gift"], refund_rounding=side)
        purchase = basket(1_000, Line(5_000, category="gift"))
        assert base(rules, purchase, [0, 5_000], [1_000, 0]) == [0, 10]


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
