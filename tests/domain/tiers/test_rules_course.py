"""The course of a tier is what a life told day by day comes to, whatever ladders there are."""

import itertools
from bisect import bisect_right
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.brands.rules import Brand
from domain.tallies.rules import Count, Tallies, add
from domain.tiers.rules import Grant, Ladder, Ladders, Run, Rung, courses, tiers_at
from domain.tiers.rules_ladder import Holds, ladders_over_time
from domain.tiers.section import Measure, Window, progress_language
from kit.calendar import day_start
from kit.ids import new_id
from tests.support.tier_model import Versions, slow_course

EXPRESSION = progress_language().expression(
    'purchases + 3 * activities["review"] - 2 * activities["complaint"]', "int"
)
MEASURES: list[Measure] = ["spend", "points", "purchases", "activities", "expression"]
WINDOWS: list[Window] = ["calendar_year", "anniversary", "rolling", "lifetime"]
ANEW: list[Holds] = ["end_of_window", "end_of_next_window", "months", "forever"]
FITTING: dict[Window, list[Holds]] = {
    "rolling": ["while_reached", "months", "forever"],
    "lifetime": ["forever"],
}
NAMES = ("A", "B", "C", "D", "E")
FIRST = date(2024, 1, 1)
LAST = date(2028, 3, 2)
ZONES = ("America/New_York", "Europe/London", "Asia/Ho_Chi_Minh", "Pacific/Chatham")
CODE = "status"
DAY = timedelta(days=1)


def brand(zone: str) -> Brand:
    return Brand(1, "shop", "Shop", zone, "USD", 2)


@st.composite
def ladders(draw: st.DrawFn) -> Ladder:
    """Any ladder that a file may hold."""
    window = draw(st.sampled_from(WINDOWS))
    holds = draw(st.sampled_from(FITTING.get(window, ANEW)))
    measure = draw(st.sampled_from(MEASURES))
    ends = holds not in ("while_reached", "forever")
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True))
    threshold, rungs = 0, []
    for name in sorted(names):
        keep = draw(st.integers(0, threshold + 2)) if holds == "months" else threshold
        rungs.append(Rung(name, threshold, keep))
        threshold += draw(st.integers(1, 6))
    return Ladder(
        code=CODE,
        measure=measure,
        activity="review" if measure == "activities" else None,
        expression=EXPRESSION if measure == "expression" else None,
        window=window,
        months=draw(st.integers(1, 14)) if window == "rolling" else 0,
        holds=holds,
        hold_months=draw(st.integers(1, 14)) if holds == "months" else 0,
        grace_days=draw(st.sampled_from([0, 0, 1, 20, 366])) if ends else 0,
        downgrade=draw(st.sampled_from(["to_earned", "one_tier"])) if ends else "to_earned",
        rungs=tuple(rungs),
    )


days = st.integers(0, 900).map(lambda after: FIRST + timedelta(days=after))
kinds = st.sampled_from(["purchase"] * 4 + ["review", "complaint", "redemption"])
tallies_of = st.dictionaries(
    st.tuples(days, kinds),
    st.lists(st.integers(1, 4), min_size=3, max_size=3),
    max_size=14,
)
joined_on = st.sampled_from([date(2023, 7, 9), date(2024, 1, 1), date(2024, 2, 29)])
instants = st.tuples(days, st.sampled_from([0, 0, 7, 11, 15])).map(
    lambda told: datetime(told[0].year, told[0].month, told[0].day, told[1], tzinfo=UTC)
)


@st.composite
def versions_of(draw: st.DrawFn) -> Versions:
    """One to three versions; of a later one the ladder may be gone."""
    starts = sorted(draw(st.lists(instants, min_size=1, max_size=3, unique=True)))
    later = [draw(st.one_of(ladders(), ladders(), st.none())) for _ in starts[1:]]
    return list(zip(starts, [draw(ladders()), *later], strict=True))


@st.composite
def grants_of(draw: st.DrawFn) -> tuple[Grant, ...]:
    found = []
    for _ in range(draw(st.integers(0, 2))):
        start = draw(instants)
        spans = [draw(st.none() | st.integers(0, 300)) for _ in range(2)]
        ends, revoked = (None if n is None else start + timedelta(days=n, hours=5) for n in spans)
        tier = draw(st.sampled_from(NAMES))
        found.append(Grant(new_id(), CODE, tier, start, ends, "why", "who", revoked))
    return tuple(found)


