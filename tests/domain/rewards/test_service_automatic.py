"""What members get without asking: for points, for moves up, and for what they do."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from api.sections import SECTIONS
from domain.earning.rules import Activity
from domain.earning.rules_refund_request import Refund
from domain.programmes import queries as programmes
from domain.rewards.jobs_automatic import become_spendable, follow
from domain.tiers.rules_grant import NewGrant
from domain.tiers.service_grant import grant_status, revoke_status
from kit.clock import MovableClock
from kit.db import Database, Session
from kit.embedded import Servers
from tests.support.automatic import (
    burned,
    decisions,
    facts_are_ready,
    forget_cursor,
    given,
    states,
    until_done,
    vouchers_of,
)
from tests.support.coherence import assert_coherent
from tests.support.rewards import programme, redeemed, reward, wish
from tests.support.shop import Shop, opened_shop, purchase
from tests.support.statements import watched

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)

LADDER = """
[[tiers.ladder]]
qualify_by = "spend"
window = "calendar_year"
holds = "end_of_next_window"

[[tiers.ladder.tier]]
name = "Basic"
threshold = "0"

[[tiers.ladder.tier]]
name = "Gold"
threshold = "100.00"

[[tiers.ladder.tier]]
name = "Black"
threshold = "500.00"
"""


def by_itself(code: str, on: str, more: str = "") -> str:
    """Return the table that gives a reward by itself."""
    return f'[[rewards.automatic]]\nreward = "{code}"\non = "{on}"\n{more}\n'


CUP = reward("cup", "125", listed="false")
WELCOME = reward("welcome", "0", value='"10.00"', listed="false")
FOR_POINTS = programme(CUP, by_itself("cup", "points"))
FOR_TIERS = programme(WELCOME, by_itself("welcome", "tier", 'tiers = ["Gold", "Black"]'), LADDER)


async def opened(database: Database, clock: MovableClock, text: str) -> Shop:
    return await opened_shop(database, clock, text)


async def one_batch(session: Session, clock: MovableClock) -> int:
    return await follow(session, clock.now(), SECTIONS, 10_000)


async def refund(shop: Shop, name: str, cents: int | None = None) -> None:
    refunded = Refund(f"r{name}{shop.clock.now()}{cents}", name, shop.clock.now(), cents)
    (outcome,) = await shop.refund(refunded)
    assert outcome.status == "recorded", outcome


async def test_points_buy_as_many_as_they_can(database: Database, clock: MovableClock) -> None:
    shop = await opened(database, clock, FOR_POINTS)
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
    shop = await opened(database, clock, FOR_POINTS)
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
    shop = await opened(database, clock, text)
    await shop.buy(purchase("p1", "ann", 600_00, NOON))
    await given(shop)
    assert sorted(reward for reward, _ in await states(shop, "ann")) == ["cup", "mug", "mug"]
    assert (await shop.balance("ann")).spendable == 75


async def test_many_rewards_come_in_rounds(database: Database, clock: MovableClock) -> None:
    """So many are bought at a time, and the news of them brings the rest."""
    text = programme(reward("sip", "1", kind='"donation"'), by_itself("sip", "points"))
    shop = await opened(database, clock, text)
    await shop.buy(purchase("p1", "ann", 120_00, NOON))
    await given(shop)
    assert (await shop.balance("ann")).spendable == 0
    await assert_coherent(database)


async def test_points_that_become_spendable(database: Database, clock: MovableClock) -> None:
    """Time alone makes them so; no fact tells. Each look is remembered, none comes twice."""
    text = FOR_POINTS.replace('name = "Beans"', 'name = "Beans"\npending_days = 3')
    shop = await opened(database, clock, text)
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
    shop = await opened(database, clock, programme(CUP))
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


async def test_a_move_up_gives_once(database: Database, clock: MovableClock) -> None:
    shop = await opened(database, clock, FOR_TIERS)
    await shop.buy(purchase("p1", "ann", 100_00, NOON))
    await given(shop)
    assert await states(shop, "ann") == [("welcome", "issued")]
    # Staying gives nothing, another tier does, and facts that come again change nothing.
    await shop.buy(purchase("p2", "ann", 100_00, NOON))
    await given(shop)
    await shop.buy(purchase("p3", "ann", 300_00, NOON))
    await forget_cursor(shop)
    await given(shop)
    assert len(await states(shop, "ann")) == 2
    # Black and Gold are over at the end of 2027; in 2028 the way up begins anew.
    clock.set(datetime(2028, 2, 1, 12, tzinfo=UTC))
    await shop.buy(purchase("p4", "ann", 99_99, clock.now()))
    await given(shop)
    assert len(await states(shop, "ann")) == 2
    await shop.buy(purchase("p5", "ann", 1, clock.now()))
    await given(shop)
    await forget_cursor(shop)
    await given(shop)
    assert len(await states(shop, "ann")) == 3
    await assert_coherent(database)


async def test_a_refund_takes_back_what_a_move_gave(
    database: Database, clock: MovableClock
) -> None:
    """Buy, get the welcome, refund, buy again: there is never more than one."""
    shop = await opened(database, clock, FOR_TIERS)
    for day in range(3):
        clock.set(NOON + day * DAY)
        await shop.buy(purchase(f"p{day}", "ann", 100_00, clock.now()))
        await given(shop)
        assert [state for _, state in await states(shop, "ann")] == ["returned"] * day + ["issued"]
        await refund(shop, f"p{day}")
        await given(shop)
        await forget_cursor(shop)
        await given(shop)
        assert [state for _, state in await states(shop, "ann")] == ["returned"] * (day + 1)
    await assert_coherent(database)


async def test_what_was_used_is_not_given_again(database: Database, clock: MovableClock) -> None:
    """Buy, use the welcome, refund, buy again, as often as one likes: it stays one."""
    shop = await opened(database, clock, FOR_TIERS)
    await shop.buy(purchase("p0", "ann", 100_00, NOON))
    await given(shop)
    (voucher,) = await vouchers_of(shop, "ann")
    await burned(shop, voucher, 1_00)
    for day in range(1, 4):
        clock.set(NOON + day * DAY)
        await refund(shop, f"p{day - 1}")
        await shop.buy(purchase(f"p{day}", "ann", 100_00, clock.now()))
        await given(shop)
        await forget_cursor(shop)
        await given(shop)
        assert [each.id for each in await vouchers_of(shop, "ann")] == [voucher.id]
    # What the last move took over is still used up; a fall by time and another climb are new.
    assert [each[2] for each in await decisions(shop)] == [False, False, False, True]
    clock.set(datetime(2028, 2, 1, 12, tzinfo=UTC))
    await shop.buy(purchase("p9", "ann", 100_00, clock.now()))
    await given(shop)
    assert len(await vouchers_of(shop, "ann")) == 2
    await assert_coherent(database)


async def test_moves_that_are_heard_of_together(database: Database, clock: MovableClock) -> None:
    """Up, down and up before anybody looked, on one day and on three: one welcome."""
    shop = await opened(database, clock, FOR_TIERS)
    for name, step in (("ann", timedelta(0)), ("bob", DAY)):
        clock.set(NOON)
        await shop.buy(purchase(f"{name}1", name, 100_00, NOON))
        clock.set(NOON + step)
        await refund(shop, f"{name}1")
        clock.set(NOON + 2 * step)
        await shop.buy(purchase(f"{name}2", name, 100_00, clock.now()))
    # And one that goes down for good.
    await shop.buy(purchase("cleo1", "cleo", 500_00, clock.now()))
    await refund(shop, "cleo1")
    await given(shop)
    found = [len(await states(shop, name)) for name in ("ann", "bob", "cleo")]
    assert found == [1, 1, 0]
    await assert_coherent(database)


async def test_a_part_refunded_leaves_the_tier_that_is_left(
    database: Database, clock: MovableClock
) -> None:
    """Who jumped to Black and is Gold after the refund came up into Gold, which gives the same."""
    shop = await opened(database, clock, FOR_TIERS)
    await shop.buy(purchase("p1", "ann", 500_00, NOON))
    await given(shop)
    await refund(shop, "p1", 1_00)
    await given(shop)
    assert await states(shop, "ann") == [("welcome", "issued")]
    await refund(shop, "p1", 400_00)
    await given(shop)
    assert await states(shop, "ann") == [("welcome", "returned")]


async def test_what_renewed_a_tier_is_refunded(database: Database, clock: MovableClock) -> None:
    """The tier was reached and had: its welcome stays. The way up after that gives another."""
    shop = await opened(database, clock, FOR_TIERS)
    await shop.buy(purchase("p1", "ann", 100_00, NOON))
    await given(shop)
    clock.set(datetime(2027, 5, 1, 12, tzinfo=UTC))
    await shop.buy(purchase("p2", "ann", 100_00, clock.now()))
    clock.set(datetime(2028, 1, 10, 12, tzinfo=UTC))
    await refund(shop, "p2")
    await given(shop)
    assert await states(shop, "ann") == [("welcome", "issued")]
    await shop.buy(purchase("p3", "ann", 100_00, clock.now()))
    await given(shop)
    assert len(await states(shop, "ann")) == 2


async def test_what_can_not_be_given_is_not_given_later(
    database: Database, clock: MovableClock
) -> None:
    text = FOR_TIERS.replace("listed = false", "listed = false\nstock = 1")
    shop = await opened(database, clock, text)
    await shop.buy(purchase("p1", "ann", 100_00, NOON))
    await shop.buy(purchase("p2", "bob", 100_00, NOON))
    await given(shop)
    assert set(await decisions(shop)) == {
        ("welcome", "OUT_OF_STOCK", False, False),
        ("welcome", None, True, False),
    }
    await refund(shop, "p1")
    await forget_cursor(shop)
    await given(shop)
    assert await states(shop, "bob") == []
    await assert_coherent(database)


async def test_status_that_is_revoked_counts_as_never_granted(
    database: Database, clock: MovableClock
) -> None:
    shop = await opened(database, clock, FOR_TIERS)
    await shop.buy(purchase("p1", "ann", 1_00, NOON))
    (member_id,) = await shop.member_ids("ann")
    granted = NewGrant("g1", member_id, "status", "Gold", "press", "staff")

    async def grant(session: Session) -> UUID:
        timeline = await programmes.timeline_to_write(session, shop.brand.id, SECTIONS)
        done = await grant_status(session, clock.now(), shop.brand, timeline, [granted])
        assert done[0].grant is not None
        return done[0].grant.id

    grant_id = await database.write(grant)
    await given(shop)
    assert await states(shop, "ann") == [("welcome", "issued")]
    clock.set(NOON + 9 * DAY)

    async def revoke(session: Session) -> None:
        timeline = await programmes.timeline_to_write(session, shop.brand.id, SECTIONS)
        await revoke_status(session, clock.now(), shop.brand, timeline, [grant_id])

    await database.write(revoke)
    await given(shop)
    assert await states(shop, "ann") == [("welcome", "returned")]


async def test_a_ladder_that_is_gone_undoes_nothing(
    database: Database, clock: MovableClock
) -> None:
    shop = await opened(database, clock, FOR_TIERS)
    await shop.buy(purchase("p1", "ann", 100_00, NOON))
    await given(shop)
    await refund(shop, "p1")
    clock.set(NOON + DAY)
    await shop.apply(programme(CUP), clock.now())
    clock.set(NOON + 2 * DAY)
    await given(shop)
    assert await states(shop, "ann") == [("welcome", "issued")]


async def test_workers_and_members_at_once(database: Database, clock: MovableClock) -> None:
    """Two workers, and a member who asks: the points are spent once."""
    shop = await opened(database, clock, FOR_POINTS.replace("listed = false", "listed = true"))
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
    shop = await opened(database, clock, text)
    for many in (2, 20):
        names = [f"m{many}-{number}" for number in range(many)]
        for name in names:
            await shop.buy(purchase(f"p{name}", name, 130_00, NOON))
        await given(shop)
        for name in names[: many // 2]:
            await refund(shop, f"p{name}")
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
    shop = await opened(
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
    shop = await opened(database, clock, FOR_POINTS)
    await shop.buy(purchase("p1", "ann", 125_00, NOON))
    (outcome,) = await redeemed(shop, wish("1", "ann", "cup"))
    assert outcome.code == "NOT_LISTED"
