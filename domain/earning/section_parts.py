"""The parts of the ``[earning]`` section: conditions, multipliers, rules and caps."""

import re
from datetime import date, datetime
from functools import cache
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from domain.wallets.section import PENDING_DAYS_MAX, Expiry
from kit.calendar import Period
from kit.documents import Exact, ExactPositive, Flag, Part, Text, Whole, fault
from kit.expressions import LENGTH_MAX, Language, Vocabulary

Path = tuple[str | int, ...]

MULTIPLIERS_MAX = 100
RULES_MAX = 200
CAPS_MAX = 100
STEPS_MAX = 100
CATEGORIES_MAX = 1000
WINDOWS_MAX = 24
BASE = "base"
"""The name of what ``points`` per ``per`` gives, where caps and histories name rules."""
PURCHASE = "purchase"
OWN_KINDS = frozenset({"redemption", "adjustment"})
"""What no activity can be called: points spent and corrected are counted under these names."""
RESERVED = ("first:", "nth:")
"""How no cap's name can begin: the counters of rules are called so."""

VOCABULARY: Vocabulary = {
    "event.kind": "string",
    "event.amount": "double",
    "event.channel": "string",
    "event.store": "string",
    "event.attributes": "map",
    "line.amount": "double",
    "line.discount": "double",
    "line.quantity": "int",
    "line.sku": "string",
    "line.category": "string",
    "member.id": "string",
    "member.region": "string",
    "member.attributes": "map",
    "member.days": "int",
    "member.purchases": "int",
    "member.count": "counts",
    "member.count_this_year": "counts",
    "member.spend_this_year": "double",
    "tier": "string",
    "tiers": "texts",
    "now": "timestamp",
    "now.date": "string",
    "now.weekday": "string",
    "now.hour": "int",
    "now.minute": "int",
    "now.birthday": "bool",
}
"""What an expression may speak about (docs/programmes.md says what each means)."""
LINE_NAMES = frozenset(name for name in VOCABULARY if name.startswith("line."))


@cache
def rule_language() -> Language:
    """Return the language of conditions and amounts."""
    return Language(VOCABULARY)


def _moment(value: object) -> object:
    if isinstance(value, datetime) and value.tzinfo is None:
        raise fault(
            "has a time of day without a time zone; add one such as -05:00, or write the day only"
        )
    if not isinstance(value, date):
        raise fault("is not a date; write one such as 2026-05-01, without quotes")
    return value


def _condition(value: object) -> str:
    return _expression(value, "bool")


def _count(value: object) -> str:
    return _expression(value, "int")


def _expression(value: object, result: Literal["bool", "int"]) -> str:
    if not isinstance(value, str) or not value.strip():
        raise fault("is not text; put the expression in quotes")
    try:
        rule_language().expression(value, result)
    except ValueError as error:
        raise fault(str(error)) from None
    return value


def _hours(value: object) -> str:
    if not isinstance(value, str) or not (found := _HOURS.fullmatch(value)):
        raise fault('is no time of day; write one such as "17:00-22:00"')
    if found[1] == found[2]:
        raise fault("ends when it begins; leave it out for the whole day")
    return value


def _expires(value: object) -> object:
    if value == "never" or isinstance(value, dict | Expiry):
        return value
    raise fault('must be "never" or a table such as { months = 12 }')


def _window_start(value: object) -> str:
    if not isinstance(value, str) or not _MONTH_DAY.fullmatch(value):
        raise fault('is no day of the year; write one such as "06-18"')
    try:
        date(2024, int(value[:2]), int(value[3:]))
    except ValueError:
        raise fault(f"is {value!r}, which no calendar has") from None
    return value


_HOURS = re.compile(r"((?:[01][0-9]|2[0-3]):[0-5][0-9])-((?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00)")
_MONTH_DAY = re.compile(r"[0-9]{2}-[0-9]{2}")

Moment = Annotated[datetime | date, BeforeValidator(_moment)]
Names = Annotated[tuple[Text, ...], Field(max_length=CATEGORIES_MAX)]
_EXPRESSION = WithJsonSchema({"type": "string", "minLength": 1, "maxLength": LENGTH_MAX})
Condition = Annotated[str, BeforeValidator(_condition), _EXPRESSION]
Count = Annotated[str, BeforeValidator(_count), _EXPRESSION]
Hours = Annotated[
    str,
    BeforeValidator(_hours),
    WithJsonSchema({"type": "string", "pattern": f"^{_HOURS.pattern}$"}),
]
WindowStart = Annotated[
    str,
    BeforeValidator(_window_start),
    WithJsonSchema({"type": "string", "pattern": f"^{_MONTH_DAY.pattern}$"}),
]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class Conditional(Part):
    """When something applies. A condition left out is always met; all that are given must be.

    Days and hours are those of the brand's clock. Names are compared letter by letter. An
    expression that has no value for an event, because an attribute is missing, is not met.
    """

    name: Text = Field(description="what members and staff read as the reason")
    when: Condition | None = Field(default=None, description="a condition in CEL")
    categories: Names = Field(default=(), description="lines of these categories only")
    skus: Names = Field(default=(), description="lines of these articles only")
    channels: Names = Field(default=(), description="in these channels only")
    stores: Names = Field(default=(), description="in these stores only")
    tiers: Names = Field(default=(), description="for members of these tiers only")
    weekdays: Annotated[tuple[Weekday, ...], Field(max_length=7)] = Field(
        default=(), description="on these days of the week only"
    )
    hours: Hours | None = Field(
        default=None,
        description='at this time of day only: "17:00-22:00"; "22:00-02:00" is both ends of a day',
    )
    birthday_days: Annotated[Whole, Field(ge=1, le=366)] | None = Field(
        default=None, description="in so many days from the member's birthday on, that day included"
    )
    from_: Moment | None = Field(
        default=None, alias="from", description="the first day, or the instant it begins"
    )
    until: Moment | None = Field(
        default=None, description="the first day, or instant, to which it no longer applies"
    )


