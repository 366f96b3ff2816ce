"""Who pays how much of what several members pay together."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from domain.wallets import queries
from domain.wallets.service_hold import Hold
from domain.wallets.service_share import shares
from kit.clock import MovableClock
from kit.db import Database, Session
from kit.ids import new_id
from tests.support.programmes import GOOD
from tests.support.shop import Shop, opened_shop, purchase

DAY = timedelta(days=1)
NOON = datetime(2026, 1, 5, 17, tzinfo=UTC)
MONTH = GOOD.replace('expires = "never"', "expires = { months = 1 }")


async def shared(shop: Shop, *groups: tuple[Sequence[UUID], int]) -> list[dict[UUID, int] | None]:
    async def work(session: Session) -> list[dict[UUID, int] | None]:
        books = await queries.books(session, shop.brand.id)
        assert books is not None
        return await shares(session, shop.clock.now(), shop.brand, books, groups)

    return await shop.database.write(work)


async def test_what_ends_first_pays_first_whosever_it_is(
    database: Database, clock: MovableClock
) -> None:
    clock.set(NOON)
    shop = await opened_shop(database, clock, MONTH)
    await shop.buy(purchase("b1", "ann", 1_000, NOON))
    await shop.buy(purchase("b2", "bob", 2_000, NOON + DAY - DAY / 2))
    clock.move(3 * DAY)
    await shop.buy(purchase("b3", "ann", 4_000, clock.now()))
    ann, bob = await shop.member_ids("ann", "bob")
    nobody = UUID(int=7)
    found = await shared(
        shop,
        ((bob, ann, ann, nobody), 35),
        ((ann, bob), 36),
        ((ann,), 35),
        ((bob,), 1),
        ((nobody,), 1),
        ((), 0),
        ((ann,), -1),
    )
    assert found == [{ann: 15, bob: 20}, None, {ann: 35}, None, None, {}, None]


async def test_what_a_late_hold_reserves_is_there(database: Database, clock: MovableClock) -> None:
    clock.set(NOON)
    shop = await opened_shop(database, clock, MONTH)
    await shop.buy(purchase("b1", "ann", 1_000, NOON))
    (ann,) = await shop.member_ids("ann")
    await shop.hold(Hold(new_id(), ann, 10, NOON + DAY, "tea"))
    assert await shared(shop, ((ann,), 1)) == [None]
    clock.move(DAY)
    assert await shared(shop, ((ann,), 10)) == [{ann: 10}]
