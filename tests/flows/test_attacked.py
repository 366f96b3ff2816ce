"""What an attack on programmes of any kind found: told late, moved away, over the limit."""

from datetime import UTC, datetime, timedelta

from domain.earning.rules_refund_request import Refund
from kit.clock import MovableClock
from kit.db import Database
from tests.support.coherence import assert_coherent
from tests.support.shop import opened_shop, purchase

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)

PROGRAMME = """
[brand]
code = "shop"
name = "Shop"
time_zone = "UTC"
currency = "USD"

[enrolment]
on_first_purchase = true

[points]
code = "points"
name = "Points"
scale = {scale}
{points}

[earning]
points = "1"
per = "1.00"
rounding = "floor"
base = "after_discount"
{rest}
"""


def programme(points: str, rest: str = "", *, scale: int = 0) -> str:
    """Return a programme of one point per dollar."""
    return PROGRAMME.format(points=points, rest=rest, scale=scale)


IDLE = 'expires = { months = 1, after = "activity" }'


async def test_what_a_refund_forwent_is_taken_once_it_lives_on(
    database: Database, clock: MovableClock
) -> None:
    clock.set(NOON)
    shop = await opened_shop(database, clock, programme(IDLE))
    await shop.buy(purchase("a", "ann", 10000, NOON))
    clock.set(NOON + 40 * DAY)
    (half,) = await shop.refund(Refund("r1", "a", clock.now(), amount=5000))
    (rest,) = await shop.refund(Refund("r2", "a", clock.now()))
    assert [(each.points_due, each.points_reversed) for each in (half, rest)] == [(50, 0), (50, 0)]
    await shop.buy(purchase("b", "ann", 100, NOON + 20 * DAY))
    assert (await shop.balance("ann")).spendable == 1
    await assert_coherent(database)
