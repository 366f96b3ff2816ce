"""Challenges are judged by the history as it is known, and each prize is owed once."""

import asyncio
from datetime import UTC, datetime, timedelta

from domain.earning.rules_refund_request import Refund
from domain.members.service import NewMember
from gamification import subscribers
from gamification.challenges.queries import completions_of
from gamification.challenges.service_join import Joining
from kit.clock import MovableClock
from kit.db import Database
from tests.support.automatic import facts_are_ready, until_done
from tests.support.challenge_shop import DAY, NOON, THREE, WEEK
from tests.support.challenges import challenge, level, played, told
from tests.support.coherence import assert_coherent
from tests.support.shop import purchase


async def test_what_is_completed_is_written_once_paid_once_and_falls_with_a_refund(
    database: Database, clock: MovableClock
) -> None:
    games = await played(database, clock, THREE)
    clock.set(NOON + 3 * DAY)
    for n in range(3):
        await games.shop.buy(purchase(f"p{n}", "ann", 100, NOON + n * DAY))
    for _ in range(2):
        await games.judge("ann")
    assert await games.rows() == [("ann", "three", WEEK, "", 1, NOON + 2 * DAY, 7, "living")]
    assert await games.pay() == 1
    assert await games.won() == [("ann", "challenge:three", "paid", None, True)]
    assert (await games.shop.balance("ann")).total == 53
    await games.shop.refund(Refund("r", "p1", clock.now(), None))
    await games.judge("ann")
    await games.judge("ann")
    assert [row[-1] for row in await games.rows()] == ["undone"]
    assert (await games.shop.balance("ann")).total == 2
    await games.shop.buy(purchase("p4", "ann", 100, NOON + 3 * DAY))
    await games.judge("ann")
    assert await games.rows() == [("ann", "three", WEEK, "", 1, NOON + 3 * DAY, 7, "living")]
    await games.pay()
    assert (await games.shop.balance("ann")).total == 53
    assert [kind for kind, _ in await games.facts()] == [
        "ChallengeCompleted",
        "ChallengeUndone",
        "ChallengeCompleted",
    ]
    await assert_coherent(database)


async def test_a_prize_that_was_paid_is_kept_if_the_programme_says_so(
    database: Database, clock: MovableClock
) -> None:
    keep = challenge("keep", 'target = "1"', 'on_refund = "keep"', 'points = "50"')
    late = challenge("late", 'target = "1"', 'on_refund = "keep"\nhold_days = 5', 'points = "9"')
    games = await played(database, clock, keep, late)
    await games.shop.buy(purchase("p", "ann", 100, NOON))
    await games.judge("ann")
    assert await games.pay() == 1
    await games.shop.refund(Refund("r", "p", clock.now(), None))
    await games.judge("ann")
    assert [(row[1], row[-1]) for row in await games.rows()] == [
        ("keep", "kept"),
        ("late", "undone"),
    ]
    assert (await games.shop.balance("ann")).total == 50
    await games.shop.buy(purchase("q", "ann", 100, NOON))
    await games.judge("ann")
    clock.set(NOON + 7 * DAY)
    await games.pay()
    assert [(row[1], row[-1]) for row in await games.rows()] == [
        ("keep", "living"),
        ("late", "living"),
    ]
    assert (await games.shop.balance("ann")).total == 60
    await assert_coherent(database)


async def test_a_prize_waits_for_so_many_whole_days(
    database: Database, clock: MovableClock
) -> None:
    games = await played(
        database, clock, challenge("one", 'target = "1"', "hold_days = 2", 'points = "5"')
    )
    await games.shop.buy(purchase("p", "ann", 100, NOON))
    await games.judge("ann")
    clock.set(datetime(2026, 3, 5, 4, 59, tzinfo=UTC))
    assert await games.pay() == 0
    clock.set(datetime(2026, 3, 5, 5, tzinfo=UTC))
    assert await games.pay() == 1
    await assert_coherent(database)


async def test_levels_have_their_own_prizes_and_what_is_missing_can_be_seen(
    database: Database, clock: MovableClock
) -> None:
    levels = level("bronze", "10.00", "challenge_points = 1", 'points = "10"') + level(
        "gold", "50.00", "challenge_points = 5", 'points = "100"'
    )
    games = await played(
        database, clock, challenge("spend", 'kind = "sum"\nof = "amount"', levels=levels)
    )
    await games.shop.buy(purchase("p", "ann", 1500, NOON))
    await games.judge("ann")
    view = (await games.progress("ann"))["spend"]
    assert [(each.done, each.target, each.missing, each.scale) for each in view.goals] == [
        (1500, 5000, 3500, 2)
    ]
    assert [(each.code, each.reached) for each in view.levels] == [
        ("bronze", True),
        ("gold", False),
    ]
    assert (view.state, view.times) == ("active", 0)
    clock.set(NOON + DAY)
    await games.shop.buy(purchase("q", "ann", 3500, NOON + DAY))
    await games.judge("ann")
    await games.pay()
    assert [(row[3], row[6]) for row in await games.rows()] == [("bronze", 1), ("gold", 5)]
    assert (await games.shop.balance("ann")).total == 50 + 110
    view = (await games.progress("ann"))["spend"]
    assert (view.state, view.times, view.goals[0].missing) == ("completed", 1, 0)
    await assert_coherent(database)


