"""Caps: their periods, what is left of them, and what goes into later periods."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domain.earning.rules import CapKey, Verdict
from domain.earning.rules_caps import (
    ALWAYS,
    budgets_of,
    counter_of,
    first_of,
    key_of,
    keys_of,
    left,
    period_of,
    use,
)
from domain.earning.section_parts import Cap
from tests.support.earning import (
    NEW_YORK,
    NOON,
    activity,
    basket,
    capped,
    given_by,
    in_turn,
    judged,
    made,
    start,
)

XPLR = ["01-01", "05-01", "09-01"]


def local(text: str, zone: str = "America/New_York") -> datetime:
    return datetime.fromisoformat(text).astimezone(ZoneInfo(zone))


@pytest.mark.parametrize(
    ("zone", "period", "at", "begins", "ends"),
    [
        ("America/New_York", "day", "2026-05-05T16:00Z", "2026-05-05T04:00Z", "2026-05-06T04:00Z"),
        ("America/New_York", "day", "2026-03-08T16:00Z", "2026-03-08T05:00Z", "2026-03-09T04:00Z"),
        ("America/New_York", "day", "2026-11-01T16:00Z", "2026-11-01T04:00Z", "2026-11-02T05:00Z"),
        ("America/New_York", "week", "2026-05-11T03:59Z", "2026-05-04T04:00Z", "2026-05-11T04:00Z"),
        ("America/New_York", "hour", "2026-11-01T05:30Z", "2026-11-01T05:00Z", "2026-11-01T06:00Z"),
        ("America/New_York", "hour", "2026-11-01T06:30Z", "2026-11-01T06:00Z", "2026-11-01T07:00Z"),
        ("Europe/London", "month", "2026-03-31T22:59Z", "2026-03-01T00:00Z", "2026-03-31T23:00Z"),
        ("Europe/London", "month", "2026-03-31T23:00Z", "2026-03-31T23:00Z", "2026-04-30T23:00Z"),
        ("Europe/London", "hour", "2026-10-25T01:59Z", "2026-10-25T01:00Z", "2026-10-25T02:00Z"),
        ("Asia/Ho_Chi_Minh", "year", "2026-12-31T17:00Z", "2026-12-31T17:00Z", "2027-12-31T17:00Z"),
        (
            "Asia/Ho_Chi_Minh",
            "quarter",
            "2026-05-05T00:00Z",
            "2026-03-31T17:00Z",
            "2026-06-30T17:00Z",
        ),
        ("Pacific/Chatham", "day", "2026-05-05T11:14Z", "2026-05-04T11:15Z", "2026-05-05T11:15Z"),
        ("Pacific/Chatham", "day", "2026-09-26T16:00Z", "2026-09-26T11:15Z", "2026-09-27T10:15Z"),
        ("Pacific/Chatham", "hour", "2026-05-05T11:20Z", "2026-05-05T11:15Z", "2026-05-05T12:15Z"),
        # The clock goes half an hour back here: the second 01:30 to 02:00 is an hour of its own.
        (
            "Australia/Lord_Howe",
            "hour",
            "2026-04-04T15:10Z",
            "2026-04-04T14:30Z",
            "2026-04-04T15:30Z",
        ),
    ],
)
def test_periods_are_those_of_the_brands_clock(
    zone: str, period: str, at: str, begins: str, ends: str
) -> None:
    found = period_of(Cap(name="c", period=period, points="1"), local(at, zone))
    assert found == (datetime.fromisoformat(begins), datetime.fromisoformat(ends))


def test_without_a_period_a_cap_is_for_all_time() -> None:
    assert period_of(Cap(name="c", points="1"), NOON) == (ALWAYS, None)


@pytest.mark.parametrize(
    ("at", "begins", "ends"),
    [
        ("2026-06-18T03:59Z", "2025-06-18T04:00Z", "2026-06-18T04:00Z"),
        ("2026-06-18T04:00Z", "2026-06-18T04:00Z", "2027-06-18T04:00Z"),
    ],
)
def test_m1_a_year_of_the_programme_from_18_june(at: str, begins: str, ends: str) -> None:
    # Marriott and Starbucks: 1,000 Stars from 18 June to 17 June (loyalty M1).
    found = period_of(Cap(name="c", windows=["06-18"], points="1000"), local(at))
    assert found == (datetime.fromisoformat(begins), datetime.fromisoformat(ends))


def test_windows_of_a_year() -> None:
    cap = Cap(name="c", windows=XPLR, points="500")
    found = [period_of(cap, local(f"2026-{day}T12:00Z"))[0] for day in ("04-30", "05-02", "12-31")]
    assert [f"{each:%Y-%m-%dT%H}" for each in found] == [
        "2026-01-01T05",
        "2026-05-01T04",
        "2026-09-01T04",
    ]


def plain(key: CapKey) -> str:
    """Return the name of the cap or counter, without what it counts."""
    return key.cap.partition("|")[0]


def test_a_cap_that_comes_to_mean_something_else_begins_anew() -> None:
    told: list[dict[str, Any]] = [
        {"points": "100", "period": "day"},
        {"times": 100, "period": "day"},
        {"points": "100", "period": "month"},
        {"points": "100", "windows": ["05-02"]},
        {"points": "100"},
        {"points": "100", "of": "everyone"},
    ]
    keys = {key_of(limit, ALWAYS) for cap in told for limit in capped(cap).limits}
    assert len(keys) == len(told)


def test_an_hour_whose_beginning_the_clock_skips_belongs_to_the_one_before() -> None:
    # Pacific/Chatham, 27 September 2026: 02:45 becomes 03:45.
    zone = ZoneInfo("Pacific/Chatham")
    (limit,) = capped({"times": 1, "period": "hour"}).limits
    found = [
        period_of(limit.cap, datetime(2026, 9, 26, hour, minute, tzinfo=UTC).astimezone(zone))[0]
        for hour, minute in ((13, 20), (14, 5), (14, 20))
    ]
    assert [f"{each:%H:%M}" for each in found] == ["13:15", "13:15", "14:15"]


def test_what_is_left_is_never_negative() -> None:
    (limit,) = capped({"points": "100", "period": "day"}).limits
    key = CapKey("c0", NOON)
    assert left(limit, key, {}, {}) == 100
    assert left(limit, key, {key: 30}, {key: 20}) == 50
    # A cap that was lowered below what is used up takes nothing away.
    assert left(limit, key, {key: 90}, {key: 20}) == 0


def test_nothing_taken_is_not_noted() -> None:
    uses: dict[CapKey, int] = {}
    use(uses, CapKey("c", NOON), 0)
    assert uses == {}
    use(uses, CapKey("c", NOON), 2)
    use(uses, CapKey("c", NOON), 3)
    assert uses == {CapKey("c", NOON): 5}


def test_the_tightest_cap_decides_and_all_are_used() -> None:
    rules = capped({"points": "100", "period": "day"}, {"points": "1000", "period": "year"})
    day = CapKey("c0|points|day", datetime(2026, 5, 5, 4, tzinfo=UTC))
    year = CapKey("c1|points|year", datetime(2026, 1, 1, 5, tzinfo=UTC))
    verdict = judged(rules, basket(8_000), used={day: 70, year: 10})
    assert (verdict.points, verdict.computed) == (30, 80)
    assert verdict.uses == {day: 30, year: 30}
    full = judged(rules, basket(8_000), used={day: 100})
    assert full == Verdict((), 80, {}, ())


def test_rules_of_a_cap_share_it_in_their_order() -> None:
    rules = capped(
        {"points": "100", "period": "day", "rules": ["a", "b"]},
        rule=[
            {"name": "a", "points": "70"},
            {"name": "b", "points": "60"},
            {"name": "c", "points": "5"},
        ],
    )
    (verdict,) = in_turn(rules, (basket(1_000), NOON))
    assert given_by(verdict) == {"base": 10, "a": 70, "b": 30, "c": 5}
    assert list(verdict.uses.values()) == [100]


def test_once_a_day_each_day() -> None:
    rules = capped({"times": 1, "period": "day"}, rate=None, rule=[{"name": "a", "points": "1"}])
    midnight = datetime(2026, 5, 6, tzinfo=NEW_YORK)
    times = (NOON, midnight - timedelta(seconds=1), midnight, midnight + timedelta(hours=1))
    verdicts = in_turn(rules, *((basket(1), at) for at in times))
    assert [verdict.points for verdict in verdicts] == [1, 0, 1, 0]
    assert [sum(verdict.uses.values()) for verdict in verdicts] == [1, 0, 1, 0]


def test_l1_once_an_hour() -> None:
    # Lyft, August 2016: at most one ride an hour earns (loyalty L1).
    rules = capped(
        {"times": 1, "period": "hour"}, rate=None, rule=[{"name": "r", "on": "ride", "points": "5"}]
    )
    # 1 November: from 01:00 to 02:00 comes twice, and each counts.
    instants = ["05:00", "05:59", "06:00", "06:59", "07:00"]
    rides = [(activity("ride"), local(f"2026-11-01T{text}Z")) for text in instants]
    assert [verdict.points for verdict in in_turn(rules, *rides)] == [5, 0, 5, 0, 5]


def test_what_a_points_cap_cut_to_nothing_is_not_counted_as_a_time() -> None:
    rules = capped({"times": 9, "period": "day"}, {"points": "0", "period": "day"})
    assert judged(rules, basket(100)) == Verdict((), 1, {}, ())


def test_m4_ten_thousand_dollars_a_year_earn() -> None:
    # Starwood and Uber: the first $10,000 a year earn (loyalty M4).
    rules = capped(
        {"amount": "10000", "period": "year", "rules": ["ride"]},
        rate=None,
        rule=[{"name": "ride", "on": "ride", "points": "2", "per": "1"}],
    )
    rides = [(activity("ride", amount=amount), NOON) for amount in (999_999, 2, 100)]
    last = datetime(2026, 12, 31, 23, 59, tzinfo=NEW_YORK)
    rides += [(activity("ride", amount=100), last)]
    rides += [(activity("ride", amount=100), last + timedelta(minutes=1))]
    verdicts = in_turn(rules, *rides)
    assert [verdict.points for verdict in verdicts] == [19_999, 0, 0, 0, 2]
    assert [sum(verdict.uses.values()) for verdict in verdicts] == [999_999, 1, 0, 0, 100]


def test_of_several_caps_of_money_the_tightest_counts() -> None:
    rules = capped({"amount": "100", "period": "day"}, {"amount": "50", "period": "year"})
    verdict = judged(rules, basket(20_000))
    assert verdict.points == 50
    assert list(verdict.uses.values()) == [5_000, 5_000]


def test_money_beyond_its_cap_takes_its_part_of_what_is_no_rate() -> None:
    rules = capped(
        {"amount": "50", "period": "day"}, rate=None, rule=[{"name": "a", "points": "10"}]
    )
    verdicts = in_turn(rules, (basket(4_000), NOON), (basket(4_000), NOON), (basket(0), NOON))
    # What costs nothing takes none of the money.
    assert [verdict.points for verdict in verdicts] == [10, 2, 10]


@pytest.mark.parametrize("period", [{"period": "month"}, {"windows": ["05-02"]}, {}])
def test_everyones_cap(period: dict[str, Any]) -> None:
    rules = capped(
        {"points": "100", "of": "everyone", "rules": ["draw"], **period},
        {"points": "7", "of": "everyone", "rules": ["base"]},
        {"points": "9", "of": "member"},
        rule=[{"name": "draw", "on": "visit", "points": "60"}],
    )
    whole = {plain(each) for each in budgets_of(rules, "visit", NOON)}
    assert whole == {"c0"}
    assert {plain(each) for each in budgets_of(rules, "purchase", NOON)} == {"c1"}
    assert list(budgets_of(rules, "tour", NOON)) == []
    assert {plain(each) for each in keys_of(rules, "visit", NOON)} == {"c2"}


def test_a_budget_for_everything_is_every_kinds() -> None:
    rules = capped({"points": "100", "of": "everyone"})
    for kind in ("purchase", "visit"):
        assert [plain(each) for each in budgets_of(rules, kind, NOON)] == ["c0"]


def test_all_that_an_event_takes_was_asked_for_before() -> None:
    rules = capped(
        {"points": "9", "period": "day"},
        {"times": 9, "rules": ["a"], "windows": XPLR},
        {"amount": "9", "of": "everyone", "period": "hour"},
        rule=[
            {"name": "a", "points": "1", "nth": 2, "nth_per": "week"},
            {"name": "b", "points": "1", "first": True},
            {"name": "c", "points": "1", "on": "visit", "nth": 2},
        ],
    )
    (verdict,) = in_turn(rules, (basket(500), NOON))
    asked = [*keys_of(rules, "purchase", NOON), *budgets_of(rules, "purchase", NOON)]
    times = key_of(rules.limits[1], start("2026-05-01"))
    # The second of the week has yet to come, so that nothing was given that often.
    assert set(verdict.uses) == set(asked) - {times}
    assert times in asked
    assert len(list(keys_of(rules, "visit", NOON))) == 3


def test_counters_are_counted_in_their_period() -> None:
    weekly, ever = made(
        rule=[
            {"name": "a", "points": "1", "nth": 2, "nth_per": "week"},
            {"name": "b", "points": "1", "nth": 2},
        ]
    ).givers
    assert counter_of(weekly, NOON) == CapKey("nth:a|week", start("2026-05-04"))
    assert counter_of(ever, NOON) == CapKey("nth:b|ever", ALWAYS)
    assert first_of("visit") == CapKey("first:visit", ALWAYS)


@pytest.mark.parametrize("order", [1, -1])
def test_a_cap_of_an_event_comes_after_those_of_periods(order: int) -> None:
    rules = capped(
        {"points": "30", "period": "day", "rules": ["a"]},
        rate=None,
        per_purchase_cap="50",
        rule=[{"name": "a", "points": "40"}, {"name": "b", "points": "40"}][::order],
    )
    verdict = judged(rules, basket(1))
    assert (verdict.points, verdict.computed) == (50, 50)
    assert given_by(verdict) == ({"a": 30, "b": 20} if order == 1 else {"b": 40, "a": 10})
    # Only what was given is taken of the caps of periods.
    assert list(verdict.uses.values()) == ([30] if order == 1 else [10])
