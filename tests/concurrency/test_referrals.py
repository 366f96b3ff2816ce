"""Referrals when many want them at once, and when workers work twice or are stopped."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from api.sections import SECTIONS
from domain.referrals import store
from domain.referrals.jobs import follow, reward
from domain.referrals.service import Claim
from kit.clock import MovableClock
from kit.db import Database, Session
from tests.support.coherence import assert_coherent
from tests.support.friends import Friends, opened, programme, states
from tests.support.shop import opened_shop, purchase

TWO = "[[referrals.limit]]\nname = 'two'\ntimes = 2"


async def test_50_claims_of_the_last_place_let_one_through(
    database: Database, clock: MovableClock
) -> None:
    friends = await opened(database, clock, TWO)
    names = [f"f{number}" for number in range(50)]
    await friends.join("ann", "bob", *names)
    await friends.bring("ann", "bob")
    code = (await friends.codes("ann"))["ann"]
    # So that every connection is there and as quick as the others.
    await asyncio.gather(*(friends.claim(Claim("ann", code)) for _ in names))
    told = await asyncio.gather(*(friends.claim(Claim(name, code)) for name in names))
    assert Counter(code for outcomes in told for _, code in states(outcomes)) == {
        None: 1,
        "LIMIT_REACHED": 49,
    }
    assert len(await friends.listed("pending")) == 2
    await assert_coherent(database)


async def test_of_codes_that_a_friend_claims_at_once_one_counts(
    database: Database, clock: MovableClock
) -> None:
    friends = await opened(database, clock, "")
    names = [f"r{number}" for number in range(10)]
    await friends.join(*names, "bob")
    codes = await friends.codes(*names)
    claims = [Claim("bob", codes[name]) for name in names for _ in range(2)]
    told = await asyncio.gather(*(friends.claim(each) for each in claims))
    counted = Counter((each.code, each.replayed) for (each,) in told)
    assert counted == {
        (None, False): 1,
        (None, True): 1,
        ("ALREADY_REFERRED", False): 9,
        ("ALREADY_REFERRED", True): 9,
    }
    await assert_coherent(database)


async def test_a_circle_is_not_closed_from_several_sides_at_once(
    database: Database, clock: MovableClock
) -> None:
    friends = await opened(database, clock, "")
    names = ["ann", "bob", "cid", "dan", "eva", "fay"]
    await friends.join(*names)
    codes = await friends.codes(*names)
    ring = zip(names, [*names[1:], names[0]], strict=True)
    told = await asyncio.gather(*(friends.claim(Claim(friend, codes[by])) for by, friend in ring))
    assert Counter(each.code for (each,) in told) == {None: 5, "CIRCULAR_REFERRAL": 1}
    await assert_coherent(database)


async def test_two_workers_and_one_that_dies_reward_each_referral_once(
    database: Database, clock: MovableClock
) -> None:
    friends = await opened(database, clock, "")
    names = [f"f{number}" for number in range(20)]
    await friends.join("ann", *names)
    code = (await friends.codes("ann"))["ann"]
    await friends.claim(*(Claim(name, code) for name in names))
    now = clock.now()
    await friends.shop.buy(*(purchase(f"b {name}", name, 100, now) for name in names))

    await friends.heard()

    async def died(session: Session) -> None:
        assert await follow(session, now, SECTIONS) > 0
        assert await reward(session, now, SECTIONS, 7) == 7
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await database.write(died)
    assert len(await friends.listed("pending")) == 20
    await friends.heard()

    async def rewards() -> None:
        while await database.write(lambda session: reward(session, now, SECTIONS, 3)):
            pass

    await friends.shop.database.write(lambda session: follow(session, now, SECTIONS))
    await asyncio.gather(*(rewards() for _ in range(4)), friends.work())
    assert len(await friends.listed("rewarded")) == 20
    assert await friends.points("ann", *names) == [20 * 500, *[201] * 20]
    await assert_coherent(database)


async def test_a_brand_that_fails_keeps_no_other_one_waiting(
    database: Database, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is tried again, and all that came meanwhile with it."""
    friends = await opened(database, clock, "return_days = 7")
    await friends.join("ann", "bob", "cid")
    shop = friends.shop
    text = programme("").replace('code = "shop"', 'code = "other"')
    other = Friends(await opened_shop(database, clock, text))
    await other.join("ann", "bob")
    theirs = await other.bring("ann", "bob")
    mine, second = [await friends.bring("ann", name) for name in ("bob", "cid")]

    def broken(name: str) -> None:
        work = getattr(store, name)

        async def fail(session: Session, brand_id: int, *rest: Any) -> Any:
            if brand_id == shop.brand.id:
                raise AssertionError
            return await work(session, brand_id, *rest)

        monkeypatch.setattr(store, name, fail)

    broken("lock_open")
    for number, name in enumerate(("bob", "cid")):
        await shop.buy(purchase(f"{name} 1", name, 2000, clock.now()))
        await other.shop.buy(purchase(f"b{number}", "bob", 100, clock.now()))
        await friends.work()
    assert [(await friends.referral(each)).state for each in (mine, second)] == ["pending"] * 2
    assert (await other.referral(theirs)).state == "rewarded"
    monkeypatch.undo()
    await friends.work()
    assert [(await friends.referral(each)).state for each in (mine, second)] == ["qualified"] * 2
    await other.join("dan")
    late = await other.bring("ann", "dan")
    await other.shop.buy(purchase("d1", "dan", 100, clock.now()))
    broken("sides")
    clock.move(timedelta(days=9))
    await friends.work()
    assert (await friends.referral(mine)).state == "qualified"
    assert (await other.referral(late)).state == "rewarded"
    monkeypatch.undo()
    await friends.work()
    assert [(await friends.referral(each)).state for each in (mine, second)] == ["rewarded"] * 2
    await assert_coherent(database)
