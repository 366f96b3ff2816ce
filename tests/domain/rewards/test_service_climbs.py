"""What moves up give, and what refunds and corrections undo of it."""

import random
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from api.sections import SECTIONS
from domain.programmes import queries as programmes
from domain.tiers.rules_grant import NewGrant
from domain.tiers.service_grant import grant_status, revoke_status
from kit.clock import MovableClock
from kit.db import Database, Session
from tests.support.automatic import (
    CUP,
    FOR_TIERS,
    LADDER,
    burned,
    by_itself,
    decisions,
    forget_cursor,
    given,
    refunded,
    states,
    vouchers_of,
)
from tests.support.coherence import assert_coherent
from tests.support.rewards import programme, redeemed, reward, wish
from tests.support.shop import Shop, opened_shop, purchase

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)


async def test_a_move_up_gives_once(database: Database, clock: MovableClock) -> None:
    shop = await opened_shop(database, clock, FOR_TIERS)
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
    shop = await opened_shop(database, clock, FOR_TIERS)
    for day in range(3):
        clock.set(NOON + day * DAY)
        await shop.buy(purchase(f"p{day}", "ann", 100_00, clock.now()))
        await given(shop)
        assert [state for _, state in await states(shop, "ann")] == ["returned"] * day + ["issued"]
        await refunded(shop, f"p{day}")
        await given(shop)
        await forget_cursor(shop)
        await given(shop)
        assert [state for _, state in await states(shop, "ann")] == ["returned"] * (day + 1)
    await assert_coherent(database)


async def test_what_was_used_is_not_given_again(database: Database, clock: MovableClock) -> None:
    """Buy, use the welcome, refund, buy again, as often as one likes: it stays one."""
    shop = await opened_shop(database, clock, FOR_TIERS)
    await shop.buy(purchase("p0", "ann", 100_00, NOON))
    await given(shop)
    (voucher,) = await vouchers_of(shop, "ann")
    await burned(shop, voucher, 1_00)
    for day in range(1, 4):
        clock.set(NOON + day * DAY)
        await refunded(shop, f"p{day - 1}")
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
    shop = await opened_shop(database, clock, FOR_TIERS)
    for name, step in (("ann", timedelta(0)), ("bob", DAY)):
        clock.set(NOON)
        await shop.buy(purchase(f"{name}1", name, 100_00, NOON))
        clock.set(NOON + step)
        await refunded(shop, f"{name}1")
        clock.set(NOON + 2 * step)
        await shop.buy(purchase(f"{name}2", name, 100_00, clock.now()))
    # And one that goes down for good.
    await shop.buy(purchase("cleo1", "cleo", 500_00, clock.now()))
    await refunded(shop, "cleo1")
    await given(shop)
    found = [len(await states(shop, name)) for name in ("ann", "bob", "cleo")]
    assert found == [1, 1, 0]
    await assert_coherent(database)


async def test_a_part_refunded_leaves_the_tier_that_is_left(
    database: Database, clock: MovableClock
) -> None:
    """Who jumped to Black and is Gold after the refund came up into Gold, which gives the same."""
    shop = await opened_shop(database, clock, FOR_TIERS)
    await shop.buy(purchase("p1", "ann", 500_00, NOON))
    await given(shop)
    await refunded(shop, "p1", 1_00)
    await given(shop)
    assert await states(shop, "ann") == [("welcome", "issued")]
    await refunded(shop, "p1", 400_00)
    await given(shop)
    assert await states(shop, "ann") == [("welcome", "returned")]


async def test_what_renewed_a_tier_is_refunded(database: Database, clock: MovableClock) -> None:
    """The tier was reached and had: its welcome stays. The way up after that gives another."""
    shop = await opened_shop(database, clock, FOR_TIERS)
    await shop.buy(purchase("p1", "ann", 100_00, NOON))
    await given(shop)
    clock.set(datetime(2027, 5, 1, 12, tzinfo=UTC))
    await shop.buy(purchase("p2", "ann", 100_00, clock.now()))
    clock.set(datetime(2028, 1, 10, 12, tzinfo=UTC))
    await refunded(shop, "p2")
    await given(shop)
    assert await states(shop, "ann") == [("welcome", "issued")]
    await shop.buy(purchase("p3", "ann", 100_00, clock.now()))
    await given(shop)
    assert len(await states(shop, "ann")) == 2


async def test_what_can_not_be_given_is_not_given_later(
    database: Database, clock: MovableClock
) -> None:
    text = FOR_TIERS.replace("listed = false", "listed = false\nstock = 1")
    shop = await opened_shop(database, clock, text)
    await shop.buy(purchase("p1", "ann", 100_00, NOON))
    await shop.buy(purchase("p2", "bob", 100_00, NOON))
    await given(shop)
    assert set(await decisions(shop)) == {
        ("welcome", "OUT_OF_STOCK", False, False),
        ("welcome", None, True, False),
    }
    await refunded(shop, "p1")
    await forget_cursor(shop)
    await given(shop)
    assert await states(shop, "bob") == []
    await assert_coherent(database)


