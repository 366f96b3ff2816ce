"""What comes twice, at once or malformed does not disturb its neighbours."""

import asyncio
from collections import Counter
from datetime import timedelta

from domain.earning.rules_refund_request import Refund
from tests.support.shop import ROOT, Shop, opened_shop, purchase


async def test_one_id_for_two_members_at_once_counts_for_one(grocer: Shop) -> None:
    now = grocer.clock.now()
    await grocer.buy(purchase("x1", "ann", 100, now), purchase("x2", "ben", 100, now))
    for n in range(5):
        outcomes = await asyncio.gather(
            *(grocer.buy(purchase(f"p{n}", name, 500, now)) for name in ("ann", "ben"))
        )
        assert Counter(each.code for (each,) in outcomes) == {None: 1, "PURCHASE_CONFLICT": 1}
        back = await asyncio.gather(
            *(grocer.refund(Refund(f"r{n}", name, now, amount=100)) for name in ("x1", "x2"))
        )
        wanted = {None: 1, "REFUND_CONFLICT": 1} if n == 0 else None
        assert wanted is None or Counter(each.code for (each,) in back) == wanted


async def test_a_refused_purchase_enrols_nobody_and_moves_no_date(grocer: Shop) -> None:
    now = grocer.clock.now()
    await grocer.buy(purchase("p1", "ann", 500, now))
    long_ago = now - timedelta(days=3000)
    again = await grocer.buy(purchase("p1", "typo", 500, now), purchase("p1", "ann", 600, long_ago))
    assert [each.code for each in again] == ["PURCHASE_CONFLICT"] * 2
    async with grocer.database.read() as session:
        rows = await session.fetch("SELECT external_id, joined_at FROM member")
    assert [tuple(row) for row in rows] == [("ann", now)]


async def test_an_award_that_no_account_holds_is_refused_alone(grocer: Shop) -> None:
    text = (ROOT / "programmes" / "grocer.toml").read_text()
    fine = text.replace('code = "grocer"', 'code = "fine"').replace("scale = 0", "scale = 9")
    shop = await opened_shop(grocer.database, grocer.clock, fine)
    now = grocer.clock.now()
    outcomes = await shop.buy(
        purchase("p1", "ann", 100_000_100, now), purchase("p2", "ann", 100_000_000, now)
    )
    assert [(each.code, each.points) for each in outcomes] == [
        ("AWARD_TOO_LARGE", 0),
        (None, 10**15),
    ]
