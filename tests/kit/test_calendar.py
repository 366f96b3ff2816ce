"""Where days begin, also where the clock skips or repeats midnight."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from kit.calendar import day_end, day_start, months_after, period_last, period_start


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


def test_calendar_periods() -> None:
    day = date(2028, 2, 10)
    assert [period_start(each, day) for each in ("day", "month", "year")] == [
        day,
        date(2028, 2, 1),
        date(2028, 1, 1),
    ]
    assert [period_last(each, day) for each in ("day", "month", "year")] == [
        day,
        date(2028, 2, 29),
        date(2028, 12, 31),
    ]
