"""Points that change hands never end later for it."""

from datetime import UTC, datetime, timedelta

import pytest

from api.sections import SECTIONS
from domain.earning.rules_refund_request import Refund
from domain.expiry.service_status import Status, grant_status, revoke_status
from domain.members.service import NewMember
from domain.programmes import queries as programmes
from domain.tiers.service_grant import GrantOutcome
from domain.wallets.service_move import Move
from kit.clock import MovableClock
from kit.db import Database, Session
from kit.ids import new_id
from tests.support.coherence import assert_coherent
from tests.support.programmes import GOOD
from tests.support.shop import Shop, opened_shop, purchase
from tests.support.spending import lots, move, moving, spend, totals

DAY = timedelta(days=1)
# What changes hands here is nobody's gift.
ALONE = ("GIFT_DIFFERS_FROM_LEDGER",)
NOON = datetime(2026, 1, 5, 17, tzinfo=UTC)
MONTH = GOOD.replace('expires = "never"', "expires = { months = 1 }")
IDLE = GOOD.replace('expires = "never"', 'expires = { months = 1, after = "activity" }')
ONTARIO = GOOD.replace(
    'expires = "never"', 'expires = { months = 1 }\nno_expiry_by_time_in = ["CA-ON"]'
)
GOLD = GOOD.replace(
    'expires = "never"',
    'expires = { months = 1 }\n[[points.tier_expiry]]\ntiers = ["VIB"]\nexpires = "with_tier"',
)


async def opened(database: Database, clock: MovableClock, text: str = MONTH) -> Shop:
    clock.set(NOON)
    shop = await opened_shop(database, clock, text)
    await shop.enrol(*(NewMember(name, NOON - 400 * DAY) for name in ("ann", "bob", "cid")))
    return shop


async def test_points_keep_their_ends_and_figures_stand_still(
    database: Database, clock: MovableClock
) -> None:
    shop = await opened(database, clock)
    await shop.buy(purchase("b1", "ann", 3_000, NOON), purchase("b2", "ann", 1_000, NOON))
    clock.move(10 * DAY)
    await shop.buy(purchase("b3", "ann", 2_000, clock.now()))
    await spend(shop, "ann", 5)
    before = await totals(shop)
    gift = await moving(shop, "ann", "bob", 45)
    (done, again, other) = await move(
        shop, gift, gift, Move(gift.key, gift.giver_id, gift.receiver_id, 44, "gift")
    )
    assert (len(done.journal_ids), done.code, done.replayed) == (2, None, False)
    assert (again.journal_ids, again.code, again.replayed) == (done.journal_ids[:1], None, True)
    assert (other.journal_ids, other.code, other.replayed) == ((), "KEY_CONFLICT", True)
    assert await lots(shop, "bob") == [(35, 35, "2026-02-06"), (10, 10, "2026-02-16")]
    assert await lots(shop, "ann") == [
        (30, 0, "2026-02-06"),
        (10, 0, "2026-02-06"),
        (20, 10, "2026-02-16"),
    ]
    assert await totals(shop) == before
    clock.set(datetime(2026, 2, 6, 5, tzinfo=UTC))
    assert (await shop.balance("bob")).spendable == 10
    await assert_coherent(database, besides=ALONE)


async def test_what_cannot_change_hands_stays(database: Database, clock: MovableClock) -> None:
    shop = await opened(database, clock)
    await shop.buy(purchase("b1", "ann", 3_000, NOON))
    (ann,) = await shop.member_ids("ann")
    too_much = await moving(shop, "ann", "bob", 26)
    outcomes = await move(
        shop,
        await moving(shop, "ann", "bob", 5),
        too_much,
        await moving(shop, "ann", "ann", 1),
        await moving(shop, "ann", "bob", 0),
        await moving(shop, "ann", "bob", -1),
        await moving(shop, "ann", "bob", 10**16),
        Move(new_id(), ann, new_id(), 1, "gift"),
        await moving(shop, "bob", "cid", 5),
    )
    assert [each.code for each in outcomes] == [
        None,
        "INSUFFICIENT_POINTS",
        "SAME_MEMBER",
        *["INVALID_AMOUNT"] * 3,
        "MEMBER_NOT_FOUND",
        # What is received can be handed on in the next list.
        "INSUFFICIENT_POINTS",
    ]
    await shop.buy(purchase("b2", "ann", 100, NOON))
    # A refusal is not stored: what could not be, can once the points are there.
    assert [each.code for each in await move(shop, too_much)] == [None]
    assert (await shop.balance("bob")).spendable == 31
    await assert_coherent(database, besides=ALONE)


async def test_a_gift_pays_the_receivers_debt_and_a_refund_takes_what_the_giver_has(
    database: Database, clock: MovableClock
) -> None:
    text = GOOD.replace("[earning]", 'negative_balance = "collect"\n[earning]', 1)
    shop = await opened(database, clock, text)
    await shop.buy(purchase("b1", "ann", 10_000, NOON), purchase("b2", "bob", 3_000, NOON))
    await spend(shop, "bob", 30)
    await shop.refund(Refund("r1", "b2", NOON))
    await move(shop, await moving(shop, "ann", "bob", 70))
    assert [(await shop.balance(each)).spendable for each in ("ann", "bob")] == [30, 40]
    assert (await shop.balance("bob")).debt == 0
    (refund,) = await shop.refund(Refund("r2", "b1", NOON))
    assert (refund.points_due, refund.points_reversed) == (100, 30)
    assert (await shop.balance("ann")).debt == 70
    assert (await shop.balance("bob")).spendable == 40
    await assert_coherent(database, besides=ALONE)


