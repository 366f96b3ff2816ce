"""When something applies: the conditions of multipliers and rules, on plain values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from domain.earning.rules import Event, Facts, Line
from domain.earning.section_parts import LINE_NAMES, Conditional, rule_language
from kit.calendar import yearly
from kit.expressions import Expression

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

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

    @property
    def needs(self) -> frozenset[str]:
        """Which facts of the member it asks for."""
        names = set(self.when.uses) if self.when else set()
        if self.tiers:
            names.add("tiers")
        if self.birthday_days is not None or "now.birthday" in names:
            names.add(SINCE_BIRTHDAY)
        return frozenset(name for name in names if not name.startswith(("event.", "line.", "now")))


def compile_condition(part: Conditional) -> Condition:
    """Return the conditions of a multiplier or rule, made ready once per version."""
    when = rule_language().expression(part.when, "bool") if part.when else None
    minutes = None
    if part.hours:
        begins, ends = (_minute(text) for text in part.hours.split("-"))
        minutes = begins, ends
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
        of_lines=when is not None and bool(when.uses & LINE_NAMES),
    )


class Situation:
    """One event with all that conditions may ask about it. What expressions see is made late."""

    __slots__ = ("_activation", "_lines", "event", "exponent", "facts", "local")

    def __init__(self, event: Event, local: datetime, facts: Facts, exponent: int) -> None:
        self.event = event
        self.local = local
        self.facts = facts
        self.exponent = exponent
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
            unit = 10**self.exponent
            found = rule_language().activation(
                {
                    **self._values(),
                    "line.amount": line.amount / unit,
                    "line.discount": line.discount / unit,
                    "line.quantity": line.quantity,
                    "line.sku": line.sku,
                    "line.category": line.category,
                }
            )
            self._lines[line] = found
        return found

    def _values(self) -> Mapping[str, Any]:
        event, local = self.event, self.local
        values = {
            "event.kind": event.kind,
            "event.amount": event.amount / 10**self.exponent,
            "event.channel": event.channel,
            "event.store": event.store,
            "event.attributes": event.attributes,
            "now": local.astimezone(UTC),
            "now.date": local.date().isoformat(),
            "now.weekday": WEEKDAYS[local.weekday()],
            "now.hour": local.hour,
            "now.minute": local.minute,
            "now.birthday": self.facts.get(SINCE_BIRTHDAY) == 0,
        }
        values.update((name, value) for name, value in self.facts.items() if name != SINCE_BIRTHDAY)
        return values


def applies(condition: Condition, situation: Situation) -> bool:
    """Whether all of a condition that is not about lines is met."""
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
    return condition.when.value(situation.line_activation(line)) is True


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


def _minute(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])
