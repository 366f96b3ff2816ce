"""How long a streak is, what bridged it, where it broke and what it won, on plain values.

Everything follows from what is known by now of the member's history, the freezes that came and
the repairs that were made, in whatever order it became known. So a purchase that is reported late
on a day that a freeze had bridged keeps that day: the streak is longer by one and the freeze is
free again, for later days or to be taken back. The other way round, what a return undoes is
missed, and takes a freeze if there was one then, or breaks the streak. A repair that turns out
to have been needless repairs nothing and is not given back.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal, NamedTuple, TypeAlias

from domain.brands.rules import Brand
from domain.earning.rules_history import Happening
from gamification.streaks.rules_purse import Freezes, Move, Purse, moves_of
from gamification.streaks.rules_terms import (
    Life,
    Marks,
    ends_at,
    is_period,
    marks_of,
    next_period,
    period_of,
    terms_of,
)
from gamification.streaks.section import Milestone
from kit.calendar import day_start, period_last

State: TypeAlias = Literal["none", "alive", "at_risk", "repairable", "broken"]


class Past(NamedTuple):
    """What a streak of a member depends on besides what he did.

    ``repairs`` are the instants of those that are paid for.
    """

    freezes: Sequence[Freezes] = ()
    repairs: Sequence[datetime] = ()


class Break(NamedTuple):
    """That nothing bridged ``period``: ``at`` its end, a streak of ``length`` was lost.

    It can be repaired before ``repair_until``.
    """

    period: date
    at: datetime
    repair_until: datetime
    length: int
    since: date


class Reached(NamedTuple):
    """That a milestone was reached for the ``time``-th time, by keeping ``period``."""

    milestone: Milestone
    time: int
    period: date
    at: datetime


@dataclass(frozen=True, slots=True)
class Course:
    """A streak's life as it stands at an instant; periods are named by their first day.

    ``length`` counts the periods kept, not those bridged. State: ``none`` never began; ``alive``,
    the period under way is kept, or a day of rest; ``at_risk``, it is not kept yet; ``repairable``
    or ``broken``, there is no streak. ``since`` and ``last`` are the first and the last period kept
    of the streak under way. ``broken`` is the break that a repair would mend now, even if a new
    streak has begun meanwhile, else the latest. ``ends_at`` is the end of the first period that is
    not kept, ``looks_at`` the next instant at which anything changes by time alone.
    """

    life: Life
    state: State = "none"
    length: int = 0
    longest: int = 0
    since: date | None = None
    last: date | None = None
    freezes: int = 0
    waiting: int = 0
    frozen: tuple[date, ...] = ()
    repaired: tuple[date, ...] = ()
    breaks: tuple[Break, ...] = ()
    broken: Break | None = None
    repair_until: datetime | None = None
    reached: tuple[Reached, ...] = ()
    next_milestone: Milestone | None = None
    ends_at: datetime | None = None
    looks_at: datetime | None = None


def courses(
    brand: Brand,
    lives: Sequence[Life],
    happenings: Iterable[Happening],
    past: Past,
    now: datetime,
) -> list[Course]:
    """Return the course of each life of a streak, in order; freezes pass from one to the next."""
    happenings = list(happenings)
    purse, moves = Purse(), moves_of(past.freezes)
    found = []
    for life in lives:
        if life.starts > now:
            break
        marks = marks_of(brand, life, happenings, now)
        walk = _Walk(brand, life, now, purse, moves, sorted(filter(life.holds, past.repairs)))
        found.append(walk.course(marks))
    return found


@dataclass(slots=True)
class _Run:
    """Periods kept without a break; what was missed until ``repaired_to`` is bridged."""

    since: date
    last: date
    length: int = 0
    repaired_to: datetime | None = None


@dataclass(slots=True)
class _Walk:
    """Goes through the periods of a life in the order of time."""

    brand: Brand
    life: Life
    now: datetime
    purse: Purse
    moves: list[Move]
    repairs: list[datetime]
    run: _Run | None = None
    longest: int = 0
    frozen: list[date] = field(default_factory=list)
    repaired: list[date] = field(default_factory=list)
    breaks: list[Break] = field(default_factory=list)
    reached: list[Reached] = field(default_factory=list)
    times: dict[int, int] = field(default_factory=dict)

    def course(self, marks: Marks) -> Course:
        """Return where it stands once all that happened until now was gone through."""
        until = self.now if self.life.ends is None else min(self.now, self.life.ends)
        for period, at in sorted(marks.kept.items()):
            self._miss_until(period)
            self._move_until(at)
            self._keep(period, at)
        today = period_of(self.brand, self.life, until)
        self._miss_until(today)
        self._move_until(until)
        return self._course(until, today, marks.next_at)

    def _miss_until(self, end: date) -> None:
        """Bridge what was missed since the last period kept and before ``end``, or break."""
        if self.run is None:
            return
        period = next_period(self.brand, self.life, self.run.last)
        while self.run is not None and period < end:
            self._miss(self.run, period)
            period = next_period(self.brand, self.life, period)

    def _miss(self, run: _Run, period: date) -> None:
        over = ends_at(self.brand, self.life, period)
        # Who gets a freeze as the period ends has not had one in it.
        self._move_until(over - timedelta.resolution)
        if run.repaired_to is not None and over <= run.repaired_to:
            self.repaired.append(period)
            return
        if self.purse.use():
            self.frozen.append(period)
            return
        until = self._repairable_until(period, over)
        repair = next((each for each in self.repairs if over <= each < until), None)
        if repair is not None:
            run.repaired_to = repair
            self.repaired.append(period)
            return
        self.breaks.append(Break(period, over, until, run.length, run.since))
        self.run = None

    def _repairable_until(self, period: date, over: datetime) -> datetime:
        days = terms_of(self.brand, self.life, period).repair_days
        if days is None:
            return over
        last = period_last(self.life.every, period)
        return day_start(self.brand.zone, last + timedelta(days=days + 1))

    def _keep(self, period: date, at: datetime) -> None:
        if self.run is None:
            self.run = _Run(since=period, last=period)
        run, terms = self.run, terms_of(self.brand, self.life, period)
        run.last, run.length = period, run.length + 1
        self.longest = max(self.longest, run.length)
        self.purse.let_in(terms.freezes_max)
        if terms.freeze_every is not None and run.length % terms.freeze_every == 0:
            self.purse.earn(terms.freezes_max)
        for each in terms.milestone:
            time = self.times.get(each.at, 0) + 1
            if each.at == run.length and _allowed(each, time):
                self.times[each.at] = time
                reached_at = at if run.repaired_to is None else max(at, run.repaired_to)
                self.reached.append(Reached(each, time, period, reached_at))

    def _move_until(self, instant: datetime) -> None:
        """Let freezes come and go as they did until ``instant``, that one included."""
        while self.moves and self.moves[0].at <= instant:
            move = self.moves.pop(0)
            self.purse.move(move, self.life.at(move.at).freezes_max)

    def _course(self, until: datetime, today: date, next_at: datetime | None) -> Course:
        run = self.run or _Run(today, today)
        mendable = (each for each in self.breaks if each.at <= self.now < each.repair_until)
        offered = next(mendable, None)
        milestones = (
            each
            for each in self.life.at(until).milestone
            if each.at > run.length and _allowed(each, self.times.get(each.at, 0) + 1)
        )
        ends_at = self._ends_at(today)
        return Course(
            life=self.life,
            state=self._state(today, repairable=offered is not None),
            length=run.length,
            longest=self.longest,
            since=run.since if self.run else None,
            last=run.last if self.run else None,
            freezes=len(self.purse.held),
            waiting=len(self.purse.waiting),
            frozen=tuple(self.frozen),
            repaired=tuple(self.repaired),
            breaks=tuple(self.breaks),
            broken=offered or (self.breaks[-1] if self.breaks else None),
            repair_until=offered.repair_until if offered else None,
            reached=tuple(self.reached),
            next_milestone=next(milestones, None),
            ends_at=ends_at,
            looks_at=min((each for each in (ends_at, next_at) if each), default=None),
        )

    def _state(self, today: date, *, repairable: bool) -> State:
        if self.run is not None:
            resting = not is_period(self.brand, self.life, today)
            return "alive" if resting or self.run.last == today else "at_risk"
        if repairable:
            return "repairable"
        return "broken" if self.breaks else "none"

    def _ends_at(self, today: date) -> datetime | None:
        if self.run is None:
            return None
        if self.run.last == today or not is_period(self.brand, self.life, today):
            today = next_period(self.brand, self.life, today)
        return ends_at(self.brand, self.life, today)


def _allowed(milestone: Milestone, time: int) -> bool:
    most = 1 if not milestone.again else milestone.times
    return most is None or time <= most
