"""From when points can be spent and when they end, by the points section or by their rule."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domain.earning.rules import Part
from domain.earning.rules_given import Given, given, qualifies
from domain.wallets.section import AWAITING_RELEASE
from tests.support.earning import NEW_YORK, NOON, made


def dates(
    part: Part | None = None,
    *,
    region: str | None = None,
    zone: ZoneInfo = NEW_YORK,
    points: dict[str, Any] | None = None,
    **rule: Any,
) -> Given:
    settings = [{"name": "r", "points": "1", **rule}] if rule else []
    rules = made(rate="1", points=points, rule=settings)
    name = "r" if rule else "base"
    return given(rules, name, part or Part(5, None), zone, NOON, region)


def day(text: str, zone: ZoneInfo = NEW_YORK) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def test_at_once_and_for_ever() -> None:
    assert dates() == Given(
        rule="base",
        points=5,
        available_at=NOON,
        expires_at=None,
        qualifies=True,
        fixed=False,
        release_days=None,
    )


def test_points_wait_to_the_start_of_a_day() -> None:
    assert dates(points={"pending_days": 3}).available_at == day("2026-05-08")
    assert dates(points={"pending_days": 3}, pending_days=0).available_at == NOON
    assert dates(pending_days=14).available_at == day("2026-05-19")


def test_points_wait_for_the_brand() -> None:
    release = {"pending_from": "release", "pending_days": 2}
    found = dates(points=release)
    assert (found.available_at, found.release_days) == (AWAITING_RELEASE, 2)
    own = dates(pending_from="release")
    assert (own.available_at, own.release_days) == (AWAITING_RELEASE, 0)
    # A rule's own points need not wait where the others do.
    earning = dates(points=release, pending_from="earning")
    assert (earning.available_at, earning.release_days) == (day("2026-05-07"), None)


def test_the_months_of_points_count_from_earning() -> None:
    assert dates(points={"expires": {"months": 6, "round": "month"}}).expires_at == day(
        "2026-12-01"
    )
    assert dates(points={"expires": {"months": 1}}).expires_at == day("2026-06-06")


def test_a_rule_has_its_own_end_which_nothing_moves() -> None:
    points = {"expires": {"months": 6, "after": "activity"}}
    ends: list[tuple[dict[str, Any], datetime | None]] = [
        ({"expires": {"months": 1}}, day("2026-06-06")),
        ({"expires": {"on": day("2026-12-24").date()}}, day("2026-12-24")),
        ({"expires": "never"}, None),
    ]
    for rule, end in ends:
        found = dates(points=points, **rule)
        assert (found.expires_at, found.fixed) == (end, True)
    plain = dates(points=points, channels=["app"])
    assert (plain.expires_at, plain.fixed) == (day("2026-11-06"), False)


@pytest.mark.parametrize(
    ("expires", "elsewhere"),
    [
        ({"months": 1}, "2026-06-06"),
        ({"on": datetime(2026, 12, 24, tzinfo=UTC).date()}, "2026-12-24"),
    ],
)
def test_where_time_alone_may_not_end_points(expires: dict[str, Any], elsewhere: str) -> None:
    # Ontario, in force since 1 January 2018.
    points = {"expires": expires, "no_expiry_by_time_in": ["CA-ON"]}
    assert dates(points=points, region="CA-ON").expires_at is None
    assert dates(points=points, region="CA-QC").expires_at == day(elsewhere)
    assert dates(points=points).expires_at == day(elsewhere)
    own = {"no_expiry_by_time_in": ["CA-ON"]}
    assert dates(points=own, region="CA-ON", expires=expires).expires_at is None


def test_doing_nothing_may_end_them_there_too() -> None:
    points = {
        "expires": {"months": 1, "after": "activity"},
        "no_expiry_by_time_in": ["CA-ON"],
    }
    assert dates(points=points, region="CA-ON").expires_at == day("2026-06-06")


def test_what_was_carried_begins_with_its_period() -> None:
    september = day("2026-09-01")
    part = Part(140, september)
    found = dates(part, points={"expires": {"months": 11}})
    assert (found.points, found.available_at) == (140, september)
    assert found.expires_at == day("2027-08-02")
    # Who waits for longer than to its period waits on.
    assert dates(part, pending_days=3).available_at == september
    assert dates(part, pending_days=200).available_at == day("2026-11-21")


def test_which_points_count_towards_tiers() -> None:
    rules = made(
        rate="1",
        rule=[{"name": "a", "points": "1", "qualifies": False}, {"name": "b", "points": "1"}],
    )
    assert [qualifies(rules, name) for name in ("base", "a", "b")] == [True, False, True]
    parts = [given(rules, name, Part(1, None), NEW_YORK, NOON, None) for name in ("base", "a")]
    assert [part.qualifies for part in parts] == [True, False]


@pytest.mark.parametrize("zone", ["Europe/London", "Asia/Ho_Chi_Minh", "Pacific/Chatham"])
def test_days_are_those_of_the_brand(zone: str) -> None:
    clock = ZoneInfo(zone)
    found = dates(zone=clock, points={"expires": {"months": 0}}, pending_days=1)
    today = NOON.astimezone(clock).replace(hour=0, minute=0)
    assert found.available_at == today + timedelta(days=1)
    assert found.expires_at == found.available_at
