"""How long a streak is, what bridges and mends it, and what it wins."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.brands.rules import Brand
from domain.earning.rules_history import Happening
from gamification.grounds.section_parts import Filter
from gamification.streaks.rules import Course, Past, courses
from gamification.streaks.rules_purse import Freezes
from gamification.streaks.rules_terms import Life, Terms
from gamification.streaks.section import Milestone, Streak
from tests.gamification.streaks.naive import DAYS, Rules, days_between, judged, utc

EPOCH = utc(1970, 1, 1)
NEW_YORK = "America/New_York"


def brand(zone: str = NEW_YORK) -> Brand:
    return Brand(1, "cafe", "Café", zone, "USD", 2)


def visit(at: datetime, number: int = 1, *, counts: bool = True) -> Happening:
    id_ = UUID(int=number)
    return Happening(
        id_, f"v{number}", id_, "visit", at, at, 0, 0, (), "", "", Happening.NOTHING, counts
    )


def streak(**more: Any) -> Streak:
    said: dict[str, Any] = {"code": "daily", "name": {"": "Daily"}, "every": "day", **more}
    return Streak(goal=Filter(on="visit"), **said)


def milestone(at: int, **more: Any) -> Milestone:
    return Milestone(at=at, prize={"points": "10"}, **more)


def life(part: Streak, *later: Terms, starts: datetime = EPOCH, number: int = 0) -> Life:
    return Life(part.code, number, part.every, starts, None, (Terms(starts, part), *later))


def course(
    part: Streak | Life,
    visits: Sequence[datetime],
    now: datetime,
    *,
    freezes: Sequence[Freezes] = (),
    repairs: Sequence[datetime] = (),
    zone: str = NEW_YORK,
) -> Course:
    lives = [part if isinstance(part, Life) else life(part)]
    did = [visit(at, number) for number, at in enumerate(visits)]
    return courses(brand(zone), lives, did, Past(freezes, repairs), now)[-1]


def noon(day: int, month: int = 6) -> datetime:
    """Return noon in New York of a day in 2026."""
    return datetime(2026, month, day, 12, tzinfo=ZoneInfo(NEW_YORK))


def june(*days: int) -> list[datetime]:
    return [noon(day) for day in days]


def freeze(at: datetime, units: int = 1, taken_at: datetime | None = None, id_: int = 1) -> Freezes:
    return Freezes(UUID(int=id_), at, units, taken_at)


# The plain recomputation.

ZONES = {
    NEW_YORK: (utc(2026, 2, 20), utc(2026, 10, 20)),
    "Asia/Ho_Chi_Minh": (utc(2023, 12, 20),),
    "Australia/Lord_Howe": (utc(2026, 3, 25), utc(2026, 9, 25)),
    "Pacific/Apia": (utc(2011, 12, 20),),
    # Its clock skipped midnight on 4 November 2018.
    "America/Sao_Paulo": (utc(2018, 10, 25),),
    "Europe/London": (utc(2024, 2, 20), utc(2020, 12, 20)),
}
SPANS = {"day": 24, "week": 70, "month": 200}


@st.composite
def cases(draw: st.DrawFn) -> tuple[Any, ...]:
    zone = draw(st.sampled_from(sorted(ZONES)))
    start = draw(st.sampled_from(ZONES[zone]))
    every = draw(st.sampled_from(sorted(SPANS)))
    minutes = st.integers(0, SPANS[every] * 24 * 60)
    instants = st.one_of(
        minutes.map(lambda each: start + timedelta(minutes=each)),
        # Right where days begin and end.
        st.sampled_from(
            sorted(days_between(zone, start, start + timedelta(SPANS[every])).values())
        ),
    )
    if every != "day":
        instants = minutes.map(lambda each: start + timedelta(minutes=each))
    rules = Rules(
        every=every,
        times=draw(st.sampled_from((1, 1, 2))),
        weekdays=tuple(draw(st.sets(st.sampled_from(DAYS), max_size=6))) if every == "day" else (),
        freezes_max=draw(st.integers(0, 2)),
        freeze_every=draw(st.sampled_from((None, 2, 3))),
        repair_days=draw(st.sampled_from((None, 1, 3, 40))),
        milestones=draw(
            st.sampled_from(((), ((2, True, None), (3, False, None)), ((1, True, 2), (4, True, 1))))
        ),
    )
    visits = draw(st.lists(instants, max_size=30))
    gains = [
        (UUID(int=number), at, units, None if later is None else at + timedelta(hours=later))
        for number, (at, units, later) in enumerate(
            draw(
                st.lists(
                    st.tuples(
                        instants, st.integers(1, 3), st.sampled_from((None, None, 0, 30, 200))
                    ),
                    max_size=4,
                )
            )
        )
    ]
    repairs = draw(st.lists(instants, max_size=4))
    now = draw(st.one_of(st.just(start + timedelta(SPANS[every])), instants))
    return zone, start, rules, visits, gains, repairs, now, draw(st.randoms(use_true_random=False))


@given(cases())
@settings(max_examples=400, deadline=None)
def test_every_history_is_judged_as_by_the_plain_way(case: tuple[Any, ...]) -> None:
    zone, start, rules, visits, gains, repairs, now, order = case
    days = days_between(zone, start - timedelta(70), start + timedelta(400))
    expected = judged(rules, days, visits, gains, repairs, now)
    part = streak(
        every=rules.every,
        times=rules.times,
        weekdays=rules.weekdays,
        freezes_max=rules.freezes_max,
        freeze_every=rules.freeze_every,
        repair_days=rules.repair_days,
        milestone=tuple(
            milestone(at, again=again, times=times) for at, again, times in rules.milestones
        ),
    )
    did, given_, mended = list(visits), [Freezes(*each) for each in gains], list(repairs)
    for each in (did, given_, mended):
        order.shuffle(each)
    found = course(part, did, now, freezes=given_, repairs=mended, zone=zone)
    assert [(each.period, each.length) for each in found.breaks] == expected.breaks
    assert (list(found.frozen), list(found.repaired)) == (expected.frozen, expected.repaired)
    assert (found.length, found.longest) == (expected.length, expected.longest)
    assert (found.since, found.last) == (expected.since, expected.last)
    assert (found.freezes, found.waiting) == (expected.held, expected.waiting)
    assert (found.state, found.repair_until is not None) == (expected.state, expected.repairable)
    reached = [(each.milestone.at, each.time, each.period) for each in found.reached]
    assert reached == expected.reached


# Days, weeks and months on the brand's clock.


@pytest.mark.parametrize(
    ("zone", "first", "days"),
    [
        (NEW_YORK, utc(2026, 3, 6), 5),
        (NEW_YORK, utc(2026, 10, 30), 5),
        ("Asia/Ho_Chi_Minh", utc(2026, 3, 6), 5),
        ("Australia/Lord_Howe", utc(2026, 4, 3), 5),
        ("Australia/Lord_Howe", utc(2026, 10, 2), 5),
        ("America/Sao_Paulo", utc(2018, 11, 2), 5),
        (NEW_YORK, utc(2024, 2, 27), 5),
        (NEW_YORK, utc(2025, 12, 29), 5),
    ],
)
def test_the_first_and_the_last_minute_of_each_day_keep_it(
    zone: str, first: datetime, days: int
) -> None:
    starts = sorted(days_between(zone, first, first + timedelta(days + 2)).values())[1:]
    part = streak(milestone=(milestone(days),))
    for ends in (timedelta(0), timedelta(minutes=1)):
        # The first instant of each day, or the last minute of the day before.
        visits = [start - ends for start in starts[:days]]
        found = course(part, visits, visits[-1], zone=zone)
        assert (found.length, found.state, found.breaks) == (days, "alive", ())
        assert found.reached[0].at == visits[-1]
        early = course(part, visits, visits[-1] - timedelta.resolution, zone=zone)
        assert (early.length, early.reached) == (days - 1, ())


def test_a_day_that_no_clock_showed_is_not_missed() -> None:
    # Samoa went from Thursday, 29 December to Saturday, 31 December 2011.
    apia = ZoneInfo("Pacific/Apia")
    thursday = datetime(2011, 12, 29, 23, 59, tzinfo=apia)
    saturday = datetime(2011, 12, 31, 0, 0, tzinfo=apia)
    assert saturday.astimezone(UTC) - thursday.astimezone(UTC) == timedelta(minutes=1)
    found = course(streak(freezes_max=1), [thursday, saturday], saturday, zone="Pacific/Apia")
    assert (found.length, found.frozen, found.since) == (2, (), date(2011, 12, 29))
    assert found.ends_at == datetime(2012, 1, 2, tzinfo=apia)


def test_weeks_begin_on_monday_also_across_a_year() -> None:
    # 2020 has 53 weeks: the last one holds 3 January 2021.
    days = [(2020, 12, 27), (2021, 1, 3), (2021, 1, 4)]
    visits = [datetime(*day, 12, tzinfo=ZoneInfo(NEW_YORK)) for day in days]
    found = course(streak(every="week"), visits, visits[-1])
    assert (found.length, found.last, found.state) == (3, date(2021, 1, 4), "alive")
    assert found.ends_at == datetime(2021, 1, 18, tzinfo=ZoneInfo(NEW_YORK))


def test_months_are_as_long_as_they_are() -> None:
    visits = [noon(31, 1), noon(1, 2), noon(31, 3)]
    found = course(streak(every="month"), visits, noon(30, 4))
    assert (found.length, found.state) == (3, "at_risk")
    assert found.ends_at == datetime(2026, 5, 1, tzinfo=ZoneInfo(NEW_YORK))


def test_days_of_rest_are_neither_missed_nor_kept() -> None:
    # 7 June 2026 is a Sunday.
    part = streak(weekdays=[day for day in DAYS if day != "sunday"])
    found = course(part, june(5, 6, 8), noon(8))
    assert (found.length, found.breaks) == (3, ())
    rests = course(part, june(5, 6), noon(7))
    assert (rests.length, rests.state) == (2, "alive")
    assert rests.ends_at == datetime(2026, 6, 9, tzinfo=ZoneInfo(NEW_YORK))
    assert course(part, june(5, 6, 7), noon(7)).length == 2


def test_a_period_is_kept_by_so_many_and_as_soon_as_that() -> None:
    part = streak(every="week", times=2, milestone=(milestone(1),))
    assert course(part, june(1), noon(3)).state == "none"
    assert course(part, june(1, 3, 5), noon(6)).reached[0].at == noon(3)


def test_only_what_counts_keeps_a_period() -> None:
    returned = Happening(
        *(UUID(int=1), "v", UUID(int=1), "visit", noon(1), noon(1), 0, 0, (), "", ""),
        Happening.NOTHING,
        counts=False,
    )
    other = replace(visit(noon(1)), kind="call")
    for each in (returned, other):
        assert courses(brand(), [life(streak())], [each], Past(), noon(1))[0].state == "none"


# Where it stands.


def test_where_a_streak_stands() -> None:
    part = streak(repair_days=2, repairs_free=1)
    assert course(part, [], noon(1)).state == "none"
    assert course(part, june(1), noon(1)).state == "alive"
    assert course(part, june(1), noon(2)).state == "at_risk"
    lost = course(part, june(1), noon(3))
    zone = ZoneInfo(NEW_YORK)
    assert (lost.state, lost.length, lost.longest) == ("repairable", 0, 1)
    assert (lost.broken, lost.since) == (lost.breaks[0], None)
    assert lost.breaks[0][:2] == (date(2026, 6, 2), datetime(2026, 6, 3, tzinfo=zone))
    assert lost.repair_until == datetime(2026, 6, 5, tzinfo=zone)
    last = datetime(2026, 6, 5, tzinfo=zone)
    assert course(part, june(1), last - timedelta.resolution).state == "repairable"
    assert course(part, june(1), last).state == "broken"
    anew = course(part, june(1, 4), noon(4))
    assert (anew.state, anew.length) == ("alive", 1)
    assert anew.repair_until == last


def test_it_says_when_to_look_again() -> None:
    part = streak()
    zone = ZoneInfo(NEW_YORK)
    assert course(part, [], noon(1)).looks_at is None
    assert course(part, june(1), noon(1)).looks_at == datetime(2026, 6, 3, tzinfo=zone)
    assert course(part, june(1), noon(2)).looks_at == datetime(2026, 6, 3, tzinfo=zone)
    assert course(part, june(1), noon(4)).looks_at is None
    # What is dated ahead counts once it is time.
    ahead = course(part, june(1, 2), noon(1) + timedelta(hours=1))
    assert (ahead.length, ahead.looks_at) == (1, noon(2))


# Freezes.


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


# Repairs.


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


# Milestones.


def reached(found: Course) -> list[tuple[int, int]]:
    return [(each.milestone.at, each.time) for each in found.reached]


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


# Programmes that change.


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
