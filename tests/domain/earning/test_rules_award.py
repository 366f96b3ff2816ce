"""What an event earns: each kind of rule, exactly."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.earning.rules import Award, CapKey, Facts, Line, Part, Verdict
from domain.earning.rules_award import drawn
from domain.earning.rules_caps import ALWAYS, first_of
from kit.errors import InvalidInputError
from tests.support.earning import NEW_YORK, activity, basket, earned, given_by, judged, made


def once(name: str, points: str = "1", **settings: Any) -> dict[str, Any]:
    return {"name": name, "points": points, **settings}


def test_one_point_per_whole_dollar_of_the_basket_not_of_each_line() -> None:
    verdict = judged(made(), basket(199, 199))
    assert verdict == Verdict((Award("base", (Part(3, None),)),), 3, {}, ())


def test_a_basket_of_nothing_earns_nothing() -> None:
    assert judged(made(), basket()) == Verdict((), 0, {}, ())
    assert judged(made(), basket(0)) == Verdict((), 0, {}, ())
    assert judged(made(), basket(99)) == Verdict((), 0, {}, ())


@pytest.mark.parametrize(
    ("rate", "expected"),
    # Sephora, 24 August 2018: $100 earns 100, 125 or 150 points by tier (loyalty S2).
    [("1", 100), ("1.25", 125), ("1.5", 150)],
)
def test_s2_rates_of_sephora(rate: str, expected: int) -> None:
    assert earned(made(rate=rate), 10_000) == expected


def test_b3_starbucks_2016_two_stars_per_dollar() -> None:
    # eonline.com/news/742477: $62.50 earns 125 Stars (loyalty B3).
    assert earned(made(rate="2"), 6_250) == 125


def test_b6_fractional_stars() -> None:
    # Starbucks, 10 March 2026: $3.45 at 1.2 Stars per dollar is 4.14 Stars (loyalty B6).
    assert earned(made(rate="1.2", scale=2), 345) == 414


def test_n1_the_north_face_ten_points_per_dollar() -> None:
    assert earned(made(rate="10"), 1_999) == 199


@pytest.mark.parametrize(
    ("rounding", "expected"),
    [
        ("floor", (1, 1, 2)),
        ("half_up", (1, 2, 3)),
        ("half_even", (1, 2, 2)),
        ("ceiling", (2, 2, 3)),
    ],
)
def test_rounding_once_per_rule(rounding: str, expected: tuple[int, ...]) -> None:
    base = made(rounding=rounding)
    assert tuple(earned(base, amount) for amount in (149, 150, 250)) == expected
    rule = made(rounding=rounding, rule=[once("r", per="1")])
    assert tuple(earned(rule, amount) for amount in (149, 150, 250)) == expected


def test_a_thirtieth_of_a_point_per_cent_is_exact() -> None:
    third = made(per="0.30")
    assert [earned(third, amount) for amount in (29, 30, 89, 90)] == [0, 1, 2, 3]


def test_a_currency_without_decimals() -> None:
    assert earned(made(per="100", exponent=0), 250) == 2


def test_the_base_before_discount_counts_what_was_taken_off() -> None:
    line = Line(600, discount=400, category="c")
    before = made(base="before_discount", rate="1", rule=[once("r", per="1", categories=["c"])])
    assert given_by(judged(before, basket(line))) == {"base": 10, "r": 10}
    assert earned(made(), line) == 6


def test_excluded_lines_earn_nothing_by_any_rule() -> None:
    # Gift cards that earn points can buy gift cards (loyalty, pitfall 11).
    rules = made(
        rate="1",
        excluded_categories=["gift card"],
        rule=[
            once("per visit", "5"),
            once("per money", per="1"),
            {"name": "steps", "steps": [{"from": "20", "points": "100"}]},
            once("cards", "9", categories=["gift card"]),
        ],
    )
    food, card = Line(1_000, category="food"), Line(5_000, category="gift card")
    assert given_by(judged(rules, basket(food, card))) == {
        "base": 10,
        "per visit": 5,
        "per money": 10,
    }
    assert judged(rules, basket(card)).awards == ()


def test_a_purchase_told_without_lines_is_a_visit_all_the_same() -> None:
    # 1 Star per visit whatever the basket (loyalty B1).
    assert earned(made(rule=[once("visit")])) == 1


@pytest.mark.parametrize(
    ("amount", "points"),
    # Delta and Starbucks, 12 June 2024 (loyalty D1).
    [
        (2_499, 0),
        (2_500, 25),
        (4_999, 25),
        (5_000, 75),
        (7_499, 75),
        (7_500, 125),
        (9_999, 125),
        (10_000, 200),
        (10**9, 200),
    ],
)
def test_d1_steps_begin_at_the_cent(amount: int, points: int) -> None:
    found = [("25", "25"), ("50", "75"), ("75", "125"), ("100", "200")]
    steps = [{"from": start, "points": given} for start, given in found]
    loads = made(rule=[{"name": "load", "on": "load", "steps": steps}])
    assert judged(loads, activity("load", amount=amount)).points == points
    beans = made(rule=[{"name": "b", "categories": ["beans"], "steps": steps}])
    assert earned(beans, Line(amount, category="beans"), 10_000) == points


def test_points_per_money_on_the_lines_that_fit() -> None:
    rules = made(
        rule=[
            once("beans", "2", per="1", categories=["beans"]),
            once("x1", "3", per="1", skus=["x1"]),
            once("dear", "1", per="1", when="line.amount >= 10.0"),
        ]
    )
    lines = (Line(999, category="beans"), Line(1_000, sku="x1"), Line(10))
    assert given_by(judged(rules, basket(*lines))) == {"beans": 19, "x1": 30, "dear": 10}
    assert judged(rules, basket(10)).awards == ()


def test_points_for_a_category_are_given_once_for_all_lines_that_fit() -> None:
    rules = made(rule=[once("coffee", "5", categories=["coffee"])])
    assert earned(rules, Line(1, category="coffee"), Line(0, category="coffee"), 500) == 5
    assert earned(rules, Line(500, category="tea")) == 0


def test_points_per_money_of_an_activity() -> None:
    rides = made(rule=[once("ride", "2", per="1", on="ride")])
    assert judged(rides, activity("ride", amount=1_250)).points == 25
    assert judged(rides, activity("walk", amount=1_250)).points == 0
    assert earned(rides, 1_250) == 0


def test_points_times_a_whole_number() -> None:
    # 3 hotel points are a mile, and 60,000 bring 5,000 more (loyalty M2).
    rules = made(
        rule=[
            once("miles", "1", on="x", each="int(event.attributes.points) / 3"),
            once("bonus", "5000", on="x", each="int(event.attributes.points) / 60000"),
        ]
    )

    def miles(points: Any) -> int:
        return judged(rules, activity("x", attributes={"points": points})).points

    assert [miles(points) for points in (2, 3, 59_999, 60_000, 120_000)] == [
        0,
        1,
        19_999,
        25_000,
        50_000,
    ]
    assert [miles(points) for points in (-9, "many", True)] == [0, 0, 0]
    assert judged(rules, activity("x")).points == 0


def test_a_tenth_of_a_point_is_rounded_after_counting() -> None:
    rules = made(rule=[once("r", "0.1", on="x", each="int(event.attributes.n)")])
    assert judged(rules, activity("x", attributes={"n": 19})).points == 1


def test_an_expression_counts_no_further_than_a_million_millions() -> None:
    rules = made(rule=[once("r", "1", on="x", each="int(event.attributes.n)")])
    assert judged(rules, activity("x", attributes={"n": 2**53})).points == 10**12


def test_a_share_is_of_what_the_other_gives_before_rounding() -> None:
    rules = made(
        rate="1",
        rule=[
            {"name": "of share", "of": "share", "share": "0.5"},
            {"name": "share", "of": "base", "share": "0.25"},
            {"name": "of rule", "of": "fixed", "share": "2"},
            once("fixed", "7", categories=["a"]),
        ],
    )
    assert given_by(judged(rules, basket(1_999))) == {"base": 19, "share": 4, "of share": 2}
    line = Line(100, category="a")
    assert given_by(judged(rules, basket(line))) == {"base": 1, "fixed": 7, "of rule": 14}


def test_a_share_of_what_is_not_given_is_nothing() -> None:
    rules = made(
        rate="1",
        rule=[
            once("never", "100", chance="0.000000001", seed="s"),
            {"name": "share", "of": "never", "share": "1"},
            {"name": "here", "of": "base", "share": "1", "channels": ["app"]},
        ],
    )
    assert given_by(judged(rules, basket(100))) == {"base": 1}
    assert given_by(judged(rules, basket(100, channel="app"))) == {"base": 1, "here": 1}


FIRST: Facts = {"member.count": {}}
VISITED: Facts = {"member.count": {"visit": 1}}


def test_the_first_event_of_a_kind_is_first_once() -> None:
    rules = made(
        rule=[
            once("welcome", "100", on="visit", first=True),
            once("app", "50", on="visit", first=True, channels=["app"]),
            once("other kind", "7", on="tour", first=True),
        ]
    )
    key = first_of("visit")
    both = judged(rules, activity(channel="app"), facts=FIRST)
    assert given_by(both) == {"welcome": 100, "app": 50}
    assert both.uses == {key: 1}
    assert both.hits == ("welcome", "app")
    assert judged(rules, activity(), facts=VISITED) == Verdict((), 0, {}, ())
    # Its refund takes the count back to zero; what the first one gave is not given again.
    assert judged(rules, activity(), facts=FIRST, used={key: 1}).awards == ()
    assert judged(rules, activity("tour"), facts=VISITED, used={key: 1}).points == 7


def test_every_third_event_that_fits() -> None:
    rules = made(rule=[once("third", "10", categories=["coffee"], nth=3)])
    used: dict[CapKey, int] = {}
    points = []
    for category in ["coffee", "tea", "coffee", "coffee", "tea", "coffee", "coffee", "coffee"]:
        verdict = judged(rules, basket(Line(100, category=category)), used=used)
        points.append(verdict.points)
        assert verdict.hits == (("third",) if verdict.points else ())
        turn = {CapKey("nth:third|ever", ALWAYS): -2 if verdict.points else 1}
        assert verdict.uses == (turn if category == "coffee" else {})
        used = {key: used.get(key, 0) + verdict.uses.get(key, 0) for key in (*used, *verdict.uses)}
    assert points == [0, 0, 0, 10, 0, 0, 0, 10]
    assert used == {CapKey("nth:third|ever", ALWAYS): 0}


@pytest.mark.parametrize(
    ("per", "starts"),
    [
        ("week", datetime(2026, 5, 4, 4, tzinfo=UTC)),
        ("month", datetime(2026, 5, 1, 4, tzinfo=UTC)),
        ("year", datetime(2026, 1, 1, 5, tzinfo=UTC)),
    ],
)
def test_every_second_event_of_a_period(per: str, starts: datetime) -> None:
    rules = made(rule=[once("second", "10", nth=2, nth_per=per)])
    key = CapKey(f"nth:second|{per}", starts)
    assert judged(rules, basket(1)).uses == {key: 1}
    assert judged(rules, basket(1), used={key: 1}).points == 10
    # What was counted before the period began doesn't count.
    assert judged(rules, basket(1), used={key._replace(starts_at=ALWAYS): 1}).points == 0


def test_only_events_that_were_drawn_are_counted() -> None:
    rules = made(rule=[once("r", "1", chance="0.5", seed="s", nth=2)])
    outcomes = {
        judged(rules, basket(1, name=str(index))).uses.get(CapKey("nth:r|ever", ALWAYS), 0)
        for index in range(20)
    }
    assert outcomes == {0, 1}


def test_a_draw_is_the_same_each_time_and_fair() -> None:
    rules = made(rule=[once("one in twenty", "1", chance="0.05", seed="spring")])
    (giver,) = rules.givers
    won = [name for name in map(str, range(10_000)) if drawn(giver, basket(name=name))]
    # Four standard deviations of 10,000 draws at 0.05 are 87.
    assert abs(len(won) - 500) < 87
    assert won[:5] == ["9", "38", "45", "96", "103"]
    assert judged(rules, basket(1, name=won[0])).points == 1
    assert judged(rules, basket(1, name="11")).points == 0
    other = replace(giver, seed="summer")
    again = [name for name in map(str, range(10_000)) if drawn(other, basket(name=name))]
    assert len(set(won) & set(again)) < 60


def test_a_certain_draw_is_always_won_but_nothing_is_drawn_without_an_id() -> None:
    (giver,) = made(rule=[once("all", "1", chance="1", seed="s")]).givers
    assert all(drawn(giver, basket(name=str(index))) for index in range(1_000))
    assert not drawn(giver, basket(name=""))


def test_one_rule_of_a_group_counts_the_one_with_the_highest_priority_that_applies() -> None:
    rules = made(
        rule=[
            once("low", "900", group="g", priority=1),
            once("high", "5", group="g", priority=3, channels=["app"]),
            once("middle", "7", group="g", priority=2, stores=["s"]),
            once("other group", "11", group="h", priority=0),
            once("alone", "13"),
        ]
    )

    def names(**details: Any) -> set[str]:
        return given_by(judged(rules, basket(1, **details))).keys() - {"other group", "alone"}

    assert names() == {"low"}
    assert names(store="s") == {"middle"}
    assert names(store="s", channel="app") == names(channel="app") == {"high"}
    assert judged(rules, basket(1)).points == 924


def test_a_rule_that_loses_its_lot_leaves_its_group_to_the_next() -> None:
    rules = made(
        rule=[
            once("rare", "100", group="g", priority=2, chance="0.000000001", seed="s"),
            once("common", "1", group="g", priority=1),
        ]
    )
    assert given_by(judged(rules, basket(1))) == {"common": 1}


def test_who_does_not_count_uses_up_no_turn() -> None:
    rules = made(
        rule=[
            once("first", "100", first=True, group="g", priority=1),
            once("second", "50", nth=2, group="h", priority=1),
            once("app", "5", channels=["app"], group="g", priority=2),
            once("app too", "6", channels=["app"], group="h", priority=2),
            once("rare", "9", chance="0.000000001", seed="s"),
            {"name": "of rare", "of": "rare", "share": "1", "nth": 2},
        ]
    )
    lost = judged(rules, basket(1, channel="app"), facts=FIRST)
    assert (given_by(lost), lost.uses, lost.hits) == ({"app": 5, "app too": 6}, {}, ())
    won = judged(rules, basket(1), facts=FIRST)
    assert (given_by(won), won.hits) == ({"first": 100}, ("first",))
    assert list(won.uses.values()) == [1, 1]


def test_a_share_goes_with_what_lost_in_its_group() -> None:
    rules = made(
        rate="1",
        rule=[
            once("a", "10", group="g", priority=1),
            once("b", "20", group="g", priority=2, channels=["app"]),
            {"name": "half of a", "of": "a", "share": "0.5", "group": "h", "priority": 2},
            {"name": "half of that", "of": "half of a", "share": "0.5"},
            once("c", "3", group="h", priority=1),
        ],
    )
    # Where a doesn't count its share doesn't, and leaves its own group to the next.
    assert given_by(judged(rules, basket(1))) == {"a": 10, "half of a": 5, "half of that": 2}
    assert given_by(judged(rules, basket(1, channel="app"))) == {"b": 20, "c": 3}


def test_a_cap_per_event_is_that_of_all_rules_together() -> None:
    capped = made(rate="1", per_purchase_cap="50", rule=[once("r", "30"), once("s", "30")])
    verdict = judged(capped, basket(1_500))
    assert given_by(verdict) == {"base": 15, "r": 30, "s": 5}
    assert verdict.computed == 50
    assert judged(made(per_purchase_cap="0"), basket(1_500)) == Verdict((), 0, {}, ())


def test_an_award_no_account_can_hold_is_refused() -> None:
    with pytest.raises(InvalidInputError) as refused:
        earned(made(scale=9, rate="1000000"), 10**12)
    assert refused.value.code == "AWARD_TOO_LARGE"
    assert earned(made(scale=9, rate="1000000", per_purchase_cap="1"), 10**12) == 10**9


@pytest.mark.parametrize("seconds", [-1, 0])
def test_a_promotion_ends_at_its_instant(seconds: int) -> None:
    # Starwood and Uber: ended 17 December 2017, 23:59 ET (loyalty M4).
    end = datetime(2017, 12, 17, 23, 59, tzinfo=NEW_YORK)
    rules = made(rule=[once("ride", "1", per="1", on="ride", until=end)])
    at = end + timedelta(seconds=seconds)
    assert judged(rules, activity("ride", amount=300), at=at).points == (3 if seconds else 0)
