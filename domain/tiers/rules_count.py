"""What counts on a ladder: days in order, and how much there is in a window of them."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from datetime import date, timedelta
from functools import lru_cache
from itertools import accumulate
from operator import add, sub
from typing import TypeAlias

from domain.tallies.rules import AMOUNT, COUNT, POINTS, PURCHASE, REDEMPTION, Tallies
from domain.tiers.rules_ladder import Ladder
from domain.tiers.section import progress_language
from kit.calendar import months_after, yearly
from kit.expressions import Expression

_ONE_DAY = timedelta(days=1)
_kept_yearly = lru_cache(maxsize=100_000)(yearly)
_kept_months_after = lru_cache(maxsize=100_000)(months_after)


class Sums:
    """A count that is the sum of its days.

    ``days`` are those with something, in order; ``before`` what came before each, and in the
    end what came in all. It is ``rising`` if no day takes anything away.
    """

    def __init__(self, by_day: Mapping[date, int]) -> None:
        self.days = sorted(by_day)
        self.before = [0, *accumulate(map(by_day.__getitem__, self.days))]
        self.rising = not by_day or min(by_day.values()) > 0

    def between(self, low: int, high: int) -> int:
        """Return what ``days[low:high]`` brought together."""
        return self.before[high] - self.before[low]


class Measured:
    """A count that an expression makes of the sums of everything; 0 where it has no value."""

    rising = False
    before: list[int] = []  # noqa: RUF012 - only what is rising is looked up there

    def __init__(self, ladder: Ladder, tallies: Tallies) -> None:
        assert ladder.expression is not None
        self._expression = ladder.expression
        self._units = ladder.units
        self._kinds = tuple(sorted({kind for _, kind in tallies} - {PURCHASE, REDEMPTION}))
        place = {kind: 3 + index for index, kind in enumerate(self._kinds)}
        width = 3 + len(place)
        by_day: dict[date, list[int]] = {}
        for (day, kind), tally in tallies.items():
            if kind == REDEMPTION or not any(tally):
                continue
            row = by_day.setdefault(day, [0] * width)
            row[1] += tally[POINTS]
            if kind == PURCHASE:
                row[0] += tally[AMOUNT]
                row[2] += tally[COUNT]
            else:
                row[place[kind]] += tally[COUNT]
        self.days = sorted(by_day)
        self._sums = [[0] * width]
        for day in self.days:
            self._sums.append(list(map(add, self._sums[-1], by_day[day])))

    def between(self, low: int, high: int) -> int:
        """Return the expression's value for what ``days[low:high]`` brought together."""
        sums = tuple(map(sub, self._sums[high], self._sums[low]))
        return _value(self._expression, self._units, self._kinds, sums)


# The same sums come again: before a batch, for each purchase of it, and after it.
@lru_cache(maxsize=100_000)
def _value(
    expression: Expression, units: tuple[int, int], kinds: tuple[str, ...], sums: tuple[int, ...]
) -> int:
    spend, points, purchases, *counts = sums
    values = {
        "spend": spend / units[0],
        "points": points / units[1],
        "purchases": purchases,
        "activities": dict(zip(kinds, counts, strict=True)),
    }
    return expression.value(progress_language().activation(values)) or 0


Series: TypeAlias = Sums | Measured


def series(ladder: Ladder, tallies: Tallies) -> Series:
    """Return what ``ladder`` counts of a member who did ``tallies``.

    Spend is money paid for purchases, refunds taken off; points are those that qualify, whatever
    gave them, never what is left of them or what was spent.
    """
    match ladder.measure:
        case "spend":
            return Sums(_of_kind(tallies, PURCHASE, AMOUNT))
        case "purchases":
            return Sums(_of_kind(tallies, PURCHASE, COUNT))
        case "activities":
            return Sums(_of_kind(tallies, ladder.activity, COUNT))
        case "points":
            return Sums(_points(tallies))
        case _:
            return Measured(ladder, tallies)


def _of_kind(tallies: Tallies, kind: str | None, field: int) -> dict[date, int]:
    return {
        day: tally[field] for (day, of), tally in tallies.items() if of == kind and tally[field]
    }


def _points(tallies: Tallies) -> dict[date, int]:
    found: dict[date, int] = {}
    for (day, kind), tally in tallies.items():
        if kind != REDEMPTION and tally[POINTS]:
            found[day] = found.get(day, 0) + tally[POINTS]
    return {day: points for day, points in found.items() if points}


