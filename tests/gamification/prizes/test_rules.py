"""What is owed of a prize, value by value."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gamification.prizes import rules
from gamification.prizes.rules import Due, Owed, draw
from gamification.prizes.section_parts import MysteryPart, Prize
from kit.ids import new_id

NOW = datetime(2026, 3, 6, 12, tzinfo=UTC)
PARTS = tuple(MysteryPart(weight=weight, points="1") for weight in (2, 1, 3))


def due(prize: Prize, budget: tuple[str, int] | None = None) -> Due:
    """Return a prize that is deserved now."""
    return Due(new_id(), new_id(), "test:x", prize, NOW, NOW + timedelta(days=1), budget)


def row(prize: Prize) -> Owed:
    """Return what is owed as it begins; points have two decimals."""
    return rules.owed(due(prize), prize, 2)


@pytest.mark.parametrize(("number", "place"), [(0, 0), (1, 0), (2, 1), (3, 2), (5, 2), (6, 0)])
def test_a_number_leads_to_a_part_as_often_as_it_weighs(number: int, place: int) -> None:
    assert draw(PARTS, number) is PARTS[place]


@given(st.integers(0, 2**128))
def test_every_number_leads_to_a_part(number: int) -> None:
    assert draw(PARTS, number) in PARTS


@pytest.mark.parametrize(
    ("prize", "kind", "points", "qualifying", "code", "count"),
    [
        (Prize(points="1.5"), "points", 150, 0, None, None),
        (Prize(points="2", qualifies=True), "points", 200, 200, None, None),
        (Prize(qualifying="3"), "qualifying", 0, 300, None, None),
        (Prize(reward="cup"), "reward", 0, 0, "cup", None),
        (Prize(badge="hero", level=2), "badge", 0, 0, "hero", 2),
        (Prize(freeze=3, streak="daily"), "freeze", 0, 0, "daily", 3),
    ],
)
def test_a_prize_is_what_it_says(
    prize: Prize, kind: str, points: int, qualifying: int, code: str | None, count: int | None
) -> None:
    found = row(prize)
    assert (found.kind, found.points, found.qualifying) == (kind, points, qualifying)
    assert (found.code, found.count, found.mystery) == (code, count, False)
    assert (found.state, found.attempt, found.left) == ("owed", 1, points)
    assert found.due_at == found.pay_from == NOW + timedelta(days=1)


def test_what_is_undone_and_deserved_again_is_another_attempt_at_what_is_not_kept() -> None:
    first = rules.paid(row(Prize(points="1")), NOW)
    after = rules.undone(first, NOW, "why", kept=False, kept_points=40)
    assert (after.state, after.reason, after.has_some, after.due_at) == (
        "undone",
        "why",
        True,
        None,
    )
    again = rules.told_again(after, due(Prize(points="1")))
    assert (again.state, again.attempt, again.left, again.reason) == ("owed", 2, 60, None)


def test_what_is_owed_follows_when_it_was_deserved_and_what_is_paid_does_not() -> None:
    first = row(Prize(points="1"))
    later = due(Prize(points="1"))
    moved = Due(first.id, first.member_id, "test:x", later.prize, NOW, NOW, None)
    assert rules.told_again(first, moved).due_at == NOW
    same = Due(first.id, first.member_id, "test:x", later.prize, NOW, first.pay_from, None)
    assert rules.told_again(first, same) is first
    paid = rules.paid(first, NOW)
    assert rules.told_again(paid, moved) is paid


def test_freezes_that_were_given_are_taken_later() -> None:
    first = row(Prize(freeze=1, streak="daily"))
    assert rules.undone(first, NOW, "why", kept=False).due_at is None
    given_ = replace(rules.paid(first, NOW), freeze_key=new_id())
    assert rules.undone(given_, NOW, "why", kept=False).due_at == NOW


def test_a_budget_pays_for_what_is_kept_and_not_for_what_is_refused() -> None:
    counted = replace(row(Prize(reward="cup")), budget="b", counted=True)
    assert not rules.refused(counted, "OUT_OF_STOCK").counted
    assert rules.undone(counted, NOW, "why", kept=True).counted
    assert not rules.undone(counted, NOW, "why", kept=False).counted


def test_who_waits_for_a_review_is_looked_at_after_a_while() -> None:
    found = rules.held(row(Prize(points="1")), NOW)
    assert (found.state, found.due_at) == ("held", NOW + rules.HELD_FOR)
