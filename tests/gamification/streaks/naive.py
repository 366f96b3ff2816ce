"""Streaks the plain way: every period is listed, every event happens in the order of time."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

Gain = tuple[UUID, datetime, int, datetime | None]
HALF_HOUR = timedelta(minutes=30)
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True)
class Rules:
    """What a streak demands; ``milestones`` are (length, again, times)."""

    every: str = "day"
    times: int = 1
    weekdays: tuple[str, ...] = ()
    freezes_max: int = 0
    freeze_every: int | None = None
    repair_days: int | None = None
    milestones: tuple[tuple[int, bool, int | None], ...] = ()


@dataclass
class Answer:
    """What comes out."""

    length: int = 0
    longest: int = 0
    since: date | None = None
    last: date | None = None
    held: int = 0
    waiting: int = 0
    state: str = "none"
    frozen: list[date] = field(default_factory=list)
    repaired: list[date] = field(default_factory=list)
    breaks: list[tuple[date, int]] = field(default_factory=list)
    reached: list[tuple[int, int, date]] = field(default_factory=list)
    repairable: bool = False


@lru_cache(maxsize=50)
def days_between(zone: str, start: datetime, end: datetime) -> dict[date, datetime]:
    """Return the first instant of each day that a clock showed, by looking at it all the time."""
    found: dict[date, datetime] = {}
    instant = start
    while instant < end:
        found.setdefault(instant.astimezone(ZoneInfo(zone)).date(), instant)
        instant += HALF_HOUR
    return found


def name_of(every: str, day: date) -> tuple[int, ...]:
    """Return what days of one period have in common."""
    if every == "week":
        return tuple(day.isocalendar()[:2])
    return (day.year, day.month) if every == "month" else (day.year, day.month, day.day)


def periods(rules: Rules, days: dict[date, datetime]) -> list[tuple[date, datetime, datetime]]:
    """Return the first day, the start and the end of each period that counts, whole ones only."""
    starts: dict[tuple[int, ...], date] = {}
    for day in sorted(days):
        starts.setdefault(name_of(rules.every, day), day)
    firsts = sorted(starts.values())[1:]
    return [
        (first, days[first], days[after])
        for first, after in pairwise(firsts)
        if rules.every != "day" or not rules.weekdays or DAYS[first.weekday()] in rules.weekdays
    ]


def judged(
    rules: Rules,
    days: dict[date, datetime],
    visits: Sequence[datetime],
    gains: Sequence[Gain],
    repairs: Sequence[datetime],
    now: datetime,
) -> Answer:
    """Return where the streak stands at ``now``."""
    listed = periods(rules, days)
    excused: dict[date, datetime] = {}
    left = sorted(repairs)
    while True:
        answer, mended = _tried(rules, days, listed, visits, gains, left, excused, now)
        if mended is None:
            return answer
        period, repair = mended
        left.remove(repair)
        for first, _, end in listed:
            if first >= period and end <= repair:
                excused.setdefault(first, repair)


def _tried(
    rules: Rules,
    days: dict[date, datetime],
    listed: list[tuple[date, datetime, datetime]],
    visits: Sequence[datetime],
    gains: Sequence[Gain],
    repairs: Sequence[datetime],
    excused: dict[date, datetime],
    now: datetime,
) -> tuple[Answer, tuple[date, datetime] | None]:
    """Go through everything once; return also which break which repair mends, to try again."""
    kept = {}
    for first, start, end in listed:
        mine = sorted(at for at in visits if start <= at < end and at <= now)
        if len(mine) >= rules.times:
            kept[first] = mine[rules.times - 1]
    # What ends comes before what begins at that instant, keeping after what comes in.
    events: list[tuple[datetime, int, str, Any]] = []
    events += [(end, 0, str(first), first) for first, _, end in listed if first not in kept]
    events += [(at, 1, str(source), units) for source, at, units, _ in gains]
    events += [(at, 2, str(source), None) for source, _, _, at in gains if at]
    events += [(at, 3, str(first), first) for first, at in kept.items()]
    table = _Table(rules, days, list(repairs), excused)
    for at, kind, source, what in sorted(events, key=lambda each: each[:3]):
        if at > now:
            continue
        if kind == 0 and (mended := table.miss(what, at)):
            return table.answer, (what, mended)
        if kind == 1:
            table.gain(source, what)
        if kind == 2:
            table.held = [each for each in table.held if each != source]
            table.waiting = [each for each in table.waiting if each != source]
        if kind == 3:
            table.keep(what)
    current = [first for first, start, end in listed if start <= now < end]
    return table.ended(now, open_=bool(current) and current[0] not in kept), None


@dataclass
class _Table:
    rules: Rules
    days: dict[date, datetime]
    repairs: list[datetime]
    excused: dict[date, datetime]
    answer: Answer = field(default_factory=Answer)
    held: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    times: dict[int, int] = field(default_factory=dict)
    windows: list[tuple[datetime, datetime]] = field(default_factory=list)

    def gain(self, source: str, units: int) -> None:
        for _ in range(units):
            room = len(self.held) < self.rules.freezes_max
            (self.held if room else self.waiting).append(source)

    def keep(self, period: date) -> None:
        answer, rules = self.answer, self.rules
        answer.length += 1
        answer.longest = max(answer.longest, answer.length)
        answer.since = answer.since or period
        answer.last = period
        while self.waiting and len(self.held) < rules.freezes_max:
            self.held.append(self.waiting.pop(0))
        due = rules.freeze_every and answer.length % rules.freeze_every == 0
        if due and len(self.held) < rules.freezes_max:
            self.held.append("earned")
        for length, again, most in rules.milestones:
            so_far = self.times.get(length, 0)
            if length == answer.length and so_far < ((most or 10**9) if again else 1):
                self.times[length] = so_far + 1
                answer.reached.append((length, so_far + 1, period))

    def miss(self, period: date, over: datetime) -> datetime | None:
        answer = self.answer
        if not answer.length:
            return None
        if period in self.excused:
            answer.repaired.append(period)
            return None
        if self.held:
            self.held.pop(0)
            answer.frozen.append(period)
            return None
        until = over
        if self.rules.repair_days is not None:
            last = max(_days_of(self.rules, period, self.days))
            # A zone may skip a day: what ends with it ends as the next one begins.
            ends = last + timedelta(self.rules.repair_days + 1)
            until = self.days[min(day for day in self.days if day >= ends)]
        for repair in self.repairs:
            if over <= repair < until:
                return repair
        self.windows.append((over, until))
        answer.breaks.append((period, answer.length))
        answer.length, answer.since, answer.last = 0, None, None
        return None

    def ended(self, now: datetime, *, open_: bool) -> Answer:
        answer = self.answer
        answer.held, answer.waiting = len(self.held), len(self.waiting)
        answer.repairable = any(lost <= now < until for lost, until in self.windows)
        if answer.length:
            answer.state = "at_risk" if open_ else "alive"
        elif answer.repairable:
            answer.state = "repairable"
        else:
            answer.state = "broken" if answer.breaks else "none"
        return answer


def _days_of(rules: Rules, first: date, days: dict[date, datetime]) -> list[date]:
    return [day for day in days if name_of(rules.every, day) == name_of(rules.every, first)]


def utc(year: int, month: int, day: int) -> datetime:
    """Return the start of a day in UTC."""
    return datetime(year, month, day, tzinfo=UTC)
