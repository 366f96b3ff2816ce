"""Streaks as members live them: prizes, freezes, repairs, in any order, batches and at once."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from api.sections import SECTIONS
from domain.programmes import queries as programmes
from gamification.streaks.queries import streaks
from kit.clock import MovableClock
from kit.db import Database
from tests.gamification.streaks.naive import utc
from tests.gamification.streaks.playing import (
    bought,
    codes,
    daily,
    grant,
    granted,
    march,
    milestones,
    shop_on,
    shop_with,
    streak_of,
    streaks_of,
    taken,
    wins,
)
from tests.support.coherence import assert_coherent
from tests.support.games import Games, opened
from tests.support.streaks import FREEZES, REPAIRS, Open


@pytest.fixture
async def open_(database: Database, clock: MovableClock) -> AsyncIterator[Open]:
    """Open a shop with these streaks; all is coherent at the end."""

    async def opening(*parts: str) -> Games:
        return await opened(database, clock, shop_with(*parts))

    yield opening
    await assert_coherent(database)


async def test_a_milestone_wins_its_prize_once(open_: Open) -> None:
    games = await open_(daily(milestones=wins(3)))
    await shop_on(games, "an", 3, 4, 5)
    await games.heard()
    await games.heard()
    assert await games.points("an") == [100]
    assert await milestones(games) == [("daily", 3, 1, True)]
    assert await games.facts("MilestoneReached", "StreakExtended") == [
        ("MilestoneReached", {"streak": "daily", "length": 3, "time": 1}),
        ("StreakExtended", {"streak": "daily", "length": 3, "period": "2026-03-05"}),
    ]


async def test_what_a_return_undoes_is_taken_back_and_paid_again_if_it_is_deserved_again(
    open_: Open,
) -> None:
    games = await open_(daily(milestones=wins(3)))
    await shop_on(games, "an", 3, 4, 5)
    await games.heard()
    await games.refund("an 4")
    await games.heard()
    assert (await streak_of(games, "an")).length == 1
    assert await games.points("an") == [20]
    assert await milestones(games) == [("daily", 3, 1, False)]
    # By other days, after it was first recorded.
    await shop_on(games, "an", 6, 7)
    await games.heard()
    assert await games.points("an") == [110]
    assert await milestones(games) == [("daily", 3, 1, True)]


async def test_what_is_kept_is_not_paid_again(open_: Open) -> None:
    games = await open_(daily(milestones=wins(2, settings='on_refund = "keep"')))
    await shop_on(games, "an", 3, 4)
    await games.heard()
    await games.refund("an 4")
    await games.heard()
    assert await games.points("an") == [80]
    await games.buy("again", "an", 1_000, march(4))
    await games.heard()
    assert await games.points("an") == [90]
    assert await milestones(games) == [("daily", 2, 1, True)]


async def test_each_streak_anew_wins_and_days_told_late_pay_nothing_twice(open_: Open) -> None:
    games = await open_(daily(milestones=wins(2, settings="again = true\ntimes = 2")))
    await shop_on(games, "an", 3, 4, 6, 7, 9, 10)
    await games.heard()
    assert await games.points("an") == [200]
    # One streak from 2 to 10 March would have won once.
    for day in (5, 8):
        await games.buy(f"late {day}", "an", 1_000, march(day))
    await games.heard()
    assert (await streak_of(games, "an")).length == 8
    assert await games.points("an") == [150]
    assert await milestones(games) == [("daily", 2, 1, True), ("daily", 2, 2, False)]


async def test_a_prize_waits_until_returns_are_over(open_: Open) -> None:
    games = await open_(daily(milestones=wins(1, settings="hold_days = 2\nbudget = 1")))
    await shop_on(games, "an", 3)
    await shop_on(games, "bo", 3)
    await games.heard()
    games.clock.set(march(5, 23))
    await games.heard()
    assert sorted(await games.points("an", "bo")) == [10, 10]
    games.clock.set(march(6, 0))
    await games.heard()
    assert sorted(await games.points("an", "bo")) == [10, 80]


async def test_time_alone_breaks_a_streak_which_is_told_once(open_: Open) -> None:
    games = await open_(daily("freezes_max = 1\nrepair_days = 2\nrepairs_free = 1"))
    await shop_on(games, "an", 3)
    await granted(games, grant("g", await games.member("an")))
    await games.heard()
    games.clock.set(march(5))
    await games.heard()
    # Who was never judged has no past to be told of.
    await games.buy("bo", "bo", 1_000, march(3))
    await games.heard()
    games.clock.set(march(6, 0))
    await games.heard()
    await games.heard()
    told = await games.facts("FreezeUsed", "StreakBroken")
    assert [kind for kind, _ in told] == ["FreezeUsed", "StreakBroken"]
    assert told[0][1] == {"streak": "daily", "periods": ["2026-03-04"]}
    assert told[1][1] == {
        "streak": "daily",
        "length": 1,
        "at": "2026-03-06T05:00:00+00:00",
        "repairUntil": "2026-03-08T05:00:00+00:00",
    }


async def test_streaks_are_known_at_once_without_any_job(open_: Open) -> None:
    games = await open_(daily(REPAIRS + "\n" + FREEZES, wins(3)), daily("times = 2", code="double"))
    await shop_on(games, "an", 3, 4)
    one, two = await streaks_of(games, "an")
    assert (one.code, one.name, one.every, one.state) == (
        "daily",
        {"": "Every day"},
        "day",
        "alive",
    )
    assert (one.length, one.longest, one.since, one.last) == (
        *(2, 2),
        *(date(2026, 3, 3), date(2026, 3, 4)),
    )
    assert one.next_milestone is not None
    assert (one.next_milestone.at, one.remaining) == (3, 1)
    assert one.ends_at == march(6, 0)
    assert (two.code, two.state, two.next_milestone) == ("double", "none", None)
    games.clock.set(march(7))
    (one, _) = await streaks_of(games, "an")
    assert (one.state, one.length, one.lost_length, one.lost_at, one.repair_until) == (
        *("repairable", 0, 2),
        *(march(6, 0), march(9, 0)),
    )


async def test_who_has_no_streaks_has_none(open_: Open, database: Database) -> None:
    games = await open_(daily())
    await shop_on(games, "an", 3)
    async with database.read() as session:
        timeline = await programmes.timeline(session, games.shop.brand.id, SECTIONS)
        now, nobody = games.clock.now(), UUID(int=7)
        assert await streaks(session, now, games.shop.brand, timeline, [nobody]) == {nobody: []}
        early = utc(2000, 1, 1)
        assert await streaks(session, early, games.shop.brand, timeline, [nobody]) == {nobody: []}


async def test_a_freeze_is_bought_with_points(open_: Open) -> None:
    games = await open_(daily(FREEZES))
    await shop_on(games, "an", 3, 4)
    await bought(games, "an", "freeze", 3)
    found = await streak_of(games, "an")
    assert (found.freezes, found.waiting) == (2, 1)
    assert await games.points("an") == [5]
    await shop_on(games, "an", 6)
    found = await streak_of(games, "an")
    assert (found.length, found.freezes, found.waiting) == (3, 2, 0)
    assert found.frozen == (date(2026, 3, 5),)


async def test_freezes_are_given_once_by_their_key_and_taken_back(open_: Open) -> None:
    games = await open_(daily(FREEZES), daily(code="plain"))
    await shop_on(games, "an", 3)
    an = await games.member("an")
    good = grant("a", an, 2)
    first = await granted(games, good, good, grant("a", an, 1))
    assert [(each.code, each.replayed) for each in first] == [
        (None, False),
        (None, True),
        ("KEY_CONFLICT", False),
    ]
    assert first[2].message == "this key was used for something else; take a new one"
    again = await granted(games, good, grant("a", an, 2, "plain"))
    assert [(each.code, each.replayed) for each in again] == [(None, True), ("KEY_CONFLICT", False)]
    assert (await streak_of(games, "an")).freezes == 2
    assert await games.facts("FreezeGranted") == [
        ("FreezeGranted", {"streak": "daily", "freezes": 2, "source": "hand"})
    ]
    await shop_on(games, "an", 5)
    assert codes(await taken(games, "a", "b", "a")) == [None, "UNKNOWN_KEY", None]
    # One bridged 4 March and stays.
    found = await streak_of(games, "an")
    assert (found.length, found.freezes) == (2, 0)


async def test_what_can_not_be_given(open_: Open) -> None:
    games = await open_(daily(FREEZES), daily(code="plain"))
    await shop_on(games, "an", 3)
    an = await games.member("an")
    outcomes = await granted(
        games,
        grant("1", UUID(int=1)),
        grant("2", an, 1, "weekly"),
        grant("3", an, 1, "plain"),
        grant("4", an, 0),
        grant("5", an, 101),
        replace(grant("6", an), source="\n"),
        grant("7", an, 100),
    )
    assert codes(outcomes) == [
        "UNKNOWN_MEMBER",
        "UNKNOWN_STREAK",
        "NO_FREEZES",
        "INVALID_FREEZES",
        "INVALID_FREEZES",
        "INVALID_TEXT",
        None,
    ]
