"""Over which days boards count: the windows that hold a day, and those that are current."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Literal, NamedTuple, get_args

from gamification.leaderboards.section_parts import Period
from kit.calendar import EARLIEST, period_next, period_start

WindowPeriod = Literal["day", "week", "month", "season", "all", "rolling"]

SINCE_EVER = EARLIEST.date()
"""The first day of a window over all time."""
ROLLING_KEPT_DAYS = 7
"""So long a rolling window that is over still follows what becomes known; then it goes."""

_PERIODS: tuple[Period, ...] = get_args(Period)
_ONE_DAY = timedelta(days=1)


class SeasonDays(NamedTuple):
    """The days of a season: ``starts_on`` and all before ``ends_on``."""

    code: str
    starts_on: date
    ends_on: date


class Span(NamedTuple):
    """The days of a window: ``starts_on`` and all before ``ends_on`` (None: no end)."""

    period: WindowPeriod
    starts_on: date
    ends_on: date | None
    season: str | None = None

    @property
    def name(self) -> tuple[object, ...]:
        """What tells it from others: a season is the same one if its days are moved."""
        if self.season is not None:
            return self.period, self.season
        return self.period, self.starts_on, self.ends_on

    def holds(self, day: date) -> bool:
        """Whether ``day`` is one of its days."""
        return self.starts_on <= day and (self.ends_on is None or day < self.ends_on)


@dataclass(frozen=True)
class Spans:
    """Which windows a board has: ``rolling_days`` None is no rolling one."""

    periods: tuple[Period, ...]
    rolling_days: int | None
    seasons: tuple[SeasonDays, ...]


def spans_on(spans: Spans, day: date, today: date) -> list[Span]:
    """Return the windows that a board must have, because something was done on ``day``.

    Of the rolling ones those that are shown today and tomorrow, and any shown later only if
    ``day`` is later itself.
    """
    found = [each for period in spans.periods for each in _fixed(period, spans.seasons, day)]
    if spans.rolling_days is not None:
        newest = max(today + _ONE_DAY, day)
        found += _rolling(spans.rolling_days, day, today, newest)
    return found


def spans_known(
    every: Sequence[int], seasons: Sequence[SeasonDays], day: date, today: date
) -> list[Span]:
    """Return all windows that may be there and hold ``day``, whatever boards have now.

    ``every`` are the lengths that rolling windows ever had, in days.
    """
    found = [each for period in _PERIODS for each in _fixed(period, seasons, day)]
    oldest, newest = today - timedelta(days=ROLLING_KEPT_DAYS), max(today + _ONE_DAY, day)
    for days in every:
        found += _rolling(days, day, oldest, newest)
    return found


def current(spans: Spans, today: date) -> list[Span]:
    """Return the windows that a board shows on a day."""
    shown = today + _ONE_DAY
    return [
        each
        for each in spans_on(spans, today, today)
        if each.period != "rolling" or each.ends_on == shown
    ]


def rolling_span(days: int, last: date) -> Span:
    """Return the rolling window of so many days whose last one is ``last``."""
    return Span("rolling", last - timedelta(days=days - 1), last + _ONE_DAY)


def clusters(days: Sequence[date], most: int) -> list[tuple[date, date]]:
    """Return at most ``most`` stretches, first and last day, that hold all ``days``.

    The widest gaps between days are left out.
    """
    ordered = sorted(set(days))
    gaps = sorted(
        range(1, len(ordered)), key=lambda at: (ordered[at - 1] - ordered[at], ordered[at])
    )
    wide = [at for at in gaps if ordered[at] - ordered[at - 1] > _ONE_DAY]
    borders = [0, *sorted(wide[: most - 1]), len(ordered)]
    return [(ordered[begin], ordered[end - 1]) for begin, end in pairwise(borders) if begin < end]


def _fixed(period: Period, seasons: Sequence[SeasonDays], day: date) -> Iterator[Span]:
    if period == "all":
        yield Span("all", SINCE_EVER, None)
    elif period == "season":
        for season in seasons:
            if season.starts_on <= day < season.ends_on:
                yield Span("season", season.starts_on, season.ends_on, season.code)
    else:
        yield Span(period, period_start(period, day), period_next(period, day))


def _rolling(days: int, day: date, oldest: date, newest: date) -> Iterator[Span]:
    last = max(day, oldest)
    while last <= min(newest, day + timedelta(days=days - 1)):
        yield rolling_span(days, last)
        last += _ONE_DAY
