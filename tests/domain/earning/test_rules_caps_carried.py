"""What a cap carries on: into which periods, and how long."""

import pytest

from domain.earning.rules import Part, Verdict
from domain.earning.rules_caps import PERIODS_MAX
from tests.support.earning import NOON, basket, capped, in_turn, judged, start

XPLR = ["01-01", "05-01", "09-01"]


def test_n2_what_a_window_cannot_hold_comes_with_the_next() -> None:
    # The North Face XPLR: $50 (500 points) a window; 640 points make 140 in the next (loyalty N2).
    rules = capped({"points": "500", "windows": XPLR, "excess": "carried"})
    first, second, third = in_turn(
        rules,
        (basket(64_000), start("2026-04-30")),
        (basket(40_000), start("2026-05-01")),
        (basket(200_000), start("2026-12-31")),
    )
    assert first.awards[0].parts == (Part(500, None), Part(140, start("2026-05-01")))
    assert first.computed == first.points == 640
    # The window holds 360 more; the rest rolls on.
    assert second.awards[0].parts == (Part(360, None), Part(40, start("2026-09-01")))
    assert third.awards[0].parts == (
        Part(460, None),
        Part(500, start("2027-01-01")),
        Part(500, start("2027-05-01")),
        Part(500, start("2027-09-01")),
        Part(40, start("2028-01-01")),
    )
    assert {key.starts_at: taken for key, taken in first.uses.items()} == {
        start("2026-01-01"): 500,
        start("2026-05-01"): 140,
    }


def test_a_full_window_gives_nothing_now() -> None:
    rules = capped({"points": "10", "period": "month", "excess": "carried"})
    _, verdict = in_turn(rules, (basket(1_000), NOON), (basket(500), NOON))
    assert verdict.awards[0].parts == (Part(5, start("2026-06-01")),)


def test_a_smaller_purchase_late_fills_no_gap_that_a_larger_one_left() -> None:
    rules = capped({"points": "10", "period": "month", "excess": "carried"})
    later, late = in_turn(rules, (basket(2_500), start("2026-06-10")), (basket(1_200), NOON))
    assert [part.points for part in later.awards[0].parts] == [10, 10, 5]
    assert late.awards[0].parts == (Part(10, None), Part(2, start("2026-08-01")))


def test_several_rules_roll_over_together() -> None:
    rules = capped(
        {"points": "10", "period": "month", "excess": "carried"},
        rule=[{"name": "a", "points": "7"}],
    )
    (verdict,) = in_turn(rules, (basket(600), NOON))
    assert [each.parts for each in verdict.awards] == [
        (Part(6, None),),
        (Part(4, None), Part(3, start("2026-06-01"))),
    ]


def test_what_is_lost_to_one_cap_is_not_carried_by_another() -> None:
    lost = {"points": "25", "period": "year"}
    carried = {"points": "10", "period": "month", "excess": "carried"}
    for caps in ([lost, carried], [carried, lost]):
        (verdict,) = in_turn(capped(*caps), (basket(9_900), NOON))
        assert [part.points for part in verdict.awards[0].parts] == [10, 10, 5]
        assert verdict.computed == 99


def test_of_two_caps_that_carry_both_are_kept() -> None:
    months = {"points": "10", "period": "month", "excess": "carried"}
    years = {"points": "25", "period": "year", "excess": "carried"}
    for caps in ([months, years], [years, months]):
        (verdict,) = in_turn(capped(*caps), (basket(3_600), start("2026-11-30")))
        assert verdict.awards[0].parts == (
            Part(10, None),
            Part(10, start("2026-12-01")),
            Part(10, start("2027-01-01")),
            Part(6, start("2027-02-01")),
        )
        (full,) = in_turn(capped(*caps), (basket(6_000), start("2026-10-31")))
        assert full.awards[0].parts == (
            Part(10, None),
            Part(10, start("2026-11-01")),
            Part(5, start("2026-12-01")),
            Part(10, start("2027-01-01")),
            Part(10, start("2027-02-01")),
            Part(5, start("2027-03-01")),
            Part(10, start("2028-01-01")),
        )


def test_a_cap_of_nothing_carries_nothing() -> None:
    rules = capped({"points": "0", "period": "month", "excess": "carried"})
    assert judged(rules, basket(500)) == Verdict((), 5, {}, ())


@pytest.mark.parametrize("period", ["hour", "year"])
def test_nothing_is_carried_for_ever(period: str) -> None:
    rules = capped(
        {"points": "1", "period": period, "excess": "carried"},
        {"points": "100000000000", "period": "year"},
        {"times": 9, "period": "year"},
    )
    huge, one = basket(10**12), basket(100)
    first, second = in_turn(rules, (huge, NOON), (one, NOON))
    assert (first.computed, first.points) == (10**10, PERIODS_MAX)
    # What is lost takes nothing of other caps.
    assert sorted(first.uses.values()) == [*[1] * (PERIODS_MAX + 1), PERIODS_MAX]
    assert (second.computed, second.points, second.uses) == (1, 0, {})