async def test_passing_points_around_makes_no_end_by_activity_later(
    database: Database, clock: MovableClock
) -> None:
    shop = await opened(database, clock, IDLE)
    await shop.buy(purchase("b1", "ann", 10_000, NOON))
    clock.move(20 * DAY)
    await shop.buy(purchase("b2", "bob", 100, clock.now()))
    await move(shop, await moving(shop, "ann", "bob", 60))
    assert await lots(shop, "bob") == [(60, 60, "2026-02-06"), (1, 1, "2026-02-26")]
    clock.move(5 * DAY)
    # What the new owner does keeps the own points alive, and only those.
    await shop.buy(purchase("b3", "bob", 100, clock.now()))
    ends = ["2026-02-06", "2026-03-01", "2026-03-01"]
    assert [end for _, _, end in await lots(shop, "bob")] == ends
    await move(shop, await moving(shop, "bob", "ann", 60))
    assert await lots(shop, "ann") == [(100, 40, "2026-02-06"), (60, 60, "2026-02-06")]
    await assert_coherent(database, besides=ALONE)


async def granted(shop: Shop, name: str) -> GrantOutcome:
    async def work(session: Session) -> GrantOutcome:
        timeline = await programmes.timeline(session, shop.brand.id, SECTIONS)
        status = Status("g1" + name, name, "VIB", "a friend", "ada")
        now = shop.clock.now()
        return (await grant_status(session, now, shop.brand, timeline, [status]))[0]

    return await shop.database.write(work)


async def revoked(shop: Shop, grant: GrantOutcome) -> None:
    async def work(session: Session) -> None:
        timeline = await programmes.timeline(session, shop.brand.id, SECTIONS)
        assert grant.grant is not None
        await revoke_status(session, shop.clock.now(), shop.brand, timeline, [grant.grant.id])

    await shop.database.write(work)


async def test_passing_points_around_makes_no_end_by_tier_later(
    database: Database, clock: MovableClock
) -> None:
    shop = await opened(database, clock, GOLD)
    grant = await granted(shop, "ann")
    await shop.buy(purchase("b1", "ann", 10_000, NOON))
    before = await lots(shop, "ann")
    clock.move(50 * DAY)
    # What ann's tier kept alive would have ended for bob: it begins with him.
    await move(shop, await moving(shop, "ann", "bob", 60))
    assert await lots(shop, "bob") == [(60, 60, "2026-03-25")]
    clock.move(DAY)
    await move(shop, await moving(shop, "bob", "ann", 50))
    assert await lots(shop, "ann") == [(50, 50, "2026-03-25"), (100, 40, before[0][2])]
    # Nor has what ann got back the tier's life again, and it outlives the tier.
    await revoked(shop, grant)
    assert (50, 50, "2026-03-25") in await lots(shop, "ann")
    await assert_coherent(database, besides=ALONE)


@pytest.mark.parametrize(("giver", "gone"), [("ann", "2026-03-25"), ("cid", "2026-03-25")])
async def test_the_law_of_a_region_protects_who_lives_there_and_not_what_is_passed_on(
    database: Database, clock: MovableClock, giver: str, gone: str
) -> None:
    clock.set(NOON)
    shop = await opened_shop(database, clock, ONTARIO)
    await shop.enrol(
        NewMember("ann", NOON, region="CA-ON"),
        NewMember("bob", NOON),
        NewMember("cid", NOON, region="CA-ON"),
    )
    await shop.buy(purchase("b1", giver, 10_000, NOON))
    clock.move(50 * DAY)
    await move(shop, await moving(shop, giver, "bob", 60))
    assert await lots(shop, "bob") == [(60, 60, gone)]
    await move(shop, await moving(shop, "bob", "ann", 30))
    mine = await lots(shop, "ann")
    assert mine[0] == (30, 30, gone)
    await assert_coherent(database, besides=ALONE)


async def test_what_was_forgiven_comes_out_of_gifts_to_who_had_given_away(
    database: Database, clock: MovableClock
) -> None:
    shop = await opened(database, clock)
    names = "ann", "bob"
    for name in names:
        await shop.buy(purchase(name, name, 6_000, NOON))
    await shop.buy(purchase("c1", "cid", 9_000, NOON))
    await move(shop, await moving(shop, "bob", "cid", 1))
    await spend(shop, "ann", 60)
    await spend(shop, "bob", 59)
    await shop.refund(Refund("r1", "ann", NOON), Refund("r2", "bob", NOON))
    await shop.buy(*(purchase(f"{name}2", name, 500, NOON) for name in names))
    # What is earned is nobody else's, nor is what friends give to who gave nothing before.
    assert [(await shop.balance(name)).total for name in names] == [5, 5]
    gifts = [await moving(shop, "cid", name, points) for name in names for points in (20, 25)]
    await move(shop, *gifts)
    assert [(await shop.balance(name)).total for name in names] == [50, 5]
    assert await totals(shop) == (220, 119, 0, 45, 56)
    await shop.buy(purchase("c2", "cid", 3_000, NOON))
    await move(shop, await moving(shop, "cid", "bob", 30))
    assert (await shop.balance("bob")).total == 20
    await assert_coherent(database, besides=ALONE)
