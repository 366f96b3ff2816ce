"""Earning rules for tests: sections as settings, baskets, and programmes by chance."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck
from hypothesis import settings as example
from hypothesis import strategies as st

from domain.earning.rules import Activity, CapKey, Event, Facts, Line, Purchase, Verdict
from domain.earning.rules_award import award
from domain.earning.rules_compile import EarningRules, compile_rules
from domain.earning.section import EarningSection
from domain.wallets.section import PointsSection

NEW_YORK = ZoneInfo("America/New_York")
NOON = datetime(2026, 5, 5, 12, tzinfo=NEW_YORK)
"""A Tuesday."""


def made(
    *, scale: int = 0, exponent: int = 2, points: Mapping[str, Any] | None = None, **settings: Any
) -> EarningRules:
    """Return a section's rules: a point per 1.00, rounded down, unless told otherwise.

    With rules of their own, the base rate is there only if told. ``points`` are settings of the
    points section besides its scale.
    """
    plain: dict[str, Any] = {"rounding": "floor", "base": "after_discount"}
    if "rule" not in settings:
        plain |= {"points": "1", "per": "1"}
    rate = settings.pop("rate", None)
    if rate is not None:
        plain |= {"points": rate, "per": "1"}
    unit = {"code": "p", "name": "Points", "scale": scale, "expires": "never", **(points or {})}
    section = EarningSection(**(plain | settings))
    return compile_rules(section, PointsSection(**unit), exponent)


def basket(*lines: Line | int, name: str = "e1", **details: Any) -> Purchase:
    """Return a purchase at noon; a number is a line of so many cents."""
    every = tuple(each if isinstance(each, Line) else Line(each) for each in lines)
    return Purchase(name, "m1", NOON, "USD", every, **details)


def activity(kind: str = "visit", *, name: str = "a1", **details: Any) -> Activity:
    """Return an activity at noon."""
    return Activity(name, "m1", kind, NOON, **details)


def judged(
    rules: EarningRules,
    event: Event,
    *,
    at: datetime = NOON,
    facts: Facts | None = None,
    used: Mapping[CapKey, int] | None = None,
) -> Verdict:
    """Return what ``event`` earns at ``at``, on the wall clock of its zone."""
    return award(rules, event, at, facts or {}, used or {})


def given_by(verdict: Verdict) -> dict[str, int]:
    """Return the points by rule."""
    return {each.rule: each.points for each in verdict.awards}


def earned(rules: EarningRules, *lines: Line | int, at: datetime = NOON, **details: Any) -> int:
    """Return the points of a basket."""
    return judged(rules, basket(*lines, **details), at=at).points


def capped(*caps: dict[str, Any], **settings: Any) -> EarningRules:
    """Return rules with these caps, called c0, c1 and so on; a point per 1.00 unless told."""
    named = [{"name": f"c{index}"} | cap for index, cap in enumerate(caps)]
    return made(cap=named, **({"rate": "1"} | settings))


def in_turn(rules: EarningRules, *events: tuple[Event, datetime]) -> list[Verdict]:
    """Judge events one after the other, what is used up carried along."""
    used: dict[CapKey, int] = {}
    verdicts = []
    for event, at in events:
        verdict = judged(rules, event, at=at, used=used, facts={"member.count": {}})
        for key, taken in verdict.uses.items():
            used[key] = used.get(key, 0) + taken
        verdicts.append(verdict)
    return verdicts


def start(day: str) -> datetime:
    """Return the instant at which a day begins in New York."""
    return datetime.fromisoformat(day).replace(tzinfo=NEW_YORK)


def examples(number: int) -> example:
    """Return how many examples to try, however long a busy machine takes for one."""
    return example(max_examples=number, deadline=None, suppress_health_check=[HealthCheck.too_slow])


CATEGORIES = ("", "a", "b", "gift")
ROUNDINGS = ("floor", "half_up", "half_even", "ceiling")
cents = st.integers(0, 20_000)
lines = st.builds(Line, cents, cents, st.integers(0, 5), category=st.sampled_from(CATEGORIES))
rates = st.sampled_from(["0.1", "0.33", "1", "1.25", "3"])
some_categories = st.sampled_from([[], ["a"], ["b"], ["a", "b"]])


@st.composite
def multipliers(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Draw multipliers that meet on some lines, each with a priority of its own."""
    ranks = draw(st.permutations(range(3)))
    return [
        {
            "name": f"m{index}",
            "factor": draw(st.sampled_from(["0.5", "1.2", "2", "3"])),
            "categories": draw(some_categories),
            "priority": rank,
        }
        for index, rank in enumerate(ranks[: draw(st.integers(0, 3))])
    ]


@st.composite
def settings(draw: st.DrawFn) -> dict[str, Any]:
    """Draw an earning section whose every rule gives no less for a basket with more in it.

    Base rate, multipliers, per money, fixed, steps, each, shares of shares, a group, excluded
    categories, all roundings, both bases.
    """
    stacking = draw(st.sampled_from(["best", "add", "multiply", "priority"]))
    boosts = draw(multipliers())
    if stacking != "priority":
        boosts = [
            {name: value for name, value in each.items() if name != "priority"} for each in boosts
        ]
    pool = [
        {"name": "rate", "points": draw(rates), "per": "1", "categories": draw(some_categories)},
        {"name": "fixed", "points": "7", "categories": draw(some_categories)},
        {"name": "large", "points": "40", "when": "event.amount >= 50.0"},
        {"name": "steps", "steps": [_step("25", "25"), _step("50", "75"), _step("100", "200")]},
        {"name": "each", "points": "3", "each": "int(event.amount) / 10"},
        {"name": "share", "of": "base", "share": "0.25"},
        {"name": "share of a share", "of": "share", "share": "0.5"},
        {"name": "more", "points": "2", "per": "1", "group": "g", "priority": 2}
        | {"when": "event.amount >= 100.0"},
        {"name": "less", "points": "0.5", "per": "1", "group": "g", "priority": 1},
        {"name": "dear lines", "points": "9", "when": "line.amount >= 30.0"},
        {"name": "by lot", "points": "11", "chance": "0.5", "seed": "s"},
    ]
    chosen = draw(st.sets(st.integers(0, len(pool) - 1), max_size=5))
    if 6 in chosen:
        chosen.add(5)
    return {
        "rate": draw(rates),
        "rounding": draw(st.sampled_from(ROUNDINGS)),
        "base": draw(st.sampled_from(["after_discount", "before_discount"])),
        "refund_rounding": draw(st.sampled_from(["kept", "returned"])),
        "excluded_categories": draw(st.sampled_from([[], ["gift"]])),
        "stacking": stacking,
        "multiplier": boosts,
        "rule": [pool[index] for index in sorted(chosen)],
    }


def shuffled(settings: Mapping[str, Any], parts: Sequence[str], random: Any) -> dict[str, Any]:
    """Return settings with these lists of theirs in another order."""
    result = dict(settings)
    for part in parts:
        result[part] = random.sample(result[part], len(result[part]))
    return result


def _step(start: str, points: str) -> dict[str, str]:
    return {"from": start, "points": points}
