"""How long a tier is held: one small machine for each way a ladder may say it.

A machine is told of days in order: `look` at a day on which something was counted, `lapse` on
the day that `due` names, when time alone changes something. `rank` is where the member is.
"""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Protocol

from domain.tiers.rules_count import Counter
from kit.calendar import months_after


@dataclass(frozen=True, slots=True)
class Term:
    """The time for which a tier is held by ``{ months }`` before it must be kept.

    ``first`` is the first day that counts towards keeping it, ``end`` the first day after.
    ``end`` is ``times`` spans of ``months`` after ``anchor``, so that a month's 31st stays one.
    """

    tier: str
    anchor: date
    months: int
    times: int
    first: date
    late: bool = False

    @property
    def end(self) -> date:
        """The first day after the term."""
        return months_after(self.anchor, self.months * self.times)


@dataclass(frozen=True, slots=True)
class Handover:
    """What a member holds when another version of the ladder begins, by the tiers' names.

    ``until`` is the first day without the tier, None if it never ended.
    """

    until: Mapping[str, date | None] = field(default_factory=dict)
    term: Term | None = None


class Hold(Protocol):
    """One member's place on one ladder as the days go by."""

    rank: int

    def look(self, day: date) -> None:
        """Take up what ``day`` brought."""

    def due(self) -> date | None:
        """Return the day on which time alone changes something next, None if it never does."""

    def lapse(self, day: date) -> None:
        """Let go on ``day`` of what is over."""

    def handover(self) -> Handover:
        """Return what the member holds, for the next version of the ladder."""


class UntilWindowEnds:
    """Held to the end of the window in which it was last reached, or of the one after."""

    def __init__(self, counter: Counter, held: Handover, day: date) -> None:
        ladder = counter.ladder
        self._counter = counter
        self._grace = timedelta(days=ladder.grace_days)
        self._windows = 2 if ladder.holds == "end_of_next_window" else 1
        # An expression can be worth a tier before anything was counted: it is never lost.
        self._floor = counter.rank(counter.nothing)
        self._until = [date.min] * len(ladder.rungs)
        self._closes = self._held_to = date.min
        for name, until in held.until.items():
            rank = ladder.ranks.get(name)
            if rank is None:
                continue
            if until is None:
                self._hold(rank, self._end(day))
            else:
                self._until[rank] = until
        self.rank = max(self._highest(day - timedelta(days=1)), self._floor)

    def look(self, day: date) -> None:
        """Hold every rung up to the one that the window's count reaches."""
        reached = self._counter.reached(day)
        if reached > self._floor:
            self._hold(reached, self._end(day))
        self.rank = max(self.rank, reached)

    def due(self) -> date | None:
        """Return the day on which the tier is over."""
        return self._until[self.rank] if self.rank > self._floor else None

    def lapse(self, day: date) -> None:
        """Fall to the highest rung still held, or by one rung for one more window."""
        if self._counter.ladder.downgrade == "one_tier" and self.rank - 1 > self._floor:
            closes = self._counter.closes(day)
            assert closes is not None
            self._hold(self.rank - 1, closes + self._grace, lowest=self.rank - 1)
        self.rank = max(self._highest(day), self._floor)

    def handover(self) -> Handover:
        """Return each rung with its end."""
        rungs = self._counter.ladder.rungs
        ends = zip(rungs[1:], self._until[1:], strict=True)
        return Handover({rung.name: until for rung, until in ends if until > date.min})

    def _hold(self, rank: int, until: date, lowest: int = 1) -> None:
        for each in range(rank, lowest - 1, -1):
            self._until[each] = max(self._until[each], until)

    def _end(self, day: date) -> date:
        if day >= self._closes:
            closes = self._counter.closes(day)
            assert closes is not None  # Only windows that begin anew are held by them.
            self._closes = closes
            if self._windows > 1:
                after = self._counter.closes(closes)
                assert after is not None
                closes = after
            self._held_to = closes + self._grace
        return self._held_to

    def _highest(self, day: date) -> int:
        """Return the highest rung held after ``day``."""
        return next(
            (rank for rank in range(len(self._until) - 1, 0, -1) if self._until[rank] > day), 0
        )


