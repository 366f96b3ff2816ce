"""Freezes, repairs and milestones of streaks, on plain values."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from gamification.streaks.rules import Past, courses
from gamification.streaks.rules_terms import Life, Terms
from tests.support.streak_rules import (
    NEW_YORK,
    brand,
    course,
    freeze,
    june,
    life,
    milestone,
    noon,
    reached,
    streak,
    visit,
)


def test_a_freeze_bridges_what_was_missed_and_is_used_up() -> None:
    found = course(streak(freezes_max=2), june(1, 3, 5), noon(5), freezes=[freeze(noon(1), 2)])
    assert (found.length, found.freezes) == (3, 0)
    assert found.frozen == (date(2026, 6, 2), date(2026, 6, 4))


def test_what_is_told_late_of_a_frozen_day_frees_the_freeze() -> None:
    part, has = streak(freezes_max=1), [freeze(noon(1))]
    assert course(part, june(1, 3), noon(3), freezes=has).frozen == (date(2026, 6, 2),)
    found = course(part, june(1, 3, 2), noon(3), freezes=has)
    assert (found.length, found.frozen, found.freezes) == (3, (), 1)
    # It bridges a later day then.
    later = course(part, june(1, 3, 2, 5), noon(5), freezes=has)
    assert (later.length, later.frozen, later.freezes) == (4, (date(2026, 6, 4),), 0)


def test_a_freeze_must_be_there_before_the_period_is_over() -> None:
    part, over = streak(freezes_max=1), datetime(2026, 6, 3, tzinfo=ZoneInfo(NEW_YORK))
    just = course(part, june(1, 3), noon(3), freezes=[freeze(over - timedelta.resolution)])
    assert (just.length, just.freezes) == (2, 0)
    late = course(part, june(1, 3), noon(3), freezes=[freeze(over)])
    assert (late.length, late.freezes) == (1, 1)


def test_a_gap_longer_than_the_freezes_uses_them_and_breaks() -> None:
    found = course(streak(freezes_max=2), june(1), noon(5), freezes=[freeze(noon(1), 2)])
    assert (found.state, found.freezes, len(found.frozen)) == ("broken", 0, 2)
    assert found.breaks[0].period == date(2026, 6, 4)


def test_what_there_is_no_room_for_waits_until_a_period_is_kept() -> None:
    part, has = streak(freezes_max=1), [freeze(noon(1), 3)]
    found = course(part, june(1), noon(1), freezes=has)
    assert (found.freezes, found.waiting) == (1, 2)
    # One gap is bridged by what was held.
    assert course(part, june(1), noon(4), freezes=has).state == "broken"
    found = course(part, june(1, 3), noon(3), freezes=has)
    assert (found.freezes, found.waiting) == (1, 1)


def test_kept_periods_earn_freezes_lost_without_room() -> None:
    part = streak(freezes_max=1, freeze_every=2)
    assert course(part, june(1), noon(1)).freezes == 0
    found = course(part, june(1, 2, 3, 4), noon(4))
    assert (found.freezes, found.waiting) == (1, 0)
    # A bridged period is not a kept one.
    found = course(part, june(1, 2, 4), noon(4))
    assert (found.length, found.freezes) == (3, 0)


def test_taking_back_takes_what_was_not_used() -> None:
    part = streak(freezes_max=2)
    has = [freeze(noon(1), 2, noon(3))]
    found = course(part, june(1, 3), noon(3), freezes=has)
    assert (found.length, found.freezes) == (2, 0)
    found = course(part, june(1, 2, 3), noon(3), freezes=has)
    assert (found.length, found.freezes) == (3, 0)
    # What waits comes in once the next period is kept.
    other = [freeze(noon(1), 2, noon(4)), freeze(noon(2), 1, id_=2)]
    assert course(part, june(1, 2, 3), noon(4), freezes=other).freezes == 0
    assert course(part, june(1, 2, 3, 4), noon(4), freezes=other).freezes == 1
    # Also what waits can be taken back.
    waits = [freeze(noon(1), 2), freeze(noon(2), 1, noon(3), id_=2)]
    assert course(part, june(1, 2), noon(3), freezes=waits).waiting == 0


def test_the_oldest_freeze_goes_first() -> None:
    has = [freeze(noon(1), 1, noon(4)), freeze(noon(2), 1, id_=2)]
    # The one that is taken back was used before.
    found = course(streak(freezes_max=2), june(1, 3), noon(4), freezes=has)
    assert (found.length, found.freezes) == (2, 1)


def test_what_is_taken_back_at_once_was_never_there() -> None:
    found = course(streak(freezes_max=1), june(1), noon(1), freezes=[freeze(noon(1), 1, noon(1))])
    assert found.freezes == 0


def test_a_repair_bridges_all_that_was_missed_by_then() -> None:
    part = streak(repair_days=3, repairs_free=9)
    found = course(part, june(1, 2, 4), noon(6), repairs=[noon(6)])
    assert (found.length, found.state, found.breaks) == (3, "at_risk", ())
    assert found.repaired == (date(2026, 6, 3), date(2026, 6, 5))
    # What is missed afterwards is missed.
    assert course(part, june(1, 2, 4), noon(7), repairs=[noon(6)]).state == "repairable"


def test_a_repair_uses_no_freeze_and_frees_that_of_a_new_streak() -> None:
    part = streak(repair_days=3, repairs_free=9, freezes_max=1)
    has = [freeze(noon(3))]
    before = course(part, june(1, 3), noon(5), freezes=has)
    assert (before.frozen, before.length) == ((date(2026, 6, 4),), 1)
    after = course(part, june(1, 3), noon(5), freezes=has, repairs=[noon(5)])
    assert (after.frozen, after.length, after.freezes) == ((), 2, 1)


def test_a_repair_must_come_after_the_break_and_in_time() -> None:
    part, zone = streak(repair_days=1, repairs_free=9), ZoneInfo(NEW_YORK)
    for at, length in (
        (datetime(2026, 6, 3, tzinfo=zone) - timedelta.resolution, 0),
        (datetime(2026, 6, 3, tzinfo=zone), 1),
        (datetime(2026, 6, 4, tzinfo=zone) - timedelta.resolution, 1),
        (datetime(2026, 6, 4, tzinfo=zone), 0),
    ):
        now = datetime(2026, 6, 4, tzinfo=zone)
        # 3 June is missed too, before the repair or after.
        found = course(part, june(1, 3), noon(4), repairs=[at])
        assert len(found.repaired) == length, (at, now)


def test_a_repair_mends_the_earliest_break_and_is_used_once() -> None:
    part = streak(repair_days=5, repairs_free=9)
    broken = course(part, june(1, 3), noon(5))
    assert (broken.broken, len(broken.breaks)) == (broken.breaks[0], 2)
    mended = course(part, june(1, 3), noon(5), repairs=[noon(5)])
    assert (mended.length, mended.breaks) == (2, ())
    again = course(part, june(1, 3), noon(7), repairs=[noon(5)])
    assert [each.period.day for each in again.breaks] == [5]


def test_a_weekly_streak_is_repaired_in_days_after_the_week() -> None:
    # The week of Monday, 8 June is missed.
    part, zone = streak(every="week", repair_days=2, repairs_free=1), ZoneInfo(NEW_YORK)
    found = course(part, june(1), datetime(2026, 6, 15, tzinfo=zone))
    assert found.repair_until == datetime(2026, 6, 17, tzinfo=zone)


def test_a_milestone_is_reached_once_or_for_each_streak_anew() -> None:
    part = streak(milestone=(milestone(1), milestone(2, again=True), milestone(3)))
    found = course(part, june(1, 2, 4, 5, 7, 8), noon(8))
    assert reached(found) == [(1, 1), (2, 1), (2, 2), (2, 3)]
    assert found.next_milestone == part.milestone[2]
    limited = streak(milestone=(milestone(2, again=True, times=2),))
    found = course(limited, june(1, 2, 4, 5, 7, 8), noon(8))
    assert reached(found) == [(2, 1), (2, 2)]
    assert course(limited, june(1, 2, 4, 5, 7), noon(7)).next_milestone is None


def test_what_a_repair_brings_back_is_deserved_by_then() -> None:
    part = streak(repair_days=3, repairs_free=1, milestone=(milestone(2),))
    assert course(part, june(1, 3), noon(4)).reached == ()
    found = course(part, june(1, 3), noon(4), repairs=[noon(4)])
    assert (found.reached[0].period, found.reached[0].at) == (date(2026, 6, 3), noon(4))


def test_each_period_is_judged_by_what_was_in_force_as_it_began() -> None:
    strict = Terms(noon(2), streak(times=2, milestone=(milestone(2),)))
    lived = life(streak(milestone=(milestone(3),)), strict)
    # Twice from 3 June on.
    found = course(lived, june(1, 2, 3), noon(3))
    assert (found.length, found.state, found.reached) == (2, "at_risk", ())
    found = course(lived, june(1, 2, 3, 3), noon(3))
    assert (found.length, found.reached) == (3, ())


def test_what_ends_is_not_broken_and_leaves_its_freezes() -> None:
    first = Life("daily", 0, "day", noon(1), noon(4), (Terms(noon(1), streak(freezes_max=2)),))
    weekly = streak(every="week", freezes_max=2)
    second = Life("daily", 1, "week", noon(4), None, (Terms(noon(4), weekly),))
    did = [visit(at, number) for number, at in enumerate(june(1, 3, 5))]
    past = Past([freeze(noon(1), 2)])
    one, two = courses(brand(), [first, second], did, past, noon(20))
    assert (one.length, one.breaks, one.freezes) == (2, (), 1)
    assert (two.length, two.frozen, two.freezes) == (1, (date(2026, 6, 8),), 0)
    # What has not begun yet is nothing.
    assert len(courses(brand(), [first, second], did, past, noon(3))) == 1
