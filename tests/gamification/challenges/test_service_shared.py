"""Challenges in the database that several members share, and who turns out to be one."""

from datetime import UTC, datetime, timedelta

from domain.earning.rules_refund_request import Refund
from domain.members.service import NewMember
from gamification.challenges.service_join import Joining
from kit.clock import MovableClock
from kit.db import Database
from kit.embedded import Servers
from tests.support.challenge_shop import DAY, NOON, THREE
from tests.support.challenges import challenge, played, told
from tests.support.coherence import assert_coherent
from tests.support.merging import codes, merged, merging
from tests.support.shop import purchase
from tests.support.statements import watched


async def test_without_challenges_nothing_is_asked(database: Database, clock: MovableClock) -> None:
    games = await played(database, clock)
    await games.shop.buy(purchase("p", "ann", 100, NOON))
    await games.judge("ann")
    assert await games.progress("ann") == {}
    assert await games.bars() == []
    assert await games.spread() == 0


async def test_everyone_fills_one_bar_and_who_did_enough_is_paid(
    database: Database, clock: MovableClock
) -> None:
    bar = challenge(
        "all",
        'kind = "sum"\nof = "amount"\ntarget = "30.00"',
        'who = "everyone"\nperiod = "week"\ncontribution = "5.00"\nchallenge_points = 3',
        'points = "20"',
    )
    games = await played(database, clock, bar)
    clock.set(NOON + DAY)
    await games.shop.buy(purchase("a", "ann", 1000, NOON), purchase("b", "bob", 400, NOON + DAY))
    await games.judge("ann", "bob")
    view = (await games.progress("bob"))["all"]
    assert (view.mine, view.contribution, view.goals[0].done, view.goals[0].missing) == (
        400,
        500,
        1400,
        1600,
    )
    clock.set(NOON + 2 * DAY)
    await games.shop.buy(purchase("c", "cid", 1700, NOON + 2 * DAY))
    await games.judge("cid")
    assert [row[0] for row in await games.rows()] == ["cid"]
    await games.spread()
    full = datetime(2026, 3, 4, 5, tzinfo=UTC)
    key = "everyone week:2026-03-02"
    ann, cid = ((name, "all", key, "", 1, full, 3, "living") for name in ("ann", "cid"))
    assert await games.rows() == [ann, cid]
    clock.set(NOON + 3 * DAY)
    await games.shop.buy(purchase("d", "bob", 100, NOON + 3 * DAY))
    await games.judge("bob")
    assert (await games.rows())[2] == ("bob", "all", key, "", 1, full + DAY, 3, "living")
    assert await games.pay() == 3
    await games.shop.refund(Refund("r", "c", clock.now(), None))
    await games.judge("cid")
    await games.spread()
    assert [row[-1] for row in await games.rows()] == ["undone"] * 3
    assert [row[2] for row in await games.won()] == ["undone"] * 3
    (shown,) = await games.bars()
    assert (shown.goal.done, shown.goal.missing, shown.team) == (1500, 1500, "")
    await assert_coherent(database)


async def test_many_are_told_of_a_full_bar_some_at_a_time(
    database: Database, clock: MovableClock
) -> None:
    bar = challenge("all", 'target = "7"', 'who = "everyone"')
    games = await played(database, clock, bar)
    names = [f"m{n}" for n in range(7)]
    for name in names:
        await games.shop.buy(purchase(name, name, 100, NOON))
    await games.judge(*names[:6])
    assert await games.rows() == []
    await games.judge(names[6])
    assert len(await games.rows()) == 1
    assert await games.spread(3) == 7
    assert [row[-1] for row in await games.rows()] == ["living"] * 7
    await games.shop.refund(Refund("r", "m0", clock.now(), None))
    await games.judge("m0")
    assert await games.spread(7) == 7 + 1
    assert [row[-1] for row in await games.rows()] == ["undone"] * 7
    assert await games.spread() == 0
    await assert_coherent(database)


