"""Debts, corrections by hand and releases, in points and lots."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from api.sections import SECTIONS
from domain.earning.rules_refund_request import Refund
from domain.ledger.rules import Kind, Resolution
from domain.metrics.queries import figures
from domain.programmes import queries as programmes
from domain.wallets import queries
from domain.wallets.queries import WalletBalance
from domain.wallets.section import AWAITING_RELEASE, NegativeBalance, NegativeLimit
from domain.wallets.service_adjust import Adjustment, AdjustOutcome, adjust
from domain.wallets.service_hold import Hold
from domain.wallets.service_release import Released, release
from kit.clock import MovableClock
from kit.db import Database, Session
from kit.ids import new_id
from tests.support.coherence import assert_coherent
from tests.support.programmes import GOOD
from tests.support.shop import Shop, opened_shop, purchase

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
POLICIES: dict[str, NegativeBalance] = {
    '"refuse"': "refuse",
    '"collect"': "collect",
    '{ limit = "30" }': NegativeLimit.model_validate({"limit": "30"}),
}


async def opened(database: Database, clock: MovableClock, policy: str = '"collect"') -> Shop:
    text = GOOD.replace("[earning]", f"negative_balance = {policy}\n[earning]", 1)
    return await opened_shop(database, clock, text)


async def spent(shop: Shop, points: int) -> None:
    (ann,) = await shop.member_ids("ann")
    (held,) = await shop.hold(Hold(new_id(), ann, points, shop.clock.now() + HOUR, "tea"))
    (done,) = await shop.settle(Resolution(new_id(), held.hold_id or 0, Kind.POST, "redemption"))
    assert done.refusal is None


async def balance(shop: Shop, policy: NegativeBalance) -> WalletBalance:
    (ann,) = await shop.member_ids("ann")
    async with shop.database.read() as session:
        found = await queries.balances(session, shop.clock.now(), shop.brand.id, [ann], policy)
    return found[ann]


async def adjusted(shop: Shop, *items: Adjustment) -> list[AdjustOutcome]:
    async def work(session: Session) -> list[AdjustOutcome]:
        books = await queries.books(session, shop.brand.id)
        assert books is not None
        return await adjust(session, shop.clock.now(), shop.brand, books, items)

    return await shop.database.write(work)


def by_hand(member: UUID, points: int, at: datetime, key: UUID | None = None) -> Adjustment:
    return Adjustment(key or new_id(), member, points, "a broken till", "ada", at)


async def outstanding(shop: Shop) -> tuple[int, ...]:
    async with shop.database.read() as session:
        timeline = await programmes.timeline(session, shop.brand.id, SECTIONS)
        found = await figures(session, shop.brand, timeline, shop.clock.now())
    return (
        found.points_issued,
        found.points_spent,
        found.points_expired,
        found.points_reversed,
        found.points_outstanding,
    )


@pytest.mark.parametrize(
    ("policy", "owed", "spendable", "after", "left"),
    [
        ('"refuse"', 0, 0, 0, 50),
        ('"collect"', 100, 0, 50, 0),
        ('{ limit = "30" }', 30, -30, 0, 20),
    ],
)
async def test_what_was_spent_of_returned_goods_is_forgiven_or_owed(
    database: Database,
    clock: MovableClock,
    policy: str,
    owed: int,
    spendable: int,
    after: int,
    left: int,
) -> None:
    shop = await opened(database, clock, policy)
    now = clock.now()
    await shop.buy(purchase("b1", "ann", 10_000, now))
    await spent(shop, 100)
    (back,) = await shop.refund(Refund("r1", "b1", now))
    assert (back.points_due, back.points_reversed) == (100, 0)
    found = await balance(shop, POLICIES[policy])
    assert (found.debt, found.spendable, found.pending) == (owed, spendable, 0)
    assert await outstanding(shop) == (100, 100, 0, 0, 0)
    await shop.buy(purchase("b2", "ann", 5_000, now))
    found = await balance(shop, POLICIES[policy])
    assert (found.debt, found.spendable) == (after, left)
    assert await outstanding(shop) == (150, 100, 0, 50 - left, left)
    await assert_coherent(database)


async def test_a_debt_is_paid_in_the_order_in_which_points_come(
    database: Database, clock: MovableClock
) -> None:
    shop = await opened(database, clock)
    now = clock.now()
    await shop.buy(purchase("b1", "ann", 10_000, now))
    await spent(shop, 100)
    await shop.refund(Refund("r1", "b1", now))
    purchases = [purchase(f"b{n}", "ann", 100 * n, now) for n in (50, 60, 70)]
    await shop.buy(*purchases)
    (ann,) = await shop.member_ids("ann")
    async with database.read() as session:
        rows = await session.fetch("SELECT amount, remaining FROM lot ORDER BY id")
        history = await queries.history(session, shop.brand.id, [ann], first=9)
    assert [tuple(row) for row in rows] == [(100, 0), (50, 0), (60, 10), (70, 70)]
    codes = sorted((each.code, each.points) for each in history[ann])
    paid = [("debt_payment", -100), ("redemption", -100)]
    assert codes == [("accrual", n) for n in (50, 60, 70, 100)] + paid
    rules = {(each.code, each.rule, each.reference) for each in history[ann]}
    assert ("accrual", "base", "b50") in rules
    await assert_coherent(database)


async def test_what_comes_back_from_a_hold_pays_the_debt(
    database: Database, clock: MovableClock
) -> None:
    shop = await opened(database, clock, '{ limit = "30" }')
    now = clock.now()
    await shop.buy(purchase("b1", "ann", 10_000, now))
    (ann,) = await shop.member_ids("ann")
    (tea, bun) = await shop.hold(
        Hold(new_id(), ann, 80, now + HOUR, "tea"), Hold(new_id(), ann, 20, now + HOUR, "bun")
    )
    (back,) = await shop.refund(Refund("r1", "b1", now))
    # 30 are owed for good; of the other 70 whatever comes back is taken as well.
    assert (back.points_reversed, (await shop.balance("ann")).debt) == (0, 30)
    await shop.settle(Resolution(new_id(), tea.hold_id or 0, Kind.POST, "redemption", 50))
    found = await shop.balance("ann")
    assert (found.debt, found.total, found.held) == (30, 0, 20)
    await shop.settle(Resolution(new_id(), bun.hold_id or 0, Kind.VOID, "void"))
    found = await shop.balance("ann")
    assert (found.debt, found.total, found.held) == (30, 0, 0)
    await shop.buy(purchase("b2", "ann", 4_000, now))
    assert (await shop.balance("ann")).spendable == 10
    await assert_coherent(database)


async def test_a_correction_says_who_and_why_and_is_made_once(
    database: Database, clock: MovableClock
) -> None:
    shop = await opened(database, clock)
    now = clock.now()
    await shop.buy(purchase("b1", "ann", 1_000, now))
    (ann,) = await shop.member_ids("ann")
    keys = [new_id() for _ in range(5)]
    items = [
        by_hand(ann, -13, now, keys[0]),
        by_hand(ann, 5, now, keys[1]),
        by_hand(UUID(int=7), 5, now, keys[2]),
        by_hand(ann, 0, now, keys[3]),
        by_hand(ann, -3, now, keys[4]),
        by_hand(ann, -13, now, keys[0]),
    ]
    outcomes = await adjusted(shop, *items)
    # What gives comes before what takes: 15 are there for the 13.
    codes = [None, None, "MEMBER_NOT_FOUND", "INVALID_AMOUNT", "INSUFFICIENT_POINTS", None]
    assert [each.code for each in outcomes] == codes
    assert [each.replayed for each in outcomes] == [False] * 5 + [True]
    clock.move(HOUR)
    again = await adjusted(shop, *items[:5], by_hand(ann, -12, now, keys[0]))
    assert [each.code for each in again] == [*codes[:5], "KEY_CONFLICT"]
    assert all(each.replayed for each in again)
    assert (await shop.balance("ann")).total == 2
    async with database.read() as session:
        history = (await queries.history(session, shop.brand.id, [ann], first=9))[ann]
    told = [(each.code, each.points, each.reason, each.actor) for each in history]
    by_ada = [("adjustment", points, "a broken till", "ada") for points in (-13, 5)]
    assert told == [*by_ada, ("accrual", 10, None, None)]
    assert await outstanding(shop) == (15, 0, 0, 13, 2)


async def test_a_correction_takes_pending_points_last_and_pays_debts_first(
    database: Database, clock: MovableClock
) -> None:
    shop = await opened(database, clock)
    now = clock.now()
    await shop.buy(purchase("b1", "ann", 1_000, now))
    await spent(shop, 10)
    await shop.refund(Refund("r1", "b1", now))
    (ann,) = await shop.member_ids("ann")
    soon = Adjustment(new_id(), ann, 8, "sorry", "ada", now, now, fixed=True)
    (gone,) = await adjusted(shop, soon)
    assert gone.code == "INVALID_DEADLINE"
    await adjusted(shop, by_hand(ann, 4, now), by_hand(ann, 9, now + DAY), by_hand(ann, 2, now))
    found = await shop.balance("ann")
    assert (found.debt, found.spendable, found.pending) == (0, 2, 3)
    await adjusted(shop, by_hand(ann, -4, now))
    found = await shop.balance("ann")
    assert (found.spendable, found.pending) == (0, 1)
    await assert_coherent(database)


RELEASED = GOOD.replace(
    'expires = "never"',
    'expires = { months = 6, round = "month" }\npending_days = 5\npending_from = "release"',
)


async def released(shop: Shop, *journals: int) -> dict[int, Released]:
    now = shop.clock.now()
    return await shop.database.write(
        lambda session: release(session, now, shop.brand, list(journals))
    )


async def test_r3_points_wait_for_the_brand_then_five_days(
    database: Database, clock: MovableClock
) -> None:
    """Pending 5 days after settlement, then 6 months to the month's end. developer.eagleeye.com."""
    shop = await opened_shop(database, clock, RELEASED)
    now = clock.now()
    await shop.buy(purchase("b1", "ann", 1_000, now), purchase("b2", "ann", 500, now))
    async with database.read() as session:
        rows = await session.fetch("SELECT journal_id, available_at FROM lot ORDER BY amount")
    small, large = (row["journal_id"] for row in rows)
    assert {row["available_at"] for row in rows} == {AWAITING_RELEASE}
    clock.move(30 * DAY)
    assert (await shop.balance("ann")).pending == 15
    found = await released(shop, large, 10**9)
    start = datetime(2026, 4, 6, tzinfo=shop.brand.zone)
    (ann,) = await shop.member_ids("ann")
    assert found == {large: Released(large, ann, 10, start, replayed=False)}
    clock.move(DAY)
    assert (await released(shop, large))[large] == Released(large, ann, 10, start, replayed=True)
    clock.set(start - timedelta(microseconds=1))
    assert (await shop.balance("ann")).spendable == 0
    clock.set(start)
    found_balance = await shop.balance("ann")
    assert (found_balance.spendable, found_balance.pending) == (10, 5)
    # The end counts from earning, whenever they were released.
    assert [each.at for each in found_balance.upcoming] == [
        datetime(2026, 10, 1, tzinfo=shop.brand.zone)
    ]
    assert small not in found
    await assert_coherent(database)
