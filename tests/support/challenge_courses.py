"""Challenges on plain values: a course of happenings and what follows from it."""

from datetime import date, datetime

from domain.earning.rules_history import Happening
from gamification.challenges.rules import (
    Bar,
)
from gamification.challenges.rules_challenge import (
    Course,
    Player,
    Span,
    courses,
    shares,
)
from gamification.challenges.rules_view import ChallengeView, Seen, current, view
from tests.support.challenge_rules import BRAND, DAY, LONG_AGO, NOON, happening, plan
from tests.support.challenges import challenge, level


def reached(of: Course) -> list[tuple[str, str, int, datetime]]:
    """Return window, level, round and time of what was reached."""
    return [(each.window, each.level, each.round, each.reached_at) for each in of.reached]


def days(*offsets: float, amount: int = 100, **more: object) -> list[Happening]:
    """Return purchases so many days after noon of 2 March."""
    return [happening(NOON + offset * DAY, amount, **more) for offset in offsets]


STEPS = """
[[challenges.challenge]]
code = "c"
name = "C"
period = "week"
[[challenges.challenge.goal]]
kind = "sequence"
[[challenges.challenge.goal.step]]
categories = ["a"]
[[challenges.challenge.goal.step]]
categories = ["b"]
[[challenges.challenge.goal.step]]
on = "review"
"""


BOTH = """
[[challenges.challenge]]
code = "c"
name = "C"
goals = "{goals}"
[[challenges.challenge.goal]]
target = "2"
[[challenges.challenge.goal]]
kind = "distinct"
of = "categories"
target = "2"
"""


SHARED = challenge(
    "c",
    'kind = "sum"\nof = "amount"',
    'who = "team"\nteam = "club"\ncontribution = "2.00"',
    levels=level("low", "3.00") + level("high", "5.00"),
) + challenge("own", 'target = "1"')


def shown(
    text: str, *happenings: Happening, now: datetime = NOON, entries: tuple[Span, ...] = ()
) -> list[ChallengeView | None]:
    """Return how challenges look to a member who alone fills bars."""
    found, timeline = plan(text)
    player = Player(LONG_AGO, happenings, {"club": "Red"}, dict.fromkeys(found.stretches, entries))
    all_courses = courses(found, BRAND, player, now)
    mine = shares(found, BRAND, player, now)
    bars: dict[Bar, dict[int, dict[date, int]]] = {}
    for code, parts in mine.items():
        team = "Red" if found.stretches[code][0].challenge.team else ""
        for key in ("team all", "everyone all", "everyone week:2026-03-02"):
            bars[Bar(code, key, team)] = {}
        for part, done in parts.items():
            bars[Bar(code, part.window, team)].setdefault(1, {})[part.day] = done
    seen = Seen(mine, bars, frozenset({("done", "everyone all", "")}))
    return [
        view(BRAND, each, player, all_courses, seen, now) for each in current(found, timeline, now)
    ]
