"""What attacks on rewards, gifts and referrals have found; whoever mends one removes its mark."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from api.sections import SECTIONS
from domain.earning.rules_refund_request import Refund
from domain.earning.service_refund import refund_purchases
from domain.gifts.rules import NewGift
from domain.programmes import queries as programmes
from domain.rewards import jobs_automatic
from domain.rewards.jobs import lapse
from domain.rewards.jobs_automatic import follow
from domain.rewards.service_automatic import give
from domain.rewards.service_cancel import Cancel, Return
from domain.wallets import queries as wallets
from domain.wallets.jobs import expire_holds
from domain.wallets.service_adjust import Adjustment, adjust
from kit.clock import MovableClock
from kit.db import Database, LostRaceError, Session
from kit.documents import FaultyDocumentError
from kit.ids import new_id
from tests.support import friends
from tests.support.automatic import (
    LADDER,
    by_itself,
    facts_are_ready,
    followed,
    given,
    refunded,
    states,
)
from tests.support.coherence import assert_coherent
from tests.support.rewards import (
    burn,
    cancelled,
    catalogue_of,
    id_of,
    programme,
    redeemed,
    returned,
    reward,
    vouchers_of,
    wish,
)
from tests.support.shop import Shop, opened_shop, purchase

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)
MOST = "999999999999"
"""The most points a programme can speak of."""
WELCOME = reward("welcome", "0", value='"10.00"', listed="false")
FOR_GOLD = by_itself("welcome", "tier", 'tiers = ["Gold"]')


def points(text: str, settings: str) -> str:
    """Return a programme with these settings of its points."""
    return text.replace('name = "Beans"', f'name = "Beans"\n{settings}')


async def granted(shop: Shop, name: str, amount: int) -> None:
    """Give points by hand."""
    (member_id,) = await shop.member_ids(name)

    async def work(session: Session) -> None:
        books = await wallets.books(session, shop.brand.id)
        assert books is not None
        now = shop.clock.now()
        item = Adjustment(new_id(), member_id, amount, "well", "eve", now)
        (done,) = await adjust(session, now, shop.brand, books, [item])
        assert done.code is None

    await shop.database.write(work)


async def total(shop: Shop, *names: str) -> int:
    return sum([(await shop.balance(name)).total for name in names])


async def test_points_of_a_refund_do_not_come_back_as_a_gift(
    database: Database, clock: MovableClock
) -> None:
    """Again and again, for nothing: buy, hand the points to a friend, refund, get them back."""
    shop = await opened_shop(database, clock, programme("[gifts]"))
    await shop.buy(purchase("q", "bob", 0, NOON))
    for turn in "abc":
        await shop.buy(purchase(turn, "ann", 100_00, NOON))
        everything = await total(shop, "ann")
        await shop.give(NewGift(f"1{turn}", "ann", "bob", everything))
        await refunded(shop, turn)
        await shop.give(NewGift(f"2{turn}", "bob", "ann", everything))
    await assert_coherent(database)
    assert await total(shop, "ann", "bob") == 0


async def test_points_that_a_reward_gives_can_be_spent_one_day(
    database: Database, clock: MovableClock
) -> None:
    more = reward("more", "100", kind='"points"', gives='"150"')
    shop = await opened_shop(database, clock, programme(more))
    await shop.buy(purchase("p", "ann", 100_00, NOON))
    await shop.apply(points(programme(more), 'pending_from = "release"'), NOON)
    await redeemed(shop, wish("1", "ann", "more"))
    clock.move(90 * DAY)
    assert (await shop.balance("ann")).spendable == 150


async def test_points_for_a_tier_go_with_the_purchase_that_brought_it(
    database: Database, clock: MovableClock
) -> None:
    bonus = reward("bonus", "0", kind='"points"', gives='"500"', listed="false")
    on = by_itself("bonus", "tier", 'tiers = ["Gold"]')
    shop = await opened_shop(database, clock, programme(bonus, on, LADDER))
    await shop.buy(purchase("p", "ann", 100_00, NOON))
    await followed(shop)
    assert await total(shop, "ann") == 600
    await refunded(shop, "p")
    await followed(shop)
    assert await total(shop, "ann") == 0


async def test_what_came_with_a_tier_is_taken_back_also_after_the_tier(
    database: Database, clock: MovableClock
) -> None:
    """Buy on the last day, refund on the first: a voucher each year for nothing."""
    ladder = LADDER.replace("end_of_next_window", "end_of_window")
    shop = await opened_shop(database, clock, programme(WELCOME, FOR_GOLD, ladder))
    for year in (2026, 2027):
        clock.set(datetime(year, 12, 31, 12, tzinfo=UTC))
        await shop.buy(purchase(f"p{year}", "ann", 100_00, clock.now()))
        await followed(shop)
        clock.move(2 * DAY)
        await refunded(shop, f"p{year}")
        await followed(shop)
    await assert_coherent(database)
    assert await states(shop, "ann") == [("welcome", "returned")] * 2


async def test_news_of_a_move_down_may_come_first(database: Database, clock: MovableClock) -> None:
    """Facts come by transaction: one that began earlier and waited for the wallet comes first."""
    shop = await opened_shop(database, clock, programme(WELCOME, FOR_GOLD, LADDER))
    await shop.buy(purchase("first", "ann", 1_00, NOON))

    async def refund(session: Session) -> None:
        await session.value("SELECT pg_current_xact_id()")
        await shop.buy(purchase("p", "ann", 100_00, NOON))
        timeline = await programmes.timeline_to_write(session, shop.brand.id, SECTIONS)
        item = Refund("r", "p", NOON, None)
        (done,) = await refund_purchases(session, NOON, shop.brand, timeline, [item])
        assert done.status == "recorded"

    await database.write(refund)
    await facts_are_ready(shop)
    # As where a batch ends between the two.
    while await database.write(lambda session: follow(session, NOON, SECTIONS, 1)):
        pass
    await assert_coherent(database)
    assert ("welcome", "issued") not in await states(shop, "ann")


@pytest.mark.parametrize("code", ["tea", "trip"])
async def test_who_gives_all_back_owes_nothing(
    database: Database, clock: MovableClock, code: str
) -> None:
    """The points were there when the purchase was refunded, but for what is undone now."""
    text = programme(
        reward("tea", "100", return_days="366"),
        reward("trip", "100", fulfil='"by_staff"', fulfil_days="366"),
    )
    shop = await opened_shop(database, clock, points(text, 'negative_balance = "collect"'))
    await shop.buy(purchase("p", "ann", 100_00, NOON))
    clock.move(330 * DAY)
    (asked,) = await redeemed(shop, wish("1", "ann", code))
    await refunded(shop, "p")
    clock.move(60 * DAY)
    if code == "tea":
        (done,) = await returned(shop, Return("2", id_of(asked), "eve", "cold"))
    else:
        (done,) = await cancelled(shop, Cancel("2", id_of(asked), "eve", "ill"))
    assert done.code is None
    assert (await shop.balance("ann")).debt == 0


@pytest.mark.xfail(
    strict=True,
    reason="what a refund took of another purchase does not come back: nothing says whose it was",
)
async def test_what_was_kept_is_there_after_all_else_is_given_back(
    database: Database, clock: MovableClock
) -> None:
    shop = await opened_shop(database, clock, programme(reward("tea", "100", return_days="366")))
    await shop.buy(purchase("p", "ann", 100_00, NOON))
    clock.move(100 * DAY)
    await shop.buy(purchase("kept", "ann", 100_00, clock.now()))
    (asked,) = await redeemed(shop, wish("1", "ann", "tea"))
    await refunded(shop, "p")
    clock.move(290 * DAY)
    (done,) = await returned(shop, Return("2", id_of(asked), "eve", "cold"))
    assert done.code is None
    assert await total(shop, "ann") == 100


@pytest.mark.parametrize("name", ["points", "gives"])
async def test_no_reward_is_larger_than_a_transfer(
    database: Database, clock: MovableClock, name: str
) -> None:
    large = {"points": "1", "gives": '"1"'} | {name: MOST if name == "points" else f'"{MOST}"'}
    text = programme(reward("more", large["points"], kind='"points"', gives=large["gives"]))
    with pytest.raises(FaultyDocumentError, match="the most that one can give"):
        await opened_shop(database, clock, points(text, "scale = 4"))
    await opened_shop(database, clock, points(text, "scale = 3"))


async def test_what_fails_of_one_brand_does_not_stop_what_others_give(
    database: Database, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is logged, and comes again until it is mended; nothing of it is lost or done twice."""
    broken = await opened_shop(database, clock, programme(WELCOME, FOR_GOLD, LADDER))
    text = programme(WELCOME, FOR_GOLD, LADDER).replace('"cafe"', '"bar"')
    other = await opened_shop(database, clock, text)
    await broken.buy(purchase("p", "ann", 100_00, NOON))
    await other.buy(purchase("p", "bob", 100_00, NOON))

    async def fails(*given: Any) -> None:
        await give(*given)
        if given[2] == broken.brand:
            raise LostRaceError

    with monkeypatch.context() as patched, capture_logs() as logs:
        patched.setattr(jobs_automatic, "give", fails)
        await followed(other)
        await other.buy(purchase("q", "cleo", 100_00, NOON))
        await followed(other)
    assert await states(other, "bob") == [("welcome", "issued")]
    assert await states(other, "cleo") == [("welcome", "issued")]
    assert await states(broken, "ann") == []
    failed = {"event": "rewards were not given", "brand": broken.brand.id, "log_level": "error"}
    assert logs
    assert all(each.items() >= failed.items() for each in logs)
    await followed(broken)
    assert await states(broken, "ann") == [("welcome", "issued")]
    assert await states(other, "bob") == [("welcome", "issued")]
    await assert_coherent(database)


