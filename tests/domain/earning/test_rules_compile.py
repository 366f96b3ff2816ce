"""A section made ready: exact ratios, smallest units, shares after what they are shares of."""

from typing import Any

import pytest

from domain.earning.rules import POINTS_MAX
from domain.earning.rules_conditions import SINCE_BIRTHDAY
from tests.support.earning import made


def rule(name: str, **settings: Any) -> dict[str, Any]:
    return {"name": name, **({"points": "1"} if "of" not in settings else {}), **settings}


@pytest.mark.parametrize(
    ("rate", "per", "scale", "exponent", "ratio"),
    [
        ("1", "1", 0, 2, (1, 100)),
        ("1.2", "1", 2, 2, (6, 5)),
        ("5", "0.30", 0, 2, (1, 6)),
        ("1", "100", 0, 0, (1, 100)),
        ("0.000000001", "999999999999", 9, 2, (1, 99_999_999_999_900)),
    ],
)
def test_a_smallest_unit_of_money_gives_an_exact_ratio(
    rate: str, per: str, scale: int, exponent: int, ratio: tuple[int, int]
) -> None:
    base = made(scale=scale, exponent=exponent, points=None, rate=rate, per=per)
    assert base.base == ratio
    (giver,) = made(
        scale=scale, exponent=exponent, rule=[rule("r", per=per) | {"points": rate}]
    ).givers
    assert (giver.points, giver.rate) == (ratio, True)


def test_without_a_rate_there_is_no_base() -> None:
    assert made(rule=[rule("r")]).base is None


def test_amounts_become_smallest_units() -> None:
    rules = made(
        scale=1,
        per_purchase_cap="75.5",
        rule=[
            rule("fixed") | {"points": "2.5"},
            {"name": "steps", "steps": [{"from": "25.99", "points": "0.5"}]},
        ],
        cap=[
            {"name": "p", "points": "1.5", "period": "day"},
            {"name": "t", "times": 3},
            {"name": "a", "amount": "1500.05", "rules": ["fixed"]},
        ],
    )
    assert rules.event_cap == 755
    assert made().event_cap == POINTS_MAX + 1
    fixed, steps = rules.givers
    assert (fixed.points, fixed.rate, steps.steps) == ((25, 1), False, ((2_599, 5),))
    units = [(limit.unit, limit.most) for limit in rules.limits]
    assert units == [("points", 15), ("times", 3), ("amount", 150_005)]
    covered = [[limit.covers(name) for name in ("fixed", "base")] for limit in rules.limits]
    assert covered == [[True, True], [True, True], [True, False]]


def test_factors_count_in_one_unit() -> None:
    rules = made(
        stacking="best",
        multiplier=[{"name": "a", "factor": "1.5"}, {"name": "b", "factor": "1.25"}],
    )
    assert (rules.unit, [boost.factor for boost in rules.boosts]) == (4, [6, 5])
    assert made().unit == 1


def test_a_share_comes_after_what_it_is_of_and_else_the_order_stays() -> None:
    rules = made(
        rule=[
            rule("d", of="c", share="1"),
            rule("b", of="a", share="1"),
            rule("a"),
            rule("c", of="b", share="1"),
            rule("z"),
            rule("e", of="base", share="1"),
        ]
    )
    assert [giver.name for giver in rules.givers] == ["a", "z", "e", "b", "c", "d"]
    assert [giver.name for giver in rules.givers_on("purchase")] == ["a", "z", "e", "b", "c", "d"]
    assert rules.givers_on("visit") == []


def test_chances_are_exact() -> None:
    (giver,) = made(rule=[rule("r", chance="0.05", seed="s")]).givers
    assert (giver.chance, giver.seed) == ((1, 20), "s")
    (giver,) = made(rule=[rule("r")]).givers
    assert (giver.chance, giver.seed) == (None, "")


def test_what_is_asked_of_members_and_events_is_known_before() -> None:
    rules = made(
        rate="1",
        multiplier=[{"name": "m", "factor": "2", "when": "line.amount > 1.0 && member.days > 9"}],
        rule=[
            rule("a", each="now.birthday ? 2 : 1"),
            rule("b", each="member.purchases + event.attributes.n"),
            rule("c", first=True),
            rule("d", tiers=["Gold"], when="now.hour > 1"),
            rule("e", birthday_days=1),
        ],
    )
    assert rules.needs == {
        SINCE_BIRTHDAY,
        "member.days",
        "member.purchases",
        "member.count",
        "tiers",
    }
    assert rules.speaks == {
        "line.amount",
        "member.days",
        "now.birthday",
        "member.purchases",
        "event.attributes",
        "now.hour",
    }
    assert made().needs == made().speaks == frozenset()
