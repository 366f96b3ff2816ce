"""What rules know of a member when an event happens, by the names of their vocabulary."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from domain.earning.rules_compile import EarningRules
from domain.earning.rules_conditions import SINCE_BIRTHDAY, days_since_birthday
from domain.earning.section_parts import PURCHASE
from domain.tallies.rules import AMOUNT, COUNT, Tallies

OF_TIERS = frozenset(("tier", "tiers"))
OF_TALLIES = frozenset(
    ("member.purchases", "member.count", "member.count_this_year", "member.spend_this_year")
)


@dataclass(frozen=True, slots=True)
class Person:
    """Who a member is, as far as rules may ask."""

    external_id: str
    joined_at: datetime
    birthday: date | None
    region: str | None
    attributes: Mapping[str, Any]


def facts_of(
    rules: EarningRules,
    person: Person,
    tallies: Tallies,
    tiers: Mapping[str, str],
    local: datetime,
) -> dict[str, Any]:
    """Return those of the facts that ``rules`` need, before what happens at ``local`` counts.

    ``tiers`` are the member's by ladder, the main ladder first. Counts by day stop at the day of
    ``local``, so that what is reported late is judged by what had happened then.
    """
    return {name: _FACTS[name](person, tallies, tiers, local, rules) for name in rules.needs}


_Fact = Callable[[Person, Tallies, Mapping[str, str], datetime, EarningRules], Any]


def _days(person: Person, _t: Tallies, _s: object, local: datetime, _r: object) -> int:
    joined = person.joined_at.astimezone(local.tzinfo).date()
    return max(0, (local.date() - joined).days)


def _count(_p: Person, tallies: Tallies, _s: object, local: datetime, _r: object) -> dict[str, int]:
    return _counted(tallies, date.min, local.date())


def _count_this_year(
    _p: Person, tallies: Tallies, _s: object, local: datetime, _r: object
) -> dict[str, int]:
    return _counted(tallies, date(local.year, 1, 1), local.date())


def _counted(tallies: Tallies, first: date, last: date) -> dict[str, int]:
    counts: dict[str, int] = {}
    for (day, kind), tally in tallies.items():
        if first <= day <= last:
            counts[kind] = counts.get(kind, 0) + tally[COUNT]
    return counts


def _spend_this_year(
    _p: Person, tallies: Tallies, _s: object, local: datetime, rules: EarningRules
) -> float:
    first, last = date(local.year, 1, 1), local.date()
    spent = sum(
        tally[AMOUNT]
        for (day, kind), tally in tallies.items()
        if kind == PURCHASE and first <= day <= last
    )
    return float(spent / 10**rules.exponent)


_FACTS: dict[str, _Fact] = {
    "member.id": lambda person, *_: person.external_id,
    "member.region": lambda person, *_: person.region or "",
    "member.attributes": lambda person, *_: dict(person.attributes),
    "member.days": _days,
    "member.purchases": lambda *given: _count(*given).get(PURCHASE, 0),
    "member.count": _count,
    "member.count_this_year": _count_this_year,
    "member.spend_this_year": _spend_this_year,
    "tier": lambda _p, _t, tiers, *_: next(iter(tiers.values()), ""),
    "tiers": lambda _p, _t, tiers, *_: dict(tiers),
    SINCE_BIRTHDAY: lambda person, _t, _s, local, _r: days_since_birthday(
        person.birthday, local.date()
    ),
}
