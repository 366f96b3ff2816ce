"""Multipliers, and goods that earn nothing: what counts of a basket and how often."""

from typing import Any

import pytest

from domain.earning.rules import Line
from tests.support.earning import basket, earned, given_by, judged, made


def double(name: str, factor: str = "2", **settings: Any) -> dict[str, Any]:
    return {"name": name, "factor": factor, **settings}


@pytest.mark.parametrize(
    ("stacking", "both", "third", "none"),
    [
        ("best", 300, 150, 100),
        ("multiply", 450, 150, 100),
        ("add", 350, 150, 100),
        ("priority", 150, 150, 100),
    ],
)
def test_multipliers_that_meet_on_a_line(stacking: str, both: int, third: int, none: int) -> None:
    # Overlapping rules must not stack by accident (loyalty, pitfall 14).
    ranks = [{"priority": 2}, {"priority": 1}] if stacking == "priority" else [{}, {}]
    boosts = [
        double("a", "1.5", categories=["x", "y"]) | ranks[0],
        double("b", "3", categories=["x"]) | ranks[1],
    ]
    for multiplier in (boosts, boosts[::-1]):
        rules = made(stacking=stacking, multiplier=multiplier)
        assert [earned(rules, Line(10_000, category=name)) for name in "xyz"] == [both, third, none]
        mixed = [Line(10_000, category=name) for name in "xyz"]
        assert earned(rules, *mixed) == both + third + none


@pytest.mark.parametrize(
    ("stacking", "expected"), [("best", 300), ("multiply", 450), ("add", 350), ("priority", 150)]
)
def test_multipliers_of_whole_baskets(stacking: str, expected: int) -> None:
    ranks = [{"priority": 2}, {"priority": 1}] if stacking == "priority" else [{}, {}]
    rules = made(
        stacking=stacking, multiplier=[double("a", "1.5") | ranks[0], double("b", "3") | ranks[1]]
    )
    assert earned(rules, 10_000) == expected


def test_factors_below_one() -> None:
    half, third = double("a", "0.5"), double("b", "0.25")
    found = {
        stacking: earned(made(stacking=stacking, multiplier=[half, third]), 10_000)
        for stacking in ("best", "multiply", "add")
    }
    # Adding what each gives above one never goes below nothing.
    assert found == {"best": 50, "multiply": 12, "add": 0}


def test_a_multiplier_counts_only_on_its_lines_and_before_discount_with_it() -> None:
    beans = made(base="before_discount", multiplier=[double("beans", "1.5", categories=["beans"])])
    line = Line(600, discount=400, category="beans")
    assert earned(beans, line, 1_000, Line(0)) == 25


def test_a_multiplier_by_an_expression_over_lines() -> None:
    dear = made(multiplier=[double("dear", when="line.amount >= 10.0 && event.store == 's'")])
    assert earned(dear, 1_000, 999, store="s") == 29
    assert earned(dear, 1_000, 999) == 19


def test_a_multiplier_multiplies_the_base_rate_and_shares_of_it_but_no_other_rule() -> None:
    rules = made(
        rate="1",
        multiplier=[double("all")],
        rule=[{"name": "r", "points": "10"}, {"name": "share", "of": "base", "share": "0.5"}],
    )
    assert given_by(judged(rules, basket(1_000))) == {"base": 20, "r": 10, "share": 10}


def test_a_multiplier_for_a_tier() -> None:
    rules = made(rate="1", multiplier=[double("gold", tiers=["Gold"])])
    assert rules.needs == {"tiers"}
    gold, silver = {"tiers": {"status": "Gold"}}, {"tiers": {"status": "Silver"}}
    found = [judged(rules, basket(100), facts=facts).points for facts in (gold, silver)]
    assert found == [2, 1]


def test_pitfall_11_what_earns_nothing_helps_no_condition_either() -> None:
    """Odoo #150833, RepairDesk #1050: gift cards that earn, by way of a threshold."""
    rules = made(
        excluded_categories=["gift card"],
        rule=[
            {"name": "from $50", "points": "40", "when": "event.amount >= 50.0"},
            {"name": "per ten", "points": "3", "each": "int(event.amount / 10.0)"},
            {"name": "steps", "steps": [{"from": "10.00", "points": "5"}]},
        ],
    )
    card, gum = Line(10_000, category="gift card"), Line(50)
    assert given_by(judged(rules, basket(card, gum))) == {}
    assert given_by(judged(rules, basket(card, Line(5_000)))) == {
        "from $50": 40,
        "per ten": 15,
        "steps": 5,
    }