class ForMonths:
    """Held for some months from the day it was reached, and again if those brought ``keep``."""

    def __init__(self, counter: Counter, held: Handover, day: date) -> None:
        self._counter = counter
        self._months = counter.ladder.hold_months
        self._grace = timedelta(days=counter.ladder.grace_days)
        self.term: Term | None = None
        self.rank = 0
        ranks = counter.ladder.ranks
        if held.term is not None and held.term.tier in ranks:
            self.rank, self.term = ranks[held.term.tier], held.term
            return
        rank, until = max(
            ((ranks[name], until) for name, until in held.until.items() if name in ranks),
            key=lambda each: each[0],
            default=(0, None),
        )
        if rank and until is None:
            self._begin(rank, day, first=day)
        elif rank and until is not None:
            self.rank = rank
            name = counter.ladder.rungs[rank].name
            self.term = Term(name, until, self._months, times=0, first=day)

    def look(self, day: date) -> None:
        """Begin a term of the higher rung that is reached, or renew one that is late."""
        reached = self._counter.reached(day)
        if reached > self.rank:
            # What reached the tier is not what keeps it: else it would count twice.
            self._begin(reached, day, first=day + timedelta(days=1))
        elif self.term is not None and self.term.late and self._kept(self.term, day):
            self._renew(self.term)

    def due(self) -> date | None:
        """Return the day on which the term, or the grace after it, is over."""
        term = self.term
        if term is None:
            return None
        if term.late:
            return self.keep_by(term)
        days = self._counter.days
        keeps_by_nothing = self._counter.nothing >= self._keep
        # Nothing is counted any more and nothing is needed: it is renewed for ever.
        return None if keeps_by_nothing and not (days and days[-1] >= term.first) else term.end

    def lapse(self, day: date) -> None:
        """Renew what was kept; else fall, after the days of grace."""
        term = self.term
        assert term is not None
        if not term.late:
            if self._kept(term, term.end - timedelta(days=1)):
                self._renew(term)
                return
            if self._grace:
                self.term = replace(term, late=True)
                return
        rank = self.rank - 1
        if self._counter.ladder.downgrade == "to_earned":
            rank = min(rank, self._counter.reached(day))
        self._begin(rank, day, first=day)

    def handover(self) -> Handover:
        """Return the term and what is left of it."""
        if self.term is None:
            return Handover()
        return Handover({self.term.tier: self.keep_by(self.term)}, self.term)

    def keep_by(self, term: Term) -> date:
        """Return the first day on which it is too late to keep the tier."""
        return term.end + self._grace

    @property
    def _keep(self) -> int:
        return self._counter.ladder.rungs[self.rank].keep

    def _kept(self, term: Term, last: date) -> bool:
        return self._counter.over(term.first, last) >= self._keep

    def _begin(self, rank: int, day: date, first: date) -> None:
        self.rank = rank
        name = self._counter.ladder.rungs[rank].name
        self.term = Term(name, day, self._months, times=1, first=first) if rank else None

    def _renew(self, term: Term) -> None:
        if term.months == self._months:
            self.term = replace(term, times=term.times + 1, first=term.end, late=False)
        else:
            self.term = Term(term.tier, term.end, self._months, times=1, first=term.end)


class WhileReached:
    """The rung of a rolling window's count, day by day; besides it what was promised before."""

    def __init__(self, counter: Counter, held: Handover, day: date) -> None:
        ranks = counter.ladder.ranks
        self._counter = counter
        self._promised = sorted(
            (until, ranks[name])
            for name, until in held.until.items()
            if until is not None and until > day and name in ranks
        )
        self._reached = 0
        self.rank = 0
        self.look(day)

    def look(self, day: date) -> None:
        """Take the rung of what the window of ``day`` holds."""
        days = self._counter.days
        opens = self._counter.opens(day)
        self._low = bisect_right(days, opens - timedelta(days=1))
        self._high = bisect_right(days, day)
        self._reached = self._counter.reached(day)
        self._settle()

    def due(self) -> date | None:
        """Return the day on which the oldest day leaves the window, or a promise ends."""
        ends = [self._promised[0][0]] if self._promised else []
        if self._low < self._high:
            ends.append(self._counter.leaves(self._counter.days[self._low]))
        return min(ends, default=None)

    def lapse(self, day: date) -> None:
        """Let go of what has left."""
        self._promised = [each for each in self._promised if each[0] > day]
        self.look(day)

    def handover(self) -> Handover:
        """Return what was promised before: the count itself holds nothing."""
        rungs = self._counter.ladder.rungs
        return Handover({rungs[rank].name: until for until, rank in self._promised})

    def _settle(self) -> None:
        self.rank = max(self._reached, *(rank for _, rank in self._promised), 0)


class ForEver:
    """Once reached, always held."""

    def __init__(self, counter: Counter, held: Handover, day: date) -> None:
        ranks = counter.ladder.ranks
        self._counter = counter
        self.rank = max(
            (
                ranks[name]
                for name, until in held.until.items()
                if name in ranks and (until is None or until > day)
            ),
            default=0,
        )

    def look(self, day: date) -> None:
        """Rise to the rung that is reached."""
        self.rank = max(self.rank, self._counter.reached(day))

    def due(self) -> date | None:
        """Return None: nothing ends."""
        return None

    def lapse(self, day: date) -> None:
        """Do nothing: nothing ends."""

    def handover(self) -> Handover:
        """Return the rung, without an end."""
        rungs = self._counter.ladder.rungs
        return Handover({rungs[self.rank].name: None} if self.rank else {})


def hold(counter: Counter, held: Handover, day: date) -> Hold:
    """Return the machine of the ladder, beginning on ``day`` with what is ``held`` from before."""
    match counter.ladder.holds:
        case "end_of_window" | "end_of_next_window":
            return UntilWindowEnds(counter, held, day)
        case "months":
            return ForMonths(counter, held, day)
        case "while_reached":
            return WhileReached(counter, held, day)
        case "forever":
            return ForEver(counter, held, day)
