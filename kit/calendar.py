"""Days, months and years on a wall clock, and the instants at which they begin."""

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Literal

Period = Literal["day", "month", "year"]

_ONE_DAY = timedelta(days=1)


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
    """Return the first day of the calendar period that holds ``day``."""
    if period == "day":
        return day
    return day.replace(day=1) if period == "month" else date(day.year, 1, 1)


def period_last(period: Period, day: date) -> date:
    """Return the last day of the calendar period that holds ``day``."""
    if period == "day":
        return day
    if period == "month":
        return day.replace(day=monthrange(day.year, day.month)[1])
    return date(day.year, 12, 31)