class Multiplier(Conditional):
    """What the base rate gives on the lines it fits counts ``factor`` times."""

    factor: ExactPositive = Field(description='how often the rate: "2" is double')
    priority: Whole | None = Field(
        default=None, description='which one counts with stacking = "priority": the highest'
    )


class Step(Part):
    """From this amount on, up to the next step's, so many points."""

    from_: Exact = Field(alias="from", description="the lowest amount of the step")
    points: Exact = Field(description="what it gives")


class Rule(Conditional):
    """Points besides the base rate, each rule a movement of its own in the member's history.

    What it gives is one of: ``points`` as they are; ``points`` for every ``per`` of money on the
    lines that fit; ``points`` times the whole number that ``each`` says; ``steps`` by the
    event's amount; or a ``share`` of what the rule ``of`` gives.

    Of the rules of one ``group`` only the one with the highest ``priority`` that applies counts.
    """

    on: Text = Field(default=PURCHASE, description='"purchase" or the kind of an activity')
    points: Exact | None = Field(default=None, description="how many points")
    per: ExactPositive | None = Field(default=None, description="for every so much money")
    each: Count | None = Field(default=None, description="times this whole number (CEL)")
    steps: Annotated[tuple[Step, ...], Field(max_length=STEPS_MAX)] = Field(
        default=(), description="points by the event's amount, each a [[earning.rule.steps]]"
    )
    of: Text | None = Field(default=None, description="the rule of which it gives a share")
    share: ExactPositive | None = Field(default=None, description='the share: "0.25" is a quarter')
    first: Flag = Field(default=False, description="for the member's first event of the kind only")
    nth: Annotated[Whole, Field(ge=2, le=10_000)] | None = Field(
        default=None, description="for every so manieth event that fits, counted per nth_per"
    )
    nth_per: Period | None = Field(default=None, description="the period nth counts in; all time")
    chance: ExactPositive | None = Field(
        default=None, description='by lot: "0.05" is one in twenty; give it a seed and a budget'
    )
    seed: Text | None = Field(
        default=None, description="what the draw depends on besides the event"
    )
    group: Text | None = Field(default=None, description="rules of which one at most counts")
    priority: Whole | None = Field(default=None, description="which of the group: the highest")
    qualifies: Flag = Field(default=True, description="whether its points count towards tiers")
    pending_days: Annotated[Whole, Field(ge=0, le=PENDING_DAYS_MAX)] | None = Field(
        default=None, description="other days of waiting than points.pending_days"
    )
    pending_from: Literal["earning", "release"] | None = Field(
        default=None, description="another start of waiting than points.pending_from"
    )
    expires: Annotated[Expiry | Literal["never"] | None, BeforeValidator(_expires)] = Field(
        default=None, description="another end than points.expires, fixed when it is earned"
    )


class Cap(Part):
    """The most that is given in a period, in points, in times, or in money that earns.

    Counted per member, or together for everyone: a budget. What goes beyond is lost, or carried
    into the next period, whose cap it then uses. A period is a calendar one of the brand's
    clock, or one of the ``windows`` of a year, or all time if neither is given.
    """

    name: Text = Field(description="what members and staff read as the reason")
    period: Literal["hour"] | Period | None = Field(default=None, description="how long it counts")
    windows: Annotated[tuple[WindowStart, ...], Field(max_length=WINDOWS_MAX)] = Field(
        default=(), description='the days on which a window of the year begins: "06-18"'
    )
    points: Exact | None = Field(default=None, description="so many points")
    times: Annotated[Whole, Field(ge=1)] | None = Field(default=None, description="so many times")
    amount: Exact | None = Field(default=None, description="so much money that earns")
    rules: Names = Field(
        default=(), description='the rules it limits together, "base" for the rate; all if none'
    )
    of: Literal["member", "everyone"] = Field(default="member", description="who shares it")
    excess: Literal["lost", "carried"] = Field(
        default="lost", description="what becomes of points beyond it"
    )
