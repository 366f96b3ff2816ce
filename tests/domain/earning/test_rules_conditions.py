"""Conditions: days, hours and birthdays on the brand's clock, tiers, lines, expressions."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domain.earning import rules_conditions
from domain.earning.rules import Event, Facts, Line
from domain.earning.rules_conditions import (
    SINCE_BIRTHDAY,
    Situation,
    about_lines,
    applies,
    days_since_birthday,
    facts_in,
    fits,
)
from domain.earning.section_parts import rule_language
from tests.support.earning import NEW_YORK, NOON, activity, basket, judged, made

ZONES = ("America/New_York", "Europe/London", "Asia/Ho_Chi_Minh", "Pacific/Chatham")


def met(
    event: Event | None = None,
    *,
    at: datetime = NOON,
    facts: Facts | None = None,
    on: str = "purchase",
    **condition: Any,
) -> bool:
    """Whether a rule under this condition gives something."""
    rules = made(rule=[{"name": "r", "points": "1", "on": on, **condition}])
    return judged(rules, event or basket(100), at=at, facts=facts).points == 1


def test_no_condition_is_always_met() -> None:
    (giver,) = made(rule=[{"name": "r", "points": "1"}]).givers
    assert met()
    assert giver.condition.needs == frozenset()
    assert not about_lines(giver.condition)


def test_channels_and_stores_are_compared_letter_by_letter() -> None:
    both = basket(1, channel="app", store="s1")
    assert met(both, channels=["web", "app"], stores=["s1"])
    assert not met(both, channels=["App"])
    assert not met(both, stores=["s"])
    assert not met(both, channels=["app"], stores=["s2"])
    assert met(activity(channel="app"), on="visit", channels=["app"])


def test_categories_and_articles_must_meet_on_one_line() -> None:
    lines = basket(Line(1, category="a", sku="y"), Line(1, category="b", sku="x"))
    assert met(lines, categories=["a", "c"])
    assert met(lines, skus=["x"])
    assert not met(lines, categories=["c"])
    assert not met(lines, categories=["a"], skus=["x"])


@pytest.mark.parametrize("zone", ZONES)
def test_days_of_the_week_are_the_brands(zone: str) -> None:
    tuesday = datetime(2026, 5, 5, tzinfo=ZoneInfo(zone))
    edges = [tuesday - timedelta(seconds=1), tuesday, tuesday + timedelta(hours=23, minutes=59)]
    assert [met(at=at, weekdays=["tuesday"]) for at in edges] == [False, True, True]
    assert not met(at=tuesday + timedelta(days=1), weekdays=["tuesday"])
    assert met(at=tuesday, weekdays=["monday", "tuesday"])


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(
    ("hours", "inside", "outside"),
    [
        ("17:00-22:00", ["17:00", "21:59"], ["16:59", "22:00", "00:00"]),
        ("20:00-24:00", ["20:00", "23:59"], ["19:59", "00:00"]),
        ("22:30-02:15", ["22:30", "23:59", "00:00", "02:14"], ["22:29", "02:15", "12:00"]),
        ("00:00-24:00", ["00:00", "12:00", "23:59"], []),
    ],
)
def test_hours_are_half_open_on_the_wall_clock(
    zone: str, hours: str, inside: list[str], outside: list[str]
) -> None:
    def at(text: str) -> datetime:
        return datetime.fromisoformat(f"2026-05-05 {text}").replace(tzinfo=ZoneInfo(zone))

    assert all(met(at=at(text), hours=hours) for text in inside)
    assert not any(met(at=at(text), hours=hours) for text in outside)


def test_l1_weekday_mornings() -> None:
    # Lyft, August 2016: 5 Stars per ride Monday to Friday from 05:00 to 10:00 (loyalty L1).
    morning: dict[str, Any] = {"weekdays": ["monday", "tuesday", "wednesday", "thursday", "friday"]}
    friday = datetime(2016, 8, 12, 5, tzinfo=NEW_YORK)
    rides = {
        at: met(at=at, hours="05:00-10:00", **morning)
        for at in (
            friday,
            friday + timedelta(hours=4, minutes=59),
            friday + timedelta(hours=5),
            friday + timedelta(days=1),
        )
    }
    assert list(rides.values()) == [True, True, False, False]


@pytest.mark.parametrize(
    ("zone", "instant", "offset"),
    [
        # Spring: the hour from 02:00 to 03:00 is not there; autumn: from 01:00 to 02:00 twice.
        ("America/New_York", "2026-03-08T07:00Z", "03:00"),
        ("America/New_York", "2026-11-01T05:30Z", "01:30"),
        ("America/New_York", "2026-11-01T06:30Z", "01:30"),
        ("Europe/London", "2026-03-29T01:00Z", "02:00"),
        ("Europe/London", "2026-10-25T00:30Z", "01:30"),
        ("Europe/London", "2026-10-25T01:30Z", "01:30"),
        # Chatham: 12:45 ahead of UTC, changes at 02:45.
        ("Pacific/Chatham", "2026-09-26T14:00Z", "03:45"),
        ("Pacific/Chatham", "2026-04-04T13:30Z", "03:15"),
        ("Pacific/Chatham", "2026-04-04T14:30Z", "03:15"),
        ("Asia/Ho_Chi_Minh", "2026-03-28T18:00Z", "01:00"),
    ],
)
def test_hours_while_the_clock_changes(zone: str, instant: str, offset: str) -> None:
    at = datetime.fromisoformat(instant).astimezone(ZoneInfo(zone))
    assert at.strftime("%H:%M") == offset
    minute = timedelta(minutes=1)
    before, after = ((at + step).strftime("%H:%M") for step in (-minute, minute))
    assert met(at=at, hours=f"{offset}-{after}")
    if before < offset:
        assert not met(at=at, hours=f"{before}-{offset}")


@pytest.mark.parametrize("zone", ZONES)
def test_from_and_until_a_day_are_half_open_on_the_brands_clock(zone: str) -> None:
    start = datetime(2026, 5, 4, tzinfo=ZoneInfo(zone))
    week: dict[str, Any] = {"from": date(2026, 5, 4), "until": date(2026, 5, 6)}
    second = timedelta(seconds=1)
    edges = [start - second, start, start + timedelta(days=2) - second, start + timedelta(days=2)]
    assert [met(at=at, **week) for at in edges] == [False, True, True, False]


def test_from_and_until_an_instant_are_half_open() -> None:
    start, end = datetime(2026, 5, 5, 16, tzinfo=UTC), datetime(2026, 5, 5, 17, tzinfo=UTC)
    second = timedelta(seconds=1)
    edges = [each.astimezone(NEW_YORK) for each in (start - second, start, end - second, end)]
    window: dict[str, Any] = {"from": start, "until": end}
    assert [met(at=at, **window) for at in edges] == [False, True, True, False]


def test_from_an_instant_until_a_day() -> None:
    window: dict[str, Any] = {
        "from": datetime(2026, 5, 5, 16, tzinfo=UTC),
        "until": date(2026, 5, 6),
    }
    edges = [NOON - timedelta(seconds=1), NOON, datetime(2026, 5, 6, tzinfo=NEW_YORK)]
    assert [met(at=at, **window) for at in edges] == [False, True, False]


@pytest.mark.parametrize(
    ("birthday", "day", "days"),
    [
        ("1990-05-05", "2026-05-05", 0),
        ("1990-05-05", "2026-05-06", 1),
        ("1990-05-05", "2026-05-04", 364),
        ("1990-12-30", "2027-01-03", 4),
        ("1992-02-29", "2026-02-27", 364),
        ("1992-02-29", "2026-02-28", 0),
        ("1992-02-29", "2026-03-01", 1),
        ("1992-02-29", "2028-02-28", 365),
        ("1992-02-29", "2028-02-29", 0),
        ("1992-02-29", "2028-03-01", 1),
        ("1992-02-29", "2029-02-27", 364),
        ("2026-05-05", "2026-05-05", 0),
        ("2026-05-05", "2026-05-04", None),
    ],
)
def test_days_since_the_last_birthday(birthday: str, day: str, days: int | None) -> None:
    found = days_since_birthday(date.fromisoformat(birthday), date.fromisoformat(day))
    assert found == days


def test_without_a_birthday_nothing_is_known() -> None:
    assert days_since_birthday(None, date(2026, 5, 5)) is None


@pytest.mark.parametrize("days", [1, 7, 30])
def test_b6_birthday_windows(days: int) -> None:
    # Starbucks 2026: 1, 7 or 30 days from the birthday on, by tier (loyalty B6).
    def inside(since: int | None) -> bool:
        return met(facts={SINCE_BIRTHDAY: since}, birthday_days=days)

    assert inside(0)
    assert inside(days - 1)
    assert not inside(days)
    assert not inside(364)
    assert not inside(None)


def test_tiers_of_any_ladder() -> None:
    facts = {"tiers": {"status": "Gold", "club": "Member"}}
    assert met(facts=facts, tiers=["Silver", "Gold"])
    assert met(facts=facts, tiers=["Member"])
    assert not met(facts=facts, tiers=["gold"])
    assert not met(facts={"tiers": {}}, tiers=["Gold"])


FACTS: dict[str, Any] = {
    "member.id": "m1",
    "member.region": "CA-ON",
    "member.attributes": {"newsletter": True, "pets": 2, "size": 9.5, "club": "run"},
    "member.days": 40,
    "member.purchases": 3,
    "member.count": {"visit": 2},
    "member.count_this_year": {"visit": 1},
    "member.spend_this_year": 349.99,
    "tier": "Gold",
    "tiers": {"status": "Gold"},
    SINCE_BIRTHDAY: 0,
}


@pytest.mark.parametrize(
    "expression",
    [
        "event.amount >= 50.0",
        "event.kind == 'purchase' && event.channel == 'app' && event.store == 's1'",
        "member.id == 'm1' && member.region.startsWith('CA')",
        "member.attributes.newsletter && member.attributes['pets'] == 2",
        "member.attributes.size > 9.0 && has(member.attributes.club)",
        "member.days > 30 && member.purchases == 3",
        "member.count.visit == 2 && member.count['tour'] == 0",
        "member.count_this_year.visit == 1",
        "member.spend_this_year < 350.0 && member.spend_this_year + event.amount >= 350.0",
        "tier == 'Gold' && tiers.status == 'Gold'",
        "now.weekday == 'tuesday' && now.hour == 12 && now.minute == 0",
        "now.date == '2026-05-05' && now.birthday",
        "now < timestamp('2026-05-05T16:00:01Z') && now >= timestamp('2026-05-05T16:00:00Z')",
        "line.amount == 50.0 && line.discount == 2.5 && line.quantity == 3",
        "line.sku == 'x1' && line.category == 'beans' && event.amount == line.amount",
        "line.quantity > 2",
    ],
)
def test_what_expressions_see(expression: str) -> None:
    line = Line(5_000, 250, 3, "x1", "beans")
    event = basket(line, channel="app", store="s1")
    assert met(event, facts=FACTS, when=expression)
    assert not met(event, facts=FACTS, when=f"!({expression})")


@pytest.mark.parametrize("expression", ["now.birthday", "!now.birthday"])
def test_no_birthday_is_no_birthday(expression: str) -> None:
    assert met(facts={SINCE_BIRTHDAY: None}, when=expression) == expression.startswith("!")
    assert met(facts={SINCE_BIRTHDAY: 1}, when=expression) == expression.startswith("!")


@pytest.mark.parametrize(
    "expression",
    [
        "event.attributes.place == 'summit'",
        "event.attributes.place != 'summit'",
        "event.attributes.stars >= 1",
        "event.attributes.words / 0 == 1",
        "event.attributes.text",
    ],
)
def test_a_missing_or_odd_attribute_is_not_met(expression: str) -> None:
    event = activity(attributes={"words": 5, "text": "true"})
    assert not met(event, on="visit", when=expression)


def test_attributes_of_activities() -> None:
    event = activity("review", attributes={"stars": 4, "words": 25, "photo": False, "of": "x1"})
    assert met(event, on="review", when="event.attributes.stars >= 1 && event.attributes.words > 9")
    assert met(event, on="review", when="event.attributes.of == 'x1' && !event.attributes.photo")
    assert not met(event, on="review", when="event.attributes.photo")
    # Purchases have none.
    assert not met(when="has(event.attributes.stars)")


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("event.amount > 1.0 && line.amount > 1.0 && now.hour > 1", set()),
        ("now.birthday", {SINCE_BIRTHDAY}),
        ("member.days > 1 && tier == 'Gold'", {"member.days", "tier"}),
        ("tiers.status == 'Gold' || member.count.visit > 1", {"tiers", "member.count"}),
    ],
)
def test_which_facts_an_expression_asks_for(text: str, facts: set[str]) -> None:
    assert facts_in(rule_language().expression(text, "bool")) == facts
    (giver,) = made(rule=[{"name": "r", "points": "1", "when": text}]).givers
    assert giver.condition.needs == facts


def test_what_was_said_of_the_same_line_is_remembered_to_a_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rules_conditions, "SEEN_MAX", 2)
    rules = made(rule=[{"name": "r", "points": "1", "when": "line.quantity >= 3"}])
    (giver,) = rules.givers
    situation = Situation(basket(), NOON, {}, 2, rules.speaks)
    for quantity in (1, 2, 3, 4, 3, 2, 1, 3):
        line = Line(100, quantity=quantity)
        assert fits(giver.condition, situation, line) == (quantity >= 3)
        assert len(giver.condition.seen or ()) <= 2


def test_what_depends_on_more_than_the_line_is_asked_again() -> None:
    text = "line.amount >= 1.0 && event.store == 's1'"
    rules = made(rule=[{"name": "r", "points": "1", "when": text}])
    found = [judged(rules, basket(100, store=store)).points for store in ("s1", "s2", "s1")]
    assert found == [1, 0, 1]


def test_an_expression_about_the_event_is_not_about_lines() -> None:
    rules = made(rule=[{"name": "r", "points": "1", "when": "event.amount > 1.0"}])
    (giver,) = rules.givers
    situation = Situation(basket(200), NOON, {}, 2, rules.speaks)
    assert not about_lines(giver.condition)
    assert applies(giver.condition, situation)
    assert fits(giver.condition, situation, Line(0))
