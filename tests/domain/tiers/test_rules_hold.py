"""What is held when a version changes how a ladder holds, and counts that go down."""

from typing import Any

from domain.tallies.rules import Tallies
from domain.tiers.rules import Ladder
from tests.support.made_ladders import World, every_day, ladder, purchases

CHANGE = "2026-09-01"
GOLD = purchases({"2026-03-10": 1_000})
YEAR: dict[str, Any] = {"window": "calendar_year", "holds": "end_of_window"}
MONTHS: dict[str, Any] = {"window": "calendar_year", "holds": {"months": 4}}
ROLLING: dict[str, Any] = {"window": "rolling", "months": 2, "holds": "while_reached"}
EVER: dict[str, Any] = {"window": "lifetime", "holds": "forever"}


def spend(**told: Any) -> Ladder:
    return ladder({"Basic": "0", "Gold": "10"}, qualify_by="spend", **told)


def dear(**told: Any) -> Ladder:
    """Return a ladder on which what was bought reaches nothing."""
    return ladder({"Basic": "0", "Gold": "99"}, qualify_by="spend", **told)


def changed(old: Ladder, new: Ladder, bought: Tallies = GOLD) -> list[tuple[str, str]]:
    """Return the course after the first run, where the ladder changes on 1 September 2026."""
    return World(("2020-01-01", [old]), (CHANGE, [new])).course(bought)[1:]


def test_an_end_that_was_promised_stays_whatever_the_new_version_holds() -> None:
    until_2027 = [("2026-03-10", "Gold"), ("2027-01-01", "Basic")]
    assert changed(spend(**YEAR), dear(**YEAR)) == until_2027
    assert changed(spend(**YEAR), dear(**MONTHS)) == until_2027
    assert changed(spend(**YEAR), dear(**ROLLING)) == until_2027
    assert changed(spend(**YEAR), dear(**EVER)) == [("2026-03-10", "Gold")]
    until_november = [("2026-03-10", "Gold"), ("2026-11-10", "Basic")]
    eight = {"window": "calendar_year", "holds": {"months": 8}}
    assert changed(spend(**eight), dear(**MONTHS)) == until_november
    assert changed(spend(**eight), dear(**YEAR)) == until_november
    assert changed(spend(**eight), dear(**ROLLING)) == until_november


def test_what_had_no_end_is_held_as_if_reached_on_the_day_of_the_change() -> None:
    assert changed(spend(**EVER), dear(**EVER)) == [("2026-03-10", "Gold")]
    assert changed(spend(**EVER), dear(**YEAR))[1:] == [("2027-01-01", "Basic")]
    assert changed(spend(**EVER), dear(**MONTHS))[1:] == [("2027-01-01", "Basic")]
    assert changed(spend(**EVER), dear(**ROLLING))[1:] == [(CHANGE, "Basic")]
    assert changed(spend(**ROLLING), dear(**YEAR))[1:] == [("2026-05-10", "Basic")]


def test_what_was_over_before_is_not_held_again() -> None:
    bought = purchases({"2025-03-10": 1_000})
    for new in (YEAR, MONTHS, ROLLING, EVER):
        assert changed(spend(**YEAR), dear(**new), bought)[1:] == [("2026-01-01", "Basic")]


def test_a_hold_that_ends_when_a_version_begins_is_over_by_the_new_rules() -> None:
    tiers = {"Basic": "0", "Silver": "9", "Gold": "10"}
    hard = ladder(tiers, qualify_by="spend", **YEAR)
    soft = ladder(tiers, qualify_by="spend", downgrade="one_tier", **YEAR)
    new_year = ("2027-01-01", [soft])
    assert World(("2020-01-01", [hard]), new_year).course(GOLD)[1:] == [
        ("2026-03-10", "Gold"),
        ("2027-01-01", "Silver"),
        ("2028-01-01", "Basic"),
    ]


def test_whoever_holds_nothing_hands_nothing_over() -> None:
    bought = purchases({"2026-10-01": 9_900})
    assert changed(spend(**MONTHS), dear(**MONTHS), bought)[0] == ("2026-10-01", "Gold")


