"""Whatever happens in whatever order: what is written is what a plain recount says."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.challenge_rules import course, happening
from tests.support.challenges import challenge

START = datetime(2026, 3, 2, 5, tzinfo=UTC)
"""Midnight of a Monday in New York; clocks are put forward six days later."""


class Told(NamedTuple):
    """A purchase: hours after the start, cents, of which so much was refunded, category."""

    hours: int
    cents: int
    refunded: bool
    category: str


told = st.builds(
    Told,
    st.integers(0, 24 * 40),
    st.integers(1, 60),
    st.booleans(),
    st.sampled_from(["a", "b", "c"]),
)
histories = st.lists(told, max_size=40, unique_by=lambda each: each.hours).map(sorted)


def local_day(hours: int) -> date:
    """Return the day in New York, by hand: an hour less from 8 March, 07:00 UTC, on."""
    at = START + timedelta(hours=hours)
    behind = 5 if at < datetime(2026, 3, 8, 7, tzinfo=UTC) else 4
    return (at - timedelta(hours=behind)).date()


def played(history: list[Told], text: str) -> list[tuple[str, int, datetime]]:
    """Return window, round and time of what our rules say was reached."""
    happenings = [
        happening(
            START + timedelta(hours=each.hours),
            each.cents,
            category=each.category,
            counts=not each.refunded,
        )
        for each in history
    ]
    found = course(text, *happenings, now=START + timedelta(days=60))
    return [(each.window, each.round, each.reached_at) for each in found.reached]


@settings(max_examples=150, deadline=None)
@given(histories, st.integers(1, 4), st.integers(1, 3))
def test_counts_in_weeks(history: list[Told], target: int, times: int) -> None:
    text = challenge("c", f'target = "{target}"', f'period = "week"\ntimes = {times}')
    weeks: dict[date, list[Told]] = defaultdict(list)
    for each in history:
        if not each.refunded:
            day = local_day(each.hours)
            weeks[day - timedelta(day.weekday())].append(each)
    expected = [
        (f"week:{monday}", index // target + 1, START + timedelta(hours=each.hours))
        for monday, mine in sorted(weeks.items())
        for index, each in enumerate(mine)
        if index % target == target - 1 and index // target < times
    ]
    assert played(history, text) == expected


@settings(max_examples=150, deadline=None)
@given(histories, st.integers(1, 90), st.integers(1, 9))
def test_sums_of_the_last_days(history: list[Told], cents: int, length: int) -> None:
    target = f"{cents / 100:.2f}"
    text = challenge(
        "c",
        f'kind = "sum"\nof = "amount"\ntarget = "{target}"\ncategories = ["a", "b"]',
        f"rolling_days = {length}\ntimes = 1000",
    )
    kept = [each for each in history if not each.refunded and each.category != "c"]
    expected: list[tuple[str, int, datetime]] = []
    begun = 0
    for index, each in enumerate(kept):
        first = local_day(each.hours) - timedelta(length - 1)
        recent = [one for one in kept[begun : index + 1] if local_day(one.hours) >= first]
        if sum(one.cents for one in recent) >= cents:
            at = START + timedelta(hours=each.hours)
            expected.append(("rolling", len(expected) + 1, at))
            begun = index + 1
    assert played(history, text) == expected


@settings(max_examples=150, deadline=None)
@given(histories, st.integers(1, 5), st.integers(0, 6))
def test_rows_of_days_with_rests(history: list[Told], target: int, rest: int) -> None:
    text = challenge(
        "c",
        f'kind = "streak"\nof = "days"\ntarget = "{target}"',
        f"times = 1000\ncool_off_days = {rest}",
    )
    firsts: dict[date, Told] = {}
    for each in history:
        if not each.refunded:
            firsts.setdefault(local_day(each.hours), each)
    kept = [each for each in history if not each.refunded]
    expected: list[tuple[str, int, datetime]] = []
    row: list[date] = []
    rests_until = date.min
    for each in kept:
        day = local_day(each.hours)
        if day <= rests_until:
            continue
        if not row or day > row[-1]:
            row = [*row, day] if row and row[-1] + timedelta(1) == day else [day]
        if len(row) == target:
            at = START + timedelta(hours=each.hours)
            expected.append(("all", len(expected) + 1, at))
            row = []
            rests_until = day + timedelta(rest) if rest else date.min
    assert played(history, text) == expected
