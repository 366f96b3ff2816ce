"""Faults seen elsewhere that must not happen here: research/loyalty.md, section 3."""

from datetime import timedelta
from itertools import pairwise

from domain.referrals.service import Claim
from kit.clock import MovableClock
from kit.db import Database
from tests.support.coherence import assert_coherent
from tests.support.friends import opened
from tests.support.shop import purchase

DAY = timedelta(days=1)


async def test_referral_farming_and_self_referral_bring_nothing_and_are_seen(
    database: Database, clock: MovableClock
) -> None:
    """Also seen: markm8-v3 #125, pdazcom/laravel-referrals #34 and #35.

    Ten made-up members on one phone bring themselves, each other in a chain, and all of them
    the first; each buys what counts.
    """
    friends = await opened(database, clock, 'signals = ["device"]\nreturn_days = 1')
    names = [f"m{number}" for number in range(10)]
    await friends.join(*names, device="one phone")
    codes = await friends.codes(*names)
    ring = pairwise([*names, names[0]])
    claims = [
        *(Claim(name, codes[name]) for name in names),
        *(Claim(friend, codes[by]) for by, friend in ring),
        *(Claim(name, codes["m0"]) for name in names[2:]),
    ]
    outcomes = await friends.claim(*claims)
    now = clock.now()
    await friends.shop.buy(*(purchase(f"b {name}", name, 10_000, now) for name in names))
    clock.move(30 * DAY)
    await friends.work()
    assert [each.code for each in outcomes] == ["SELF_REFERRAL"] * 10 + ["SHARED_SIGNAL"] * 18
    assert await friends.points(*names) == [100] * 10
    shown = await friends.listed("review", "refused")
    assert {row.id for row in shown} == {each.referral_id for each in outcomes}
    assert len(await friends.facts("ReferralFlagged")) == 28
    await assert_coherent(database)


async def test_a_farm_beside_an_honest_phone_waits_for_staff(
    database: Database, clock: MovableClock
) -> None:
    """The same farm, fed by a member with another phone: the first friend counts, no other."""
    friends = await opened(database, clock, 'signals = ["device"]')
    names = [f"m{number}" for number in range(10)]
    await friends.join("ann", device="an honest phone")
    await friends.join(*names, device="one phone")
    code = (await friends.codes("ann"))["ann"]
    now = clock.now()
    await friends.claim(*(Claim(name, code) for name in names))
    await friends.shop.buy(*(purchase(f"b {name}", name, 10_000, now) for name in names))
    await friends.work()
    assert await friends.points("ann") == [500]
    assert [row.reason for row in await friends.listed("review")] == ["SHARED_SIGNAL"] * 9
    await assert_coherent(database)
