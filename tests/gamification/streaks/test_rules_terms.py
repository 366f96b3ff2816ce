"""What a streak was at each instant, by the versions of a programme."""

from datetime import datetime

from api.sections import SECTIONS
from domain.programmes.rules import Programme, Timeline, load
from gamification.streaks.rules_terms import in_force, lives_of
from tests.gamification.streaks.naive import utc
from tests.gamification.streaks.playing import daily, shop_with
from tests.support.games import programme


def timeline(*versions: tuple[datetime, str]) -> Timeline:
    return Timeline(
        tuple(
            Programme(number, starts, load(text, SECTIONS, "test"))
            for number, (starts, text) in enumerate(versions)
        )
    )


def test_a_streak_lives_as_long_as_it_is_there_with_the_same_periods() -> None:
    weekly = daily().replace('"day"', '"week"')
    said = timeline(
        (utc(2026, 1, 1), shop_with(daily(), daily(code="other"))),
        (utc(2026, 2, 1), shop_with(daily("times = 2"), daily(code="other"))),
        (utc(2026, 3, 1), shop_with(weekly)),
        (utc(2026, 4, 1), programme()),
        (utc(2026, 5, 1), shop_with(weekly)),
    )
    lives = lives_of(said)
    assert [
        (each.number, each.every, each.starts, each.ends, len(each.terms))
        for each in lives["daily"]
    ] == [
        (0, "day", utc(2026, 1, 1), utc(2026, 3, 1), 2),
        (1, "week", utc(2026, 3, 1), utc(2026, 4, 1), 1),
        (2, "week", utc(2026, 5, 1), None, 1),
    ]
    assert [(each.number, each.ends) for each in lives["other"]] == [(0, utc(2026, 3, 1))]
    first = lives["daily"][0]
    assert [first.at(utc(2026, month, 1)).times for month in (1, 2)] == [1, 2]
    assert first.at(utc(2025, 1, 1)).times == 1
    assert [first.holds(utc(2026, month, 1)) for month in (1, 2, 3)] == [True, True, False]
    assert in_force(said, utc(2025, 1, 1)) == {}
    assert in_force(said, utc(2026, 4, 1)) == {}
    assert in_force(said, utc(2026, 2, 1)) == {"daily": first, "other": lives["other"][0]}
    assert in_force(said, utc(2026, 6, 1)) == {"daily": lives["daily"][2]}
