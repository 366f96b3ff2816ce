"""How long a streak is, what bridges and mends it, and what it wins."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings

from domain.earning.rules_history import Happening
from gamification.streaks.rules import Past, courses
from gamification.streaks.rules_purse import Freezes
from tests.gamification.streaks.naive import DAYS, days_between, judged, utc
from tests.support.streak_rules import (
    NEW_YORK,
    brand,
    cases,
    course,
    june,
    life,
    milestone,
    noon,
    streak,
    visit,
)


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