async def test_status_that_is_revoked_counts_as_never_granted(
    database: Database, clock: MovableClock
) -> None:
    shop = await opened_shop(database, clock, FOR_TIERS)
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
    shop = await opened_shop(database, clock, FOR_TIERS)
    await shop.buy(purchase("p1", "ann", 100_00, NOON))
    await given(shop)
    await refunded(shop, "p1")
    clock.set(NOON + DAY)
    await shop.apply(programme(CUP), clock.now())
    clock.set(NOON + 2 * DAY)
    await given(shop)
    assert await states(shop, "ann") == [("welcome", "issued")]


@pytest.mark.parametrize("seed", range(2))
async def test_whatever_is_bought_and_refunded_there_is_one_welcome(
    database: Database, clock: MovableClock, seed: int
) -> None:
    """Within a year: Gold has one, used or not; who is not Gold has none that can be used.

    However late the worker hears of it, and how often.
    """
    draw = random.Random(seed)
    text = FOR_TIERS.replace('tiers = ["Gold", "Black"]', 'tiers = ["Gold"]')
    shop = await opened_shop(database, clock, text)
    open_: dict[str, list[str]] = {f"m{number}": [] for number in range(8)}
    for name in open_:
        await shop.buy(purchase(f"{name}-first", name, 1_00, NOON))
    for step in range(40):
        clock.move(timedelta(hours=draw.choice((0, 1, 30))))
        for name, mine in open_.items():
            if mine and draw.random() < 0.5:
                await refunded(shop, mine.pop(draw.randrange(len(mine))))
            elif len(mine) < 2:
                mine.append(f"{name}-{step}")
                await shop.buy(purchase(mine[-1], name, 100_00, clock.now()))
        if draw.random() < 0.3:
            await follow_or_hear_again(shop, draw)
            for name, mine in open_.items():
                found = [state for _, state in await states(shop, name) if state != "returned"]
                assert found in ([["issued"], ["used"]] if mine else [[], ["used"]]), (step, name)
                if found == ["issued"] and draw.random() < 0.1:
                    (voucher,) = [v for v in await vouchers_of(shop, name) if v.state == "issued"]
                    await burned(shop, voucher)
    await assert_coherent(database)


async def follow_or_hear_again(shop: Shop, draw: random.Random) -> None:
    await given(shop)
    if draw.random() < 0.3:
        await forget_cursor(shop)
        await given(shop)


async def test_status_that_ended_and_is_revoked(database: Database, clock: MovableClock) -> None:
    shop = await opened_shop(database, clock, FOR_TIERS)
    await shop.buy(purchase("p1", "ann", 1_00, NOON))
    (member_id,) = await shop.member_ids("ann")
    ends = NOON + 2 * DAY
    item = NewGrant("g1", member_id, "status", "Gold", "press", "staff", ends_at=ends)

    async def grant(session: Session) -> UUID:
        timeline = await programmes.timeline_to_write(session, shop.brand.id, SECTIONS)
        (done,) = await grant_status(session, clock.now(), shop.brand, timeline, [item])
        assert done.grant is not None
        return done.grant.id

    async def revoke(session: Session) -> None:
        timeline = await programmes.timeline_to_write(session, shop.brand.id, SECTIONS)
        await revoke_status(session, clock.now(), shop.brand, timeline, [grant_id])

    grant_id = await database.write(grant)
    clock.set(NOON + 3 * DAY)
    await given(shop)
    assert await states(shop, "ann") == [("welcome", "issued")]
    await database.write(revoke)
    await given(shop)
    assert await states(shop, "ann") == [("welcome", "returned")]


BONUS = reward("bonus", "0", kind='"points"', gives='"500"', listed="false")
FOR_BONUS = programme(
    BONUS, reward("tea", "10"), by_itself("bonus", "tier", 'tiers = ["Gold"]'), LADDER
)


async def spent_and_refunded(shop: Shop) -> list[tuple[int, int]]:
    """Spend what Gold gave, refund what brought it, climb again twice: what there is each time."""
    found = []
    await shop.buy(purchase("p0", "ann", 100_00, NOON))
    await given(shop)
    await redeemed(shop, wish("1", "ann", "tea", quantity=55))
    for number in range(1, 3):
        await refunded(shop, f"p{number - 1}")
        await given(shop)
        shop.clock.move(DAY)
        await shop.buy(purchase(f"p{number}", "ann", 100_00, shop.clock.now()))
        await given(shop)
        balance = await shop.balance("ann")
        found.append((balance.total, balance.debt))
    return found


async def test_points_for_a_tier_that_are_spent_are_all_that_it_gives(
    database: Database, clock: MovableClock
) -> None:
    shop = await opened_shop(database, clock, FOR_BONUS)
    assert await spent_and_refunded(shop) == [(100, 0), (100, 0)]
    await assert_coherent(database)


async def test_points_for_a_tier_that_are_spent_are_owed(
    database: Database, clock: MovableClock
) -> None:
    """Of 600 points 550 are spent and all are taken back; the next ones pay for it."""
    text = FOR_BONUS.replace('name = "Beans"', 'name = "Beans"\nnegative_balance = "collect"')
    shop = await opened_shop(database, clock, text)
    assert await spent_and_refunded(shop) == [(50, 0), (50, 0)]
    await assert_coherent(database)
