"""Golden scenarios of rewards: what points buy, who may have it when, and what comes by itself."""

from decimal import Decimal
from uuid import UUID

import pytest

from domain.vouchers.service import Burn, BurnOutcome, burn
from kit.db import Session
from kit.ids import new_id
from tests.support.automatic import given, vouchers_of
from tests.support.friends import Friends
from tests.support.rewards import redeemed, wish
from tests.support.scenes import Opener, Scene, shipped

STOCK = "stock = 500                       # while there are any; staff may add some"


async def ask(scene: Scene, member: str, reward: str, when: str | None = None) -> str | UUID:
    """Let a member ask for a reward; return the voucher, "done", or why not."""
    scene.instant(when)
    (outcome,) = await redeemed(scene.shop, wish(str(new_id()), member, reward))
    if outcome.code is not None:
        return outcome.code
    assert outcome.state == "fulfilled"
    return outcome.vouchers[0] if outcome.vouchers else "done"


async def had(scene: Scene, member: str, reward: str, when: str | None = None) -> bool:
    """Whether a member got a reward's voucher."""
    return isinstance(await ask(scene, member, reward, when), UUID)


async def use(scene: Scene, member: str, money: str | None, when: str | None = None) -> str | int:
    """Use money of a member's only voucher at a till; return what is left, or why it is refused."""
    scene.instant(when)
    (voucher,) = await vouchers_of(scene.shop, member)
    amount = None if money is None else scene.minor(money)

    async def work(session: Session) -> list[BurnOutcome]:
        item = Burn(str(new_id()), voucher.code, "shop 1", "till 1", amount)
        return await burn(session, scene.shop.clock.now(), scene.shop.brand, [item])

    (outcome,) = await scene.shop.database.write(work)
    return outcome.code or outcome.left or 0


async def vouchers_by_itself(scene: Scene, member: str, when: str | None = None) -> int:
    """Let everything be given that is due; return how many vouchers a member has then."""
    scene.instant(when)
    await given(scene.shop)
    return len(await vouchers_of(scene.shop, member))


async def test_s3_500_points_are_10_dollars(opened: Opener) -> None:
    """500 points = $10: interesting-information.com/how-many-sephora-points-do-you-get-per-dollar.

    querysprout.com/do-sephora-points-expire
    """
    scene = await opened("beauty-insider", "2026-01-01")
    await scene.buy("ann", "499.00", "2026-01-05")
    assert await ask(scene, "ann", "ten-dollars") == "INSUFFICIENT_POINTS"
    await scene.buy("ann", "1.00")
    assert await had(scene, "ann", "ten-dollars")
    assert await scene.has("ann") == 0
    assert await use(scene, "ann", "10.01") == "EXCEEDS_VALUE"
    assert await use(scene, "ann", "10.00") == 0
    assert await use(scene, "ann", "0.01") == "VOUCHER_USED"


async def test_s3_a_rouge_reward_is_for_rouge_while_there_are_any(opened: Opener) -> None:
    """2,500 points = $100, Rouge only, while stock lasts; what is unused after 90 days is lost.

    interesting-information.com/how-many-sephora-points-do-you-get-per-dollar;
    querysprout.com/do-sephora-points-expire. That one is left is this test's own.
    """
    text = shipped("beauty-insider")
    assert STOCK in text
    scene = await opened(text.replace(STOCK, "stock = 1"), "2026-01-01")
    for member in ("rose", "ruth"):
        # 1,000 points in front of the tier, and 1.5 a dollar with it.
        await scene.buy(member, "1000.00", "2026-01-05")
        await scene.buy(member, "1000.00", "2026-01-06")
        assert (await scene.tier(member), await scene.has(member)) == ("Rouge", 2_500)
    await scene.buy("vera", "999.99", "2026-01-06")
    assert await scene.tier("vera") == "VIB"
    assert await ask(scene, "vera", "rouge-reward") == "TIER_REQUIRED"
    assert await had(scene, "rose", "rouge-reward")
    assert await ask(scene, "ruth", "rouge-reward") == "OUT_OF_STOCK"
    assert (await scene.has("rose"), await scene.has("ruth")) == (0, 2_500)

    assert await use(scene, "rose", "40.00") == 60_00
    assert await use(scene, "rose", "20.00", "2026-04-06 23:59") == 40_00
    assert await use(scene, "rose", "1.00", "2026-04-07 00:00") == "VOUCHER_EXPIRED"


async def test_s5_the_birthday_gift_or_250_points(opened: Opener) -> None:
    """A gift or 250 points, one of the two a year: people.com/lifestyle/best-weekend-sales-16-...

    The thirty days are the file's own.
    """
    scene = await opened("beauty-insider", "2026-01-01")
    for member in ("ann", "bea"):
        await scene.join(member, "2026-01-02", birthday="1990-05-10")
    assert await ask(scene, "ann", "birthday-points", "2026-05-09") == "NOT_YOUR_BIRTHDAY"
    assert await had(scene, "bea", "birthday-gift", "2026-05-10 00:00")
    assert await ask(scene, "bea", "birthday-points") == "LIMIT_REACHED"
    assert await ask(scene, "ann", "birthday-points", "2026-06-08") == "done"
    assert (await scene.has("ann"), await scene.has("bea")) == (250, 0)
    assert await ask(scene, "ann", "birthday-gift") == "LIMIT_REACHED"
    assert await ask(scene, "ann", "birthday-points") == "LIMIT_REACHED"
    assert await ask(scene, "ann", "birthday-gift", "2026-06-09") == "NOT_YOUR_BIRTHDAY"
    assert await had(scene, "ann", "birthday-gift", "2027-05-10")