def over_time(versions: Versions, zone: str) -> Ladders:
    told = tuple((start, (ladder,) if ladder else ()) for start, ladder in versions)
    return ladders_over_time(told, brand(zone))


def noon(day: date, zone: str) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo(zone))


def course_of(
    versions: Versions, joined: date, tallies: Tallies, grants: tuple[Grant, ...], zone: str
) -> tuple[Run, ...]:
    found = courses(over_time(versions, zone), noon(joined, zone), tallies, grants, ZoneInfo(zone))
    return found[CODE]


def in_force(course: tuple[Run, ...], at: datetime) -> str:
    return course[bisect_right(course, at, key=lambda run: run.starts_at) - 1].tier


@settings(max_examples=40, deadline=None)
@given(
    versions=versions_of(),
    joined=joined_on,
    tallies=tallies_of,
    grants=grants_of(),
    zone=st.sampled_from(ZONES),
)
def test_the_course_is_that_of_a_life_lived_day_by_day(
    versions: Versions, joined: date, tallies: Tallies, grants: tuple[Grant, ...], zone: str
) -> None:
    course = course_of(versions, joined, tallies, grants, zone)
    slow = slow_course(versions, joined, tallies, grants, ZoneInfo(zone), LAST)
    assert [told for told in slow if in_force(course, told[0]) != told[1]] == []

    moments = {at for at, _ in slow}
    assert all(run.starts_at in moments for run in course if run.starts_at <= slow[-1][0])
    starts = [run.starts_at for run in course]
    assert starts == sorted(set(starts))
    states = [(run.tier, run.granted) for run in course]
    assert all(one != other for one, other in itertools.pairwise(states))

    told = over_time(versions, zone)
    for at, tier in [*slow[::97], slow[-1]]:
        found = tiers_at(told, noon(joined, zone), tallies, grants, ZoneInfo(zone), at)
        assert found == ({CODE: tier} if tier else {})


changes_of = st.lists(
    st.builds(
        Count,
        st.just(new_id()),
        kinds,
        days,
        st.integers(1, 4),
        st.integers(1, 4),
        st.integers(1, 2),
    ),
    max_size=12,
)


def counted(changes: list[Count]) -> Tallies:
    tallies: Tallies = {}
    for change in changes:
        add(tallies, change)
    return tallies


def taken_off(change: Count) -> Count:
    return replace(change, amount=-change.amount, points=-change.points, count=-change.count)


@settings(max_examples=40, deadline=None)
@given(versions_of(), joined_on, changes_of, st.randoms(use_true_random=False), changes_of)
def test_the_order_of_telling_means_nothing_and_a_refund_is_as_if_never_bought(
    versions: Versions, joined: date, kept: list[Count], random: Random, refunded: list[Count]
) -> None:
    expected = course_of(versions, joined, counted(kept), (), ZONES[0])
    told = [*kept, *refunded, *map(taken_off, refunded)]
    random.shuffle(told)
    assert course_of(versions, joined, counted(told), (), ZONES[0]) == expected


@settings(max_examples=40, deadline=None)
@given(versions_of(), joined_on, tallies_of, st.tuples(days, kinds), versions_of())
def test_what_is_told_of_a_day_or_a_version_changes_nothing_before_it(
    versions: Versions,
    joined: date,
    tallies: Tallies,
    more: tuple[date, str],
    others: Versions,
) -> None:
    zone = ZoneInfo(ZONES[1])
    before = course_of(versions, joined, tallies, (), zone.key)

    later = {key: list(tally) for key, tally in tallies.items()}
    add(later, Count(new_id(), more[1], more[0], 3, 3, 1))
    after = course_of(versions, joined, later, (), zone.key)
    assert until(after, day_start(zone, more[0])) == until(before, day_start(zone, more[0]))

    start = max(versions[-1][0], others[0][0]) + timedelta(hours=1)
    after = course_of([*versions, (start, others[0][1])], joined, tallies, (), zone.key)
    assert until(after, start) == until(before, start)


def until(course: tuple[Run, ...], at: datetime) -> list[Run]:
    return [run for run in course if run.starts_at < at]
