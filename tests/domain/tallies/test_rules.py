"""Counting within a batch."""

from datetime import date

from domain.tallies.rules import Count, Tallies, add
from kit.ids import new_id

DAY = date(2026, 3, 2)


def test_changes_of_one_day_and_kind_are_summed_and_others_stay_apart() -> None:
    member = new_id()
    tallies: Tallies = {}
    add(tallies, Count(member, "purchase", DAY, 500, 5, 1))
    add(tallies, Count(member, "purchase", DAY, -200, -2, 0))
    add(tallies, Count(member, "check-in", DAY, 0, 10, 1))
    assert tallies == {(DAY, "purchase"): [300, 3, 1], (DAY, "check-in"): [0, 10, 1]}
