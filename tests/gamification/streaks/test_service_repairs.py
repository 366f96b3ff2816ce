"""Streaks in the database: repairs, freezes that are bought, and any order of facts."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from random import Random

import pytest

from gamification.streaks.service import Repair
from kit.clock import MovableClock
from kit.db import Database
from tests.gamification.streaks.naive import days_between, judged, utc
from tests.gamification.streaks.playing import (
    bought,
    codes,
    daily,
    grant,
    granted,
    march,
    milestones,
    repaired,
    shop_on,
    shop_with,
    streak_of,
    streaks_of,
    wins,
)
from tests.support.coherence import assert_coherent
from tests.support.games import Games, opened
from tests.support.merging import merged, merging
from tests.support.streaks import AS_TEXT, FREEZES, REPAIRS, RULES, Open, Player, play


@pytest.fixture
async def open_(database: Database, clock: MovableClock) -> AsyncIterator[Open]:
    """Open a shop with these streaks; all is coherent at the end."""

    async def opening(*parts: str) -> Games:
        return await opened(database, clock, shop_with(*parts))

    yield opening
    await assert_coherent(database)


async def test_a_freeze_is_a_prize(open_: Open) -> None:
    prize = 'freeze = 1, streak = "daily"'
    games = await open_(daily(FREEZES, wins(2, prize)))
    await shop_on(games, "an", 3, 4)
    await games.heard()
    assert (await streak_of(games, "an")).freezes == 1
    await games.refund("an 4")
    await games.heard()
    assert (await streak_of(games, "an")).freezes == 0
    await games.buy("again", "an", 1_000, march(4))
    await games.heard()
    assert (await streak_of(games, "an")).freezes == 1


async def test_a_repair_is_free_first_then_paid_for(open_: Open) -> None:
    games = await open_(daily(REPAIRS, wins(2)))
    await shop_on(games, "an", 3, 5)
    first = Repair("1", "an", "daily")
    (free,) = await repaired(games, first)
    assert (free.code, free.redemption_id, free.replayed) == (None, None, False)
    assert free.member_id == await games.member("an")
    found = await streak_of(games, "an")
    assert (found.length, found.repaired) == (2, (date(2026, 3, 4),))
    await games.heard()
    assert await games.points("an") == [90]
    await shop_on(games, "an", 7)
    second = Repair("2", "an", "daily")
    assert codes(await repaired(games, second)) == ["REPAIR_UNPAID"]
    await bought(games, "an", "mend")
    (paid,) = await repaired(games, second)
    assert paid.code is None
    assert paid.redemption_id is not None
    (again, other, one_more) = await repaired(
        games, second, Repair("2", "an", "weekly"), Repair("3", "an", "daily")
    )
    assert (again.replayed, again.redemption_id) == (True, paid.redemption_id)
    assert codes([other, one_more]) == ["KEY_CONFLICT", "NOTHING_TO_REPAIR"]
    assert (await streak_of(games, "an")).length == 3
    assert [what for _, what in await games.facts("StreakRepaired")] == [{"streak": "daily"}] * 2


async def test_what_can_not_be_repaired(open_: Open) -> None:
    games = await open_(daily(REPAIRS), daily(code="plain"))
    await shop_on(games, "an", 3)
    games.clock.set(march(8, 0))
    asked = [("nobody", "daily"), ("an", "weekly"), ("an", "plain"), ("an", "daily"), ("\n", "x")]
    outcomes = await repaired(
        games, *(Repair(f"{number}", *each) for number, each in enumerate(asked))
    )
    assert codes(outcomes) == [
        "UNKNOWN_MEMBER",
        "UNKNOWN_STREAK",
        "NO_REPAIR",
        "REPAIR_TOO_LATE",
        "UNKNOWN_MEMBER",
    ]
    assert outcomes[3].message == "the days in which it could be repaired are over"


async def test_a_batch_of_repairs_is_one_after_the_other(open_: Open) -> None:
    games = await open_(daily(REPAIRS))
    await shop_on(games, "an", 3)
    games.clock.set(march(5))
    outcomes = await repaired(
        games, Repair("1", "an", "daily"), Repair("1", "an", "daily"), Repair("2", "an", "daily")
    )
    assert [(each.code, each.replayed) for each in outcomes] == [
        (None, False),
        (None, True),
        ("NOTHING_TO_REPAIR", False),
    ]


async def test_of_two_repairs_at_once_one_wins(open_: Open) -> None:
    games = await open_(daily(REPAIRS.replace("repairs_free = 1\n", "")))
    await shop_on(games, "an", 3)
    await bought(games, "an", "mend", 2)
    games.clock.set(march(5))
    outcomes = await asyncio.gather(
        *(repaired(games, Repair(f"{number}", "an", "daily")) for number in range(4))
    )
    found = sorted(str(outcome.code) for (outcome,) in outcomes)
    assert found == ["NOTHING_TO_REPAIR"] * 3 + ["None"]


async def test_a_freeze_bought_while_it_is_judged_counts(open_: Open) -> None:
    games = await open_(daily(FREEZES, wins(1)))
    for number in range(5):
        await shop_on(games, f"m{number}", 3)
    await asyncio.gather(
        games.heard(), *(bought(games, f"m{number}", "freeze") for number in range(5))
    )
    games.clock.set(march(5))
    await games.heard()
    for number in range(5):
        found = await streak_of(games, f"m{number}")
        assert (found.state, found.frozen) == ("at_risk", (date(2026, 3, 4),))
    assert len(await games.facts("FreezeUsed")) == 5
    assert await games.points(*(f"m{number}" for number in range(5))) == [75] * 5


async def test_two_members_who_are_one_have_one_streak(open_: Open) -> None:
    games = await open_(daily(FREEZES + "\n" + REPAIRS, wins(1) + wins(3)))
    await shop_on(games, "an", 3)
    await shop_on(games, "bo", 4)
    await granted(games, grant("g", await games.member("bo")))
    await shop_on(games, "an", 6)
    await bought(games, "bo", "freeze")
    await games.heard()
    await merged(games.shop, merging("an", "bo"))
    await games.heard()
    found = await streak_of(games, "an")
    assert (found.length, found.frozen, found.freezes) == (3, (date(2026, 3, 5),), 1)
    # A prize for the first day, once, and one for the third.
    assert sorted(await milestones(games)) == [
        ("daily", 1, 1, False),
        ("daily", 1, 1, True),
        ("daily", 3, 1, True),
    ]
    assert await games.points("an") == [30 - 5 + 140]


async def test_a_streak_that_has_not_begun_is_nothing_yet(open_: Open) -> None:
    games = await open_(daily())
    await games.shop.apply(shop_with(daily(code="other")), march(2))
    await games.shop.apply(shop_with(daily(code="third")), march(9))
    await shop_on(games, "an", 3)
    await games.heard()
    assert [each.code for each in await streaks_of(games, "an")] == ["other"]
    told = await games.facts("StreakExtended")
    assert [what["streak"] for _, what in told] == ["other"]


async def test_a_shop_without_streaks_has_none(database: Database, clock: MovableClock) -> None:
    games = await opened(database, clock)
    await shop_on(games, "an", 3)
    await games.heard()
    assert await streaks_of(games, "an") == []


async def test_what_is_left_out_of_the_programme_keeps_what_it_won(open_: Open) -> None:
    games = await open_(daily(milestones=wins(2)))
    await shop_on(games, "an", 3, 4)
    await games.heard()
    await games.shop.apply(shop_with(daily(code="other")), march(5))
    games.clock.set(march(6))
    await games.heard()
    assert [each.code for each in await streaks_of(games, "an")] == ["other"]
    assert await games.points("an") == [90]
    # It still follows from what was done.
    await games.refund("an 4")
    await games.heard()
    assert await games.points("an") == [10]
    # It begins anew when it is back.
    await games.shop.apply(shop_with(daily(milestones=wins(2))), march(7))
    await shop_on(games, "an", 7, 8)
    await games.heard()
    assert await games.points("an") == [100]
    assert (await streak_of(games, "an")).length == 2


@pytest.mark.parametrize("seed", [1, 2])
async def test_any_order_comes_to_the_plain_recomputation(open_: Open, seed: int) -> None:
    games, random = await open_(AS_TEXT), Random(seed)
    players = [Player(games, f"m{number}") for number in range(8)]
    await games.shop.buy(*(each.visit(f"{each.name} first", march(2)) for each in players))
    await play(games, players, random)
    now = games.clock.now()
    days = days_between("America/New_York", utc(2026, 1, 1), utc(2026, 6, 1))
    standing = []
    for each in players:
        visits = list(each.visits.values())
        expected = judged(RULES, days, visits, each.gains, each.repairs, now)
        found = await streak_of(games, each.name)
        assert (found.length, found.longest) == (expected.length, expected.longest)
        assert (found.state, found.freezes) == (expected.state, expected.held)
        assert list(found.frozen) == expected.frozen
        assert list(found.repaired) == expected.repaired
        standing += [("daily", length, time, True) for length, time, _ in expected.reached]
        points = 10 * len(visits) + 70 * len(expected.reached)
        assert await games.points(each.name) == [points]
    assert sorted(each for each in await milestones(games) if each[3]) == sorted(standing)