async def test_s5_the_sale_is_for_rouge_first(opened: Opener) -> None:
    """20, 15 and 10 % by tier, the highest first: people.com/lifestyle/best-weekend-sales-16-...

    The days are the file's own.
    """
    scene = await opened("beauty-insider", "2026-01-01")
    spent = {"ida": "1.00", "vera": "350.00", "rose": "1000.00"}
    for member, money in spent.items():
        await scene.buy(member, money, "2026-01-05")
    sales = {"ida": "sale-insider", "vera": "sale-vib", "rose": "sale-rouge"}

    async def asked(when: str) -> list[bool | str]:
        found = [await ask(scene, member, sale, when) for member, sale in sales.items()]
        return [isinstance(each, UUID) or str(each) for each in found]

    assert await asked("2026-04-09 23:59") == ["NOT_YET"] * 3
    assert await asked("2026-04-10 00:00") == ["NOT_YET", "NOT_YET", True]
    assert await asked("2026-04-14 00:00") == ["NOT_YET", True, "LIMIT_REACHED"]
    assert await ask(scene, "ida", "sale-rouge") == "TIER_REQUIRED"
    assert await asked("2026-04-16 00:00") == [True, "LIMIT_REACHED", "LIMIT_REACHED"]
    assert await use(scene, "ida", None, "2026-04-20 23:59") == 0
    assert await use(scene, "vera", None, "2026-04-21 00:00") == "VOUCHER_EXPIRED"
    assert await asked("2026-04-21 00:00") == ["NO_LONGER"] * 3


async def test_s5_rouge_has_what_is_new_a_day_before_everyone(opened: Opener) -> None:
    """Early access: people.com/lifestyle/best-weekend-sales-16-april-2021."""
    scene = await opened("beauty-insider", "2026-01-01")
    for member, money in (("vera", "350.00"), ("rose", "1000.00")):
        await scene.buy(member, money, "2026-01-05")
    assert await ask(scene, "rose", "new-scent", "2026-05-03 23:59") == "NOT_YET"
    assert await had(scene, "rose", "new-scent", "2026-05-04 00:00")
    assert await ask(scene, "vera", "new-scent", "2026-05-04 23:59") == "NOT_YET"
    assert await had(scene, "vera", "new-scent", "2026-05-05 00:00")


async def test_b3_a_reward_for_each_125_stars(opened: Opener) -> None:
    """$62.50 are 125 Stars and one reward; 465 Stars are three, the rest is kept.

    eonline.com/news/742477; starbucksmelody.com/?p=30007
    """
    scene = await opened("star-rewards-2016", "2016-04-12")
    assert await scene.buy("ann", "62.49", "2016-04-13") == Decimal("124.98")
    assert await vouchers_by_itself(scene, "ann") == 0
    assert await scene.buy("ann", "0.01") == Decimal("0.02")
    assert await vouchers_by_itself(scene, "ann") == 1
    assert await scene.has("ann") == 0

    assert await scene.buy("ben", "232.50", "2016-04-13") == 465
    assert await vouchers_by_itself(scene, "ben") == 3
    assert await scene.has("ben") == 90
    # What was spent counts towards Gold all the same, and what is kept towards the next reward.
    assert await scene.tier("ben") == "Gold"
    assert await scene.buy("ben", "17.50", "2016-05-13") == 35
    assert await vouchers_by_itself(scene, "ben") == 4
    assert await scene.has("ben") == 0
    assert await ask(scene, "ben", "on-the-house") == "NOT_LISTED"


async def test_n2_100_points_are_10_dollars_for_eleven_months(opened: Opener) -> None:
    """100 points = $10, which lapse after 11 months.

    rivo.io/blog/the-north-face-xplr-pass-program; upzaar.com/customer-academy
    """
    scene = await opened("xplr", "2026-01-01")
    for member in ("ann", "ben"):
        await scene.buy(member, "199.00", "2026-03-31")
        assert await had(scene, member, "ten-dollars")
        assert await scene.has(member) == 99
        assert await ask(scene, member, "ten-dollars") == "INSUFFICIENT_POINTS"
    assert await use(scene, "ann", "10.00", "2027-02-28 23:59") == 0
    assert await use(scene, "ben", "10.00", "2027-03-01 00:00") == "VOUCHER_EXPIRED"
    # So do the points that nobody made money of.
    assert await scene.has("ann") == 0


