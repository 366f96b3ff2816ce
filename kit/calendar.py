"""Days, months and years on a wall clock, and the instants at which they begin."""

from calendar import monthrange
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Literal

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)

Period = Literal["day", "week", "month", "quarter", "year"]

SHORTEST_MONTH_DAYS = 28

_ONE_DAY = timedelta(days=1)


def datable(instant: datetime) -> bool:
    """Whether an instant from outside can be stored and its day worked out on every clock.

    PostgreSQL reads what is too far away as infinity, and one without a zone is no instant.
    """
    return instant.tzinfo is not None and EARLIEST <= instant < LATEST


def day_start(zone: tzinfo, day: date) -> datetime:
    """Return the instant, in UTC, at which ``day`` begins in ``zone``.

    Where the clock skips midnight this is the first instant after the gap; where midnight
    comes twice it is the first of the two.
    """
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)


def day_end(zone: tzinfo, day: date) -> datetime:
    """Return the instant, in UTC, at which ``day`` is over in ``zone``: the next day's start."""
    return day_start(zone, day + _ONE_DAY)


def months_after(day: date, months: int) -> date:
    """Return the same day of the month ``months`` later, or that month's last day if shorter."""
    count = day.year * 12 + day.month - 1 + months
    year, month = count // 12, count % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def period_start(period: Period, day: date) -> date:
    """Return the first day of the calendar period that holds ``day``; weeks begin on Monday."""
    match period:
        case "day":
            return day
        case "week":
            return day - timedelta(days=day.weekday())
        case "month":
            return day.replace(day=1)
        case "quarter":
            return date(day.year, day.month - (day.month - 1) % 3, 1)
        case _:
            return date(day.year, 1, 1)


def period_next(period: Period, day: date) -> date:
    """Return the first day of the calendar period after the one that holds ``day``."""
    start = period_start(period, day)
    match period:
        case "day":
            return start + _ONE_DAY
        case "week":
            return start + timedelta(days=7)
        case "month":
            return months_after(start, 1)
        case "quarter":
            return months_after(start, 3)
        case _:
            return months_after(start, 12)


def period_last(period: Period, day: date) -> date:
    """Return the last day of the calendar period that holds ``day``."""
    return period_next(period, day) - _ONE_DAY


def yearly(month: int, of_month: int, year: int) -> date:
    """Return the day in ``year`` of what comes every year: 29 February is else the 28th."""
    return date(year, month, min(of_month, monthrange(year, month)[1]))


def windows_around(starts: Sequence[tuple[int, int]], day: date) -> tuple[date, date]:
    """Return the first day of the window that holds ``day`` and of the one after it.

    ``starts`` are the (month, day) pairs, at least one, at which a window of every year begins.
    """
    days = sorted(
        yearly(month, of_month, year)
        for year in (day.year - 1, day.year, day.year + 1)
        for month, of_month in starts
    )
    after = next(index for index, start in enumerate(days) if start > day)
    return days[after - 1], days[after]
