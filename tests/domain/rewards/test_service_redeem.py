"""Members ask for rewards: what they get, what it costs, and what refuses them."""

from datetime import UTC, datetime

from kit.clock import MovableClock
from kit.db import Database
from tests.support.coherence import assert_coherent
from tests.support.rewards import programme, redeemed, reward, wish
from tests.support.shop import opened_shop, purchase

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


async def test_at_once(database: Database, clock: MovableClock) -> None:
    shop = await opened_shop(database, clock, programme(reward("tea", "100")))
    await shop.buy(purchase("p1", "ann", 250_00, NOON))
    found = await redeemed(
        shop,
        wish("1", "ann", "tea"),
        wish("2", "ann", "tea"),
        wish("3", "ann", "tea"),
        wish("1", "ann", "tea"),
        wish("1", "ann", "tea", quantity=2),
        wish("4", "bob", "tea"),
        wish("5", "ann", "cake"),
    )
    assert [(each.state, each.code, each.replayed) for each in found] == [
        ("fulfilled", None, False),
        ("fulfilled", None, False),
        (None, "INSUFFICIENT_POINTS", False),
        ("fulfilled", None, True),
        (None, "KEY_CONFLICT", False),
        (None, "UNKNOWN_MEMBER", False),
        (None, "NO_SUCH_REWARD", False),
    ]
    assert (await shop.balance("ann")).spendable == 50
    await assert_coherent(database)
