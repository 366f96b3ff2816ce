"""What members have reached of challenges, as far as their history says by now.

All of it follows from what a member did, the days of joining, the tiers held and the programmes
over time: nothing is kept between two looks, so that neither order nor repetition matters.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import NamedTuple, TypeAlias

from domain.brands.rules import Brand
from domain.earning.rules_history import Happening
from domain.members.rules import AttributeValue
from domain.tiers.rules import Run
from gamification.challenges.rules_compile import Challenge, Plan, Stretch
from gamification.challenges.rules_goals import (
    Gain,
    GoalState,
    Meter,
    count,
    gain_of,
    meters_of,
    reached,
)
from gamification.challenges.rules_windows import Window, in_time, rolling_first, window_at
from kit.calendar import EARLIEST

Span: TypeAlias = tuple[datetime, datetime | None]
"""From an instant until before another one, None for good."""


@dataclass(frozen=True)
class Player:
    """A member as challenges see one.

    ``happenings`` are what the member did, in order; ``entries`` when the member had joined which
    challenge, by code; ``tiers`` the runs by ladder.
    """

    joined_at: datetime
    happenings: Sequence[Happening]
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)
    entries: Mapping[str, Sequence[Span]] = field(default_factory=dict)
    tiers: Mapping[str, Sequence[Run]] = field(default_factory=dict)


class Reached(NamedTuple):
    """That a level was reached in a window, in its ``round``, 1 for the first.

    ``top``: it is the last level, so that the challenge is completed.
    """

    window: str
    level: str
    round: int
    reached_at: datetime
    top: bool


class Part(NamedTuple):
    """Where a member filled a bar that is shared: whose bar, and on which day of the brand.

    ``version_id`` is that of the stretch; ``team`` is "" if it is everyone's.
    """

    version_id: int
    window: str
    team: str
    day: date


@dataclass(frozen=True)
class Standing:
    """How far a member is in the window that is open now.

    ``states`` are those of the goals. ``round`` is the one that is played, or the last one if
    ``full``: nothing more can be completed in this window. ``levels`` are those reached in the
    round. Until the end of ``rests_until`` nothing counts.
    """

    stretch: Stretch
    window: Window
    states: tuple[GoalState, ...]
    round: int
    full: bool
    levels: frozenset[str]
    rests_until: date | None


@dataclass(frozen=True)
class Course:
    """All that a member reached of a challenge, in order, and where the member stands now.

    ``standing`` is None if no window is open. ``touched``: something was ever done for it.
    """

    reached: tuple[Reached, ...]
    standing: Standing | None
    touched: bool


def courses(
    plan: Plan, brand: Brand, player: Player, now: datetime, codes: Sequence[str] | None = None
) -> dict[str, Course]:
    """Return what a member reached of each challenge that members do alone, by code.

    ``codes`` are the ones asked for, all if None.
    """
    found: dict[str, Course] = {}
    for code in plan.stretches if codes is None else codes:
        _course(plan, brand, player, now, code, found)
    wanted = found if codes is None else codes
    return {code: found[code] for code in wanted}


def shares(plan: Plan, brand: Brand, player: Player, now: datetime) -> dict[str, dict[Part, int]]:
    """Return what a member did of each bar that is shared, by code and part; nothing is left out.

    A part of 0 is not there.
    """
    known: dict[str, Course] = {}
    joined_on = brand.day(player.joined_at)
    found: dict[str, dict[Part, int]] = {}
    for code, stretches in plan.stretches.items():
        if not plan.shared(code):
            continue
        mine: Counter[Part] = Counter()
        for stretch in stretches:
            challenge = stretch.challenge
            team = team_of(challenge, player.attributes)
            if team is None:
                continue
            opened = _opened(plan, brand, player, now, challenge, known)
            for _, happening in _playing(stretch, player, opened):
                local = brand.local(happening.occurred_at)
                gain = gain_of(challenge.goals[0], happening, local)
                window = window_at(challenge, local.date(), joined_on, brand.zone)
                if gain is not None and window is not None:
                    mine[Part(stretch.version_id, window.key, team, gain.day)] += gain.amount
        found[code] = dict(mine)
    return found


def team_of(challenge: Challenge, attributes: Mapping[str, AttributeValue]) -> str | None:
    """Return whose bar a member fills: a team's, everyone's (""), or None for no shared one."""
    if challenge.who == "team":
        return str(attributes.get(challenge.team or "", "")) or None
    return "" if challenge.shared else None


def reached_on(challenge: Challenge, done: Mapping[date, int]) -> dict[str, date]:
    """Return on which day a bar reached which level, by code, of what was done on which day."""
    found: dict[str, date] = {}
    total = 0
    for day in sorted(done):
        total += done[day]
        for level in challenge.levels:
            if total >= level.targets[0]:
                found.setdefault(level.code, day)
    return found


def _course(
    plan: Plan,
    brand: Brand,
    player: Player,
    now: datetime,
    code: str,
    known: dict[str, Course],
) -> Course:
    if code not in known:
        # What waits for itself, by way of versions that say otherwise, waits for ever.
        known[code] = Course((), None, touched=False)
        play = _Play(brand, brand.day(player.joined_at))
        for stretch in plan.stretches.get(code, ()):
            if not stretch.challenge.shared:
                opened = _opened(plan, brand, player, now, stretch.challenge, known)
                play.through(stretch, player, opened)
        known[code] = play.course(plan.stretches.get(code, ()), player, now)
    return known[code]


def _opened(
    plan: Plan,
    brand: Brand,
    player: Player,
    now: datetime,
    challenge: Challenge,
    known: dict[str, Course],
) -> datetime | None:
    """Return when all that must come first was completed, None if it is not yet.

    What needs nothing was always open.
    """
    latest = EARLIEST
    for code in challenge.after:
        done = _course(plan, brand, player, now, code, known).reached
        first = min((each.reached_at for each in done if each.top), default=None)
        if first is None:
            return None
        latest = max(latest, first)
    return latest


def _playing(
    stretch: Stretch, player: Player, opened: datetime | None
) -> Iterator[tuple[Span, Happening]]:
    """Yield what counts for a challenge over a stretch, each with the span that it is in."""
    if opened is None:
        return
    challenge = stretch.challenge
    for span in _spans(stretch, player):
        start, end = span
        first = bisect_left(player.happenings, start, key=lambda each: each.occurred_at)
        for happening in player.happenings[first:]:
            at = happening.occurred_at
            if end is not None and at >= end:
                break
            if (challenge.after and at <= opened) or not in_time(challenge, at):
                continue
            if challenge.tiers and not _has_tier(challenge, player, at):
                continue
            yield span, happening


def _spans(stretch: Stretch, player: Player) -> Iterator[Span]:
    """Yield when a member was in a challenge over a stretch."""
    if not stretch.challenge.opt_in:
        yield stretch.start, stretch.end
        return
    for joined, left in player.entries.get(stretch.challenge.code, ()):
        start = max(joined, stretch.start)
        ends = [each for each in (left, stretch.end) if each is not None]
        end = min(ends, default=None)
        if end is None or start < end:
            yield start, end


def _has_tier(challenge: Challenge, player: Player, at: datetime) -> bool:
    for runs in player.tiers.values():
        index = bisect_right(runs, at, key=lambda run: run.starts_at)
        if index and runs[index - 1].tier in challenge.tiers:
            return True
    return False


class _Play:
    """A member's way through one challenge."""

    def __init__(self, brand: Brand, joined_on: date) -> None:
        self.brand = brand
        self.joined_on = joined_on
        self.found: dict[tuple[str, str, int], Reached] = {}
        self.rounds: Counter[str] = Counter()
        self.windows: set[str] = set()
        self.rests_until: date | None = None
        self.touched = False
        self.span: Span | None = None
        self.window = ""
        self.meters: list[Meter] = []
        self.gains: list[tuple[Gain | None, ...]] = []

    def through(self, stretch: Stretch, player: Player, opened: datetime | None) -> None:
        """Count what the member did over a stretch."""
        for span, happening in _playing(stretch, player, opened):
            if span != self.span:
                self.span, self.window = span, ""
            self._add(stretch.challenge, happening)

    def course(self, stretches: Sequence[Stretch], player: Player, now: datetime) -> Course:
        """Return all that was reached and where the member stands."""
        in_order = tuple(sorted(self.found.values(), key=lambda each: each.reached_at))
        return Course(in_order, self._standing(stretches, player, now), self.touched)

    def _add(self, challenge: Challenge, happening: Happening) -> None:
        local = self.brand.local(happening.occurred_at)
        day = local.date()
        if self.rests_until is not None and day <= self.rests_until:
            return
        window = window_at(challenge, day, self.joined_on, self.brand.zone)
        if window is None or self._full(challenge, window.key):
            return
        gains = tuple(gain_of(goal, happening, local) for goal in challenge.goals)
        if not any(gains):
            return
        self.touched = True
        if window.key != self.window:
            self.window = window.key
            self._begin(challenge)
        if challenge.rolling_days is None:
            count(self.meters, gains)
        else:
            first = rolling_first(challenge.rolling_days, day)
            self.gains = [each for each in self.gains if _day(each) >= first] + [gains]
            self.meters = self._rolled(challenge, day)
        self._reach(challenge, happening.occurred_at, day)

    def _begin(self, challenge: Challenge) -> None:
        self.meters = meters_of(challenge)
        self.gains = []

    def _full(self, challenge: Challenge, window: str) -> bool:
        if self.rounds[window] >= challenge.times:
            return True
        most = challenge.windows
        return most is not None and window not in self.windows and len(self.windows) >= most

    def _rolled(self, challenge: Challenge, day: date) -> list[Meter]:
        """Return the goals as counted over the days up to and including ``day``."""
        first = rolling_first(challenge.rolling_days or 0, day)
        meters = meters_of(challenge)
        for gains in self.gains:
            count(meters, [gain if gain and gain.day >= first else None for gain in gains])
        return meters

    def _reach(self, challenge: Challenge, at: datetime, day: date) -> None:
        done = [meter.total for meter in self.meters]
        round_ = self.rounds[self.window] + 1
        top = challenge.levels[-1]
        for level in challenge.levels:
            if (self.window, level.code, round_) in self.found:
                continue
            if not reached(challenge, level, done):
                return
            self.found[self.window, level.code, round_] = Reached(
                self.window, level.code, round_, at, top=level is top
            )
            self.windows.add(self.window)
        self.rounds[self.window] = round_
        if challenge.cool_off_days:
            self.rests_until = day + timedelta(challenge.cool_off_days)
        if round_ < challenge.times:
            self._begin(challenge)

    def _standing(
        self, stretches: Sequence[Stretch], player: Player, now: datetime
    ) -> Standing | None:
        stretch = next((each for each in stretches if holds(each, now)), None)
        if stretch is None or stretch.challenge.shared:
            return None
        challenge, today = stretch.challenge, self.brand.day(now)
        window = window_at(challenge, today, self.joined_on, self.brand.zone)
        if window is None or not in_time(challenge, now):
            return None
        full = self._full(challenge, window.key)
        meters = meters_of(challenge)
        if window.key == self.window and self.span in _spans_at(stretch, player, now):
            rolls = challenge.rolling_days is not None and not full
            meters = self._rolled(challenge, today) if rolls else self.meters
        round_ = self.rounds[window.key] + (not full or not self.rounds[window.key])
        return Standing(
            stretch=stretch,
            window=window,
            states=tuple(meter.state(today) for meter in meters),
            round=round_,
            full=full,
            levels=frozenset(
                level.code
                for level in challenge.levels
                if (window.key, level.code, round_) in self.found
            ),
            rests_until=self.rests_until,
        )


def _day(gains: Sequence[Gain | None]) -> date:
    return next(gain.day for gain in gains if gain is not None)


def _spans_at(stretch: Stretch, player: Player, instant: datetime) -> list[Span]:
    return [span for span in _spans(stretch, player) if span[1] is None or instant < span[1]]


def joined_spans(spans: Sequence[Span]) -> list[Span]:
    """Return spans, the earliest start first, with those that overlap made one.

    Only who was two members before may have been in a challenge twice at once.
    """
    found: list[Span] = []
    for start, end in spans:
        last = found[-1] if found else None
        if last is not None and (last[1] is None or start < last[1]):
            both = None if last[1] is None or end is None else max(last[1], end)
            found[-1] = last[0], both
        else:
            found.append((start, end))
    return found


def holds(stretch: Stretch, instant: datetime) -> bool:
    """Whether an instant is in a stretch."""
    return stretch.start <= instant and (stretch.end is None or instant < stretch.end)
