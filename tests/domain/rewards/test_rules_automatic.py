"""Which moves up are undone or were none, and which days are whose birthdays."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
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
    judge,
    tiers_giving,
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


def judged(
    steps: list[Step], course: list[Run], tiers: tuple[str, ...] = BOTH, now: int = 100
) -> list[str]:
    judge(steps, day(now), RANKS, course, tiers)
    return ["undone" if s.undone else "kept" if s.is_kept else "new" for s in steps]


GOLD, AGAIN = ("Basic", "Gold"), ("Gold", "Black")


@pytest.mark.parametrize(
    ("moves", "course", "found"),
    [
        # A first move, and one after a fall by time.
        ([(1, *GOLD)], [(0, "Basic"), (1, "Gold")], ["new"]),
        (
            [(1, *GOLD), (9, *GOLD)],
            [(0, "Basic"), (1, "Gold"), (5, "Basic"), (9, "Gold")],
            ["new", "new"],
        ),
        # The tier that was never there, alone, with what came after it, and after it ended.
        ([(1, *GOLD)], [(0, "Basic")], ["undone"]),
        ([(1, *GOLD)], [], ["undone"]),
        ([(1, *GOLD), (3, *GOLD)], [(0, "Basic"), (3, "Gold")], ["undone", "new"]),
        (
            [(1, *GOLD), (9, *GOLD)],
            [(0, "Basic"), (9, "Gold"), (20, "Basic")],
            ["undone", "new"],
        ),
        ([(1, *GOLD), (7, *GOLD)], [(0, "Basic")], ["undone", "undone"]),
        # The tier was there all the time: the second way up is none.
        ([(1, *GOLD), (3, *GOLD)], [(0, "Basic"), (1, "Gold")], ["new", "kept"]),
        (
            [(1, *GOLD), (4, *GOLD)],
            [(0, "Basic"), (1, "Gold"), (2, "Basic"), (3, "Gold")],
            ["new", "new"],
        ),
        # All of a climb, or its upper part.
        ([(1, *GOLD), (2, *AGAIN)], [(0, "Basic")], ["undone", "undone"]),
        ([(1, *GOLD), (2, *AGAIN)], [(0, "Basic"), (1, "Gold")], ["new", "undone"]),
        # A jump that is one to Gold now.
        ([(1, "Basic", "Black")], [(0, "Basic"), (1, "Gold")], ["new"]),
        ([(1, *AGAIN)], [(0, "Gold")], ["undone"]),
        # Another purchase brought the tier later, of which no move tells.
        ([(1, *GOLD)], [(0, "Basic"), (5, "Gold")], ["new"]),
        ([(1, *GOLD)], [(0, "Basic"), (101, "Gold")], ["undone"]),
        ([(1, *GOLD), (2, *AGAIN)], [(0, "Basic"), (2, "Gold")], ["new", "undone"]),
        # Up at once by what brought the second part of the way: that is one gift.
        ([(1, *GOLD), (5, *AGAIN)], [(0, "Basic"), (5, "Black")], ["undone", "new"]),
        ([(1, *GOLD), (5, *AGAIN)], [(0, "Basic"), (7, "Black")], ["new", "undone"]),
        # Gold came on another day, and Black as it did.
        (
            [(1, *GOLD), (5, *AGAIN)],
            [(0, "Basic"), (3, "Gold"), (5, "Black")],
            ["new", "new"],
        ),
        # A tier that no version knows.
        ([(1, "Basic", "Silver"), (2, "Basic", "Silver")], [(0, "Silver")], ["new", "new"]),
    ],
)
def test_moves(
    moves: list[tuple[int, str, str]], course: list[tuple[int, str]], found: list[str]
) -> None:
    assert judged([up(*move) for move in moves], runs(*course)) == found


def test_a_jump_over_a_tier_that_gives_nothing() -> None:
    """Only Black gives: who is Gold by now would not have got anything."""
    steps = [up(1, "Basic", "Black")]
    assert judged(steps, runs((0, "Basic"), (1, "Gold")), ("Black",)) == ["undone"]


def decided(step: Step, **what: Any) -> Step:
    return Step.decided(step.given._replace(**what))


def test_what_was_decided_stays_decided() -> None:
    first, second = up(1, *GOLD), up(4, *GOLD)
    steps = [decided(first, undone_at=START), up(3, *GOLD)]
    assert judged(steps, runs((0, "Gold"))) == ["undone", "new"]
    steps = [decided(first, refusal="OUT_OF_STOCK"), decided(second)]
    assert judged(steps, runs((0, "Basic"), (4, "Gold"))) == ["undone", "new"]


def test_a_move_that_kept_a_tier_gave_nothing_for_it() -> None:
    """What the first move gave is for the later way up, since the second gave nothing."""
    steps = [decided(up(1, *GOLD)), decided(up(3, *GOLD), refusal=TIER_KEPT)]
    assert judged(steps, runs((0, "Basic"), (2, "Gold"))) == ["new", "kept"]
    assert judged(steps, runs((0, "Basic"))) == ["undone", "undone"]
    # It leaves the later way up to what does give.
    steps = [decided(up(1, *GOLD), refusal=TIER_KEPT), up(2, *GOLD)]
    assert judged(steps, runs((0, "Basic"), (5, "Gold"))) == ["kept", "new"]


MOVES = st.lists(st.sampled_from(BOTH), max_size=8)
COURSE = st.lists(st.sampled_from(tuple(RANKS)), min_size=1, max_size=8)


@drawn(MOVES, COURSE)
def test_to_hear_it_all_again_changes_nothing(tiers: list[str], course: list[str]) -> None:
    """Whatever was decided stands when the same facts come again with the same history."""
    steps = [up(number, "Basic", tier) for number, tier in enumerate(tiers)]
    known = runs(*enumerate(course))
    first = judged(steps, known)
    again = [Step(step.given, undone=step.undone) for step in steps]
    again = [
        decided(step, refusal=TIER_KEPT) if was == "kept" else each
        for step, each, was in zip(steps, again, first, strict=True)
    ]
    assert judged(again, known) == first


@drawn(st.integers(0, 8), st.lists(st.sampled_from(GOLD), min_size=1, max_size=8))
def test_there_is_no_more_than_history_gives(moves: int, course: list[str]) -> None:
    """As many gifts at most as times that the member came up, and none for nothing."""
    found = judged([up(number, *GOLD) for number in range(moves)], runs(*enumerate(course)))
    rises = [pair for pair in pairwise(["Basic", *course]) if pair == GOLD]
    assert found.count("new") <= len(rises)


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
