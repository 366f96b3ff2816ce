"""What rules know of a member: as it was by the day of the event."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from domain.earning.rules_conditions import SINCE_BIRTHDAY
from domain.earning.rules_facts import OF_TALLIES, OF_TIERS, Person, facts_of
from domain.earning.section_parts import VOCABULARY
from domain.tallies.rules import Tallies
from tests.support.earning import NOON, made

ANNA = Person("m1", datetime(2026, 4, 1, 3, tzinfo=UTC), date(1990, 5, 3), "CA-ON", {"pets": 2})
NOBODY = Person("m2", datetime(2026, 6, 1, tzinfo=UTC), None, None, {})
TALLIES: Tallies = {
    (date(2025, 12, 31), "purchase"): [100_00, 100, 1],
    (date(2026, 1, 1), "purchase"): [20_00, 20, 2],
    (date(2026, 5, 5), "purchase"): [3_45, 3, 1],
    (date(2026, 5, 6), "purchase"): [999_00, 999, 9],
    (date(2025, 6, 1), "visit"): [0, 5, 4],
    (date(2026, 5, 5), "visit"): [1_00, 5, 1],
    (date(2026, 5, 6), "visit"): [0, 5, 7],
}
OF_MEMBERS = sorted(name for name in VOCABULARY if name.startswith(("member.", "tier")))


def fact(expression: str, person: Person = ANNA, tiers: dict[str, str] | None = None) -> Any:
    rules = made(rule=[{"name": "r", "points": "1", "when": expression}])
    (found,) = facts_of(rules, person, TALLIES, tiers or {}, NOON).values()
    return found


def test_only_what_is_asked_for_is_made() -> None:
    assert facts_of(made(), ANNA, TALLIES, {"status": "Gold"}, NOON) == {}
    rules = made(
        rule=[
            {"name": "a", "points": "1", "tiers": ["Gold"], "birthday_days": 7},
            {"name": "b", "points": "1", "each": "member.purchases"},
        ]
    )
    assert facts_of(rules, ANNA, TALLIES, {"status": "Gold"}, NOON) == {
        "tiers": {"status": "Gold"},
        SINCE_BIRTHDAY: 2,
        "member.purchases": 4,
    }


def test_counts_stop_at_the_day_of_the_event() -> None:
    assert fact("member.purchases > 1") == 4
    assert fact("member.count.visit > 1") == {"purchase": 4, "visit": 5}
    assert fact("member.count_this_year.visit > 1") == {"purchase": 3, "visit": 1}
    assert fact("member.spend_this_year > 1.0") == 23.45


def test_who_the_member_is() -> None:
    assert fact("member.id == ''") == "m1"
    assert fact("member.region == ''") == "CA-ON"
    assert fact("member.region == ''", NOBODY) == ""
    assert fact("member.attributes.pets == 1") == {"pets": 2}
    assert fact("now.birthday") == 2
    assert fact("now.birthday", NOBODY) is None


def test_days_of_membership_are_those_of_the_brands_calendar() -> None:
    # 03:00 UTC on 1 April is still 31 March in New York.
    assert fact("member.days > 1") == 35
    assert fact("member.days > 1", replace(ANNA, joined_at=NOON)) == 0
    # What is reported late can be from before the member joined.
    assert fact("member.days > 1", NOBODY) == 0


def test_the_main_ladder_comes_first() -> None:
    tiers = {"status": "Gold", "club": "Member"}
    assert fact("tier == ''", tiers=tiers) == "Gold"
    assert fact("tiers.club == ''", tiers=tiers) == tiers
    assert fact("tier == ''") == ""


@pytest.mark.parametrize("name", OF_MEMBERS)
def test_every_word_of_the_vocabulary_has_a_meaning(name: str) -> None:
    kinds = {"string": "''", "int": "1", "double": "1.0"}
    kind = VOCABULARY[name]
    text = f"{name} == {kinds[kind]}" if kind in kinds else f"size({name}) == 1"
    rules = made(rule=[{"name": "r", "points": "1", "when": text}])
    assert set(facts_of(rules, ANNA, {}, {}, NOON)) == rules.needs == {name}


def test_what_comes_from_tallies_and_tiers_is_told() -> None:
    assert set(OF_MEMBERS) >= OF_TIERS | OF_TALLIES
    for name in OF_TALLIES:
        text = f"{name} == {name}"
        assert fact(text) != facts_of(
            made(rule=[{"name": "r", "points": "1", "when": text}]), ANNA, {}, {}, NOON
        )
