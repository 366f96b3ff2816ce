"""What members get without asking: for points, for moves up, and for what they do."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from api.sections import SECTIONS
from domain.earning.rules import Activity
from domain.households.rules_request import Answer, Invitation, NewHousehold
from domain.households.service import change
from domain.rewards.jobs_automatic import become_spendable, follow
from domain.rewards.service_cancel import Cancel
from kit.clock import MovableClock
from kit.db import Database, Session
from kit.embedded import Servers
from tests.support.automatic import (
    CUP,
    FOR_POINTS,
    FOR_TIERS,
    WELCOME,
    by_itself,
    facts_are_ready,
    forget_cursor,
    given,
    refunded,
    states,
    until_done,
    vouchers_of,
)
from tests.support.coherence import assert_coherent
from tests.support.rewards import cancelled, id_of, programme, redeemed, reward, run, wish
from tests.support.shop import opened_shop, purchase
from tests.support.statements import watched

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)


async def one_batch(session: Session, clock: MovableClock) -> int:
    return await follow(session, clock.now(), SECTIONS, 10_000)


async def test_points_buy_as_many_as_they_can(database: Database, clock: MovableClock) -> None:
    shop = await opened_shop(database, clock, FOR_POINTS)
    await shop.buy(
        purchase("p1", "ann", 465_00, NOON),
        purchase("p2", "bob", 62_00, NOON),
        purchase("p3", "bob", 63_00, NOON),
        purchase("p4", "cleo", 124_00, NOON),
    )
    assert await given(shop) > 0
    assert [len(await vouchers_of(shop, name)) for name in ("ann", "bob", "cleo")] == [3, 1, 0]
    left = [(await shop.balance(name)).spendable for name in ("ann", "bob", "cleo")]
    assert left == [90, 0, 124]

    # Whatever comes again, nothing is given again.
    await forget_cursor(shop)
    await given(shop)
    assert [len(await vouchers_of(shop, name)) for name in ("ann", "bob", "cleo")] == [3, 1, 0]
    await shop.buy(purchase("p5", "cleo", 1_00, NOON))
    await given(shop)
    assert (await shop.balance("cleo")).spendable == 0
    await assert_coherent(database)


async def test_what_is_rolled_back_comes_again(database: Database, clock: MovableClock) -> None:
    shop = await opened_shop(database, clock, FOR_POINTS)
    await shop.buy(purchase("p1", "ann", 250_00, NOON))

    await facts_are_ready(shop)

    async def killed() -> None:
        async with database.transaction() as session:
            assert await follow(session, clock.now(), SECTIONS) > 0
            raise ConnectionError

    for _ in range(2):
        with pytest.raises(ConnectionError):
            await killed()
    assert await vouchers_of(shop, "ann") == []
    await given(shop)
    assert len(await vouchers_of(shop, "ann")) == 2
    await assert_coherent(database)


async def test_the_first_reward_that_can_be_had(database: Database, clock: MovableClock) -> None:
    """The first one is refused after the limit: the points go to the next in the file."""
    limit = '[[rewards.limit]]\nname = "One"\nrewards = ["cup"]\ntimes = 1\n'
    mug = reward("mug", "200")
    text = programme(CUP, mug, limit, by_itself("cup", "points"), by_itself("mug", "points"))
    shop = await opened_shop(database, clock, text)
    await shop.buy(purchase("p1", "ann", 600_00, NOON))
    await given(shop)
    assert sorted(reward for reward, _ in await states(shop, "ann")) == ["cup", "mug", "mug"]
    assert (await shop.balance("ann")).spendable == 75


async def test_many_rewards_come_in_rounds(database: Database, clock: MovableClock) -> None:
    """So many are bought at a time, and the news of them brings the rest."""
    text = programme(reward("sip", "1", kind='"donation"'), by_itself("sip", "points"))
    shop = await opened_shop(database, clock, text)
    await shop.buy(purchase("p1", "ann", 120_00, NOON))
    await given(shop)
    assert (await shop.balance("ann")).spendable == 0
    await assert_coherent(database)


async def test_points_that_become_spendable(database: Database, clock: MovableClock) -> None:
    """Time alone makes them so; no fact tells. Each look is remembered, none comes twice."""
    text = FOR_POINTS.replace('name = "Beans"', 'name = "Beans"\npending_days = 3')
    shop = await opened_shop(database, clock, text)
    await shop.buy(purchase("p1", "ann", 100_00, NOON))
    clock.set(NOON + DAY)
    await shop.buy(purchase("p2", "ann", 25_00, clock.now()), purchase("p3", "bob", 9_00, NOON))
    await given(shop)
    clock.set(NOON + 3 * DAY)
    assert await until_done(shop, become_spendable) == 2
    assert await vouchers_of(shop, "ann") == []
    clock.set(NOON + 4 * DAY)
    assert await until_done(shop, become_spendable) == 1
    assert await until_done(shop, become_spendable) == 0
    assert len(await vouchers_of(shop, "ann")) == 1
    async with database.read() as session:
        assert await session.fetch("SELECT FROM reward_look") == []
    await assert_coherent(database)


async def test_a_version_that_begins_looks_at_everybody(
    database: Database, clock: MovableClock
) -> None:
    shop = await opened_shop(database, clock, programme(CUP))
    await shop.buy(purchase("p1", "ann", 300_00, NOON), purchase("p2", "bob", 124_00, NOON))
    await given(shop)
    await shop.apply(FOR_POINTS, NOON + DAY)
    await given(shop)
    assert await vouchers_of(shop, "ann") == []
    clock.set(NOON + DAY)
    assert await until_done(shop, become_spendable, limit=1) == 1
    assert len(await vouchers_of(shop, "ann")) == 2
    assert await until_done(shop, become_spendable) == 0
    # And no more of it once the programme does not say so.
    await shop.apply(programme(CUP), NOON + 2 * DAY)
    clock.set(NOON + 2 * DAY)
    await shop.buy(purchase("p3", "bob", 124_00, clock.now()))
    assert await given(shop) > 0
    assert await vouchers_of(shop, "bob") == []


async def test_workers_and_members_at_once(database: Database, clock: MovableClock) -> None:
    """Two workers, and a member who asks: the points are spent once."""
    shop = await opened_shop(database, clock, FOR_POINTS.replace("listed = false", "listed = true"))
    await shop.buy(purchase("p1", "ann", 465_00, NOON))
    await asyncio.gather(
        given(shop),
        given(shop),
        *(redeemed(shop, wish(str(number), "ann", "cup")) for number in range(5)),
    )
    await given(shop)
    assert len(await vouchers_of(shop, "ann")) == 3
    assert (await shop.balance("ann")).spendable == 90
    await assert_coherent(database)


@pytest.mark.parametrize("text", [FOR_POINTS, FOR_TIERS])
async def test_as_many_statements_for_many(
    database: Database, clock: MovableClock, servers: Servers, text: str
) -> None:
    counts = []
    shop = await opened_shop(database, clock, text)
    for many in (2, 20):
        names = [f"m{many}-{number}" for number in range(many)]
        for name in names:
            await shop.buy(purchase(f"p{name}", name, 130_00, NOON))
        await given(shop)
        for name in names[: many // 2]:
            await refunded(shop, f"p{name}")
            await shop.buy(purchase(f"q{name}", name, 600_00, NOON))
        await facts_are_ready(shop)
        with watched() as seen:
            counted = Database(servers.database_url)
            other = replace(shop, database=counted)
            assert await other.database.write(lambda session: one_batch(session, clock)) > 0
            await counted.close()
        counts.append(len(seen))
    assert counts[0] == counts[1]


async def test_each_activity_gives_once(database: Database, clock: MovableClock) -> None:
    shop = await opened_shop(
        database, clock, programme(WELCOME, by_itself("welcome", "activity", 'activity = "poll"'))
    )
    await shop.buy(purchase("p1", "ann", 1_00, NOON))
    for name, kind in (("a1", "poll"), ("a2", "poll"), ("a3", "visit"), ("a2", "poll")):
        await shop.act(Activity(name, "ann", kind, NOON))
    await given(shop)
    await forget_cursor(shop)
    await given(shop)
    assert len(await vouchers_of(shop, "ann")) == 2
    await assert_coherent(database)


async def test_a_member_asks_for_nothing_that_comes_by_itself(
    database: Database, clock: MovableClock
) -> None:
    shop = await opened_shop(database, clock, FOR_POINTS)
    await shop.buy(purchase("p1", "ann", 125_00, NOON))
    (outcome,) = await redeemed(shop, wish("1", "ann", "cup"))
    assert outcome.code == "NOT_LISTED"


async def test_two_brands_in_one_batch(database: Database, clock: MovableClock) -> None:
    shops = [
        await opened_shop(database, clock, FOR_POINTS.replace('"cafe"', f'"{code}"'))
        for code in ("bar", "inn")
    ]
    for shop in shops:
        await shop.buy(purchase("p1", "ann", 130_00, NOON))
    await facts_are_ready(shops[0])
    await database.write(lambda session: one_batch(session, clock))
    for shop in shops:
        assert len(await vouchers_of(shop, "ann")) == 1
        assert (await shop.balance("ann")).spendable == 5


async def test_who_paid_for_another_has_the_points_back(
    database: Database, clock: MovableClock
) -> None:
    """What came to nothing is news about him who asked; his household paid as well."""
    trip = reward("trip", "200", fulfil='"by_staff"')
    text = programme("[households]\nmembers = 3", CUP, trip, by_itself("cup", "points"))
    shop = await opened_shop(database, clock, text)
    await shop.buy(purchase("p1", "ann", 120_00, NOON - DAY), purchase("p2", "bob", 120_00, NOON))
    await run(shop, change, [NewHousehold("h", "ann", "ours")])
    (asked,) = await run(shop, change, [Invitation("i", "ann", "bob", "adult")])
    assert asked.invitation_id is not None
    await run(shop, change, [Answer("a", "bob", asked.invitation_id, accept=True)])
    (held,) = await redeemed(shop, wish("1", "bob", "trip", from_household=True))
    await shop.buy(purchase("p3", "ann", 60_00, NOON))
    await given(shop)
    assert (await shop.balance("ann")).spendable == 60

    await cancelled(shop, Cancel("c", id_of(held), "bob", "too far"))
    await given(shop)
    assert (await shop.balance("ann")).spendable == 55
    assert (await shop.balance("bob")).spendable == 120
    assert [len(await vouchers_of(shop, name)) for name in ("ann", "bob")] == [1, 0]
    await assert_coherent(database)