@pytest.mark.parametrize("code", ["big", "more"])
async def test_too_many_points_at_once_disturb_no_neighbour(
    database: Database, clock: MovableClock, code: str
) -> None:
    text = programme(
        reward("big", MOST), reward("more", "0", kind='"points"', gives=f'"{MOST}"'), WELCOME
    )
    shop = await opened_shop(database, clock, points(text, "scale = 2"))
    await shop.buy(purchase("p", "ann", 100_00, NOON), purchase("q", "bob", 100_00, NOON))
    for _ in range(2):
        await granted(shop, "ann", 10**15)
    bobs = wish("1", "bob", "welcome", is_staff=True)
    mine, anns = await redeemed(shop, bobs, wish("2", "ann", code, quantity=11))
    assert mine.code is None
    assert anns.code is not None


async def test_too_large_a_gift_disturbs_no_neighbour(
    database: Database, clock: MovableClock
) -> None:
    shop = await opened_shop(database, clock, programme("[gifts]"))
    await shop.buy(purchase("p", "ann", 100_00, NOON), purchase("q", "bob", 100_00, NOON))
    for _ in range(2):
        await granted(shop, "ann", 10**15)
    small, large = await shop.give(
        NewGift("1", "bob", "ann", 1), NewGift("2", "ann", "bob", 10**15 + 1)
    )
    assert small.code is None
    assert large.code is not None