def test_the_tier_that_judges_a_purchase_is_that_of_the_course() -> None:
    bought = purchases({"2024-02-29": 600, "2024-06-30": 1_000, "2026-01-01": 2_500})
    tiers = {"Basic": "0", "Silver": "10", "Gold": "20"}
    months = {"window": "rolling", "months": 3, "holds": {"months": 5}}
    nexts = {"window": "anniversary", "holds": "end_of_next_window", "grace_days": 40}
    for told in (YEAR, YEAR | {"downgrade": "one_tier"}, ROLLING, EVER, months, nexts):
        world = World(("2024-06-01", [ladder(tiers, qualify_by="spend", **told)]))
        course = world.course(bought)
        for day in every_day("2024-06-01", 1_400)[::9]:
            expected = [tier for start, tier in course if start <= day][-1]
            assert world.tier(day, bought) == expected, (told, day)


def test_a_promise_is_kept_through_two_changes() -> None:
    world = World(
        ("2020-01-01", [spend(**YEAR)]), ("2026-05-01", [dear(**ROLLING)]), (CHANGE, [dear(**YEAR)])
    )
    assert world.course(GOLD)[1:] == [("2026-03-10", "Gold"), ("2027-01-01", "Basic")]


def test_a_tier_whose_name_became_the_lowest_is_not_held() -> None:
    lowered = ladder({"Gold": "0", "Star": "99"}, qualify_by="spend", **MONTHS)
    eight = {"window": "calendar_year", "holds": {"months": 8}}
    assert changed(spend(**eight), lowered) == [("2026-03-10", "Gold")]


def test_another_length_of_terms_begins_when_the_running_one_ends() -> None:
    eight = {"window": "calendar_year", "holds": {"months": 8}}
    bought = purchases({"2026-03-10": 1_000, "2026-05-01": 9_900})
    assert changed(spend(**eight), dear(**MONTHS), bought) == [
        ("2026-03-10", "Gold"),
        ("2027-03-10", "Basic"),
    ]


def test_terms_that_needed_nothing_are_handed_over_as_they_have_come_to_be() -> None:
    free = ladder({"Basic": "0", "Gold": ("10", "0")}, qualify_by="spend", **MONTHS)
    assert changed(free, dear(**MONTHS)) == [("2026-03-10", "Gold"), ("2026-11-10", "Basic")]


def test_grace_longer_than_a_term_keeps_every_term_it_reaches() -> None:
    tiers: dict[str, str | tuple[str, str]] = {"Basic": "0", "Gold": ("10", "1")}
    world = World(
        ladder(
            tiers,
            qualify_by="spend",
            window="calendar_year",
            holds={"months": 1},
            grace_days=100,
        )
    )
    bought = purchases({"2026-01-01": 1_000, "2026-04-20": 100})
    assert world.course(bought)[1:] == [("2026-01-01", "Gold"), ("2026-09-09", "Basic")]


def test_points_taken_off_by_hand_count_down_on_their_own_day() -> None:
    tiers = {"Basic": "0", "Silver": "10", "Gold": "20"}
    done = purchases({"2026-03-10": 15, "2026-03-20": 10, "2026-04-01": 5})
    done[World(spend(**YEAR)).at("2026-04-10").date(), "adjustment"] = [0, -12, 1]
    rolling = ladder(tiers, qualify_by="points", **ROLLING)
    assert World(rolling).course(done)[1:] == [
        ("2026-03-10", "Silver"),
        ("2026-03-20", "Gold"),
        ("2026-04-10", "Silver"),
        ("2026-05-10", "Basic"),
    ]
    yearly = ladder(tiers, qualify_by="points", **YEAR)
    assert World(yearly).course(done)[1:] == [
        ("2026-03-10", "Silver"),
        ("2026-03-20", "Gold"),
        ("2027-01-01", "Basic"),
    ]
    found = World(yearly).standing("2026-05-01", done)
    assert (found.tier, found.progress, found.keep_missing) == ("Gold", 18, 2)
    assert World(yearly).tier("2026-05-01", done) == "Gold"


def test_forever_in_a_window_is_reached_within_one() -> None:
    for window in ({"window": "calendar_year"}, {"window": "rolling", "months": 3}):
        ever = ladder(
            {"Basic": "0", "Gold": "5"}, qualify_by="purchases", holds="forever", **window
        )
        spread = [*every_day("2025-12-29", 3), *every_day("2026-09-01", 4)]
        assert World(ever).course(purchases(spread))[1:] == []
        assert World(ever).course(purchases([*spread, "2026-09-09"]))[1:] == [
            ("2026-09-09", "Gold")
        ]
        assert World(ever).standing("2027-01-01", purchases(spread)).keep_missing is None
