"""The windows of time in which challenges are played, in days of the brand's clock."""

from datetime import date, datetime, timedelta, tzinfo
from typing import NamedTuple

from gamification.challenges.rules_compile import Challenge
from kit.calendar import day_end, day_start, period_next, period_start

_DAY = timedelta(days=1)


class Window(NamedTuple):
    """A window: ``key`` names it among those of its challenge.

    From the instant ``starts_at`` until before ``ends_at``; None: since ever, or for good.
    """

    key: str
    starts_at: datetime | None
    ends_at: datetime | None


def window_at(challenge: Challenge, day: date, joined_on: date, zone: tzinfo) -> Window | None:
    """Return the window that holds ``day`` for who joined on ``joined_on``; None: there is none.

    A rolling one is that of the days up to and including ``day``. What is before ``from`` or not
    before ``until`` is cut off, which may leave nothing. Keys of a bar that is shared begin with
    whose it is.
    """
    if challenge.period is not None:
        first = period_start(challenge.period, day)
        end = day_start(zone, period_next(challenge.period, day))
        return _cut(challenge, Window(f"{challenge.period}:{first}", day_start(zone, first), end))
    if challenge.rolling_days is not None:
        first = rolling_first(challenge.rolling_days, day)
        return _cut(challenge, Window("rolling", day_start(zone, first), None))
    if challenge.joining_days is not None:
        last = joined_on + challenge.joining_days * _DAY
        if not joined_on <= day <= last:
            return None
        return _cut(challenge, Window("joining", day_start(zone, joined_on), day_end(zone, last)))
    key = "all" if challenge.start is None else f"from:{challenge.start.isoformat()}"
    return _cut(challenge, Window(key, None, None))


def rolling_first(days: int, day: date) -> date:
    """Return the first of the last ``days`` days up to and including ``day``."""
    return day - (days - 1) * _DAY


def in_time(challenge: Challenge, instant: datetime) -> bool:
    """Whether ``from`` and ``until`` let what happens at an instant count."""
    if challenge.start is not None and instant < challenge.start:
        return False
    return challenge.end is None or instant < challenge.end


def _cut(challenge: Challenge, window: Window) -> Window | None:
    starts, ends = window.starts_at, window.ends_at
    if challenge.start is not None:
        starts = challenge.start if starts is None else max(starts, challenge.start)
    if challenge.end is not None:
        ends = challenge.end if ends is None else min(ends, challenge.end)
    if starts is not None and ends is not None and ends <= starts:
        return None
    key = f"{challenge.who} {window.key}" if challenge.shared else window.key
    return Window(key, starts, ends)