async def test_a_team_is_an_attribute_and_takes_along_who_changes(
    database: Database, clock: MovableClock
) -> None:
    bar = challenge("clubs", 'target = "2"', 'who = "team"\nteam = "club"', 'points = "10"')
    games = await played(database, clock, bar)
    await games.shop.enrol(
        NewMember("ann", NOON, attributes={"club": "Red"}),
        NewMember("bob", NOON, attributes={"club": "Blue"}),
        NewMember("cid", NOON),
    )
    for name in ("ann", "bob", "cid"):
        await games.shop.buy(purchase(name, name, 100, NOON))
    await games.judge("ann", "bob", "cid")
    assert await games.rows() == []
    assert [(each.team, each.goal.done) for each in await games.bars("Red", "Blue", "Tan")] == [
        ("Blue", 1),
        ("Red", 1),
        ("Tan", 0),
    ]
    async with database.transaction() as session:
        await session.fetch(
            """UPDATE member SET attributes = '{"club": "Red"}' WHERE external_id = 'bob'"""
        )
    await games.judge("bob")
    await games.spread()
    assert sorted(row[0] for row in await games.rows()) == ["ann", "bob"]
    assert [each.goal.done for each in await games.bars("Red", "Blue")] == [0, 2]
    assert (await games.progress("cid"))["clubs"].team is None
    await assert_coherent(database)


async def test_who_turns_out_to_be_one_person_has_done_it_together_and_once(
    database: Database, clock: MovableClock
) -> None:
    asked = challenge("asked", 'target = "3"', "opt_in = true", 'points = "7"')
    one = challenge("one", 'target = "1"', "challenge_points = 2", 'points = "50"')
    bar = challenge("all", 'target = "3"', 'who = "everyone"', 'points = "1"')
    games = await played(database, clock, asked, one, bar)
    await games.shop.enrol(NewMember("ann", NOON), NewMember("bob", NOON))
    await games.join(Joining("a", "ann", "asked"), Joining("b", "bob", "asked"))
    for name in ("ann", "bob", "ann"):
        await games.shop.buy(purchase(f"{clock.now()}{name}", name, 100, clock.now()))
        clock.move(timedelta(minutes=1))
    await games.judge("ann", "bob")
    await games.spread()
    await games.pay()
    assert [row[:2] + row[7:] for row in await games.rows() if row[1] == "one"] == [
        ("ann", "one", "living"),
        ("bob", "one", "living"),
    ]
    assert codes(await merged(games.shop, merging("ann", "bob"))) == [None]
    await games.judge("ann")
    await games.spread()
    await games.judge("ann")
    await games.pay()
    assert sorted(row[1] for row in await games.rows() if row[7] == "living") == [
        "all",
        "asked",
        "one",
    ]
    assert (await games.shop.balance("ann")).total == 3 + 7 + 50 + 1
    (shown,) = await games.bars()
    assert shown.goal.done == 3
    both = Joining("l", "bob", "asked"), Joining("l", "ann", "asked")
    assert told(await games.leave(*both)) == [(None, False), (None, True)]
    assert (await games.progress("ann"))["asked"].joined_at is None
    await assert_coherent(database)


async def test_judging_many_takes_as_many_statements_as_judging_one(
    servers: Servers, database: Database, clock: MovableClock
) -> None:
    bar = challenge("all", 'target = "1"', 'who = "everyone"', 'points = "1"')
    counts = []
    with watched() as seen:
        mine = Database(servers.database_url)
        games = await played(mine, clock, THREE, bar)
        for names in (["a"], [f"b{n}" for n in range(20)]):
            for n in range(3):
                await games.shop.buy(*(purchase(f"{x}{n}", x, 100, NOON) for x in names))
            await games.judge("nobody")
            before = len(seen)
            await games.judge(*names)
            counts.append(len(seen) - before)
            before = len(seen)
            await games.progress(names[0])
            counts.append(len(seen) - before)
        rows = await games.rows()
        await mine.close()
    # The first one fills the bar, which then everyone is told of.
    assert counts[2] <= counts[0]
    assert counts[1] == counts[3]
    assert len(rows) == 42
    await assert_coherent(database)