class Counter:
    """Counts a member's days on one ladder. ``joined`` is the brand's day of joining.

    ``nothing`` is what a window without any day counts: 0, but for an expression.
    """

    def __init__(self, ladder: Ladder, joined: date, counted: Series) -> None:
        self.ladder = ladder
        self.days = counted.days
        self.rising = counted.rising
        self.nothing = counted.between(0, 0)
        self._before = counted.before
        self._between = counted.between
        self._joined = joined

    def rank(self, count: int) -> int:
        """Return the rank that ``count`` reaches."""
        return max(0, bisect_right(self.ladder.thresholds, count) - 1)

    def reached(self, day: date) -> int:
        """Return the rank that the count of ``day``'s window reaches on ``day``."""
        return self.rank(self.count(day))

    def count(self, day: date) -> int:
        """Return what the window of ``day`` holds up to and including ``day``."""
        return self.over(self.opens(day), day)

    def over(self, first: date, last: date) -> int:
        """Return what the days from ``first`` to ``last``, both included, brought."""
        low = bisect_left(self.days, first)
        return self._between(low, max(low, bisect_right(self.days, last)))

    def opens(self, day: date) -> date:
        """Return the first day of the window of ``day``."""
        match self.ladder.window:
            case "calendar_year":
                return date(day.year, 1, 1)
            case "anniversary":
                start = self._anniversary(day.year)
                return start if start <= day else self._anniversary(day.year - 1)
            case "rolling":
                return rolling_start(day, self.ladder.months)
            case _:
                return date.min

    def closes(self, day: date) -> date:
        """Return the first day of the window that begins after that of ``day``.

        That is no day at all, the last there is, for windows that don't begin anew.
        """
        match self.ladder.window:
            case "calendar_year":
                return date(day.year + 1, 1, 1)
            case "anniversary":
                end = self._anniversary(day.year)
                return end if end > day else self._anniversary(day.year + 1)
            case _:
                return date.max

    def next_above(self, index: int, rank: int) -> int:
        """Return from which of ``days[index:]`` on the count may reach more than ``rank``.

        That is the first day on which it does, or the first of a new window, or there is none
        and it is the number of days. Whoever counts down as well may do so on any day.
        """
        if not self.rising or index == len(self.days):
            return index
        thresholds = self.ladder.thresholds
        if rank + 1 == len(thresholds):
            return bisect_left(self.days, self.closes(self.days[index]), index)
        wanted = thresholds[rank + 1]
        if self.ladder.window == "rolling":
            return self._next_of_rolling(index, wanted)
        opens, closes = self.opens(self.days[index]), self.closes(self.days[index])
        wanted += self._before[bisect_left(self.days, opens, 0, index)]
        end = bisect_left(self.days, closes, index)
        return bisect_left(self._before, wanted, index + 1, end + 1) - 1

    def next_below(self, day: date, rank: int) -> date:
        """Return the first day after ``day`` whose rolling window holds too little for ``rank``.

        ``day`` must hold enough and the count be rising.
        """
        wanted = self.ladder.thresholds[rank]
        days, before = self.days, self._before
        leaving = (
            (low, self.leaves(days[low]))
            for low in range(bisect_left(days, self.opens(day)), len(days))
        )
        # In the end everything has left.
        return next(
            left
            for low, left in leaving
            if before[bisect_right(days, left, low)] - before[low + 1] < wanted
        )

    def next_leaving(self, day: date) -> tuple[date, ...]:
        """Return the first day after ``day`` on which something leaves its rolling window."""
        low = bisect_left(self.days, self.opens(day))
        if low == bisect_right(self.days, day):
            return ()
        return (self.leaves(self.days[low]),)

    def leaves(self, day: date) -> date:
        """Return the first day whose rolling window has let go of ``day``."""
        return _kept_months_after(day, self.ladder.months)

    def _next_of_rolling(self, index: int, wanted: int) -> int:
        days, before, months = self.days, self._before, self.ladder.months
        if before[-1] < wanted:
            return len(days)
        low = bisect_left(days, self.opens(days[index]))
        for each in range(index, len(days)):
            opens = rolling_start(days[each], months)
            while days[low] < opens:
                low += 1
            if before[each + 1] - before[low] >= wanted:
                return each
        return len(days)

    def _anniversary(self, year: int) -> date:
        return _kept_yearly(self._joined.month, self._joined.day, year)


@lru_cache(maxsize=100_000)
def rolling_start(day: date, months: int) -> date:
    """Return the first day that a rolling window of ``months`` up to ``day`` still holds.

    A day leaves when ``months`` after it have come: 31 March leaves one month's window on
    30 April, like 30 March.
    """
    start = months_after(day, -months) + _ONE_DAY
    while months_after(start, months) <= day:
        start += _ONE_DAY
    return start
