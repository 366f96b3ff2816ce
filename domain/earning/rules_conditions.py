"""When something applies: the conditions of multipliers and rules, on plain values."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from operator import attrgetter
from typing import Any

from domain.earning.rules import Event, Facts, Line
from domain.earning.section_parts import LINE_NAMES, Conditional, rule_language
from kit.calendar import yearly
from kit.expressions import Expression

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

SEEN_MAX = 10_000
"""Of how many different lines a condition remembers what it said."""

SINCE_BIRTHDAY = "days_since_birthday"
"""A fact of our own, which birthday windows and ``now.birthday`` come from; None: unknown."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A `Conditional` made ready. Empty sets and None are always met.

    ``minutes`` are those of the day at which it begins and ends; ``when`` is asked once per
    event or, if it speaks of lines, once per line.
    """

    categories: frozenset[str]
    skus: frozenset[str]
    channels: frozenset[str]
    stores: frozenset[str]
    tiers: frozenset[str]
    weekdays: frozenset[int]
    minutes: tuple[int, int] | None
    birthday_days: int | None
    start: datetime | date | None
    end: datetime | date | None
    when: Expression | None
    of_lines: bool
    always: bool
    """Whether nothing but lines can keep it from being met."""
    key: Callable[[Line], Any] | None
    """What of a line ``when`` asks about, if it asks about nothing else."""
    seen: dict[Any, bool]
    """What ``when`` said of lines before by their ``key``; the same again is known."""

    @property
    def needs(self) -> frozenset[str]:
        """Which facts of the member it asks for."""
        names = set(facts_in(self.when)) if self.when else set()
        if self.tiers:
            names.add("tiers")
        if self.birthday_days is not None:
            names.add(SINCE_BIRTHDAY)
        return frozenset(names)


def facts_in(expression: Expression) -> frozenset[str]:
    """Return which facts of the member an expression asks for."""
    names = {name for name in expression.uses if not name.startswith(("event.", "line.", "now"))}
    if "now.birthday" in expression.uses:
        names.add(SINCE_BIRTHDAY)
    return frozenset(names)


def compile_condition(part: Conditional) -> Condition:
    """Return the conditions of a multiplier or rule, made ready once per version."""
    when = rule_language().expression(part.when, "bool") if part.when else None
    minutes = None
    if part.hours:
        begins, ends = (_minute(text) for text in part.hours.split("-"))
        minutes = begins, ends
    of_lines = when is not None and bool(when.uses & LINE_NAMES)
    somewhere = part.channels or part.stores or part.tiers
    sometime = part.weekdays or minutes or part.from_ or part.until or part.birthday_days
    return Condition(
        categories=frozenset(part.categories),
        skus=frozenset(part.skus),
        channels=frozenset(part.channels),
        stores=frozenset(part.stores),
        tiers=frozenset(part.tiers),
        weekdays=frozenset(WEEKDAYS.index(day) for day in part.weekdays),
        minutes=minutes,
        birthday_days=part.birthday_days,
        start=part.from_,
        end=part.until,
        when=when,
        of_lines=of_lines,
        always=not somewhere and not sometime and (when is None or of_lines),
        key=_line_key(when),
        seen={},
    )


class Situation:
    """One event with all that conditions may ask about it. What expressions see is made late.

    ``speaks`` are the names that any expression of the programme uses.
    """

    __slots__ = (
        "_activation",
        "_lines",
        "categories",
        "event",
        "exponent",
        "facts",
        "local",
        "speaks",
    )

    def __init__(
        self, event: Event, local: datetime, facts: Facts, exponent: int, speaks: frozenset[str]
    ) -> None:
        self.event = event
        self.local = local
        self.facts = facts
        self.exponent = exponent
        self.speaks = speaks
        self.categories = {line.category for line in event.lines}
        self._activation: Any = None
        self._lines: dict[Line, Any] = {}

    def activation(self) -> Any:
        """Return what expressions about the event see."""
        if self._activation is None:
            self._activation = rule_language().activation(self._values())
        return self._activation

    def line_activation(self, line: Line) -> Any:
        """Return what expressions about one line see."""
        found = self._lines.get(line)
        if found is None:
            values = self._values()
            values.update((name, self.of_line(name, line)) for name in self.speaks & LINE_NAMES)
            found = rule_language().activation(values)
            self._lines[line] = found
        return found

    def of_line(self, name: str, line: Line) -> Any:
        """Return what ``name`` means for a line."""
        return _OF_LINE[name](line, 10**self.exponent)

    def _values(self) -> dict[str, Any]:
        return {
            name: _OF_EVENT[name](self) if name in _OF_EVENT else self.facts[name]
            for name in self.speaks - LINE_NAMES
        }


_OF_LINE: dict[str, Callable[[Line, int], Any]] = {
    "line.amount": lambda line, unit: line.amount / unit,
    "line.discount": lambda line, unit: line.discount / unit,
    "line.quantity": lambda line, _: line.quantity,
    "line.sku": lambda line, _: line.sku,
    "line.category": lambda line, _: line.category,
}
_OF_EVENT: dict[str, Callable[[Situation], Any]] = {
    "event.kind": lambda of: of.event.kind,
    "event.amount": lambda of: of.event.amount / 10**of.exponent,
    "event.channel": lambda of: of.event.channel,
    "event.store": lambda of: of.event.store,
    "event.attributes": lambda of: of.event.attributes,
    "now": lambda of: of.local.astimezone(UTC),
    "now.date": lambda of: of.local.date().isoformat(),
    "now.weekday": lambda of: WEEKDAYS[of.local.weekday()],
    "now.hour": lambda of: of.local.hour,
    "now.minute": lambda of: of.local.minute,
    "now.birthday": lambda of: of.facts[SINCE_BIRTHDAY] == 0,
}


def applies(condition: Condition, situation: Situation) -> bool:
    """Whether all of a condition that is not about lines is met."""
    if condition.always:
        return True
    if not (_in_place(condition, situation.event) and _in_time(condition, situation.local)):
        return False
    facts = situation.facts
    if condition.birthday_days is not None:
        since = facts.get(SINCE_BIRTHDAY)
        if since is None or since >= condition.birthday_days:
            return False
    if condition.tiers and condition.tiers.isdisjoint(facts["tiers"].values()):
        return False
    if condition.when is None or condition.of_lines:
        return True
    return condition.when.value(situation.activation()) is True


def fits(condition: Condition, situation: Situation, line: Line) -> bool:
    """Whether what a condition says about lines is met by ``line``."""
    if condition.categories and line.category not in condition.categories:
        return False
    if condition.skus and line.sku not in condition.skus:
        return False
    if not condition.of_lines or condition.when is None:
        return True
    if condition.key is None:
        return condition.when.value(situation.line_activation(line)) is True
    key = condition.key(line)
    known = condition.seen.get(key)
    if known is None:
        known = condition.when.value(situation.line_activation(line)) is True
        if len(condition.seen) >= SEEN_MAX:
            condition.seen.clear()
        condition.seen[key] = known
    return known


def touches(condition: Condition, situation: Situation) -> bool:
    """Whether any line of the event is of a category that a condition speaks of."""
    return not condition.categories or not condition.categories.isdisjoint(situation.categories)


def fitting(condition: Condition, situation: Situation) -> Sequence[Line]:
    """Return those of an event's lines that a condition is met by."""
    lines = situation.event.lines
    if not touches(condition, situation):
        return ()
    if condition.categories and not condition.skus and not condition.of_lines:
        return [line for line in lines if line.category in condition.categories]
    return [line for line in lines if fits(condition, situation, line)]


