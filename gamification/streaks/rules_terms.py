"""What a streak was at each instant, and what its periods are, on plain values."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from domain.brands.rules import Brand
from domain.earning.rules_conditions import WEEKDAYS
from domain.earning.rules_history import Happening
from domain.programmes.rules import Timeline
from gamification.grounds.rules_filter import compile_filter
from gamification.streaks.section import Streak, StreaksSection
from gamification.streaks.section_parts import Every
from kit.calendar import day_start, period_next, period_start

_KEPT_MAX = 200


class Terms(NamedTuple):
    """What a version says of a streak from an instant on."""

    starts: datetime
    streak: Streak


@dataclass(frozen=True, slots=True)
class Life:
    """A streak for as long as it stays in the programme with periods of one length.

    ``number`` counts the lives of one code from 0 on; versions only ever add to them.
    ``ends`` None: in force without an end that is known.
    """

    code: str
    number: int
    every: Every
    starts: datetime
    ends: datetime | None
    terms: tuple[Terms, ...]

    def at(self, instant: datetime) -> Streak:
        """Return what it was at ``instant``; before it began, what it was first."""
        index = bisect_right(self.terms, instant, key=lambda each: each.starts)
        return self.terms[max(index, 1) - 1].streak

    def holds(self, instant: datetime) -> bool:
        """Whether it was in force at ``instant``."""
        return self.starts <= instant and self.ends_after(instant)

    def ends_after(self, instant: datetime) -> bool:
        """Whether it is not over by ``instant``, as far as is known."""
        return self.ends is None or instant < self.ends


class Marks(NamedTuple):
    """When each period, by its first day, was kept; ``next_at``: something dated ahead."""

    kept: Mapping[date, datetime]
    next_at: datetime | None


@lru_cache(maxsize=_KEPT_MAX)
def lives_of(timeline: Timeline) -> Mapping[str, tuple[Life, ...]]:
    """Return the lives of every streak by its code, the earliest first."""
    found: dict[str, list[Life]] = {}
    running: dict[str, Life] = {}
    for programme in timeline.programmes:
        section = programme.document.find(StreaksSection)
        said = {each.code: each for each in section.streak} if section else {}
        starts = programme.effective_from
        for code, life in list(running.items()):
            streak = said.get(code)
            if streak is None or streak.every != life.every:
                found[code].append(_ended(running.pop(code), starts))
        for code, streak in said.items():
            lived = found.setdefault(code, [])
            before = running.get(code)
            number = len(lived)
            since = before.starts if before else starts
            terms = (*(before.terms if before else ()), Terms(starts, streak))
            running[code] = Life(code, number, streak.every, since, None, terms)
    for code, life in running.items():
        found[code].append(life)
    return {code: tuple(lived) for code, lived in found.items()}


def _ended(life: Life, ends: datetime) -> Life:
    return Life(life.code, life.number, life.every, life.starts, ends, life.terms)


def in_force(timeline: Timeline, now: datetime) -> dict[str, Life]:
    """Return the life of each streak that is in force at ``now``, in the order of the file."""
    programme = timeline.at(now)
    section = programme.document.find(StreaksSection) if programme else None
    if section is None:
        return {}
    lives = lives_of(timeline)
    return {
        each.code: next(life for life in lives[each.code] if life.holds(now))
        for each in section.streak
    }


def ends_at(brand: Brand, life: Life, period: date) -> datetime:
    """Return the instant at which a period, named by its first day, is over."""
    return day_start(brand.zone, period_next(life.every, period))


def terms_of(brand: Brand, life: Life, period: date) -> Streak:
    """Return what judges a period: what was in force as it began, or as the life did."""
    return life.at(day_start(brand.zone, period))


def is_period(brand: Brand, life: Life, period: date) -> bool:
    """Whether a period counts: not a day that is a day of rest, or that no clock ever showed.

    A zone that moves across the date line skips a day (Pacific/Apia, 30 December 2011).
    """
    if life.every != "day":
        return True
    weekdays = terms_of(brand, life, period).weekdays
    if weekdays and WEEKDAYS[period.weekday()] not in weekdays:
        return False
    return day_start(brand.zone, period) < day_start(brand.zone, period + timedelta(days=1))


def next_period(brand: Brand, life: Life, period: date) -> date:
    """Return the first period that counts after this one."""
    period = period_next(life.every, period)
    while not is_period(brand, life, period):
        period = period_next(life.every, period)
    return period


def period_of(brand: Brand, life: Life, instant: datetime) -> date:
    """Return the first day of the period, counting or not, in which ``instant`` falls."""
    return period_start(life.every, brand.day(instant))


def marks_of(brand: Brand, life: Life, happenings: Iterable[Happening], now: datetime) -> Marks:
    """Return which periods are kept by what a member did until ``now``.

    Each happening is judged by the terms of its own instant, how many a period takes by those
    that were in force as it began. What is dated ahead counts once it is time.
    """
    fitting: dict[date, list[datetime]] = {}
    ahead = []
    for each in happenings:
        at = each.occurred_at
        if not each.counts or not life.holds(at):
            continue
        if not compile_filter(life.at(at).goal, brand).met(each):
            continue
        if at > now:
            ahead.append(at)
            continue
        fitting.setdefault(period_of(brand, life, at), []).append(at)
    kept = {}
    for period, instants in fitting.items():
        times = terms_of(brand, life, period).times
        if len(instants) >= times and is_period(brand, life, period):
            kept[period] = sorted(instants)[times - 1]
    return Marks(kept, min(ahead, default=None))
