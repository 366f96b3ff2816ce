"""Households, referrals and rewards of two members who become one, or of who is forgotten."""

from datetime import timedelta

import pytest

from domain.rewards import queries as rewards
from domain.vouchers import queries as vouchers
from kit.clock import MovableClock
from kit.db import Database
from tests.domain.households.conftest import PROGRAMME, Homes
from tests.support.coherence import assert_coherent
from tests.support.friends import opened
from tests.support.merging import codes, erased, erasing, merged, merging
from tests.support.rewards import programme, redeemed, reward, wish
from tests.support.shop import Shop, opened_shop, purchase


@pytest.fixture
async def homes(database: Database, clock: MovableClock) -> Homes:
    return Homes(await opened_shop(database, clock, PROGRAMME))


async def test_the_one_who_is_left_takes_the_place(homes: Homes) -> None:
    await homes.join("ann", "ben", "cid", "dot")
    await homes.found("ann", "ben")
    assert codes(await merged(homes.shop, merging("cid", "ben"))) == [None]
    assert await homes.people("ann") == {"ann": "owner", "cid": "adult"}
    assert codes(await merged(homes.shop, merging("dot", "ann"))) == [None]
    assert await homes.people("ben") == {"dot": "owner", "cid": "adult"}
    await assert_coherent(homes.shop.database)


async def test_who_was_twice_in_one_is_once_and_owns_it(homes: Homes) -> None:
    await homes.join("ann", "ben", "cid")
    await homes.found("ann", "ben")
    asked = await homes.invite("ann", "cid")
    outcomes = await merged(homes.shop, merging("ben", "ann"), merging("ben", "cid"))
    assert codes(outcomes) == [None, None]
    assert await homes.people("ann") == {"ben": "owner"}
    assert asked
    await assert_coherent(homes.shop.database)


async def test_nobody_is_in_two_households(homes: Homes) -> None:
    await homes.join("ann", "ben", "cid")
    await homes.found("ann")
    await homes.found("ben")
    outcomes = await merged(homes.shop, merging("cid", "ann"), merging("cid", "ben"))
    assert codes(outcomes) == [None, "IN_TWO_HOUSEHOLDS"]
    await assert_coherent(homes.shop.database)


async def test_the_household_of_who_is_forgotten_ends(homes: Homes) -> None:
    await homes.join("ann", "ben", "cid")
    await homes.found("ann", "ben")
    await homes.invite("ann", "cid")
    assert codes(await erased(homes.shop, erasing("ann"))) == [None]
    assert await homes.people("ben") == {}
    assert await homes.invitations("cid") == []
    await assert_coherent(homes.shop.database)


async def test_a_code_of_the_old_card_brings_for_the_new_one(
    database: Database, clock: MovableClock
) -> None:
    friends = await opened(database, clock, "claim_days = 30\nqualify_days = 30\nreturn_days = 7")
    await friends.join("old", "new")
    clock.move(timedelta(days=1))
    await friends.join("ann", "ben", "cid")
    code = (await friends.codes("old"))["old"]
    mine = await friends.bring("old", "ann")
    itself = await friends.bring("new", "ben")
    shop = friends.shop
    assert codes(await merged(shop, merging("new", "old"), merging("ben", "new"))) == [None, None]
    assert (await friends.referral(itself)).reason == "SELF_REFERRAL"
    assert code
    await shop.buy(purchase("1", "ann", 90_00, clock.now()))
    await friends.work()
    clock.move(timedelta(days=8))
    await friends.work()
    assert (await friends.referral(mine)).state == "rewarded"
    assert await friends.points("old", "ann") == [500, 290]
    assert codes(await merged(shop, merging("ben", "cid"))) == [None]
    assert codes(await erased(shop, erasing("ben"))) == [None]
    assert (await friends.bring("ann", "cid")).code == "UNKNOWN_MEMBER"
    await assert_coherent(database)


async def test_redemptions_and_vouchers_are_the_one_persons(grocer: Shop) -> None:
    now = grocer.clock.now()
    await grocer.buy(purchase("1", "old", 900_00, now), purchase("2", "new", 500_00, now))
    by_app = {"requested_by": "member:app:new"}
    await redeemed(grocer, wish("w", "old", "coffee"), wish("v", "new", "coffee", **by_app))
    assert codes(await merged(grocer, merging("new", "old"))) == [None]
    (kept,) = await grocer.member_ids("new")
    async with grocer.database.read() as session:
        done = await rewards.of_members(session, now, grocer.brand.id, [kept], first=9)
        shown = await vouchers.of_members(session, now, grocer.brand.id, [kept], first=9)
    assert (len(done[kept]), len(shown[kept])) == (2, 2)
    assert codes(await erased(grocer, erasing("new"))) == [None]
    async with grocer.database.read() as session:
        shown = await vouchers.of_members(session, now, grocer.brand.id, [kept], first=9)
        by = await session.fetch("SELECT requested_by FROM redemption")
    assert {each.state for each in shown[kept]} == {"expired"}
    assert sorted(row["requested_by"] for row in by) == ["member", "old"]


async def test_what_was_asked_for_and_not_given_is_cancelled(
    database: Database, clock: MovableClock
) -> None:
    held = reward("tour", fulfil='"by_staff"', stock="5")
    shop = await opened_shop(database, clock, programme(held))
    now = clock.now()
    await shop.buy(purchase("1", "ann", 300_00, now), purchase("2", "ben", 300_00, now))
    asked = await redeemed(shop, wish("w", "ann", "tour"))
    assert [each.state for each in asked] == ["held"]
    assert codes(await merged(shop, merging("ben", "ann"))) == ["HAS_OPEN_HOLDS"]
    (done,) = await erased(shop, erasing("ann"))
    assert done.points == 300
    (ben,) = await shop.member_ids("ben")
    async with database.read() as session:
        states = await session.fetch("SELECT state FROM redemption")
    assert [row["state"] for row in states] == ["cancelled"]
    assert (await shop.balance("ben")).total == 300
    assert ben
    await assert_coherent(database)
