"""What counts on a ladder: days in order, and how much there is in a window of them."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from datetime import date, timedelta
from functools import lru_cache
from itertools import accumulate
from typing import Protocol

from domain.tallies.rules import AMOUNT, COUNT, POINTS, PURCHASE, REDEMPTION, Tallies
from domain.tiers.rules_ladder import Ladder
from domain.tiers.section import progress_language
from kit.calendar import months_after, yearly

_ONE_DAY = timedelta(days=1)
_NAMED = re.compile(r"""activities\s*(?:\[\s*(?:"([^"]*)"|'([^']*)')|\.\s*(\w+))""")
_kept_months_after = lru_cache(maxsize=100_000)(months_after)


class Series(Protocol):
    """What a ladder counts of one member. ``days`` are those with something, in order."""

    days: list[date]

    def between(self, low: int, high: int) -> int:
        """Return what ``days[low:high]`` brought together."""


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
        case "expression":
            return Measured(ladder, tallies)


class Sums:
    """A count that is the sum of its days."""

    def __init__(self, by_day: Mapping[date, int]) -> None:
        self.days = sorted(by_day)
        self._before = [0, *accumulate(map(by_day.__getitem__, self.days))]

    def between(self, low: int, high: int) -> int:
        """Return what ``days[low:high]`` brought together."""
        return self._before[high] - self._before[low]


class Measured:
    """A count that an expression makes of the sums of everything; 0 where it has no value."""

    def __init__(self, ladder: Ladder, tallies: Tallies) -> None:
        assert ladder.expression is not None
        self._expression = ladder.expression
        self._units = ladder.units
        named = [next(filter(None, each)) for each in _NAMED.findall(ladder.expression.text)]
        kinds = {kind for _, kind in tallies} - {PURCHASE, REDEMPTION}
        self._kinds = sorted(kinds.union(named))
        width = 3 + len(self._kinds)
        place = {kind: 3 + index for index, kind in enumerate(self._kinds)}
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
        self._before = [[0] * width]
        for day in self.days:
            self._before.append([a + b for a, b in zip(self._before[-1], by_day[day], strict=True)])

    def between(self, low: int, high: int) -> int:
        """Return the expression's value for what ``days[low:high]`` brought together."""
        ends = zip(self._before[high], self._before[low], strict=True)
        spend, points, purchases, *counts = (after - before for after, before in ends)
        values = {
            "spend": spend / self._units[0],
            "points": points / self._units[1],
            "purchases": purchases,
            "activities": dict(zip(self._kinds, counts, strict=True)),
        }
        found = self._expression.value(progress_language().activation(values))
        return found if isinstance(found, int) else 0


class Counter:
    """Counts a member's days on one ladder. ``joined`` is the brand's day of joining.

    ``nothing`` is what a window without any day counts: 0, but for an expression.
    """

    def __init__(self, ladder: Ladder, joined: date, counted: Series) -> None:
        self.ladder = ladder
        self.days = counted.days
        self._joined = joined
        self._between = counted.between
        self.nothing = counted.between(0, 0)

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
            case "lifetime":
                return date.min

    def closes(self, day: date) -> date | None:
        """Return the first day of the window after that of ``day``, None if none begins anew."""
        match self.ladder.window:
            case "calendar_year":
                return date(day.year + 1, 1, 1)
            case "anniversary":
                end = self._anniversary(day.year)
                return end if end > day else self._anniversary(day.year + 1)
            case _:
                return None

    def leaves(self, day: date) -> date:
        """Return the first day whose rolling window has let go of ``day``."""
        return _kept_months_after(day, self.ladder.months)

    def _anniversary(self, year: int) -> date:
        return yearly(self._joined.month, self._joined.day, year)


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
