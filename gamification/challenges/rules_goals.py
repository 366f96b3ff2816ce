"""How far goals are, counted over what a member did, the earliest first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple, cast

from domain.earning.rules import Event
from domain.earning.rules_conditions import Situation
from domain.earning.rules_history import Happening
from domain.ledger.rules import AMOUNT_MAX
from gamification.challenges.rules_compile import Challenge, Goal, Level
from kit.calendar import Period, period_next, period_start

_PERIODS: dict[str, Period] = {"days": "day", "weeks": "week", "months": "month"}


class Gain(NamedTuple):
    """What one purchase or activity adds to a goal.

    ``amount`` is how much, ``keys`` what it shows of what is to be different, ``steps`` which
    steps of a sequence it can be.
    """

    day: date
    amount: int
    keys: frozenset[str]
    steps: frozenset[int]


def gain_of(goal: Goal, happening: Happening, local: datetime) -> Gain | None:
    """Return what a goal has of something that happened at ``local`` time, None for nothing."""
    if goal.kind == "sequence":
        found = (index for index, each in enumerate(goal.filters) if each.met(happening))
        steps = frozenset(found)
        return Gain(local.date(), 0, frozenset(), steps) if steps else None
    if not goal.filters[0].met(happening):
        return None
    if goal.kind == "distinct":
        keys = frozenset(_keys(goal, happening, local)) - {""}
        return Gain(local.date(), 0, keys, frozenset()) if keys else None
    amount = min(_amount(goal, happening, local), AMOUNT_MAX) if goal.kind == "sum" else 1
    return Gain(local.date(), amount, frozenset(), frozenset()) if amount > 0 else None


def _amount(goal: Goal, happening: Happening, local: datetime) -> int:
    match goal.of:
        case "amount":
            return goal.filters[0].amount(happening)
        case "quantity":
            return goal.filters[0].quantity(happening)
        case "points":
            return happening.points
        case _:
            return _value(goal, happening, local)


def _value(goal: Goal, happening: Happening, local: datetime) -> int:
    value = goal.value
    assert value is not None
    exponent = goal.filters[0].brand.currency_exponent
    # All that is asked of an event what happened has as well.
    situation = Situation(cast("Event", happening), local, {}, exponent, value.uses)
    return int(value.value(situation.activation()) or 0)


def _keys(goal: Goal, happening: Happening, local: datetime) -> Iterable[str]:
    match goal.of:
        case "categories":
            return [line.category for line in goal.filters[0].lines(happening)]
        case "skus":
            return [line.sku for line in goal.filters[0].lines(happening)]
        case "stores":
            return [happening.store]
        case "channels":
            return [happening.channel]
        case _:
            return [local.date().isoformat()]


class GoalState(NamedTuple):
    """How far a goal is: ``done``, and ``seen``, the different ones in the order of their names.

    What is in a row is the longest row yet; ``current`` is the row that is still unbroken.
    """

    done: int
    current: int
    seen: tuple[str, ...]


@dataclass(slots=True)
class Meter:
    """A goal being counted."""

    goal: Goal
    total: int = 0
    run: int = 0
    last: date | None = None
    seen: set[str] = field(default_factory=set)

    def add(self, gain: Gain) -> None:
        """Count one more."""
        match self.goal.kind:
            case "distinct":
                self.seen |= gain.keys
                self.total = len(self.seen)
            case "streak":
                self._row(gain.day)
            case "sequence":
                self.total += self.total in gain.steps
            case _:
                self.total += gain.amount

    def state(self, day: date) -> GoalState:
        """Return how far it is as seen on ``day``."""
        current = self.total
        if self.goal.kind == "streak":
            period = _PERIODS[self.goal.of or ""]
            alive = self.last is not None and (
                period_next(period, self.last) >= period_start(period, day)
            )
            current = self.run if alive else 0
        return GoalState(self.total, current, tuple(sorted(self.seen)))

    def _row(self, day: date) -> None:
        period = _PERIODS[self.goal.of or ""]
        start = period_start(period, day)
        # Clocks that are put back may show the day before once more.
        if self.last is not None and start <= self.last:
            return
        follows = self.last is not None and period_next(period, self.last) == start
        self.run = self.run + 1 if follows else 1
        self.last = start
        self.total = max(self.total, self.run)


def meters_of(challenge: Challenge) -> list[Meter]:
    """Return the goals of a challenge with nothing done."""
    return [Meter(goal) for goal in challenge.goals]


def count(meters: Sequence[Meter], gains: Sequence[Gain | None]) -> None:
    """Count what one purchase or activity adds to each goal."""
    for meter, gain in zip(meters, gains, strict=True):
        if gain is not None:
            meter.add(gain)


def reached(challenge: Challenge, level: Level, done: Sequence[int]) -> bool:
    """Whether so much of each goal is enough for a level."""
    enough = (each >= target for each, target in zip(done, level.targets, strict=True))
    return any(enough) if challenge.any_goal else all(enough)
