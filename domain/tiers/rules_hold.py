"""How long a tier is held: one small machine for each way a ladder may say it.

A machine is told of days in order: `look` at a day on which something was counted, `lapse` on
the day that `due` names, when time alone changes something. `rank` is where the member is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Protocol

from domain.tiers.rules_count import Counter
from domain.tiers.rules_ladder import Ladder
from kit.calendar import months_after

_ONE_DAY = timedelta(days=1)


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

    def ranks(self, ladder: Ladder) -> list[tuple[int, date | None]]:
        """Return what is held of ``ladder`` above its lowest rung, which nobody has to hold."""
        found = ((ladder.ranks.get(name, 0), until) for name, until in self.until.items())
        return [each for each in found if each[0]]


class Hold(Protocol):
    """One member's place on one ladder as the days go by."""

    rank: int

    def look(self, day: date) -> None:
        """Take up what ``day`` brought."""

    def next_look(self, index: int) -> int:
        """Return which of the counted days from ``index`` on may be the next to change a thing."""

    def due(self) -> date | None:
        """Return the day on which time alone changes something next, None if it never does."""

    def lapse(self, day: date) -> None:
        """Let go on ``day`` of what is over."""

    def handover(self, last: date, /) -> Handover:
        """Return what the member holds after ``last``, for the next version of the ladder."""


class UntilWindowEnds:
    """Held to the end of the window in which it was last reached, or of the one after."""

    def __init__(self, counter: Counter, held: Handover, day: date) -> None:
        ladder = counter.ladder
        self._counter = counter
        self._grace = timedelta(days=ladder.grace_days)
        # An expression can be worth a tier before anything was counted: it is never lost.
        self._floor = counter.rank(counter.nothing)
        self._until = [date.min] * len(ladder.rungs)
        self._reached = self._floor
        self._enter(day)
        for rank, until in held.ranks(ladder):
            if until is None:
                self._hold(rank)
            else:
                self._until[rank] = until
        self.rank = max(self._highest(day - _ONE_DAY), self._floor)

    def look(self, day: date) -> None:
        """Hold every rung up to the one that the window's count reaches."""
        if day >= self._closes:
            self._enter(day)
        reached = self._counter.reached(day)
        if reached > self._reached:
            self._reached = reached
            self._hold(reached)
        self.rank = max(self.rank, reached)

    def next_look(self, index: int) -> int:
        """Return the next day on which the window reaches a higher rung, or a window begins."""
        days = self._counter.days
        if index == len(days) or days[index] >= self._closes:
            return index
        return self._counter.next_above(index, self._reached)

    def due(self) -> date | None:
        """Return the day on which the tier is over."""
        return self._until[self.rank] if self.rank > self._floor else None

    def lapse(self, day: date) -> None:
        """Fall to the highest rung still held, or by one rung for one more window."""
        below = self.rank - 1
        if self._counter.ladder.downgrade == "one_tier" and below > self._floor:
            until = self._counter.closes(day) + self._grace
            self._until[below] = max(self._until[below], until)
        self.rank = max(self._highest(day), self._floor)

    def handover(self, last: date, /) -> Handover:
        """Return each rung still held with its end."""
        rungs = self._counter.ladder.rungs
        ends = zip(rungs[1:], self._until[1:], strict=True)
        return Handover({rung.name: until for rung, until in ends if until > last})

    def _enter(self, day: date) -> None:
        """Begin to count in the window of ``day``."""
        self._closes = end = self._counter.closes(day)
        if self._counter.ladder.holds == "end_of_next_window":
            end = self._counter.closes(end)
        self._held_to = end + self._grace
        self._reached = self._floor

    def _hold(self, rank: int) -> None:
        for each in range(1, rank + 1):
            self._until[each] = max(self._until[each], self._held_to)

    def _highest(self, day: date) -> int:
        """Return the highest rung held after ``day``."""
        ranks = range(len(self._until) - 1, 0, -1)
        return next((rank for rank in ranks if self._until[rank] > day), 0)