def about_lines(condition: Condition) -> bool:
    """Whether a condition says anything about lines."""
    return bool(condition.categories or condition.skus or condition.of_lines)


def days_since_birthday(birthday: date | None, day: date) -> int | None:
    """Return how many days ago the last birthday was, 0 on the day; 29 February is else the 28th.

    None without a birthday, and before the member was born.
    """
    if birthday is None or day < birthday:
        return None
    this = yearly(birthday.month, birthday.day, day.year)
    last = this if this <= day else yearly(birthday.month, birthday.day, day.year - 1)
    return (day - last) // timedelta(days=1)


def _in_place(condition: Condition, event: Event) -> bool:
    if condition.channels and event.channel not in condition.channels:
        return False
    return not condition.stores or event.store in condition.stores


def _in_time(condition: Condition, local: datetime) -> bool:
    if condition.start is not None and not _reached(condition.start, local):
        return False
    if condition.end is not None and _reached(condition.end, local):
        return False
    if condition.weekdays and local.weekday() not in condition.weekdays:
        return False
    return not condition.minutes or _within(condition.minutes, local.hour * 60 + local.minute)


def _reached(moment: datetime | date, local: datetime) -> bool:
    if isinstance(moment, datetime):
        return local >= moment
    return local.date() >= moment


def _within(minutes: tuple[int, int], minute: int) -> bool:
    begins, ends = minutes
    if begins < ends:
        return begins <= minute < ends
    return minute >= begins or minute < ends


def _line_key(when: Expression | None) -> Callable[[Line], Any] | None:
    if when is None or not when.uses or not when.uses <= LINE_NAMES:
        return None
    return attrgetter(*sorted(name.removeprefix("line.") for name in when.uses))


def _minute(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])