async def test_n2_friends_and_check_ins_buy_one_reward_a_year(opened: Opener) -> None:
    """Referral 25, check-in 5, such extras 100 a year at most: that is $10.

    rewardco.com.au/xplr-pass-never-stop-exploring
    """
    scene = await opened("xplr", "2026-01-01")
    await scene.join("ann", "2026-01-02")
    for number in range(3):
        assert await scene.act("ann", "referral", f"2026-02-0{number + 1}") == 25
    assert [await scene.act("ann", "check-in") for _ in range(6)] == [5, 5, 5, 5, 5, 0]
    assert await had(scene, "ann", "ten-dollars")
    assert await scene.act("ann", "referral", "2026-12-31") == 0
    assert await ask(scene, "ann", "ten-dollars") == "INSUFFICIENT_POINTS"
    assert await scene.act("ann", "referral", "2027-01-01") == 25


async def test_n2_a_friend_counts_once_nothing_can_be_returned(opened: Opener) -> None:
    """25 points for who brings a friend: upzaar.com/customer-academy.

    The minimum and the sixty days are the file's own.
    """
    scene = await opened("xplr", "2026-01-01")
    friends = Friends(scene.shop)
    await scene.join("ann", "2026-01-02")
    await scene.join("bob", "2026-02-01")
    assert (await friends.bring("ann", "bob")).state == "pending"
    await scene.buy("bob", "49.99", "2026-02-02", name="small")
    await friends.work()
    await scene.buy("bob", "50.00", "2026-02-03", name="enough")
    for day, points in (("2026-02-03", 0), ("2026-04-03 23:59", 0), ("2026-04-04 00:00", 25)):
        scene.instant(day)
        await friends.work()
        assert await scene.has("ann") == points


async def test_n2_25_dollars_come_with_the_birthday(opened: Opener) -> None:
    """From 1 April 2026 $25 off from $125 on: pointsinsider.com/reviews/the-north-face-xplr-...

    That it comes by itself and lasts 30 days is the file's own.
    """
    scene = await opened("xplr", "2026-01-01")
    await scene.join("mar", "2026-01-02", birthday="1990-03-31")
    await scene.join("apr", "2026-01-02", birthday="1990-04-01")
    for day in ("2026-03-31", "2026-04-01", "2026-04-02"):
        await vouchers_by_itself(scene, "apr", day)
    assert await vouchers_by_itself(scene, "mar") == 0
    (voucher,) = await vouchers_of(scene.shop, "apr")
    assert voucher.value == 25_00
    assert voucher.expires_at is not None
    assert f"{scene.shop.brand.local(voucher.expires_at):%Y-%m-%d %H:%M}" == "2026-05-02 00:00"
    assert await vouchers_by_itself(scene, "mar", "2027-03-31") == 1


async def test_b6_six_rewards_by_price(opened: Opener) -> None:
    """25, 60, 100, 200, 300 and 400 Stars, 60 are $2.

    consumeraffairs.com/news/...020226.html; fox5ny.com/news/starbucks-unveils-updated-rewards...
    """
    scene = await opened("star-rewards-2026", "2026-03-10")
    await scene.buy("ann", "1085.00", "2026-03-11")
    for reward, left in (
        ("mug", 685),
        ("lunch", 385),
        ("handcrafted", 185),
        ("brewed", 85),
        ("two-dollars", 25),
        ("extra-shot", 0),
    ):
        assert await had(scene, "ann", reward)
        assert await scene.has("ann") == left
    assert await ask(scene, "ann", "extra-shot") == "INSUFFICIENT_POINTS"
    worth = {each.reward: each.value for each in await vouchers_of(scene.shop, "ann")}
    assert {reward: value for reward, value in worth.items() if value} == {"two-dollars": 2_00}


@pytest.mark.parametrize(
    ("spent", "tier", "last", "late"),
    [
        ("10.00", "Green", "2026-06-10", "2026-06-11"),
        ("500.00", "Gold", "2026-06-16", "2026-06-17"),
        ("2500.00", "Reserve", "2026-07-09", "2026-07-10"),
    ],
)
async def test_b6_the_treat_by_tier(
    opened: Opener, spent: str, tier: str, last: str, late: str
) -> None:
    """The treat can be had for 1, 7 or 30 days: fox5ny.com/news/starbucks-unveils-updated..."""
    scene = await opened("star-rewards-2026", "2026-03-10")
    treat = f"birthday-{tier.lower()}"
    for member in ("ann", "ben"):
        await scene.join(member, "2026-03-11", birthday="2000-06-10")
        await scene.buy(member, spent, "2026-03-12")
    assert await ask(scene, "ann", treat, "2026-06-09") == "NOT_YOUR_BIRTHDAY"
    assert await had(scene, "ann", treat, last)
    assert await ask(scene, "ann", treat) == "LIMIT_REACHED"
    assert await ask(scene, "ben", treat, f"{late} 00:00") == "NOT_YOUR_BIRTHDAY"
    # It is good on that day only, and for nobody of another tier.
    assert await use(scene, "ann", None) == "VOUCHER_EXPIRED"
    others = {"birthday-green", "birthday-gold", "birthday-reserve"} - {treat}
    assert {await ask(scene, "ben", other) for other in others} == {"TIER_REQUIRED"}
