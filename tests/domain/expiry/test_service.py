"""When points end that follow the member, in the database: told late or in time, booked or not."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from api.sections import SECTIONS
from domain.earning.rules_refund_request import Refund
from domain.expiry.service import redate, redate_all
from domain.expiry.service_member import Amended, amend
from domain.expiry.service_status import Status, grant_status, revoke_status
from domain.ledger.rules import Kind, Resolution
from domain.members.rules import MemberChange
from domain.members.service import NewMember
from domain.metrics.queries import figures
from domain.programmes import queries as programmes
from domain.programmes.rules import Timeline
from domain.tiers.service_grant import GrantOutcome
from domain.wallets import jobs, queries
from domain.wallets.service_hold import Hold
from kit.clock import MovableClock
from kit.db import Database, Session
from kit.embedded import Servers
from kit.ids import new_id
from tests.support.coherence import assert_coherent
from tests.support.programmes import GOOD
from tests.support.shop import Shop, opened_shop, purchase
from tests.support.statements import watched

DAY = timedelta(days=1)
NOON = datetime(2026, 1, 5, 17, tzinfo=UTC)
IDLE = GOOD.replace('expires = "never"', 'expires = { months = 1, after = "activity" }')
ONTARIO = GOOD.replace(
    'expires = "never"', 'expires = { months = 1 }\nno_expiry_by_time_in = ["CA-ON"]'
)
GOLD = GOOD.replace(
    'expires = "never"',
    'expires = { months = 1 }\n[[points.tier_expiry]]\ntiers = ["VIB"]\nexpires = "with_tier"',
)


async def opened(database: Database, clock: MovableClock, text: str) -> Shop:
    clock.set(NOON)
    return await opened_shop(database, clock, text)


async def expire(shop: Shop) -> int:
    return await shop.database.write(lambda session: jobs.expire_lots(session, shop.clock.now()))


async def ends(shop: Shop, name: str = "ann") -> list[tuple[int, str]]:
    found = (await shop.balance(name)).upcoming
    return [(each.points, f"{shop.brand.local(each.at):%m-%d %H:%M}") for each in found]


async def timeline_of(session: Session, shop: Shop) -> Timeline:
    return await programmes.timeline(session, shop.brand.id, SECTIONS)


async def amended(shop: Shop, *changes: MemberChange) -> None:
    async def work(session: Session) -> None:
        timeline = await timeline_of(session, shop)
        for each in await amend(session, shop.clock.now(), shop.brand, timeline, changes):
            assert isinstance(each, Amended), each

    await shop.database.write(work)


@pytest.mark.parametrize("booked", [False, True])
async def test_what_is_told_late_counts_as_if_told_in_time(
    database: Database, clock: MovableClock, *, booked: bool
) -> None:
    shop = await opened(database, clock, IDLE)
    await shop.buy(purchase("old", "ann", 10_000, NOON))
    assert await ends(shop) == [(100, "02-06 00:00")]
    clock.move(50 * DAY)
    assert (await shop.balance("ann")).total == 0
    assert await expire(shop) == 1 if booked else True
    # A purchase of 1 February, told on the 24th: the points had not ended after all.
    await shop.buy(purchase("late", "ann", 500, NOON + 27 * DAY))
    assert await ends(shop) == [(105, "03-02 00:00")]
    assert (await shop.balance("ann")).spendable == 105
    async with database.read() as session:
        told = await queries.history(session, shop.brand.id, await shop.member_ids("ann"), first=9)
    codes = [(each.code, each.points) for mine in told.values() for each in mine]
    first = [("accrual", 5), ("expiry", -100), ("accrual", 100)]
    assert codes == ([("revival", 100), *first] if booked else [first[0], first[2]])
    async with database.read() as session:
        found = await figures(session, shop.brand, await timeline_of(session, shop), clock.now())
    assert (found.points_issued, found.points_expired, found.points_outstanding) == (105, 0, 105)
    clock.move(10 * DAY)
    assert await expire(shop) == 2
    # Told too late: it happened when they had ended.
    await shop.buy(purchase("later", "ann", 700, NOON + 57 * DAY))
    assert await ends(shop) == [(7, "04-04 00:00")]
    await assert_coherent(database)


async def test_what_a_hold_reserves_lives_on_with_the_rest(
    database: Database, clock: MovableClock
) -> None:
    shop = await opened(database, clock, IDLE)
    await shop.buy(purchase("b1", "ann", 10_000, NOON))
    (ann,) = await shop.member_ids("ann")
    until = NOON + 99 * DAY
    tea, bun = await shop.hold(
        Hold(new_id(), ann, 60, until, "tea"), Hold(new_id(), ann, 40, until, "bun")
    )
    clock.move(20 * DAY)
    await shop.buy(purchase("b2", "ann", 100, clock.now()))
    clock.move(20 * DAY)
    # The first end is over, but not that of 25 January and a month.
    await shop.settle(Resolution(new_id(), tea.hold_id or 0, Kind.VOID, "void"))
    assert await ends(shop) == [(61, "02-26 00:00")]
    # To give back is nothing that the member does, to spend is.
    await shop.settle(Resolution(new_id(), bun.hold_id or 0, Kind.POST, "redemption", 30))
    assert await ends(shop) == [(71, "03-15 00:00")]
    await assert_coherent(database)


async def test_a_refund_takes_back_the_time_that_the_purchase_gave(
    database: Database, clock: MovableClock
) -> None:
    shop = await opened(database, clock, IDLE)
    await shop.buy(purchase("b1", "ann", 10_000, NOON))
    clock.move(20 * DAY)
    await shop.buy(purchase("b2", "ann", 100, clock.now()))
    assert await ends(shop) == [(101, "02-26 00:00")]
    await shop.refund(Refund("r1", "b2", clock.now()))
    assert await ends(shop) == [(100, "02-06 00:00")]
    await assert_coherent(database)


async def test_who_owes_pays_out_of_what_comes_back_late(
    database: Database, clock: MovableClock
) -> None:
    text = IDLE.replace("[earning]", 'negative_balance = "collect"\n[earning]', 1)
    shop = await opened(database, clock, text)
    await shop.buy(purchase("b1", "ann", 10_000, NOON), purchase("b2", "ann", 3_000, NOON))
    await shop.buy(purchase("b3", "ann", 5_000, NOON))
    (ann,) = await shop.member_ids("ann")
    (held,) = await shop.hold(Hold(new_id(), ann, 30, NOON + DAY, "tea"))
    await shop.settle(Resolution(new_id(), held.hold_id or 0, Kind.POST, "redemption"))
    clock.move(50 * DAY)
    assert (await expire(shop), (await shop.balance("ann")).total) == (3, 0)
    (back,) = await shop.refund(Refund("r1", "b2", clock.now()))
    # 30 were spent, of what came first: the other purchase's expired, which nobody takes twice.
    owed = (await shop.balance("ann")).debt
    assert (back.points_due, back.points_reversed, owed) == (30, 0, 0)
    (more,) = await shop.refund(Refund("r2", "b1", clock.now()))
    assert (more.points_due, more.points_reversed) == (100, 0)
    assert (await shop.balance("ann")).debt == 30
    await shop.buy(purchase("late", "ann", 0, NOON + 27 * DAY))
    balance = await shop.balance("ann")
    assert (balance.debt, balance.spendable) == (0, 20)
    await assert_coherent(database)


async def test_the_law_of_a_region_holds_while_the_member_lives_there(
    database: Database, clock: MovableClock
) -> None:
    shop = await opened(database, clock, ONTARIO)
    await shop.enrol(NewMember("ann", NOON, region="CA-ON"), NewMember("bob", NOON))
    await shop.buy(purchase("a1", "ann", 10_000, NOON), purchase("b1", "bob", 10_000, NOON))
    assert (await ends(shop), await ends(shop, "bob")) == ([], [(100, "02-06 00:00")])
    clock.move(20 * DAY)
    await amended(shop, MemberChange("bob", region="CA-ON"), MemberChange("ann", region="CA-QC"))
    await shop.buy(purchase("a2", "ann", 500, clock.now()), purchase("b2", "bob", 500, clock.now()))
    assert (await ends(shop), await ends(shop, "bob")) == ([(105, "02-26 00:00")], [])
    clock.move(5 * DAY)
    await amended(shop, MemberChange("bob", region=None))
    assert await ends(shop, "bob") == [(105, "03-01 00:00")]
    await amended(shop, MemberChange("bob", region="CA-ON"))
    clock.move(94 * DAY)
    assert [(await shop.balance(name)).total for name in ("ann", "bob")] == [0, 105]
    # What has ended stays gone.
    assert await expire(shop) == 2
    await amended(shop, MemberChange("ann", region="CA-ON"))
    assert (await shop.balance("ann")).total == 0
    await assert_coherent(database)


async def test_status_given_by_hand_moves_the_end_and_takes_it_back(
    database: Database, clock: MovableClock
) -> None:
    shop = await opened(database, clock, GOLD)
    await shop.buy(purchase("b1", "ann", 10_000, NOON))
    assert await ends(shop) == [(100, "02-06 00:00")]

    async def give(session: Session) -> list[GrantOutcome]:
        item = Status("g1", "ann", "VIB", "a partner", "ada", ends_at=NOON + 90 * DAY)
        timeline = await timeline_of(session, shop)
        return await grant_status(session, clock.now(), shop.brand, timeline, [item])

    (given,) = await database.write(give)
    assert given.grant is not None
    assert await ends(shop) == [(100, "04-05 13:00")]
    clock.move(40 * DAY)
    assert (await shop.balance("ann")).spendable == 100

    async def revoke(session: Session) -> list[GrantOutcome]:
        timeline = await timeline_of(session, shop)
        assert given.grant is not None
        return await revoke_status(session, clock.now(), shop.brand, timeline, [given.grant.id])

    assert [each.status for each in await database.write(revoke)] == ["done"]
    assert (await shop.balance("ann")).total == 0
    assert [each.status for each in await database.write(revoke)] == ["replayed"]
    await assert_coherent(database)


async def test_a_version_that_follows_dates_all_points_when_it_is_applied(
    database: Database, clock: MovableClock
) -> None:
    shop = await opened(database, clock, GOOD)
    await shop.buy(*(purchase(f"b{n}", f"m{n}", 10_000, NOON) for n in range(3)))
    assert await ends(shop, "m1") == []
    await shop.apply(IDLE, NOON + 10 * DAY)
    assert [await ends(shop, f"m{n}") for n in range(3)] == [[(100, "02-16 00:00")]] * 3
    seen: list[int] = []

    async def again(session: Session) -> tuple[int, int]:
        timeline = await timeline_of(session, shop)
        all_ = await redate_all(session, clock.now(), shop.brand, timeline, seen.append)
        first = Timeline(timeline.programmes[:1])
        return all_, await redate_all(session, clock.now(), shop.brand, first)

    # Done again nothing changes; and nothing is to do where no version follows.
    assert (await database.write(again), seen) == ((0, 0), [3])
    await assert_coherent(database)


async def test_many_members_take_as_many_statements_as_one(
    database: Database, clock: MovableClock, servers: Servers
) -> None:
    shop = await opened(database, clock, IDLE)
    await shop.buy(*(purchase(f"b{n}", f"m{n}", 10_000, NOON) for n in range(30)))
    ids = await shop.member_ids(*(f"m{n}" for n in range(30)))
    assert await statements(shop, servers.database_url, ids[:1]) == await statements(
        shop, servers.database_url, ids
    )


async def statements(shop: Shop, url: str, ids: list[UUID]) -> int:
    with watched() as seen:
        other = Database(url, pool_size=1)
        async with other.transaction() as session:
            await session.fetch("UPDATE lot SET expires_at = NULL")
            timeline = await timeline_of(session, shop)
            before = len(seen)
            done = await redate(session, shop.clock.now(), shop.brand, timeline, ids)
            assert done == len(ids)
            count = len(seen) - before
        await other.close()
    return count