async def test_no_reward_buys_itself(database: Database, clock: MovableClock) -> None:
    """The worker would be busy with it for ever, and write rows all the time."""
    turn = reward("turn", "100", kind='"points"', gives='"100"', listed="false")
    with pytest.raises(FaultyDocumentError):
        await opened_shop(database, clock, programme(turn, by_itself("turn", "points")))


async def test_points_of_what_lapsed_buy_by_themselves(
    database: Database, clock: MovableClock
) -> None:
    """Whichever of the two jobs comes first."""
    text = programme(
        reward("cup", "125", listed="false"),
        by_itself("cup", "points"),
        reward("trip", "100", fulfil='"by_staff"'),
    )
    shop = await opened_shop(database, clock, text)
    await shop.buy(purchase("p", "ann", 100_00, NOON))
    (asked,) = await redeemed(shop, wish("1", "ann", "trip"))
    assert asked.state == "held"
    await shop.buy(purchase("q", "ann", 50_00, NOON))
    await given(shop)
    clock.move(8 * DAY)
    for job in (lapse, expire_holds):
        await run_job(shop, job)
        await given(shop)
    assert await states(shop, "ann") == [("cup", "issued")]


async def run_job(shop: Shop, job: Callable[..., Awaitable[int]]) -> None:
    """Run a worker's batch once."""
    now = shop.clock.now()
    await shop.database.write(lambda session: job(session, now))


async def test_the_catalogue_says_what_redeeming_would(
    database: Database, clock: MovableClock
) -> None:
    text = programme(reward("trip", "100", fulfil='"by_staff"'), reward("tea", "100"))
    shop = await opened_shop(database, clock, text)
    await shop.buy(purchase("p", "ann", 100_00, NOON))
    await redeemed(shop, wish("1", "ann", "trip"))
    clock.move(7 * DAY)
    said = (await catalogue_of(shop, "ann"))["tea"].can_redeem
    (tea,) = await redeemed(shop, wish("2", "ann", "tea"))
    assert (said, tea.code) == (True, None)


async def test_the_till_that_waited_began_first(database: Database, clock: MovableClock) -> None:
    """Its request began before the other's, or its clock is late: nothing is wrong with that."""
    card = reward("card", "10", kind='"gift_card"', value='"5.00"')
    shop = await opened_shop(database, clock, programme(card))
    await shop.buy(purchase("p", "ann", 100_00, NOON))
    (asked,) = await redeemed(shop, wish("1", "ann", "card"))
    (voucher,) = await vouchers_of(shop, id_of(asked))
    clock.set(NOON + timedelta(seconds=1))
    assert (await burn(shop, "a", voucher.code, 200)).code is None
    clock.set(NOON)
    assert (await burn(shop, "b", voucher.code)).code is None
    await assert_coherent(database)


async def test_a_friend_who_pays_nothing_brings_nothing(
    database: Database, clock: MovableClock
) -> None:
    shop = await friends.opened(database, clock, "")
    await shop.join("ann", at=NOON - 10 * DAY)
    await shop.join("bob")
    claimed = await shop.bring("ann", "bob")
    await shop.shop.buy(purchase("b1", "bob", 0, NOON))
    await shop.work()
    assert (await shop.referral(claimed)).state == "pending"


async def test_a_number_is_the_same_however_it_is_written(
    database: Database, clock: MovableClock
) -> None:
    shop = await friends.opened(database, clock, 'signals = ["card"]')
    await shop.join("ann", at=NOON - 10 * DAY, card=4711)
    await shop.join("bob", card=4711.0)
    assert (await shop.bring("ann", "bob")).code == "SHARED_SIGNAL"
