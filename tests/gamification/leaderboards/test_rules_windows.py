"""Windows begin and end on the brand's days, and no day is forgotten."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gamification.leaderboards.rules_windows import (
    SINCE_EVER,
    SeasonDays,
    Span,
    Spans,
    clusters,
    current,
    rolling_span,
    spans_known,
    spans_on,
)

DAY = timedelta(days=1)
SPRING = SeasonDays("spring", date(2026, 3, 1), date(2026, 6, 1))
ALL = Spans(("day", "week", "month", "season", "all"), 7, (SPRING,))
DAYS = st.dates(date(2020, 1, 1), date(2030, 1, 1))


def test_a_day_lies_in_a_window_of_every_period() -> None:
    today = date(2026, 3, 1)
    assert spans_on(ALL, today, today) == [
        Span("day", today, date(2026, 3, 2)),
        Span("week", date(2026, 2, 23), date(2026, 3, 2)),
        Span("month", today, date(2026, 4, 1)),
        Span("season", today, date(2026, 6, 1), "spring"),
        Span("all", SINCE_EVER, None),
        Span("rolling", date(2026, 2, 23), date(2026, 3, 2)),
        Span("rolling", date(2026, 2, 24), date(2026, 3, 3)),
    ]


@pytest.mark.parametrize(
    ("day", "season"),
    [
        (date(2026, 2, 28), None),
        (date(2026, 3, 1), "spring"),
        (date(2026, 5, 31), "spring"),
        (date(2026, 6, 1), None),
    ],
)
def test_a_season_has_its_first_day_and_not_the_first_after_it(
    day: date, season: str | None
) -> None:
    found = [each.season for each in spans_on(ALL, day, day) if each.period == "season"]
    assert found == ([season] if season else [])


def test_only_one_rolling_window_is_current_and_the_next_waits() -> None:
    today = date(2026, 3, 10)
    assert current(ALL, today)[-1] == rolling_span(7, today)
    assert [each.period for each in current(ALL, today)] == [
        "day",
        "week",
        "month",
        "season",
        "all",
        "rolling",
    ]
    tomorrow = spans_on(ALL, today, today)[-1]
    assert tomorrow == current(ALL, today + DAY)[-1]


def test_what_is_dated_ahead_is_in_the_rolling_windows_up_to_its_day() -> None:
    today = date(2026, 3, 10)
    lasts = [e.ends_on for e in spans_on(ALL, today + 2 * DAY, today) if e.period == "rolling"]
    assert lasts == [date(2026, 3, 13)]
    assert not [e for e in spans_on(ALL, today - 7 * DAY, today) if e.period == "rolling"]


@given(day=DAYS, back=st.integers(0, 40), days=st.integers(2, 40))
def test_what_must_be_there_is_what_may_be_there(day: date, back: int, days: int) -> None:
    spans, today = Spans(("day", "week", "month"), days, ()), day + back * DAY
    wanted = spans_on(spans, day, today)
    assert set(wanted) <= set(spans_known((days, days + 1), (), day, today))
    assert all(each.holds(day) for each in wanted)
    assert all(not each.holds(each.starts_on - DAY) for each in wanted)
    assert all(each.ends_on is None or not each.holds(each.ends_on) for each in wanted)


@given(days=st.lists(DAYS, min_size=1, max_size=20), most=st.integers(1, 5))
def test_clusters_hold_every_day_and_leave_out_the_widest_gaps(days: list[date], most: int) -> None:
    found = clusters(days, most)
    assert 1 <= len(found) <= most
    assert all(sum(first <= day <= last for first, last in found) == 1 for day in days)
    assert all(first in days and last in days for first, last in found)
    kept = sum((last - first).days for first, last in found)
    gaps = sorted(((b - a).days for a, b in zip(sorted(days), sorted(days)[1:], strict=False)))
    wide = [gap for gap in gaps if gap > 1][-(most - 1) :] if most > 1 else []
    assert kept == (max(days) - min(days)).days - sum(wide)


def test_no_days_have_no_clusters() -> None:
    assert clusters([], 3) == []


def test_a_board_without_rolling_days_has_no_rolling_window() -> None:
    day = date(2026, 3, 2)
    assert spans_on(Spans(("day",), None, ()), day, day) == [Span("day", day, day + DAY)]


def test_a_season_is_the_same_if_its_days_are_moved() -> None:
    moved = Span("season", date(2026, 3, 2), date(2026, 7, 1), "spring")
    assert moved.name == Span("season", SPRING.starts_on, SPRING.ends_on, "spring").name
    assert rolling_span(7, date(2026, 3, 1)).name != rolling_span(8, date(2026, 3, 1)).name
