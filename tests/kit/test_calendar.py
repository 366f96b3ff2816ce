"""Where days begin, also where the clock skips or repeats midnight."""

from datetime import UTC, date, datetime, timedelta
from typing import get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.calendar import (
    Period,
    day_end,
    day_start,
    months_after,
    period_last,
    period_next,
    period_start,
    windows_around,
    yearly,
)


@pytest.mark.parametrize(
    ("zone", "day", "start"),
    [
        ("America/New_York", date(2026, 5, 5), datetime(2026, 5, 5, 4, tzinfo=UTC)),
        # Midnight is skipped: Cairo goes forward from 0:00 to 1:00 on 24 April 2026.
        ("Africa/Cairo", date(2026, 4, 24), datetime(2026, 4, 23, 22, tzinfo=UTC)),
        # Midnight comes twice: Havana goes back from 1:00 to 0:00 on 1 November 2026.
        ("America/Havana", date(2026, 11, 1), datetime(2026, 11, 1, 4, tzinfo=UTC)),
        # The whole day is skipped: Samoa had no 30 December 2011.
        ("Pacific/Apia", date(2011, 12, 30), datetime(2011, 12, 30, 10, tzinfo=UTC)),
        ("Pacific/Apia", date(2011, 12, 31), datetime(2011, 12, 30, 10, tzinfo=UTC)),
    ],
)
def test_a_day_starts_at_its_first_instant(zone: str, day: date, start: datetime) -> None:
    assert day_start(ZoneInfo(zone), day) == start


def test_a_day_ends_where_the_next_begins() -> None:
    zone = ZoneInfo("America/New_York")
    assert day_end(zone, date(2026, 12, 31)) == day_start(zone, date(2027, 1, 1))


@pytest.mark.parametrize(
    ("day", "months", "found"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2028, 1, 31), 1, date(2028, 2, 29)),
        (date(2028, 2, 29), 12, date(2029, 2, 28)),
        (date(2026, 12, 31), 0, date(2026, 12, 31)),
        (date(2026, 12, 15), 6, date(2027, 6, 15)),
    ],
)
def test_months_after(day: date, months: int, found: date) -> None:
    assert months_after(day, months) == found


@pytest.mark.parametrize(
    ("period", "start", "after"),
    [
        ("day", date(2026, 5, 6), date(2026, 5, 7)),
        ("week", date(2026, 5, 4), date(2026, 5, 11)),
        ("month", date(2026, 5, 1), date(2026, 6, 1)),
        ("quarter", date(2026, 4, 1), date(2026, 7, 1)),
        ("year", date(2026, 1, 1), date(2027, 1, 1)),
    ],
)
def test_a_period_goes_from_its_start_up_to_the_next(
    period: Period, start: date, after: date
) -> None:
    day = date(2026, 5, 6)
    assert (period_start(period, day), period_next(period, day)) == (start, after)
    assert period_last(period, day) == after - timedelta(days=1)


@given(st.dates(date(1970, 1, 1), date(2200, 1, 1)), st.sampled_from(get_args(Period)))
def test_periods_follow_each_other_without_a_gap(day: date, period: Period) -> None:
    start, after = period_start(period, day), period_next(period, day)
    assert start <= day < after
    assert period_start(period, after) == after
    assert period_next(period, after - timedelta(days=1)) == after


def test_what_comes_every_year_comes_on_the_28th_without_a_29th() -> None:
    assert [yearly(2, 29, year) for year in (2027, 2028)] == [date(2027, 2, 28), date(2028, 2, 29)]


@pytest.mark.parametrize(
    ("starts", "day", "start", "after"),
    [
        # Marriott's programme year begins on 18 June (loyalty M1).
        ([(6, 18)], date(2026, 6, 17), date(2025, 6, 18), date(2026, 6, 18)),
        ([(6, 18)], date(2026, 6, 18), date(2026, 6, 18), date(2027, 6, 18)),
        ([(6, 18), (1, 15)], date(2026, 1, 14), date(2025, 6, 18), date(2026, 1, 15)),
        ([(6, 18), (1, 15)], date(2026, 3, 1), date(2026, 1, 15), date(2026, 6, 18)),
        ([(1, 1)], date(2026, 12, 31), date(2026, 1, 1), date(2027, 1, 1)),
        ([(2, 29)], date(2027, 2, 28), date(2027, 2, 28), date(2028, 2, 29)),
    ],
)
def test_windows_of_the_year(
    starts: list[tuple[int, int]], day: date, start: date, after: date
) -> None:
    assert windows_around(starts, day) == (start, after)


@given(
    st.lists(
        st.dates(date(2028, 1, 1), date(2028, 12, 31)).map(lambda each: (each.month, each.day)),
        min_size=1,
        max_size=5,
    ),
    st.dates(date(1980, 1, 1), date(2100, 1, 1)),
)
def test_windows_follow_each_other_without_a_gap(starts: list[tuple[int, int]], day: date) -> None:
    start, after = windows_around(starts, day)
    assert start <= day < after
    assert windows_around(starts, after)[0] == after
