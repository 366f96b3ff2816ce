"""Which moves up are undone or were none, and which days are whose birthdays."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from domain.earning.rules_conditions import days_since_birthday
from domain.programmes.rules import Timeline
from domain.rewards.rules_automatic import (
    AT_ONCE_MAX,
    LOOK_BACK_DAYS,
    TIER_KEPT,
    Given,
    Heard,
    Step,
    affordable,
    automatic_at,
    automatic_of,
    birthdays_until,
    for_activity,
    for_move,
    given_for,
    tiers_giving,
    walk,
)
from domain.rewards.section import Automatic
from domain.tiers.rules import Run

ANN = UUID(int=1)
START = datetime(2026, 1, 1, tzinfo=UTC)
RANKS = {"Basic": 0, "Gold": 1, "Black": 2}
BOTH = ("Gold", "Black")


def day(number: int) -> datetime:
    return START + timedelta(days=number)


def up(number: int, before: str, tier: str, at: int | None = None) -> Step:
    given = Given(
        ANN,
        "welcome",
        f"tier {number}",
        day(number if at is None else at),
        ladder="status",
        tier=tier,
        before=before,
    )
    return Step(given, is_new=True)


def runs(*tiers: tuple[int, str]) -> list[Run]:
    return [Run(day(number), tier, RANKS.get(tier, -1), granted=False) for number, tier in tiers]


def walked(
    steps: list[Step],
    downs: dict[int, str],
    course: list[Run],
    tiers: tuple[str, ...] = BOTH,
) -> list[str]:
    walk(steps, downs, RANKS, course, tiers)
    return ["undone" if s.undone else "kept" if s.is_kept else "new" for s in steps]


@pytest.mark.parametrize(
    ("steps", "downs", "course", "found"),
    [
        # A first move, and one after a fall by time, of which no fact tells.
        ([up(1, "Basic", "Gold")], {}, [(0, "Basic"), (1, "Gold")], ["new"]),
        (
            [up(1, "Basic", "Gold"), up(9, "Basic", "Gold")],
            {},
            [(0, "Basic"), (1, "Gold"), (5, "Basic"), (9, "Gold")],
            ["new", "new"],
        ),
        # What a refund undid, alone and with what came after it.
        ([up(1, "Basic", "Gold")], {2: "Basic"}, [(0, "Basic")], ["undone"]),
        (
            [up(1, "Basic", "Gold"), up(3, "Basic", "Gold")],
            {2: "Basic"},
            [(0, "Basic"), (3, "Gold")],
            ["undone", "new"],
        ),
        # As is known by now, the tier was there all the time: the second way up is none.
        (
            [up(1, "Basic", "Gold"), up(3, "Basic", "Gold")],
            {2: "Basic"},
            [(0, "Basic"), (1, "Gold")],
            ["new", "kept"],
        ),
        (
            [up(1, "Basic", "Gold"), up(3, "Basic", "Gold", at=4)],
            {2: "Basic"},
            [(0, "Basic"), (1, "Gold"), (2, "Basic"), (3, "Gold")],
            ["new", "new"],
        ),
        # All that was climbed is undone, but not what was reached before that.
        (
            [up(1, "Basic", "Gold"), up(2, "Gold", "Black")],
            {3: "Basic"},
            [(0, "Basic")],
            ["undone", "undone"],
        ),
        (
            [up(1, "Basic", "Gold"), up(2, "Gold", "Black")],
            {3: "Gold"},
            [(0, "Basic"), (1, "Gold")],
            ["new", "undone"],
        ),
        (
            [up(1, "Basic", "Gold"), up(7, "Basic", "Gold")],
            {8: "Basic"},
            [(0, "Basic")],
            ["new", "undone"],
        ),
        # A move down is about those before it only.
        ([up(5, "Basic", "Gold")], {2: "Basic"}, [(0, "Basic")], ["new"]),
        # A jump that is one to Gold now.
        ([up(1, "Basic", "Black")], {2: "Gold"}, [(0, "Basic"), (1, "Gold")], ["new"]),
        ([up(1, "Gold", "Black")], {2: "Gold"}, [(0, "Gold")], ["undone"]),
        # Tiers that are no more, and no history.
        ([up(1, "Basic", "Silver")], {2: "Basic"}, [(0, "Basic")], ["new"]),
        ([up(1, "Basic", "Gold")], {2: "Bronze"}, [(0, "Basic")], ["new"]),
        ([up(1, "Basic", "Gold")], {2: "Basic"}, [], ["undone"]),
        (
            [up(1, "Basic", "Silver"), up(2, "Basic", "Silver")],
            {},
            [(0, "Silver")],
            ["new", "new"],
        ),
    ],
)
def test_moves(
    steps: list[Step], downs: dict[int, str], course: list[tuple[int, str]], found: list[str]
) -> None:
    # Steps are marked: a case is walked once.
    steps = [Step(step.given, is_new=True) for step in steps]
    assert walked(steps, downs, runs(*course)) == found


def test_a_jump_over_a_tier_that_gives_nothing() -> None:
    """Only Black gives: who is Gold by now would not have got anything."""
    steps = [up(1, "Basic", "Black")]
    course = runs((0, "Basic"), (1, "Gold"))
    assert walked(steps, {2: "Gold"}, course, ("Black",)) == ["undone"]


def decided(step: Step, **what: Any) -> Step:
    return Step.decided(step.given._replace(**what))


def test_what_was_decided_stays_decided() -> None:
    first, second = up(1, "Basic", "Gold"), up(4, "Basic", "Gold")
    steps = [decided(first, undone_at=START), up(3, "Basic", "Gold")]
    assert walked(steps, {2: "Basic"}, runs((0, "Gold"))) == ["undone", "new"]
    # What comes again is as old as it was, whatever history says by now.
    steps = [decided(first), decided(second)]
    assert walked(steps, {2: "Basic"}, runs((0, "Basic"), (4, "Gold"))) == ["new", "new"]
    assert walked(steps, {5: "Basic"}, runs((0, "Basic"))) == ["new", "undone"]


def test_a_move_that_kept_a_tier_is_not_where_the_climb_began() -> None:
    steps = [
        decided(up(1, "Basic", "Gold")),
        decided(up(3, "Basic", "Gold"), refusal=TIER_KEPT),
    ]
    assert walked(steps, {4: "Basic"}, runs((0, "Basic"))) == ["undone", "undone"]


MOVES = st.lists(st.tuples(st.booleans(), st.sampled_from(("Basic", "Gold", "Black"))), max_size=8)


@drawn(MOVES, st.lists(st.sampled_from(tuple(RANKS)), min_size=1, max_size=8))
def test_to_hear_it_all_again_changes_nothing(
    moves: list[tuple[bool, str]], course: list[str]
) -> None:
    """Whatever was decided stands when the same facts come again with the same history."""
    steps = [
        up(number, "Basic", tier)
        for number, (rises, tier) in enumerate(moves)
        if rises and tier != "Basic"
    ]
    downs = {number: tier for number, (rises, tier) in enumerate(moves) if not rises}
    known = runs(*enumerate(course))
    first = walked(steps, downs, known)
    again = [Step(step.given, undone=step.undone) for step in steps]
    walk(again, downs, RANKS, known, BOTH)
    assert [step.undone for step in again] == [each == "undone" for each in first]
    assert not any(step.is_kept for step in again)


def automatic(on: str, reward: str = "cup", **more: object) -> Automatic:
    return Automatic.model_validate({"reward": reward, "on": on, **more})


def test_what_an_activity_gives() -> None:
    heard = Heard(
        7,
        "ActivityRecorded",
        ANN,
        {"activity": "a-1", "kind": "poll", "occurredAt": "2026-02-03T04:05:06+00:00"},
        START,
    )
    rules = [
        automatic("activity", activity="poll"),
        automatic("activity", "mug", activity="poll"),
        automatic("activity", "hat", activity="visit"),
        automatic("activity", activity="poll"),
        automatic("points", "tea"),
    ]
    found = list(for_activity(heard, rules))
    assert [(each.reward, each.occasion) for each in found] == [
        ("cup", "activity a-1"),
        ("mug", "activity a-1"),
    ]
    # An activity is judged when it happened, other news when they came.
    assert heard.judged_at == datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
    assert heard._replace(kind="TierChanged").judged_at == START


def test_what_a_move_gives() -> None:
    move = {"ladder": "status", "before": "Basic", "after": "Gold", "direction": "up"}
    heard = Heard(7, "TierChanged", ANN, move, START)
    rules = [
        automatic("tier", tiers=["Gold"]),
        automatic("tier", "mug", tiers=["Black"]),
        automatic("tier", tiers=["Black"]),
    ]
    ((climb, given),) = for_move(heard, rules)
    assert climb == (ANN, "cup", "status")
    assert given.entry == (7, "status", "Basic", "Gold", START)
    assert list(for_move(heard._replace(payload={**move, "direction": "down"}), rules)) == []
    assert tiers_giving(rules, "cup") == {"Gold", "Black"}
    assert tiers_giving(rules, "mug") == {"Black"}


def test_without_a_programme_nothing_is_given() -> None:
    assert automatic_of(None) == ()
    assert automatic_at(Timeline(()), START) == ()
    assert given_for((), "points") == []


@pytest.mark.parametrize(
    ("spendable", "price", "many"),
    [(465, 125, 3), (124, 125, 0), (125, 125, 1), (-10, 1, 0), (10**9, 1, AT_ONCE_MAX)],
)
def test_how_many_points_buy(spendable: int, price: int, many: int) -> None:
    assert affordable(spendable, price) == many


@drawn(st.dates(date(1950, 1, 1), date(2010, 12, 31)), st.dates(date(2024, 1, 1), date(2033, 1, 1)))
def test_birthdays_are_found_on_their_day_and_a_week_later(birthday: date, today: date) -> None:
    key = birthday.month * 100 + birthday.day
    found = [on for on in birthdays_until(today) if key in on.keys]
    since = days_since_birthday(birthday, today)
    assert since is not None
    if since > LOOK_BACK_DAYS:
        assert found == []
    else:
        (on,) = found
        assert on.day == today - timedelta(days=since)
        assert on.occasion == f"birthday {on.day.year}"


def test_a_birthday_is_judged_by_its_last_moment() -> None:
    (*_, on) = birthdays_until(date(2026, 3, 4))
    noon = datetime(2026, 3, 4, 12, tzinfo=UTC)
    assert on.judged_at(UTC, noon) == noon
    end = datetime(2026, 3, 4, 23, 59, 59, 999999, tzinfo=UTC)
    assert on.judged_at(UTC, noon + timedelta(days=3)) == end