async def test_a_budget_pays_who_completed_first_even_if_all_are_judged_at_once(
    database: Database, clock: MovableClock
) -> None:
    games = await played(
        database, clock, challenge("few", 'target = "1"', "budget = 2", 'points = "5"')
    )
    names = [f"m{n}" for n in range(6)]
    for n, name in enumerate(names):
        await games.shop.buy(purchase(name, name, 100, NOON - n * DAY))
    await asyncio.gather(*(games.judge(name) for name in names for _ in range(2)))
    await games.pay()
    won = await games.won()
    assert [row[2] for row in won].count("paid") == 2
    assert [row[3] for row in won].count("BUDGET_SPENT") == 4
    assert len(await games.rows()) == 6
    await assert_coherent(database)


async def test_what_was_before_joining_does_not_count(
    database: Database, clock: MovableClock
) -> None:
    games = await played(database, clock, challenge("asked", 'target = "2"', "opt_in = true"))
    await games.shop.buy(purchase("p", "ann", 100, NOON - DAY))
    assert (await games.progress("ann"))["asked"].state == "open"
    items = [Joining("k", "ann", "asked"), Joining("k2", "ann", "asked"), Joining("k3", "bob", "x")]
    assert told(await games.join(*items)) == [
        (None, False),
        ("ALREADY_JOINED", False),
        ("UNKNOWN_MEMBER", False),
    ]
    assert told(await games.join(items[0], Joining("k", "ann", "x"))) == [
        (None, True),
        ("KEY_CONFLICT", False),
    ]
    clock.set(NOON + DAY)
    await games.shop.buy(purchase("q", "ann", 100, NOON + DAY))
    assert [each.done for each in (await games.progress("ann"))["asked"].goals] == [1]
    assert told(await games.leave(items[0], items[0], Joining("l", "ann", "asked"))) == [
        (None, False),
        (None, True),
        ("NOT_JOINED", False),
    ]
    clock.set(NOON + 2 * DAY)
    await games.shop.buy(purchase("r", "ann", 100, NOON + 2 * DAY))
    await games.judge("ann")
    assert await games.rows() == []
    clock.move(timedelta(hours=1))
    assert told(await games.join(Joining("k4", "ann", "asked"))) == [(None, False)]
    await games.shop.buy(purchase("s", "ann", 100, clock.now()))
    await games.judge("ann")
    assert await games.rows() == []
    await games.shop.buy(purchase("t", "ann", 100, clock.now()))
    await games.judge("ann")
    assert [row[1] for row in await games.rows()] == ["asked"]
    await assert_coherent(database)


async def test_what_can_t_be_joined_or_left_is_refused_alone(
    database: Database, clock: MovableClock
) -> None:
    open_ = challenge("open", 'target = "1"')
    over = challenge("over", 'target = "1"', "opt_in = true\nuntil = 2026-03-02")
    asked = challenge("asked", 'target = "1"', "opt_in = true")
    games = await played(database, clock, open_, over, asked)
    await games.shop.enrol(NewMember("ann", NOON))
    items = [
        Joining(f"k{n}", *pair)
        for n, pair in enumerate(
            [("ann", "none"), ("ann", "open"), ("ann", "over"), ("\n", "asked"), ("ann", "asked")]
        )
    ]
    assert [code for code, _ in told(await games.join(*items))] == [
        "UNKNOWN_CHALLENGE",
        "NOT_OPT_IN",
        "CHALLENGE_OVER",
        "UNKNOWN_MEMBER",
        None,
    ]
    left = await games.leave(Joining("l", "bob", "asked"), Joining("m", "ann", "asked"))
    assert [code for code, _ in told(left)] == ["UNKNOWN_MEMBER", None]
    assert [kind for kind, _ in await games.facts()] == ["ChallengeJoined", "ChallengeLeft"]
    await assert_coherent(database)


async def test_the_worker_hears_of_purchases_tells_everyone_and_pays(
    database: Database, clock: MovableClock
) -> None:
    bar = challenge("all", 'target = "3"', 'who = "everyone"', 'points = "20"')
    games = await played(database, clock, bar)
    for name in ("ann", "bob", "cid"):
        await games.shop.buy(purchase(name, name, 100, NOON))
        await facts_are_ready(games.shop)
        await until_done(games.shop, subscribers.follow)
    await until_done(games.shop, subscribers.tick)
    for name in ("ann", "bob", "cid"):
        assert (await games.shop.balance(name)).total == 21
    (ann,) = await games.shop.member_ids("ann")
    async with database.read() as session:
        found = await completions_of(session, games.shop.brand.id, [ann])
    assert [(each.key.challenge, each.state) for each in found[ann]] == [("all", "living")]
    await facts_are_ready(games.shop)
    await until_done(games.shop, subscribers.follow)
    assert len(await games.facts()) == 3
    await assert_coherent(database)