class ForMonths:
    """Held for some months from the day it was reached, and again if those brought ``keep``."""

    def __init__(self, counter: Counter, held: Handover, day: date) -> None:
        self._counter = counter
        self._months = counter.ladder.hold_months
        self._grace = timedelta(days=counter.ladder.grace_days)
        self.term: Term | None = None
        self.rank = 0
        ladder = counter.ladder
        if held.term is not None and ladder.ranks.get(held.term.tier):
            self.rank, self.term = ladder.ranks[held.term.tier], held.term
            return
        rank, until = max(held.ranks(ladder), key=lambda each: each[0], default=(0, None))
        if rank and until is None:
            self._begin(rank, day, first=day)
        elif until is not None:
            self.rank = rank
            self.term = Term(ladder.rungs[rank].name, until, self._months, times=0, first=day)

    def look(self, day: date) -> None:
        """Begin a term of the higher rung that is reached, or renew one that is late."""
        reached = self._counter.reached(day)
        if reached > self.rank:
            # What reached the tier is not what keeps it: else it would count twice.
            self._begin(reached, day, first=day + _ONE_DAY)
            return
        while self.term is not None and self.term.late and self._kept(self.term, day):
            self._renew(self.term)
            # Days of grace can be more than a term: then the next one may be late as well.
            self.term = replace(self.term, late=self.term.end <= day)

    def next_look(self, index: int) -> int:
        """Return the next day on which a higher rung may be reached, or that may renew the term."""
        if self.term is not None and self.term.late:
            return index
        return self._counter.next_above(index, self.rank)

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
            if self._kept(term, term.end - _ONE_DAY):
                self._renew(term)
                return
            if self._grace:
                self.term = replace(term, late=True)
                return
        rank = self.rank - 1
        if self._counter.ladder.downgrade == "to_earned":
            rank = min(rank, self._counter.reached(day))
        self._begin(rank, day, first=day)

    def handover(self, last: date, /) -> Handover:
        """Return the term and what is left of it."""
        while self.term is not None and self.due() is None and self.term.end <= last:
            self._renew(self.term)
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
        self._counter = counter
        self._promised = sorted(
            (until, rank)
            for rank, until in held.ranks(counter.ladder)
            if until is not None and until > day
        )
        self.look(day)

    def look(self, day: date) -> None:
        """Take the rung of what the window of ``day`` holds."""
        self._day = day
        self._reached = self._counter.reached(day)
        self.rank = max((rank for _, rank in self._promised), default=0)
        self.rank = max(self.rank, self._reached)

    def next_look(self, index: int) -> int:
        """Return the next day on which the window reaches a higher rung."""
        return self._counter.next_above(index, self._reached)

    def due(self) -> date | None:
        """Return the day on which the window holds too little, or a promise ends."""
        ends = [until for until, _ in self._promised[:1]]
        if not self._counter.rising:
            ends.extend(self._counter.next_leaving(self._day))
        elif self._reached:
            ends.append(self._counter.next_below(self._day, self._reached))
        return min(ends, default=None)

    def lapse(self, day: date) -> None:
        """Let go of what has left."""
        self._promised = [each for each in self._promised if each[0] > day]
        self.look(day)

    def handover(self, _last: date, /) -> Handover:
        """Return what was promised before: the count itself holds nothing."""
        rungs = self._counter.ladder.rungs
        return Handover({rungs[rank].name: until for until, rank in self._promised})


class ForEver:
    """Once reached, always held."""

    def __init__(self, counter: Counter, held: Handover, day: date) -> None:
        self._counter = counter
        ranks = held.ranks(counter.ladder)
        self.rank = max((rank for rank, end in ranks if end is None or end > day), default=0)

    def look(self, day: date) -> None:
        """Rise to the rung that is reached."""
        self.rank = max(self.rank, self._counter.reached(day))

    def next_look(self, index: int) -> int:
        """Return the next day on which a higher rung may be reached."""
        return self._counter.next_above(index, self.rank)

    def due(self) -> date | None:
        """Return None: nothing ends."""
        return None

    def lapse(self, day: date) -> None:
        """Do nothing: nothing ends."""

    def handover(self, _last: date, /) -> Handover:
        """Return the rung, without an end."""
        rungs = self._counter.ladder.rungs
        return Handover({rungs[self.rank].name: None} if self.rank else {})


def is_at_once(ladder: Ladder) -> bool:
    """Return whether the rank of a day mostly follows from few counts: see `rank_at_once`."""
    match ladder.holds:
        case "months":
            return False
        case "forever":
            return ladder.window == "lifetime"
        case _:
            return ladder.downgrade == "to_earned"


def rank_at_once(counter: Counter, first: date, day: date) -> int | None:
    """Return the rank on ``day`` of who held nothing before ``first``, None if days must be walked.

    It is what the machine says on that day, for ladders that are `is_at_once`.
    """
    ladder = counter.ladder
    if ladder.holds == "while_reached":
        return counter.reached(day)
    if not counter.rising:
        return None
    if ladder.holds == "forever":
        return counter.reached(day)
    rank, opens = counter.reached(day), counter.opens(day)
    grace = timedelta(days=ladder.grace_days)
    while opens > first:
        end = counter.closes(opens) if ladder.holds == "end_of_next_window" else opens
        if end + grace <= day:
            break
        last = opens - _ONE_DAY
        rank, opens = max(rank, counter.reached(last)), counter.opens(last)
    return rank


def hold(counter: Counter, held: Handover, day: date) -> Hold:
    """Return the machine of the ladder, beginning on ``day`` with what is ``held`` from before."""
    match counter.ladder.holds:
        case "end_of_window" | "end_of_next_window":
            return UntilWindowEnds(counter, held, day)
        case "months":
            return ForMonths(counter, held, day)
        case "while_reached":
            return WhileReached(counter, held, day)
        case _:
            return ForEver(counter, held, day)
