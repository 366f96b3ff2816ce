"""When points become spendable and when they end, on the brand's clock."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.wallets.section import PointsSection, available_at, expires_at

NEW_YORK = ZoneInfo("America/New_York")
CHATHAM = ZoneInfo("Pacific/Chatham")
SAIGON = ZoneInfo("Asia/Ho_Chi_Minh")
LONDON = ZoneInfo("Europe/London")


def points(**settings: Any) -> PointsSection:
    return PointsSection(**({"code": "points", "name": "Points", "expires": "never"} | settings))


def end(expires: Any, zone: ZoneInfo, *moment: int) -> datetime | None:
    """Return the end, on the wall clock, of points earned at a moment of the same clock."""
    earned = datetime(*moment, tzinfo=zone)  # type: ignore[arg-type,misc]
    found = expires_at(points(expires=expires).expires, zone, earned)
    return found and found.astimezone(zone).replace(tzinfo=None)


def test_points_are_spendable_at_once_without_delay() -> None:
    earned = datetime(2026, 5, 5, 12, tzinfo=UTC)
    assert available_at(0, NEW_YORK, earned) == earned


def test_pending_points_are_spendable_from_the_start_of_a_day_of_the_brand() -> None:
    late = datetime(2026, 5, 6, 3, 59, tzinfo=UTC)  # 23:59 on 5 May in New York
    assert available_at(5, NEW_YORK, late) == datetime(2026, 5, 10, 4, tzinfo=UTC)


def test_pending_over_a_clock_change_keeps_to_midnight() -> None:
    # New York's clock goes forward on 8 March 2026: the offset changes from -5 to -4 hours.
    earned = datetime(2026, 3, 7, 17, tzinfo=UTC)
    found = available_at(2, NEW_YORK, earned)
    assert found == datetime(2026, 3, 9, 4, tzinfo=UTC)


def test_points_that_never_expire() -> None:
    assert end("never", NEW_YORK, 2026, 5, 5) is None


@pytest.mark.parametrize(
    ("earned", "months", "gone"),
    [
        # Voucherify: 31 January and one month is the end of 28 February (loyalty R3).
        ((2026, 1, 31), 1, (2026, 3, 1)),
        ((2028, 1, 31), 1, (2028, 3, 1)),
        ((2028, 2, 29), 12, (2029, 3, 1)),
        ((2028, 2, 29), 48, (2032, 3, 1)),
        ((2026, 12, 31), 2, (2027, 3, 1)),
        # Voucherify: 0 months is the midnight of the same day (loyalty R3).
        ((2026, 5, 5), 0, (2026, 5, 6)),
        ((2026, 5, 5), 12, (2027, 5, 6)),
    ],
)
@pytest.mark.parametrize("zone", [NEW_YORK, LONDON, CHATHAM, SAIGON])
def test_months_after_the_day_earned(
    zone: ZoneInfo, earned: tuple[int, ...], months: int, gone: tuple[int, int, int]
) -> None:
    assert end({"months": months}, zone, *earned, 15, 30) == datetime(*gone)  # noqa: DTZ001


def test_b5_starbucks_six_months_after_the_calendar_month_earned() -> None:
    # tastingtable.com/1794066: earned 15 December 2020, gone 1 July 2021 (loyalty B5).
    six = {"months": 6, "round": "month"}
    assert end(six, NEW_YORK, 2020, 12, 15) == datetime(2021, 7, 1)  # noqa: DTZ001
    assert end(six, NEW_YORK, 2020, 12, 31, 23, 59) == datetime(2021, 7, 1)  # noqa: DTZ001


def test_r3_square_twelve_months_then_the_end_of_the_month() -> None:
    # LoyaltyProgramExpirationPolicy P12M: 6 July 2020 becomes 1 August 2021 (loyalty R3).
    year = {"months": 12, "round": "month"}
    assert end(year, NEW_YORK, 2020, 7, 6) == datetime(2021, 8, 1)  # noqa: DTZ001


def test_the_end_of_a_calendar_year() -> None:
    ends = end({"months": 12, "round": "year"}, NEW_YORK, 2026, 5, 5)
    assert ends == datetime(2028, 1, 1)  # noqa: DTZ001


def test_the_day_of_the_brand_counts_not_that_of_utc() -> None:
    earned = datetime(2027, 1, 1, 4, 30, tzinfo=UTC)  # 23:30 on 31 December in New York
    found = expires_at(points(expires={"months": 0, "round": "year"}).expires, NEW_YORK, earned)
    assert found == datetime(2027, 1, 1, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "earned", "gone"),
    [
        # New York: the day of 8 March 2026 has 23 hours, that of 1 November 25.
        (NEW_YORK, datetime(2026, 3, 8, 5, tzinfo=UTC), datetime(2026, 3, 9, 4, tzinfo=UTC)),
        (NEW_YORK, datetime(2026, 11, 1, 4, tzinfo=UTC), datetime(2026, 11, 2, 5, tzinfo=UTC)),
        # Chatham: +13:45 until 3:45 on 5 April 2026, then +12:45; back on 27 September.
        (
            CHATHAM,
            datetime(2026, 4, 4, 10, 15, tzinfo=UTC),
            datetime(2026, 4, 5, 11, 15, tzinfo=UTC),
        ),
        (
            CHATHAM,
            datetime(2026, 9, 26, 11, 15, tzinfo=UTC),
            datetime(2026, 9, 27, 10, 15, tzinfo=UTC),
        ),
    ],
)
def test_days_of_23_and_25_hours(zone: ZoneInfo, earned: datetime, gone: datetime) -> None:
    assert expires_at(points(expires={"months": 0}).expires, zone, earned) == gone


@pytest.mark.parametrize(
    "expires", ["nevr", 12, {"months": -1}, {"months": 1.5}, {"months": True}, {"on": "2026-01-01"}]
)
def test_a_faulty_expiry_is_refused(expires: Any) -> None:
    with pytest.raises(ValidationError):
        points(expires=expires)


@given(
    st.datetimes(
        datetime(1970, 1, 2),  # noqa: DTZ001
        datetime(2100, 1, 1),  # noqa: DTZ001
        timezones=st.just(UTC),
    ),
    st.sampled_from([NEW_YORK, LONDON, CHATHAM, SAIGON]),
    st.integers(0, 60),
    st.sampled_from(["day", "month", "year"]),
)
def test_points_live_at_least_their_months_and_end_at_a_midnight(
    earned: datetime, zone: ZoneInfo, months: int, round_to: str
) -> None:
    section = points(expires={"months": months, "round": round_to}, pending_days=months)
    gone = expires_at(section.expires, zone, earned)
    assert gone is not None
    assert (gone.astimezone(zone) - timedelta(0)).strftime("%H:%M") == "00:00"
    assert gone > earned + timedelta(days=28 * months - 1)
    assert not list(section.faults({}))
    assert available_at(months, zone, earned) < gone


def test_points_that_would_expire_while_pending_are_a_fault() -> None:
    section = points(expires={"months": 1}, pending_days=29)
    assert [path for path, _ in section.faults({})] == [("pending_days",)]


@pytest.mark.parametrize(
    ("settings", "path", "message"),
    [
        ({"expires": {}}, ("expires",), "says nothing"),
        ({"expires": {"months": 1, "on": date(2026, 1, 1)}}, ("expires",), "has both"),
        ({"expires": {"on": date(2026, 1, 1), "after": "activity"}}, ("expires",), "a fixed day"),
        (
            {"tier_expiry": [{"tiers": ["Gold"], "expires": {}}]},
            ("tier_expiry", 0, "expires"),
            "says nothing",
        ),
        (
            {"tier_expiry": [{"tiers": [tier], "expires": "never"} for tier in ("A", "B", "A")]},
            ("tier_expiry", 2, "tiers"),
            "'A' has another end above",
        ),
        ({"negative_balance": {"limit": "0.5"}}, ("negative_balance", "limit"), "more decimals"),
    ],
)
def test_ends_that_contradict_themselves_are_faults(
    settings: Any, path: tuple[str | int, ...], message: str
) -> None:
    ((where, what),) = points(**settings).faults({})
    assert where == path
    assert message in what


def test_sound_ends_and_limits_are_no_faults() -> None:
    section = points(
        scale=1,
        expires={"on": date(2026, 1, 1)},
        tier_expiry=[
            {"tiers": ["Gold"], "expires": "with_tier"},
            {"tiers": ["Green"], "expires": {"months": 3}},
        ],
        negative_balance={"limit": "0.5"},
    )
    assert not list(section.faults({}))


@pytest.mark.parametrize(
    "settings",
    [
        {"negative_balance": "forgive"},
        {"negative_balance": {"limit": 5}},
        {"negative_balance": []},
        {"tier_expiry": [{"tiers": ["Gold"], "expires": "soon"}]},
        {"tier_expiry": [{"tiers": [], "expires": "never"}]},
        {"warn_days": [0]},
    ],
)
def test_faulty_settings_are_refused(settings: Any) -> None:
    with pytest.raises(ValidationError):
        points(**settings)


def test_a_fixed_day_ends_what_was_earned_before_it() -> None:
    fixed = {"on": date(2026, 4, 16)}
    assert end(fixed, NEW_YORK, 2026, 4, 15, 23, 59) == datetime(2026, 4, 16)  # noqa: DTZ001
    assert end(fixed, NEW_YORK, 2026, 4, 16) is None


def test_the_end_of_a_quarter() -> None:
    quarter = {"months": 3, "round": "quarter"}
    assert end(quarter, NEW_YORK, 2026, 5, 5) == datetime(2026, 10, 1)  # noqa: DTZ001


def test_london_and_a_day_of_23_hours() -> None:
    earned = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
    found = expires_at(points(expires={"months": 0}).expires, LONDON, earned)
    assert found == datetime(2026, 3, 29, 23, tzinfo=UTC)


def test_r3_points_released_five_days_after_settlement() -> None:
    # developer.eagleeye.com: pending until the fifth day after it (loyalty R3).
    settled = datetime(2026, 3, 5, 23, 30, tzinfo=NEW_YORK)
    assert available_at(5, NEW_YORK, settled) == datetime(2026, 3, 10, tzinfo=NEW_YORK)
